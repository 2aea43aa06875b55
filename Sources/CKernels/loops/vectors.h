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

static void LOOP(column_sums)(size_t rows, size_t columns, const float *restrict matrix, float *restrict sums) {
    memset(sums, 0, columns * sizeof(float));
    for (size_t row = 0; row < rows; row++) {
        const float *restrict line = matrix + row * columns;
        for (size_t column = 0; column < columns; column++) sums[column] += line[column];
    }
}

static void LOOP(add_rectified)(size_t count, const float *x, const float *y, float *z) {
#pragma clang loop vectorize(assume_safety)
    for (size_t i = 0; i < count; i++) {
        float sum = x[i] + y[i];
        z[i] = sum < 0.0f ? 0.0f : sum;
    }
}
