// Texts as rows of token identifiers; what stands behind a row's length is padding and never read.

static void LOOP(embedding_mean)(size_t rows, size_t length, size_t width, const int32_t *ids, const int32_t *lengths,
                                 const float *table, float *y) {
    for (size_t row = 0; row < rows; row++) {
        float *restrict to = y + row * width;
        size_t tokens = (size_t)lengths[row];
        memset(to, 0, width * sizeof(float));
        for (size_t token = 0; token < tokens; token++) {
            const float *restrict from = table + (size_t)ids[row * length + token] * width;
            for (size_t i = 0; i < width; i++) to[i] += from[i];
        }
        float share = tokens > 0 ? 1.0f / (float)tokens : 0.0f;
        for (size_t i = 0; i < width; i++) to[i] *= share;
    }
}

static void LOOP(add_embedding_mean_gradient)(size_t rows, size_t length, size_t width, const int32_t *ids,
                                              const int32_t *lengths, const float *dy, float *dtable) {
    for (size_t row = 0; row < rows; row++) {
        const float *restrict from = dy + row * width;
        size_t tokens = (size_t)lengths[row];
        float share = tokens > 0 ? 1.0f / (float)tokens : 0.0f;
        for (size_t token = 0; token < tokens; token++) {
            float *restrict to = dtable + (size_t)ids[row * length + token] * width;
            for (size_t i = 0; i < width; i++) to[i] += share * from[i];
        }
    }
}

static void LOOP(max_over_time)(size_t windows, size_t filters, const float *restrict sums, const float *restrict bias,
                                float *restrict y, int32_t *restrict winners) {
    if (windows == 0) {
        for (size_t f = 0; f < filters; f++) {
            y[f] = 0.0f;
            winners[f] = -1;
        }
        return;
    }
    for (size_t f = 0; f < filters; f++) {
        y[f] = sums[f];
        winners[f] = 0;
    }
    for (size_t window = 1; window < windows; window++) {
        const float *restrict line = sums + window * filters;
        for (size_t f = 0; f < filters; f++) {
            int wins = line[f] > y[f] || line[f] != line[f];
            y[f] = wins ? line[f] : y[f];
            winners[f] = wins ? (int32_t)window : winners[f];
        }
    }
    for (size_t f = 0; f < filters; f++) {
        float sum = y[f] + bias[f];
        y[f] = sum < 0.0f ? 0.0f : sum;
    }
}
