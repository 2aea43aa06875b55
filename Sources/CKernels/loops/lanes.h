// A group of rows or images side by side: lane i of every vector belongs to number i of the group. No vector is ever short,
// whatever the sizes are.

/// One value of each of the group.
typedef float LOOP(lane) __attribute__((vector_size(4 * CK_LANES)));
typedef int32_t LOOP(choice) __attribute__((vector_size(4 * CK_LANES)));
typedef int8_t LOOP(byte) __attribute__((vector_size(CK_LANES), aligned(1)));
typedef float LOOP(loose) __attribute__((vector_size(4 * CK_LANES), aligned(4)));

#define LANE LOOP(lane)
#define CHOICE LOOP(choice)

// Interleaving the halves of two vectors; as many rounds as a vector has address bits transpose a square.
#undef CK_LOW
#undef CK_HIGH
#if CK_LANES == 16
#define CK_LOW(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define CK_HIGH(a, b) __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#elif CK_LANES == 8
#define CK_LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define CK_HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#else
#define CK_LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define CK_HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#endif

static inline __attribute__((always_inline)) void LOOP(transpose)(LANE square[CK_LANES]) {
    LANE next[CK_LANES];
#pragma clang loop unroll(full)
    for (int round = 1; round < CK_LANES; round *= 2) {
#pragma clang loop unroll(full)
        for (int i = 0; i < CK_LANES / 2; i++) {
            next[2 * i] = CK_LOW(square[i], square[i + CK_LANES / 2]);
            next[2 * i + 1] = CK_HIGH(square[i], square[i + CK_LANES / 2]);
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < CK_LANES; i++) square[i] = next[i];
    }
}

/// `rows` of `count` numbers, `stride` apart, as vectors; lanes behind the last row are 0.
static void LOOP(to_lanes)(size_t rows, size_t count, size_t stride, const float *from, LANE *to) {
    size_t whole = rows == CK_LANES ? count / CK_LANES * CK_LANES : 0;
    for (size_t start = 0; start < whole; start += CK_LANES) {
        LANE square[CK_LANES];
        for (size_t i = 0; i < CK_LANES; i++) square[i] = *(const LOOP(loose) *)(from + i * stride + start);
        LOOP(transpose)(square);
        for (size_t i = 0; i < CK_LANES; i++) to[start + i] = square[i];
    }
    for (size_t place = whole; place < count; place++) {
        float line[CK_LANES] = { 0 };
        for (size_t i = 0; i < rows; i++) line[i] = from[i * stride + place];
        memcpy(to + place, line, sizeof(LANE));
    }
}

/// The way back, for the rows that there are.
static void LOOP(from_lanes)(size_t rows, size_t count, size_t stride, const LANE *from, float *to) {
    size_t whole = rows == CK_LANES ? count / CK_LANES * CK_LANES : 0;
    for (size_t start = 0; start < whole; start += CK_LANES) {
        LANE square[CK_LANES];
        for (size_t i = 0; i < CK_LANES; i++) square[i] = from[start + i];
        LOOP(transpose)(square);
        for (size_t i = 0; i < CK_LANES; i++) *(LOOP(loose) *)(to + i * stride + start) = square[i];
    }
    for (size_t place = whole; place < count; place++) {
        const float *line = (const float *)(from + place);
        for (size_t i = 0; i < rows; i++) to[i * stride + place] = line[i];
    }
}
