// Convolutions with the images of a group side by side. Neither windows nor tiles are laid out: every operand is read where it
// stands.

/// What a tile of four outputs is summed over: for every plane the taps [top, bottom) × [left, right).
typedef struct {
    size_t planes, plane, line, kernel;
    size_t top, bottom, left, right;
    ptrdiff_t at[4];
} LOOP(tile);

// Sums of N filters at four places: N·4 accumulators stay in registers, and each weight is read once for four products.
// Weights stand as [planes, kernel, kernel, N].
#define CK_SUMS(N)                                                                                                    \
    static void LOOP(sums_##N)(const LOOP(tile) *tile, const LANE *x, const float *weight, LANE *sums) {             \
        const LOOP(tile) t = *tile;                                                                                   \
        LANE sum[4][N];                                                                                               \
        _Pragma("clang loop unroll(full)") for (int j = 0; j < 4; j++)                                               \
            _Pragma("clang loop unroll(full)") for (int n = 0; n < N; n++) sum[j][n] = (LANE){ 0 };                  \
        for (size_t plane = 0; plane < t.planes; plane++) {                                                           \
            for (size_t y = t.top; y < t.bottom; y++) {                                                               \
                const LANE *line = x + (ptrdiff_t)(plane * t.plane + y * t.line);                                     \
                const LANE *from[4] = { line + t.at[0], line + t.at[1], line + t.at[2], line + t.at[3] };             \
                const float *w = weight + (plane * t.kernel + y) * t.kernel * N;                                      \
                for (size_t tap = t.left; tap < t.right; tap++) {                                                     \
                    LANE factor[N];                                                                                   \
                    _Pragma("clang loop unroll(full)") for (int n = 0; n < N; n++)                                    \
                        factor[n] = w[tap * N + (size_t)n] - (LANE){ 0 };                                             \
                    _Pragma("clang loop unroll(full)") for (int j = 0; j < 4; j++) {                                  \
                        const LANE value = from[j][tap];                                                              \
                        _Pragma("clang loop unroll(full)") for (int n = 0; n < N; n++) sum[j][n] += value * factor[n];\
                    }                                                                                                 \
                }                                                                                                     \
            }                                                                                                         \
        }                                                                                                             \
        _Pragma("clang loop unroll(full)") for (int j = 0; j < 4; j++)                                               \
            _Pragma("clang loop unroll(full)") for (int n = 0; n < N; n++) sums[j * N + n] = sum[j][n];              \
    }

CK_SUMS(1)
CK_SUMS(2)
#if CK_BLOCK > 2
CK_SUMS(3)
#endif
#if CK_BLOCK > 3
CK_SUMS(4)
CK_SUMS(5)
#endif
#undef CK_SUMS

typedef void (*LOOP(sums_function))(const LOOP(tile) *, const LANE *, const float *, LANE *);

static const LOOP(sums_function) LOOP(sums_of)[CK_BLOCK + 1] = {
    0, LOOP(sums_1), LOOP(sums_2),
#if CK_BLOCK > 2
    LOOP(sums_3),
#endif
#if CK_BLOCK > 3
    LOOP(sums_4), LOOP(sums_5),
#endif
};

// Adds the products of N filters' gradients with T neighbouring taps over a band of the image to N·T sums.
#define CK_PRODUCTS(N, T)                                                                                             \
    static void LOOP(products_##N##_##T)(size_t rows, size_t columns, size_t line, size_t up_line, size_t up_plane,   \
                                         const LANE *x, const LANE *up, LANE *sums) {                                 \
        LANE sum[T][N];                                                                                               \
        _Pragma("clang loop unroll(full)") for (int t = 0; t < T; t++)                                               \
            _Pragma("clang loop unroll(full)") for (int n = 0; n < N; n++) sum[t][n] = sums[t * N + n];              \
        for (size_t row = 0; row < rows; row++) {                                                                     \
            const LANE *from = x + row * line, *above = up + row * up_line;                                           \
            for (size_t column = 0; column < columns; column++) {                                                     \
                LANE gradient[N];                                                                                     \
                _Pragma("clang loop unroll(full)") for (int n = 0; n < N; n++)                                       \
                    gradient[n] = above[column + (size_t)n * up_plane];                                               \
                _Pragma("clang loop unroll(full)") for (int t = 0; t < T; t++) {                                     \
                    const LANE value = from[column + (size_t)t];                                                      \
                    _Pragma("clang loop unroll(full)") for (int n = 0; n < N; n++) sum[t][n] += value * gradient[n]; \
                }                                                                                                     \
            }                                                                                                         \
        }                                                                                                             \
        _Pragma("clang loop unroll(full)") for (int t = 0; t < T; t++)                                               \
            _Pragma("clang loop unroll(full)") for (int n = 0; n < N; n++) sums[t * N + n] = sum[t][n];              \
    }

#define CK_PRODUCTS_OF(N) CK_PRODUCTS(N, 1) CK_PRODUCTS(N, 2) CK_PRODUCTS(N, 3) CK_PRODUCTS(N, 4) CK_PRODUCTS(N, 5)
#define CK_PRODUCT_ROW(N)                                                                                             \
    { 0, LOOP(products_##N##_1), LOOP(products_##N##_2), LOOP(products_##N##_3), LOOP(products_##N##_4),              \
      LOOP(products_##N##_5) }
CK_PRODUCTS_OF(1)
CK_PRODUCTS_OF(2)
#if CK_BLOCK > 2
CK_PRODUCTS_OF(3)
#endif
#if CK_BLOCK > 3
CK_PRODUCTS_OF(4)
CK_PRODUCTS_OF(5)
#endif

typedef void (*LOOP(products_function))(size_t, size_t, size_t, size_t, size_t, const LANE *, const LANE *, LANE *);

static const LOOP(products_function) LOOP(products_of)[CK_BLOCK + 1][6] = {
    { 0 }, CK_PRODUCT_ROW(1), CK_PRODUCT_ROW(2),
#if CK_BLOCK > 2
    CK_PRODUCT_ROW(3),
#endif
#if CK_BLOCK > 3
    CK_PRODUCT_ROW(4), CK_PRODUCT_ROW(5),
#endif
};
#undef CK_PRODUCTS
#undef CK_PRODUCTS_OF
#undef CK_PRODUCT_ROW
