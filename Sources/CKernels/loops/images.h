// Images as planes of pixels, `[channels, height, width]`: windows laid out for a matrix product, pooling, and sums and
// biases by plane.

/// Where the window's tap at `tap` meets the image for outputs in 0..<outputs: [*first, *last).
static inline void LOOP(reach)(size_t tap, size_t padding, size_t stride, size_t size, size_t outputs, size_t *first,
                               size_t *last) {
    size_t low = tap >= padding ? 0 : (padding - tap + stride - 1) / stride;
    // The largest output whose input position is below `size`.
    size_t high = size + padding > tap ? (size + padding - tap - 1) / stride + 1 : 0;
    *last = high < outputs ? high : outputs;
    *first = low < *last ? low : *last;
}

static void LOOP(windows)(const ck_window *window, const float *image, size_t row_stride, float *columns) {
    const ck_window w = *window;
    for (size_t channel = 0; channel < w.channels; channel++) {
        const float *plane = image + channel * w.height * w.width;
        for (size_t tap = 0; tap < w.kernel * w.kernel; tap++) {
            size_t tap_y = tap / w.kernel, tap_x = tap % w.kernel, top, bottom, left, right;
            LOOP(reach)(tap_y, w.padding, w.stride, w.height, w.out_height, &top, &bottom);
            LOOP(reach)(tap_x, w.padding, w.stride, w.width, w.out_width, &left, &right);
            float *to = columns + (channel * w.kernel * w.kernel + tap) * row_stride;
            for (size_t y = 0; y < w.out_height; y++, to += w.out_width) {
                if (y < top || y >= bottom || left >= right) {
                    memset(to, 0, w.out_width * sizeof(float));
                    continue;
                }
                const float *line = plane + (y * w.stride + tap_y - w.padding) * w.width;
                for (size_t x = 0; x < left; x++) to[x] = 0.0f;
                if (w.stride == 1) {
                    memcpy(to + left, line + left + tap_x - w.padding, (right - left) * sizeof(float));
                } else {
                    for (size_t x = left; x < right; x++) to[x] = line[x * w.stride + tap_x - w.padding];
                }
                for (size_t x = right; x < w.out_width; x++) to[x] = 0.0f;
            }
        }
    }
}

static void LOOP(add_windows)(const ck_window *window, const float *columns, size_t row_stride, float *image) {
    const ck_window w = *window;
    for (size_t channel = 0; channel < w.channels; channel++) {
        float *plane = image + channel * w.height * w.width;
        for (size_t tap = 0; tap < w.kernel * w.kernel; tap++) {
            size_t tap_y = tap / w.kernel, tap_x = tap % w.kernel, top, bottom, left, right;
            LOOP(reach)(tap_y, w.padding, w.stride, w.height, w.out_height, &top, &bottom);
            LOOP(reach)(tap_x, w.padding, w.stride, w.width, w.out_width, &left, &right);
            const float *from = columns + (channel * w.kernel * w.kernel + tap) * row_stride;
            for (size_t y = top; y < bottom; y++) {
                const float *restrict source = from + y * w.out_width;
                float *restrict line = plane + (y * w.stride + tap_y - w.padding) * w.width;
                if (w.stride == 1) {
                    float *restrict target = line + tap_x - w.padding;
                    for (size_t x = left; x < right; x++) target[x] += source[x];
                } else {
                    for (size_t x = left; x < right; x++) line[x * w.stride + tap_x - w.padding] += source[x];
                }
            }
        }
    }
}

static void LOOP(plane_bias_activate)(ck_activation kind, size_t images, size_t channels, size_t pixels,
                                      const float *bias, float *z, float *y) {
    for (size_t plane = 0; plane < images * channels; plane++) {
        float *from = z + plane * pixels, *to = y + plane * pixels;
        float shift = bias ? bias[plane % channels] : 0.0f;
        if (kind == ck_relu) {
#pragma clang loop vectorize(assume_safety)
            for (size_t i = 0; i < pixels; i++) {
                float sum = from[i] + shift;
                to[i] = sum < 0.0f ? 0.0f : sum;
            }
            continue;
        }
        if (bias) {
            for (size_t i = 0; i < pixels; i++) from[i] += shift;
        }
        LOOP(bias_activate)(kind, 1, pixels, NULL, from, to);
    }
}

static void LOOP(plane_sums)(size_t images, size_t channels, size_t pixels, const float *x, float *sums) {
    for (size_t channel = 0; channel < channels; channel++) {
        double total = 0;
        for (size_t image = 0; image < images; image++) {
#pragma clang fp reassociate(on)
            const float *plane = x + (image * channels + channel) * pixels;
            float sum = 0;
            for (size_t i = 0; i < pixels; i++) sum += plane[i];
            total += (double)sum;
        }
        sums[channel] = (float)total;
    }
}

static void LOOP(max_pool)(size_t planes, size_t height, size_t width, size_t size, const float *x, float *y,
                           int32_t *winners) {
    size_t out_height = height / size, out_width = width / size;
    for (size_t plane = 0; plane < planes; plane++, x += height * width) {
        for (size_t row = 0; row < out_height; row++) {
            for (size_t column = 0; column < out_width; column++) {
                size_t corner = row * size * width + column * size, winner = corner;
                float best = x[corner];
                for (size_t tap = 1; tap < size * size; tap++) {
                    size_t place = corner + tap / size * width + tap % size;
                    // NaN wins, as it must show.
                    int wins = x[place] > best || x[place] != x[place];
                    best = wins ? x[place] : best;
                    winner = wins ? place : winner;
                }
                *y++ = best;
                *winners++ = (int32_t)winner;
            }
        }
    }
}

static void LOOP(max_pool_pairs)(size_t planes, size_t height, size_t width, const float *x, float *restrict y,
                                 int32_t *restrict winners) {
    size_t out_height = height / 2, out_width = width / 2;
    for (size_t plane = 0; plane < planes; plane++, x += height * width) {
        for (size_t row = 0; row < out_height; row++) {
            const float *restrict top = x + 2 * row * width, *restrict bottom = top + width;
            int32_t place = (int32_t)(2 * row * width);
            for (size_t column = 0; column < out_width; column++) {
                float a = top[2 * column], b = top[2 * column + 1];
                float c = bottom[2 * column], d = bottom[2 * column + 1];
                int32_t corner = place + 2 * (int32_t)column;
                int right = b > a || b != b, low = d > c || d != d;
                float first = right ? b : a, second = low ? d : c;
                int under = second > first || second != second;
                y[column] = under ? second : first;
                winners[column] = under ? corner + (int32_t)width + low : corner + right;
            }
            y += out_width;
            winners += out_width;
        }
    }
}

static void LOOP(pool_largest)(size_t planes, size_t height, size_t width, size_t size, const float *x, float *y,
                               int32_t *winners) {
    if (size == 2) {
        LOOP(max_pool_pairs)(planes, height, width, x, y, winners);
    } else {
        LOOP(max_pool)(planes, height, width, size, x, y, winners);
    }
}

static void LOOP(unpool_largest)(size_t planes, size_t inputs, size_t outputs, const int32_t *restrict winners,
                                 const float *restrict dy, float *restrict dx) {
    memset(dx, 0, planes * inputs * sizeof(float));
    for (size_t plane = 0; plane < planes; plane++) {
        for (size_t i = 0; i < outputs; i++) dx[plane * inputs + (size_t)winners[plane * outputs + i]] = dy[plane * outputs + i];
    }
}
