// Philox4x32-10 (Salmon et al. 2011), one counter a lane, and what is drawn with it.

static inline void LOOP(philox)(uint64_t index, uint64_t lane, uint64_t key, uint32_t word[4]) {
    uint32_t c0 = (uint32_t)index, c1 = (uint32_t)(index >> 32), c2 = (uint32_t)lane, c3 = (uint32_t)(lane >> 32);
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
#pragma clang loop unroll(full)
    for (int round = 0; round < 10; round++) {
        uint64_t first = (uint64_t)0xD2511F53u * c0, second = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(second >> 32) ^ c1 ^ k0;
        c2 = (uint32_t)(first >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)second;
        c3 = (uint32_t)first;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    word[0] = c0;
    word[1] = c1;
    word[2] = c2;
    word[3] = c3;
}

static void LOOP(dropout_mask)(uint64_t key, uint64_t lane, size_t count, double keep, float *restrict mask) {
    const uint64_t threshold = (uint64_t)ceil(keep * 4294967296.0);
    const float kept = (float)(1.0 / keep);
    size_t whole = count / 4;
    for (size_t block = 0; block < whole; block++) {
        uint32_t word[4];
        LOOP(philox)(block, lane, key, word);
        for (int i = 0; i < 4; i++) mask[block * 4 + i] = (uint64_t)word[i] < threshold ? kept : 0.0f;
    }
    if (count % 4) {
        uint32_t word[4];
        LOOP(philox)(whole, lane, key, word);
        for (size_t i = 0; i < count % 4; i++) mask[whole * 4 + i] = (uint64_t)word[i] < threshold ? kept : 0.0f;
    }
}
