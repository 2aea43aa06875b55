// Images as `[images, channels / block, pixels, block]`, the layout of oneDNN's convolutions: a vector holds neighbouring
// channels of one pixel. `block` is a multiple of the numbers in a vector.

typedef double LOOP(wide) __attribute__((vector_size(8 * CK_LANES)));
#define WIDE LOOP(wide)

/// Where the vectors of one group of channels stand.
typedef struct {
    size_t images, pixels;
    size_t image, pixel;  // numbers from one image and one pixel to the next
} LOOP(group);

static inline LANE LOOP(load)(const float *from) {
    return *(const LOOP(loose) *)from;
}

static inline void LOOP(store)(LANE value, float *to) {
    *(LOOP(loose) *)to = value;
}

/// Sums of the differences from a value and of their squares, an image at a time in single precision.
static void LOOP(group_moments)(const LOOP(group) *g, const float *x, LANE from, WIDE *sum, WIDE *squares) {
    *sum = *squares = (WIDE){ 0 };
    for (size_t image = 0; image < g->images; image++, x += g->image) {
        LANE sums[4] = { { 0 }, { 0 }, { 0 }, { 0 } }, products[4] = { { 0 }, { 0 }, { 0 }, { 0 } };
        size_t pixel = 0;
        for (; pixel + 4 <= g->pixels; pixel += 4) {
#pragma clang loop unroll(full)
            for (size_t j = 0; j < 4; j++) {
                LANE difference = LOOP(load)(x + (pixel + j) * g->pixel) - from;
                sums[j] += difference;
                products[j] += difference * difference;
            }
        }
        for (; pixel < g->pixels; pixel++) {
            LANE difference = LOOP(load)(x + pixel * g->pixel) - from;
            sums[0] += difference;
            products[0] += difference * difference;
        }
        *sum += __builtin_convertvector((sums[0] + sums[1]) + (sums[2] + sums[3]), WIDE);
        *squares += __builtin_convertvector((products[0] + products[1]) + (products[2] + products[3]), WIDE);
    }
}

/// y = x · factor + shift, rectified where asked for.
static void LOOP(group_scale)(const LOOP(group) *g, const float *x, LANE factor, LANE shift, bool rectifies, float *y) {
    for (size_t image = 0; image < g->images; image++, x += g->image, y += g->image) {
        for (size_t pixel = 0; pixel < g->pixels; pixel++) {
            LANE sum = LOOP(load)(x + pixel * g->pixel) * factor + shift;
            LOOP(store)(rectifies ? LOOP(rectified)(sum) : sum, y + pixel * g->pixel);
        }
    }
}

static inline LOOP(group) LOOP(group_of)(const ck_blocks *b) {
    return (LOOP(group)){ b->images, b->pixels, b->channels * b->pixels, b->block };
}

/// Where the vectors of the channels from `channel` on start.
static inline size_t LOOP(group_start)(const ck_blocks *b, size_t channel) {
    return channel / b->block * b->pixels * b->block + channel % b->block;
}

static void LOOP(block_batch_norm)(const ck_blocks *blocks, const float *x, const float *weight, const float *bias,
                                   double epsilon, bool rectifies, float *mean, float *inverse, float *y) {
    const LOOP(group) g = LOOP(group_of)(blocks), one = { 1, g.pixels, g.image, g.pixel };
    double count = (double)(g.images * g.pixels);
    if (count == 0) return;
    for (size_t c = 0; c < blocks->channels; c += CK_LANES) {
        const float *from = x + LOOP(group_start)(blocks, c);
        // Differences from the first image's mean: what is summed is then small, and nothing cancels.
        WIDE sum, squares;
        LOOP(group_moments)(&one, from, (LANE){ 0 }, &sum, &squares);
        LANE near = __builtin_convertvector(sum / (double)g.pixels, LANE);
        LOOP(group_moments)(&g, from, near, &sum, &squares);
        WIDE away = sum / count, variance = squares / count - away * away;
        LANE average = __builtin_convertvector(__builtin_convertvector(near, WIDE) + away, LANE), scale;
        for (int i = 0; i < CK_LANES; i++) {
            double spread = variance[i] < 0 ? 0 : variance[i];
            scale[i] = (float)(1.0 / sqrt(spread + epsilon));
        }
        LANE factor = LOOP(load)(weight + c) * scale;
        LANE shift = LOOP(load)(bias + c) - average * factor;
        LOOP(store)(average, mean + c);
        LOOP(store)(scale, inverse + c);
        LOOP(group_scale)(&g, from, factor, shift, rectifies, y + LOOP(group_start)(blocks, c));
    }
}

static void LOOP(block_normalize)(const ck_blocks *blocks, const float *x, const float *weight, const float *bias,
                                  const float *mean, const float *variance, double epsilon, bool rectifies, float *y) {
    const LOOP(group) g = LOOP(group_of)(blocks);
    for (size_t c = 0; c < blocks->channels; c += CK_LANES) {
        LANE scale;
        for (int i = 0; i < CK_LANES; i++) scale[i] = (float)(1.0 / sqrt((double)variance[c + (size_t)i] + epsilon));
        LANE factor = LOOP(load)(weight + c) * scale;
        LANE shift = LOOP(load)(bias + c) - LOOP(load)(mean + c) * factor;
        size_t start = LOOP(group_start)(blocks, c);
        LOOP(group_scale)(&g, x + start, factor, shift, rectifies, y + start);
    }
}

/// The gradient that passes the rectifier, if there is one: the sign of what went in is made again.
static inline LANE LOOP(passed)(LANE up, LANE x, LANE factor, LANE shift, bool rectifies) {
    CHOICE open = x * factor + shift > 0.0f;
    return rectifies ? (LANE)(open & (CHOICE)up) : up;
}

static void LOOP(block_batch_norm_gradient)(const ck_blocks *blocks, const float *x, const float *weight,
                                            const float *bias, const float *mean, const float *inverse, bool rectifies,
                                            const float *dy, float *dx, float *dweight, float *dbias) {
    const LOOP(group) g = LOOP(group_of)(blocks);
    double count = g.images * g.pixels > 0 ? (double)(g.images * g.pixels) : 1.0;
    for (size_t c = 0; c < blocks->channels; c += CK_LANES) {
        size_t start = LOOP(group_start)(blocks, c);
        LANE average = LOOP(load)(mean + c), scale = LOOP(load)(inverse + c);
        LANE factor = LOOP(load)(weight + c) * scale, shift = LOOP(load)(bias + c) - average * factor;
        WIDE total = { 0 }, product = { 0 };
        for (size_t image = 0; image < g.images; image++) {
            const float *from = x + start + image * g.image, *up = dy + start + image * g.image;
            LANE sums[2] = { { 0 }, { 0 } }, products[2] = { { 0 }, { 0 } };
            for (size_t pixel = 0; pixel < g.pixels; pixel++) {
                LANE value = LOOP(load)(from + pixel * g.pixel);
                LANE gradient = LOOP(passed)(LOOP(load)(up + pixel * g.pixel), value, factor, shift, rectifies);
                sums[pixel % 2] += gradient;
                products[pixel % 2] += gradient * (value - average);
            }
            total += __builtin_convertvector(sums[0] + sums[1], WIDE);
            product += __builtin_convertvector((products[0] + products[1]) * scale, WIDE);
        }
        LOOP(store)(__builtin_convertvector(total, LANE), dbias + c);
        LOOP(store)(__builtin_convertvector(product, LANE), dweight + c);
        LANE flat = __builtin_convertvector(total / count, LANE);
        LANE slope = __builtin_convertvector(product / count, LANE) * scale;
        for (size_t image = 0; image < g.images; image++) {
            const float *from = x + start + image * g.image, *up = dy + start + image * g.image;
            float *down = dx + start + image * g.image;
            for (size_t pixel = 0; pixel < g.pixels; pixel++) {
                LANE value = LOOP(load)(from + pixel * g.pixel);
                LANE gradient = LOOP(passed)(LOOP(load)(up + pixel * g.pixel), value, factor, shift, rectifies);
                LOOP(store)(factor * (gradient - flat - (value - average) * slope), down + pixel * g.pixel);
            }
        }
    }
}

/// Means of channels, `[images, channels]`.
static void LOOP(block_means)(const ck_blocks *blocks, const float *x, float *means) {
    const LOOP(group) g = LOOP(group_of)(blocks);
    float share = g.pixels > 0 ? 1.0f / (float)g.pixels : 0.0f;
    for (size_t image = 0; image < g.images; image++) {
        for (size_t c = 0; c < blocks->channels; c += CK_LANES) {
            const float *from = x + image * g.image + LOOP(group_start)(blocks, c);
            LANE sum = { 0 };
            for (size_t pixel = 0; pixel < g.pixels; pixel++) sum += LOOP(load)(from + pixel * g.pixel);
            LOOP(store)(sum * share, means + image * blocks->channels + c);
        }
    }
}

static void LOOP(block_means_gradient)(const ck_blocks *blocks, const float *dmeans, float *dx) {
    const LOOP(group) g = LOOP(group_of)(blocks);
    float share = g.pixels > 0 ? 1.0f / (float)g.pixels : 0.0f;
    for (size_t image = 0; image < g.images; image++) {
        for (size_t c = 0; c < blocks->channels; c += CK_LANES) {
            LANE gradient = LOOP(load)(dmeans + image * blocks->channels + c) * share;
            float *to = dx + image * g.image + LOOP(group_start)(blocks, c);
            for (size_t pixel = 0; pixel < g.pixels; pixel++) LOOP(store)(gradient, to + pixel * g.pixel);
        }
    }
}
#undef WIDE
