// Batch norm over rows of channels. Sums run in double, a tile of channels at a time, so that nothing is allocated.

#ifndef CK_TILE
#define CK_TILE 32
#endif

static void LOOP(normalize_rows)(size_t rows, size_t channels, const float *x, const float *restrict mean,
                                 const float *restrict inverse, const float *restrict weight,
                                 const float *restrict bias, float *y) {
    for (size_t row = 0; row < rows; row++) {
        const float *from = x + row * channels;
        float *to = y + row * channels;
        for (size_t c = 0; c < channels; c++) to[c] = (from[c] - mean[c]) * inverse[c] * weight[c] + bias[c];
    }
}

static void LOOP(batch_norm)(size_t rows, size_t channels, const float *x, const float *weight, const float *bias,
                             double epsilon, float *mean, float *inverse, float *y) {
    if (rows == 0) return;
    for (size_t start = 0; start < channels; start += CK_TILE) {
        size_t width = channels - start < CK_TILE ? channels - start : CK_TILE;
        double sums[CK_TILE] = { 0 }, squares[CK_TILE] = { 0 };
        for (size_t row = 0; row < rows; row++) {
            const float *line = x + row * channels + start;
            for (size_t c = 0; c < width; c++) sums[c] += (double)line[c];
        }
        for (size_t c = 0; c < width; c++) sums[c] /= (double)rows;
        for (size_t row = 0; row < rows; row++) {
            const float *line = x + row * channels + start;
            for (size_t c = 0; c < width; c++) {
                double difference = (double)line[c] - sums[c];
                squares[c] += difference * difference;
            }
        }
        for (size_t c = 0; c < width; c++) {
            mean[start + c] = (float)sums[c];
            inverse[start + c] = (float)(1.0 / sqrt(squares[c] / (double)rows + epsilon));
        }
    }
    LOOP(normalize_rows)(rows, channels, x, mean, inverse, weight, bias, y);
}

static void LOOP(normalize)(size_t rows, size_t channels, const float *x, const float *restrict weight,
                            const float *restrict bias, const float *restrict mean, const float *restrict variance,
                            double epsilon, float *y) {
    for (size_t start = 0; start < channels; start += CK_TILE) {
        size_t width = channels - start < CK_TILE ? channels - start : CK_TILE;
        float factor[CK_TILE];
        for (size_t c = 0; c < width; c++)
            factor[c] = weight[start + c] * (float)(1.0 / sqrt((double)variance[start + c] + epsilon));
        for (size_t row = 0; row < rows; row++) {
            const float *from = x + row * channels + start;
            float *to = y + row * channels + start;
            for (size_t c = 0; c < width; c++) to[c] = (from[c] - mean[start + c]) * factor[c] + bias[start + c];
        }
    }
}

static void LOOP(batch_norm_gradient)(size_t rows, size_t channels, const float *x, const float *weight,
                                      const float *restrict mean, const float *restrict inverse, const float *dy,
                                      float *dx, float *restrict dweight, float *restrict dbias) {
    for (size_t start = 0; start < channels; start += CK_TILE) {
        size_t width = channels - start < CK_TILE ? channels - start : CK_TILE;
        double sums[CK_TILE] = { 0 }, products[CK_TILE] = { 0 };
        for (size_t row = 0; row < rows; row++) {
            const float *line = x + row * channels + start, *up = dy + row * channels + start;
            for (size_t c = 0; c < width; c++) {
                float normal = (line[c] - mean[start + c]) * inverse[start + c];
                sums[c] += (double)up[c];
                products[c] += (double)up[c] * (double)normal;
            }
        }
        float factor[CK_TILE], shift[CK_TILE], slope[CK_TILE];
        double count = rows > 0 ? (double)rows : 1.0;
        for (size_t c = 0; c < width; c++) {
            dbias[start + c] = (float)sums[c];
            dweight[start + c] = (float)products[c];
            factor[c] = weight[start + c] * inverse[start + c];
            shift[c] = (float)(sums[c] / count);
            slope[c] = (float)(products[c] / count);
        }
        for (size_t row = 0; row < rows; row++) {
            const float *line = x + row * channels + start, *up = dy + row * channels + start;
            float *down = dx + row * channels + start;
            for (size_t c = 0; c < width; c++) {
                float normal = (line[c] - mean[start + c]) * inverse[start + c];
                down[c] = factor[c] * (up[c] - shift[c] - normal * slope[c]);
            }
        }
    }
}

// The same by planes: one channel at a time, its pixels side by side.

static void LOOP(plane_scale)(size_t images, size_t channels, size_t channel, size_t pixels, const float *x,
                              float factor, float shift, float *y) {
    for (size_t image = 0; image < images; image++) {
        const float *restrict from = x + (image * channels + channel) * pixels;
        float *restrict to = y + (image * channels + channel) * pixels;
        for (size_t i = 0; i < pixels; i++) to[i] = from[i] * factor + shift;
    }
}

static void LOOP(plane_batch_norm)(size_t images, size_t channels, size_t pixels, const float *x, const float *weight,
                                   const float *bias, double epsilon, float *mean, float *inverse, float *y) {
    if (images * pixels == 0) return;
    double count = (double)(images * pixels);
    for (size_t c = 0; c < channels; c++) {
#pragma clang fp reassociate(on)
        double sum = 0, squares = 0;
        for (size_t image = 0; image < images; image++) {
            const float *plane = x + (image * channels + c) * pixels;
            for (size_t i = 0; i < pixels; i++) sum += (double)plane[i];
        }
        double average = sum / count;
        for (size_t image = 0; image < images; image++) {
            const float *plane = x + (image * channels + c) * pixels;
            for (size_t i = 0; i < pixels; i++) {
                double difference = (double)plane[i] - average;
                squares += difference * difference;
            }
        }
        mean[c] = (float)average;
        inverse[c] = (float)(1.0 / sqrt(squares / count + epsilon));
        float factor = weight[c] * inverse[c];
        LOOP(plane_scale)(images, channels, c, pixels, x, factor, bias[c] - mean[c] * factor, y);
    }
}

static void LOOP(plane_normalize)(size_t images, size_t channels, size_t pixels, const float *x, const float *weight,
                                  const float *bias, const float *mean, const float *variance, double epsilon,
                                  float *y) {
    for (size_t c = 0; c < channels; c++) {
        float factor = weight[c] * (float)(1.0 / sqrt((double)variance[c] + epsilon));
        LOOP(plane_scale)(images, channels, c, pixels, x, factor, bias[c] - mean[c] * factor, y);
    }
}

static void LOOP(plane_batch_norm_gradient)(size_t images, size_t channels, size_t pixels, const float *x,
                                            const float *weight, const float *mean, const float *inverse,
                                            const float *dy, float *dx, float *dweight, float *dbias) {
    double count = images * pixels > 0 ? (double)(images * pixels) : 1.0;
    for (size_t c = 0; c < channels; c++) {
#pragma clang fp reassociate(on)
        double sum = 0, product = 0;
        float average = mean[c], scale = inverse[c];
        for (size_t image = 0; image < images; image++) {
            const float *plane = x + (image * channels + c) * pixels, *up = dy + (image * channels + c) * pixels;
            for (size_t i = 0; i < pixels; i++) {
                sum += (double)up[i];
                product += (double)up[i] * (double)((plane[i] - average) * scale);
            }
        }
        dbias[c] = (float)sum;
        dweight[c] = (float)product;
        float factor = weight[c] * scale, shift = (float)(sum / count), slope = (float)(product / count) * scale;
        for (size_t image = 0; image < images; image++) {
            const float *plane = x + (image * channels + c) * pixels, *up = dy + (image * channels + c) * pixels;
            float *down = dx + (image * channels + c) * pixels;
#pragma clang loop vectorize(assume_safety)
            for (size_t i = 0; i < pixels; i++) down[i] = factor * (up[i] - shift - (plane[i] - average) * slope);
        }
    }
}
