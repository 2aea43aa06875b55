// Vectors and reductions. Sums run in double, in a fixed number of lanes, so they depend on nothing but the input.

static void LOOP(scale)(size_t count, float factor, float *restrict x) {
    for (size_t i = 0; i < count; i++) x[i] *= factor;
}

static void LOOP(add)(size_t count, const float *restrict x, float *restrict y) {
    for (size_t i = 0; i < count; i++) y[i] += x[i];
}

static void LOOP(axpy)(size_t count, float factor, const float *restrict x, float *restrict y) {
    for (size_t i = 0; i < count; i++) y[i] += factor * x[i];
}

static void LOOP(elementwise_product)(size_t count, const float *x, const float *y, float *z) {
    for (size_t i = 0; i < count; i++) z[i] = x[i] * y[i];
}

static double LOOP(sum_of_squares)(size_t count, const float *restrict x) {
#pragma clang fp reassociate(on)
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += (double)x[i] * (double)x[i];
    return sum;
}

static double LOOP(dot)(size_t count, const float *restrict x, const float *restrict y) {
#pragma clang fp reassociate(on)
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += (double)x[i] * (double)y[i];
    return sum;
}

/// Columns whose sums the registers hold while the rows go by.
#define CK_COLUMNS (4 * CK_LANES)

static void LOOP(column_sums)(size_t rows, size_t columns, const float *restrict matrix, float *restrict sums) {
    size_t whole = columns / CK_COLUMNS * CK_COLUMNS;
    for (size_t start = 0; start < whole; start += CK_COLUMNS) {
        float sum[CK_COLUMNS] = { 0 };
        for (size_t row = 0; row < rows; row++)
            for (size_t i = 0; i < CK_COLUMNS; i++) sum[i] += matrix[row * columns + start + i];
        memcpy(sums + start, sum, sizeof sum);
    }
    memset(sums + whole, 0, (columns - whole) * sizeof(float));
    for (size_t row = 0; row < rows; row++)
        for (size_t column = whole; column < columns; column++) sums[column] += matrix[row * columns + column];
}
#undef CK_COLUMNS

static void LOOP(add_rectified)(size_t count, const float *x, const float *y, float *z) {
#pragma clang loop vectorize(assume_safety)
    for (size_t i = 0; i < count; i++) {
        float sum = x[i] + y[i];
        z[i] = sum < 0.0f ? 0.0f : sum;
    }
}
