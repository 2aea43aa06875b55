// Bias and activation in one pass over the matrix, and the activations' gradients.

static inline float LOOP(bias_of)(const float *bias, size_t column) {
    return bias ? bias[column] : 0.0f;
}

static void LOOP(add_bias)(size_t rows, size_t columns, const float *restrict bias, const float *z, float *y) {
    for (size_t row = 0; row < rows; row++) {
        const float *from = z + row * columns;
        float *to = y + row * columns;
#pragma clang loop vectorize(assume_safety)
        for (size_t column = 0; column < columns; column++) to[column] = from[column] + bias[column];
    }
}

static void LOOP(bias_relu)(size_t rows, size_t columns, const float *restrict bias, const float *z, float *y) {
    for (size_t row = 0; row < rows; row++) {
        const float *from = z + row * columns;
        float *to = y + row * columns;
#pragma clang loop vectorize(assume_safety)
        for (size_t column = 0; column < columns; column++) {
            float sum = from[column] + bias[column];
            // NaN passes through: a diverged value must not look like a zero.
            to[column] = sum < 0.0f ? 0.0f : sum;
        }
    }
}

// Results may be written over what they are made from, element by element, which the compiler cannot see to be safe.
#define CK_PASS(expression)                                      \
    _Pragma("clang loop vectorize(assume_safety)")               \
    for (size_t i = 0; i < count; i++) {                         \
        float x = z[i];                                          \
        y[i] = (expression);                                     \
    }                                                            \
    break;

static void LOOP(bias_activate)(ck_activation kind, size_t rows, size_t columns, const float *bias, float *z,
                                float *y) {
    if (bias && kind == ck_relu) {
        LOOP(bias_relu)(rows, columns, bias, z, y);
        return;
    }
    if (bias && kind == ck_identity) {
        LOOP(add_bias)(rows, columns, bias, z, y);
        return;
    }
    if (bias) LOOP(add_bias)(rows, columns, bias, z, z);
    size_t count = rows * columns;
    switch (kind) {
    case ck_identity:
        if (z != y) memcpy(y, z, count * sizeof(float));
        break;
    case ck_relu: CK_PASS(x < 0.0f ? 0.0f : x)
    case ck_gelu: CK_PASS(LOOP(gelu_of)(x))
    case ck_tanh: CK_PASS(LOOP(tanh_of)(x))
    case ck_silu: CK_PASS(LOOP(silu_of)(x))
    }
}
#undef CK_PASS

#define CK_PASS(expression)                                      \
    _Pragma("clang loop vectorize(assume_safety)")               \
    for (size_t i = 0; i < count; i++) {                         \
        float up = dy[i];                                        \
        dz[i] = (expression);                                    \
    }                                                            \
    break;

static void LOOP(activation_gradient)(ck_activation kind, size_t count, const float *z, const float *y,
                                      const float *dy, float *dz) {
    switch (kind) {
    case ck_identity:
        if (dz != dy) memcpy(dz, dy, count * sizeof(float));
        break;
    case ck_relu: CK_PASS(y[i] > 0.0f ? up : 0.0f)
    case ck_gelu: CK_PASS(up * LOOP(gelu_slope)(z[i]))
    case ck_tanh: CK_PASS(up * (1.0f - y[i] * y[i]))
    case ck_silu: CK_PASS(up * LOOP(silu_slope)(z[i]))
    }
}
#undef CK_PASS
