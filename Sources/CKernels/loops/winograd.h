// Winograd's algorithm F(4×4, 3×3) for convolutions of stride 1 and padding 1 (Lavin & Gray 2016, section 4.3), on images
// in blocks of channels: a tile of 4 × 4 outputs costs 36 products where the direct way takes 144. Each pass is a change
// of coordinates, 36 matrix products, and a change back; the gradients are the transposed changes.

/// Numbers of a tile that goes in, of one that comes out, and of a kernel.
#define CK_TILE_IN 36
#define CK_TILE_OUT 16
#define CK_TAPS 9

// One dimension of each change: numbers `s` apart become numbers `t` apart. The names are those of the paper.

/// Bᵀd: six pixels.
static inline void LOOP(pixels_in)(const LANE *d, size_t s, LANE *v, size_t t) {
    LANE even = d[4 * s] - 4.0f * d[2 * s], odd = d[3 * s] - 4.0f * d[s];
    LANE near = d[4 * s] - d[2 * s], far = 2.0f * (d[3 * s] - d[s]);
    v[0] = 4.0f * d[0] - 5.0f * d[2 * s] + d[4 * s];
    v[t] = even + odd;
    v[2 * t] = even - odd;
    v[3 * t] = near + far;
    v[4 * t] = near - far;
    v[5 * t] = 4.0f * d[s] - 5.0f * d[3 * s] + d[5 * s];
}

/// Bv.
static inline void LOOP(pixels_back)(const LANE *v, size_t s, LANE *d, size_t t) {
    LANE sum = v[s] + v[2 * s], difference = v[s] - v[2 * s];
    LANE outer = v[3 * s] + v[4 * s], turn = v[3 * s] - v[4 * s];
    d[0] = 4.0f * v[0];
    d[t] = 4.0f * (v[5 * s] - difference) - 2.0f * turn;
    d[2 * t] = -5.0f * v[0] - 4.0f * sum - outer;
    d[3 * t] = difference + 2.0f * turn - 5.0f * v[5 * s];
    d[4 * t] = v[0] + sum + outer;
    d[5 * t] = v[5 * s];
}

/// Gg: three weights.
static inline void LOOP(weights_in)(const LANE *g, size_t s, LANE *u, size_t t) {
    LANE ends = (g[0] + g[2 * s]) * (1.0f / 6), middle = g[s] * (1.0f / 6);
    LANE outer = g[0] * (1.0f / 24) + g[2 * s] * (1.0f / 6), half = g[s] * (1.0f / 12);
    u[0] = 0.25f * g[0];
    u[t] = -ends - middle;
    u[2 * t] = middle - ends;
    u[3 * t] = outer + half;
    u[4 * t] = outer - half;
    u[5 * t] = g[2 * s];
}

/// Gᵀu.
static inline void LOOP(weights_back)(const LANE *u, size_t s, LANE *g, size_t t) {
    LANE sum = (u[s] + u[2 * s]) * (1.0f / 6), outer = u[3 * s] + u[4 * s];
    g[0] = 0.25f * u[0] - sum + outer * (1.0f / 24);
    g[t] = (u[2 * s] - u[s]) * (1.0f / 6) + (u[3 * s] - u[4 * s]) * (1.0f / 12);
    g[2 * t] = outer * (1.0f / 6) - sum + u[5 * s];
}

/// Aᵀm: four outputs.
static inline void LOOP(outputs_back)(const LANE *m, size_t s, LANE *y, size_t t) {
    LANE sum = m[s] + m[2 * s], difference = m[s] - m[2 * s];
    LANE outer = m[3 * s] + m[4 * s], turn = m[3 * s] - m[4 * s];
    y[0] = m[0] + sum + outer;
    y[t] = difference + 2.0f * turn;
    y[2 * t] = sum + 4.0f * outer;
    y[3 * t] = difference + 8.0f * turn + m[5 * s];
}

/// Ay.
static inline void LOOP(outputs_in)(const LANE *y, size_t s, LANE *m, size_t t) {
    LANE even = y[0] + y[2 * s], odd = y[s] + y[3 * s];
    LANE outer = y[0] + 4.0f * y[2 * s], turn = 2.0f * y[s] + 8.0f * y[3 * s];
    m[0] = y[0];
    m[t] = even + odd;
    m[2 * t] = even - odd;
    m[3 * t] = outer + turn;
    m[4 * t] = outer - turn;
    m[5 * t] = y[3 * s];
}

// Both dimensions: a square of N × N becomes one of M × M.
#define CK_SQUARE(name, N, M)                                                                                         \
    static inline void LOOP(name##_square)(const LANE from[N * N], LANE to[M * M]) {                                  \
        LANE half[M * N];                                                                                             \
        _Pragma("clang loop unroll(full)") for (size_t i = 0; i < N; i++) LOOP(name)(from + i, N, half + i, N);       \
        _Pragma("clang loop unroll(full)") for (size_t i = 0; i < M; i++) LOOP(name)(half + i * N, 1, to + i * M, 1); \
    }

CK_SQUARE(pixels_in, 6, 6)
CK_SQUARE(pixels_back, 6, 6)
CK_SQUARE(weights_in, 3, 6)
CK_SQUARE(weights_back, 6, 3)
CK_SQUARE(outputs_back, 6, 4)
CK_SQUARE(outputs_in, 4, 6)
#undef CK_SQUARE

/// One element of each of the 36 matrices.
static inline void LOOP(gather_square)(const float *from, size_t stride, LANE to[CK_TILE_IN]) {
    for (size_t i = 0; i < CK_TILE_IN; i++) to[i] = LOOP(load)(from + i * stride);
}

static inline void LOOP(scatter_square)(const LANE from[CK_TILE_IN], float *to, size_t stride) {
    for (size_t i = 0; i < CK_TILE_IN; i++) LOOP(store)(from[i], to + i * stride);
}

/// Which pixels of a tile there are along one axis, and where the first would stand.
typedef struct {
    size_t from, to;
    ptrdiff_t first;
} LOOP(span);

static inline LOOP(span) LOOP(span_of)(size_t tile, size_t count, size_t margin, size_t pixels) {
    ptrdiff_t first = (ptrdiff_t)(4 * tile) - (ptrdiff_t)margin, left = (ptrdiff_t)pixels - first;
    return (LOOP(span)){ first < 0 ? (size_t)-first : 0, left < (ptrdiff_t)count ? (size_t)left : count, first };
}

/// A tile of one group of channels: its pixels, where its vectors start in the images, and where in the matrices.
typedef struct {
    LOOP(span) rows, columns;
    size_t image, matrix;
} LOOP(square);

typedef void (*LOOP(square_function))(const ck_winograd *w, const LOOP(square) *s, const float *from, float *to);

/// Where pixel (i, j) of a tile stands.
static inline size_t LOOP(pixel_of)(const ck_winograd *w, const LOOP(square) *s, size_t i, size_t j) {
    size_t row = (size_t)(s->rows.first + (ptrdiff_t)i), column = (size_t)(s->columns.first + (ptrdiff_t)j);
    return s->image + (row * w->width + column) * w->block;
}

/// Changes every tile, of `count` pixels a side of which `margin` overlap the tiles before.
static inline __attribute__((always_inline)) void LOOP(each_square)(const ck_winograd *w, size_t count, size_t margin,
                                                                    LOOP(square_function) change, const float *from,
                                                                    float *to) {
    size_t down = (w->height + 3) / 4, across = (w->width + 3) / 4, plane = w->height * w->width;
    for (size_t tile = 0; tile < w->images * down * across; tile++) {
        size_t image = tile / (down * across), place = tile % (down * across);
        LOOP(square) s = { LOOP(span_of)(place / across, count, margin, w->height),
                           LOOP(span_of)(place % across, count, margin, w->width), 0, 0 };
        for (size_t c = 0; c < w->channels; c += CK_LANES) {
            s.image = (image * w->channels + c / w->block * w->block) * plane + c % w->block;
            s.matrix = tile * w->channels + c;
            change(w, &s, from, to);
        }
    }
}

static inline void LOOP(change_pixels)(const ck_winograd *w, const LOOP(square) *s, const float *images,
                                       float *matrices) {
    LANE d[CK_TILE_IN] = { { 0 } }, v[CK_TILE_IN];
    for (size_t i = s->rows.from; i < s->rows.to; i++)
        for (size_t j = s->columns.from; j < s->columns.to; j++)
            d[6 * i + j] = LOOP(load)(images + LOOP(pixel_of)(w, s, i, j));
    LOOP(pixels_in_square)(d, v);
    LOOP(scatter_square)(v, matrices + s->matrix, w->stride);
}

static void LOOP(winograd_pixels)(const ck_winograd *w, const float *images, float *matrices) {
    LOOP(each_square)(w, 6, 1, LOOP(change_pixels), images, matrices);
}

static inline void LOOP(add_pixels)(const ck_winograd *w, const LOOP(square) *s, const float *matrices,
                                    float *images) {
    LANE d[CK_TILE_IN], v[CK_TILE_IN];
    LOOP(gather_square)(matrices + s->matrix, w->stride, v);
    LOOP(pixels_back_square)(v, d);
    for (size_t i = s->rows.from; i < s->rows.to; i++)
        for (size_t j = s->columns.from; j < s->columns.to; j++) {
            float *to = images + LOOP(pixel_of)(w, s, i, j);
            LOOP(store)(LOOP(load)(to) + d[6 * i + j], to);
        }
}

static void LOOP(winograd_pixels_gradient)(const ck_winograd *w, const float *matrices, float *images) {
    memset(images, 0, w->images * w->channels * w->height * w->width * sizeof(float));
    LOOP(each_square)(w, 6, 1, LOOP(add_pixels), matrices, images);
}

static inline void LOOP(change_back_outputs)(const ck_winograd *w, const LOOP(square) *s, const float *matrices,
                                             float *images) {
    LANE m[CK_TILE_IN], y[CK_TILE_OUT];
    LOOP(gather_square)(matrices + s->matrix, w->stride, m);
    LOOP(outputs_back_square)(m, y);
    for (size_t i = 0; i < s->rows.to; i++)
        for (size_t j = 0; j < s->columns.to; j++) LOOP(store)(y[4 * i + j], images + LOOP(pixel_of)(w, s, i, j));
}

static void LOOP(winograd_outputs)(const ck_winograd *w, const float *matrices, float *images) {
    LOOP(each_square)(w, 4, 0, LOOP(change_back_outputs), matrices, images);
}

static inline void LOOP(change_outputs)(const ck_winograd *w, const LOOP(square) *s, const float *images,
                                        float *matrices) {
    LANE m[CK_TILE_IN], y[CK_TILE_OUT] = { { 0 } };
    for (size_t i = 0; i < s->rows.to; i++)
        for (size_t j = 0; j < s->columns.to; j++) y[4 * i + j] = LOOP(load)(images + LOOP(pixel_of)(w, s, i, j));
    LOOP(outputs_in_square)(y, m);
    LOOP(scatter_square)(m, matrices + s->matrix, w->stride);
}

static void LOOP(winograd_outputs_gradient)(const ck_winograd *w, const float *images, float *matrices) {
    LOOP(each_square)(w, 4, 0, LOOP(change_outputs), images, matrices);
}

static void LOOP(winograd_weights)(size_t filters, size_t channels, const float *weight, size_t stride,
                                   float *matrices) {
    for (size_t place = 0; place < filters * channels; place += CK_LANES) {
        LANE g[CK_TAPS], u[CK_TILE_IN];
        LOOP(to_lanes)(CK_LANES, CK_TAPS, CK_TAPS, weight + place * CK_TAPS, g);
        LOOP(weights_in_square)(g, u);
        LOOP(scatter_square)(u, matrices + place, stride);
    }
}

static void LOOP(winograd_weights_gradient)(size_t filters, size_t channels, const float *matrices, size_t stride,
                                            float *weight) {
    for (size_t place = 0; place < filters * channels; place += CK_LANES) {
        LANE g[CK_TAPS], u[CK_TILE_IN];
        LOOP(gather_square)(matrices + place, stride, u);
        LOOP(weights_back_square)(u, g);
        LOOP(from_lanes)(CK_LANES, CK_TAPS, CK_TAPS, g, weight + place * CK_TAPS);
    }
}
#undef CK_TILE_IN
#undef CK_TILE_OUT
#undef CK_TAPS
