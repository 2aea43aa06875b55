// A convolution of stride 1 with what follows it (bias, rectifier, the largest of squares of four), by groups of images
// side by side. Filters are taken in blocks of nearly equal size, at most CK_BLOCK.

/// Sizes that follow from the shape, all in vectors.
typedef struct {
    size_t kernel, filters, channels, taps;
    size_t line, plane;           // the padded input
    size_t out_height, out_width; // before pooling
    size_t places;                // of an image and filter behind the layer
    size_t up_line, up_plane;     // the gradient before pooling, with zeros between its lines
    size_t pixels;                // of an unpadded input plane
} LOOP(narrow_sizes);

/// Zeros between the lines of a gradient, so that a tile may reach over a line's end.
#define CK_GAP 3

static LOOP(narrow_sizes) LOOP(sizes_of)(const ck_narrow *layer) {
    const ck_window w = layer->window;
    LOOP(narrow_sizes) s = { .kernel = w.kernel, .filters = layer->filters, .channels = w.channels };
    s.taps = w.channels * w.kernel * w.kernel;
    s.line = w.width + 2 * w.padding;
    s.plane = s.line * (w.height + 2 * w.padding);
    s.out_height = w.out_height;
    s.out_width = w.out_width;
    s.places = layer->pools ? (w.out_height / 2) * (w.out_width / 2) : w.out_height * w.out_width;
    s.up_line = w.out_width + CK_GAP;
    s.up_plane = w.out_height * s.up_line + CK_GAP;
    s.pixels = w.height * w.width;
    return s;
}

/// The block of a range cut into nearly equal parts: part `index` of `parts`.
static inline size_t LOOP(part_start)(size_t count, size_t parts, size_t index) {
    return count / parts * index + (index < count % parts ? index : count % parts);
}

static inline size_t LOOP(parts_of)(size_t count, size_t most) {
    return (count + most - 1) / most;
}

/// Weights `[filters, planes, kernel, kernel]` as blocks `[planes, kernel, kernel, filters of the block]`; with `turned`
/// filters and planes change places and the kernel is read from its end, as the gradient of the input needs it.
static void LOOP(lay_weights)(const LOOP(narrow_sizes) *s, int turned, const float *weight, float *blocks) {
    size_t outputs = turned ? s->channels : s->filters, planes = turned ? s->filters : s->channels;
    size_t square = s->kernel * s->kernel, parts = LOOP(parts_of)(outputs, CK_BLOCK);
    for (size_t part = 0; part < parts; part++) {
        size_t first = LOOP(part_start)(outputs, parts, part), end = LOOP(part_start)(outputs, parts, part + 1);
        for (size_t plane = 0; plane < planes; plane++) {
            for (size_t tap = 0; tap < square; tap++) {
                for (size_t output = first; output < end; output++) {
                    *blocks++ = turned ? weight[(plane * s->channels + output) * square + square - 1 - tap]
                                       : weight[(output * s->channels + plane) * square + tap];
                }
            }
        }
    }
}

/// The images of a group with zeros all round.
static void LOOP(lay_images)(const ck_narrow *layer, const LOOP(narrow_sizes) *s, size_t images, const float *x,
                             LANE *lanes) {
    const ck_window w = layer->window;
    size_t stride = s->channels * s->pixels;
    if (w.padding == 0) {
        LOOP(to_lanes)(images, stride, stride, x, lanes);
        return;
    }
    memset(lanes, 0, s->channels * s->plane * sizeof(LANE));
    for (size_t channel = 0; channel < s->channels; channel++) {
        for (size_t y = 0; y < w.height; y++) {
            LOOP(to_lanes)(images, w.width, stride, x + channel * s->pixels + y * w.width,
                           lanes + channel * s->plane + (y + w.padding) * s->line + w.padding);
        }
    }
}

static inline LANE LOOP(rectified)(LANE sum) {
    // NaN passes through: a diverged value must not look like a zero.
    CHOICE below = sum < 0.0f;
    return (LANE)(~below & (CHOICE)sum);
}

/// Writes the largest of four sums and which of them it was; −1 where the rectifier stops it.
static inline void LOOP(choose)(const ck_narrow *layer, const LANE four[4], float bias, LANE *y, int8_t *winner) {
    LANE best = four[0];
    CHOICE which = { 0 };
    for (int32_t j = 1; j < 4; j++) {
        CHOICE wins = (four[j] > best) | (four[j] != four[j]);
        best = (LANE)((wins & (CHOICE)four[j]) | (~wins & (CHOICE)best));
        which = (wins & j) | (~wins & which);
    }
    best += bias;
    if (layer->rectifies) {
        which |= ~(best > 0.0f);
        best = LOOP(rectified)(best);
    }
    *y = best;
    *(LOOP(byte) *)winner = __builtin_convertvector(which, LOOP(byte));
}

/// One block of filters over all places of a group that is pooled.
static void LOOP(pooled_block)(const ck_narrow *layer, const LOOP(narrow_sizes) *s, size_t first, size_t count,
                               const float *weight, const float *bias, const LANE *x, LANE *y, int8_t *winners) {
    LOOP(tile) tile = { s->channels, s->plane, s->line, s->kernel, 0, s->kernel, 0, s->kernel, { 0 } };
    size_t columns = s->out_width / 2;
    for (size_t place = 0; place < s->places; place++) {
        size_t corner = place / columns * 2 * s->line + place % columns * 2;
        LANE sums[4 * CK_BLOCK];
        for (size_t j = 0; j < 4; j++) tile.at[j] = (ptrdiff_t)(corner + j / 2 * s->line + j % 2);
        LOOP(sums_of)[count](&tile, x, weight, sums);
        for (size_t n = 0; n < count; n++) {
            LANE four[4] = { sums[n], sums[count + n], sums[2 * count + n], sums[3 * count + n] };
            size_t to = (first + n) * s->places + place;
            LOOP(choose)(layer, four, bias ? bias[first + n] : 0.0f, y + to, winners + to * CK_LANES);
        }
    }
}

/// The same without pooling, four places at a time.
static void LOOP(plain_block)(const ck_narrow *layer, const LOOP(narrow_sizes) *s, size_t first, size_t count,
                              const float *weight, const float *bias, const LANE *x, LANE *y, int8_t *winners) {
    LOOP(tile) tile = { s->channels, s->plane, s->line, s->kernel, 0, s->kernel, 0, s->kernel, { 0 } };
    for (size_t place = 0; place < s->places; place += 4) {
        size_t some = s->places - place < 4 ? s->places - place : 4;
        LANE sums[4 * CK_BLOCK];
        for (size_t j = 0; j < 4; j++) {
            size_t at = place + (j < some ? j : some - 1);
            tile.at[j] = (ptrdiff_t)(at / s->out_width * s->line + at % s->out_width);
        }
        LOOP(sums_of)[count](&tile, x, weight, sums);
        for (size_t n = 0; n < count; n++) {
            for (size_t j = 0; j < some; j++) {
                size_t to = (first + n) * s->places + place + j;
                LANE sum = sums[j * count + n] + (bias ? bias[first + n] : 0.0f);
                if (layer->rectifies) {
                    CHOICE dead = ~(sum > 0.0f);
                    *(LOOP(byte) *)(winners + to * CK_LANES) = __builtin_convertvector(dead, LOOP(byte));
                    sum = LOOP(rectified)(sum);
                }
                y[to] = sum;
            }
        }
    }
}

static size_t LOOP(narrow_scratch)(const ck_narrow *layer) {
    const LOOP(narrow_sizes) s = LOOP(sizes_of)(layer);
    size_t images = s.channels * s.plane, results = s.filters * s.places, up = s.filters * s.up_plane + CK_GAP;
    size_t vectors = images + results + up + s.filters * s.taps + s.channels * s.pixels;
    return vectors * CK_LANES + s.filters * s.taps;
}

static size_t LOOP(narrow_winners)(const ck_narrow *layer, size_t images) {
    size_t groups = (images + CK_LANES - 1) / CK_LANES;
    return layer->pools || layer->rectifies ? groups * CK_LANES * layer->filters * LOOP(sizes_of)(layer).places : 0;
}

static void LOOP(narrow_convolve)(const ck_narrow *layer, size_t images, const float *x, const float *weight,
                                  const float *bias, float *y, int8_t *winners, float *scratch) {
    const LOOP(narrow_sizes) s = LOOP(sizes_of)(layer);
    LANE *lanes = (LANE *)scratch, *results = lanes + s.channels * s.plane;
    float *blocks = (float *)(results + s.filters * s.places);
    LOOP(lay_weights)(&s, 0, weight, blocks);
    size_t parts = LOOP(parts_of)(s.filters, CK_BLOCK), outputs = s.filters * s.places;
    for (size_t start = 0; start < images; start += CK_LANES) {
        size_t some = images - start < CK_LANES ? images - start : CK_LANES;
        LOOP(lay_images)(layer, &s, some, x + start * s.channels * s.pixels, lanes);
        for (size_t part = 0; part < parts; part++) {
            size_t first = LOOP(part_start)(s.filters, parts, part);
            size_t count = LOOP(part_start)(s.filters, parts, part + 1) - first;
            (layer->pools ? LOOP(pooled_block) : LOOP(plain_block))(
                layer, &s, first, count, blocks + first * s.taps, bias, lanes, results, winners + start * outputs);
        }
        LOOP(from_lanes)(some, outputs, outputs, results, y + start * outputs);
    }
}

/// Lays the gradient of a group's results out as that of the sums before pooling and rectifier, and adds up the bias's.
static void LOOP(lay_gradient)(const ck_narrow *layer, const LOOP(narrow_sizes) *s, const LANE *results,
                               const int8_t *winners, LANE *up, float *dbias) {
    size_t columns = layer->pools ? s->out_width / 2 : s->out_width;
    for (size_t filter = 0; filter < s->filters; filter++) {
        LANE *plane = up + CK_GAP + filter * s->up_plane, total = { 0 };
        for (size_t place = 0; place < s->places; place++) {
            size_t at = filter * s->places + place, row = place / columns, column = place % columns;
            LANE gradient = results[at];
            CHOICE which = { 0 };
            if (layer->pools || layer->rectifies) {
                which = __builtin_convertvector(*(const LOOP(byte) *)(winners + at * CK_LANES), CHOICE);
                gradient = (LANE)((which >= 0) & (CHOICE)gradient);
            }
            total += gradient;
            if (!layer->pools) {
                plane[row * s->up_line + column] = gradient;
                continue;
            }
            LANE *corner = plane + 2 * row * s->up_line + 2 * column;
            corner[0] = (LANE)((which == 0) & (CHOICE)gradient);
            corner[1] = (LANE)((which == 1) & (CHOICE)gradient);
            corner[s->up_line] = (LANE)((which == 2) & (CHOICE)gradient);
            corner[s->up_line + 1] = (LANE)((which == 3) & (CHOICE)gradient);
        }
        float sum = 0;
        for (int i = 0; i < CK_LANES; i++) sum += total[i];
        if (dbias) dbias[filter] += sum;
    }
}

/// Lines of a gradient that are taken at a time, so that they stay in the fastest cache.
static size_t LOOP(band_of)(const LOOP(narrow_sizes) *s) {
    size_t lines = 20480 / (CK_BLOCK * s->up_line * sizeof(LANE));
    return lines > 2 ? lines : 2;
}

/// Adds a group's products of gradients and pixels to `sums`, `[parts, channels, kernel, kernel, filters of the part]`.
static void LOOP(add_weight_gradient)(const LOOP(narrow_sizes) *s, const LANE *x, const LANE *up, LANE *sums) {
    size_t parts = LOOP(parts_of)(s->filters, CK_BLOCK), cuts = LOOP(parts_of)(s->kernel, CK_REACH);
    size_t band = LOOP(band_of)(s);
    for (size_t part = 0; part < parts; part++) {
        size_t first = LOOP(part_start)(s->filters, parts, part);
        size_t count = LOOP(part_start)(s->filters, parts, part + 1) - first;
        for (size_t top = 0; top < s->out_height; top += band) {
            size_t rows = s->out_height - top < band ? s->out_height - top : band;
            const LANE *above = up + CK_GAP + first * s->up_plane + top * s->up_line;
            for (size_t line = 0; line < s->channels * s->kernel; line++) {
                size_t channel = line / s->kernel, tap_y = line % s->kernel;
                const LANE *from = x + channel * s->plane + (top + tap_y) * s->line;
                LANE *to = sums + first * s->taps + line * s->kernel * count;
                for (size_t cut = 0; cut < cuts; cut++) {
                    size_t tap = LOOP(part_start)(s->kernel, cuts, cut);
                    size_t taps = LOOP(part_start)(s->kernel, cuts, cut + 1) - tap;
                    LOOP(products_of)[count][taps](rows, s->out_width, s->line, s->up_line, s->up_plane, from + tap,
                                                   above, to + tap * count);
                }
            }
        }
    }
}

static void LOOP(finish_weight_gradient)(const LOOP(narrow_sizes) *s, const LANE *sums, float *dweight) {
    size_t parts = LOOP(parts_of)(s->filters, CK_BLOCK);
    for (size_t part = 0; part < parts; part++) {
        size_t first = LOOP(part_start)(s->filters, parts, part), end = LOOP(part_start)(s->filters, parts, part + 1);
        for (size_t tap = 0; tap < s->taps; tap++) {
            for (size_t filter = first; filter < end; filter++, sums++) {
                float sum = 0;
                for (int i = 0; i < CK_LANES; i++) sum += (*sums)[i];
                dweight[filter * s->taps + tap] = sum;
            }
        }
    }
}

/// The gradient of a group's pixels: for each place the taps that meet an output, and no others.
static void LOOP(input_gradient)(const ck_narrow *layer, const LOOP(narrow_sizes) *s, const float *blocks,
                                 const LANE *up, LANE *down) {
    const ck_window w = layer->window;
    size_t parts = LOOP(parts_of)(s->channels, CK_BLOCK), last = s->kernel - 1;
    LOOP(tile) tile = { .planes = s->filters, .plane = s->up_plane, .line = s->up_line, .kernel = s->kernel };
    for (size_t part = 0; part < parts; part++) {
        size_t first = LOOP(part_start)(s->channels, parts, part);
        size_t count = LOOP(part_start)(s->channels, parts, part + 1) - first;
        for (size_t y = 0; y < w.height; y++) {
            // Tap t of the turned kernel reads line y + padding − last + t of the gradient.
            LOOP(reach)(y + w.padding, last, 1, s->out_height, s->kernel, &tile.top, &tile.bottom);
            for (size_t x = 0; x < w.width; x += 4) {
                size_t some = w.width - x < 4 ? w.width - x : 4, left, right;
                LOOP(reach)(x + w.padding, last, 1, s->out_width, s->kernel, &left, &tile.right);
                LOOP(reach)(x + w.padding + some - 1, last, 1, s->out_width, s->kernel, &tile.left, &right);
                tile.left = tile.left < left ? tile.left : left;
                tile.right = tile.right > right ? tile.right : right;
                for (size_t j = 0; j < 4; j++) {
                    size_t column = x + w.padding + (j < some ? j : some - 1);
                    tile.at[j] = (ptrdiff_t)CK_GAP + ((ptrdiff_t)(y + w.padding) - (ptrdiff_t)last) * (ptrdiff_t)s->up_line
                                 + (ptrdiff_t)column - (ptrdiff_t)last;
                }
                LANE sums[4 * CK_BLOCK];
                LOOP(sums_of)[count](&tile, up, blocks + first * s->filters * s->kernel * s->kernel, sums);
                for (size_t n = 0; n < count; n++) {
                    LANE *to = down + (first + n) * s->pixels + y * w.width + x;
                    for (size_t j = 0; j < some; j++) to[j] = sums[j * count + n];
                }
            }
        }
    }
}

static void LOOP(narrow_gradient)(const ck_narrow *layer, size_t images, const float *x, const float *weight,
                                  const int8_t *winners, const float *dy, float *dx, float *dweight, float *dbias,
                                  float *scratch) {
    const LOOP(narrow_sizes) s = LOOP(sizes_of)(layer);
    LANE *lanes = (LANE *)scratch, *results = lanes + s.channels * s.plane, *up = results + s.filters * s.places;
    LANE *sums = up + s.filters * s.up_plane + CK_GAP, *down = sums + s.filters * s.taps;
    float *blocks = (float *)(down + s.channels * s.pixels);
    size_t outputs = s.filters * s.places, inputs = s.channels * s.pixels;
    memset(sums, 0, s.filters * s.taps * sizeof(LANE));
    // What stands between lines and what pooling does not read stays 0 from group to group.
    memset(up, 0, (s.filters * s.up_plane + CK_GAP) * sizeof(LANE));
    if (dbias) memset(dbias, 0, s.filters * sizeof(float));
    if (dx) LOOP(lay_weights)(&s, 1, weight, blocks);
    for (size_t start = 0; start < images; start += CK_LANES) {
        size_t some = images - start < CK_LANES ? images - start : CK_LANES;
        LOOP(lay_images)(layer, &s, some, x + start * inputs, lanes);
        LOOP(to_lanes)(some, outputs, outputs, dy + start * outputs, results);
        LOOP(lay_gradient)(layer, &s, results, winners + start * outputs, up, dbias);
        LOOP(add_weight_gradient)(&s, lanes, up, sums);
        if (!dx) continue;
        LOOP(input_gradient)(layer, &s, blocks, up, down);
        LOOP(from_lanes)(some, inputs, inputs, down, dx + start * inputs);
    }
    LOOP(finish_weight_gradient)(&s, sums, dweight);
}
