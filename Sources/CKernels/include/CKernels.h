#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Element-wise loops, reductions, losses and optimiser updates in single precision. Every function exists as
// plain C, compiled for AVX2 with fused multiply-add and compiled for AVX-512; `ckernels_best` answers the table this machine can run.
// Matrices are row-major. No function allocates. The executable specification of each is the Swift kernel of the
// same name in `Plain`.

/// Activation functions, numbered as `Activation` in Swift.
typedef enum {
    ck_identity = 0,
    ck_relu = 1,
    ck_gelu = 2,
    ck_tanh = 3,
    ck_silu = 4,
} ck_activation;

/// Losses of a real number against its target.
typedef enum {
    ck_mse = 0,
    ck_mae = 1,
    ck_huber = 2,
} ck_distance;

/// The sum of a batch's losses and of what it is to be divided by.
typedef struct {
    double sum;
    double normaliser;
} ck_loss;

/// One step of Adam or AdamW, with every constant made in double before it was rounded.
typedef struct {
    float step_size;  // learning rate / (1 − β₁ᵗ)
    float take1;      // 1 − β₁
    float keep2;      // β₂
    float take2;      // 1 − β₂
    float root;       // 1 / √(1 − β₂ᵗ)
    float epsilon;
    float penalty;  // L2 decay, added to the gradient
    float shrink;   // decoupled decay, a factor on the parameter: 1 − learning rate · decay
    float gradient_scale;
} ck_adam;

/// One step of stochastic gradient descent.
typedef struct {
    float learning_rate;
    float momentum;
    float weight_decay;
    bool nesterov;
    bool first;  // the buffer takes the gradient as it is
    float gradient_scale;
} ck_sgd;

/// How a convolution looks at an image of planes `[channels, height, width]`.
typedef struct {
    size_t channels, height, width;
    size_t kernel, stride, padding;
    size_t out_height, out_width;
} ck_window;

/// Images whose channels stand in blocks: `[images, channels / block, pixels, block]`. Both are multiples of 16, or of
/// 8 where no vector is longer.
typedef struct {
    size_t images, channels, pixels, block;
} ck_blocks;

/// The images of a 3×3 convolution of stride 1 and padding 1, in blocks, and the 36 matrices `[tiles, channels]` that
/// Winograd's algorithm makes of them: tiles of 4 × 4 pixels, row by row and image by image.
typedef struct {
    size_t images, channels, height, width, block;
    size_t stride;  // numbers from one matrix to the next
} ck_winograd;

/// A convolution of stride 1 over a few planes, and what follows it.
typedef struct {
    ck_window window;
    size_t filters;
    bool pools;      // the largest of squares of four; what is left at the right and the bottom is not read
    bool rectifies;  // max(0, sum)
} ck_narrow;

/// One implementation of every loop; constant from the start of the process, so any thread may read it.
typedef struct __attribute__((swift_attr("@Sendable"))) {
    const char *name;
    // Numbers in the vectors of the loops that are written in vectors; a block of channels is a multiple of it.
    size_t lanes;

    // Reductions and vectors.
    void (*scale)(size_t count, float factor, float *x);
    void (*add)(size_t count, const float *x, float *y);
    void (*axpy)(size_t count, float factor, const float *x, float *y);
    void (*elementwise_product)(size_t count, const float *x, const float *y, float *z);
    double (*sum_of_squares)(size_t count, const float *x);
    double (*dot)(size_t count, const float *x, const float *y);
    void (*column_sums)(size_t rows, size_t columns, const float *matrix, float *sums);
    // Element i is 1/keep where word i of the Philox stream is below keep·2³², else 0.
    void (*dropout_mask)(uint64_t key, uint64_t lane, size_t count, double keep, float *mask);

    // Activations. `z` holds z = x·W on entry and, for GELU and SiLU, z + bias on return; it may be `y` for the others.
    void (*bias_activate)(ck_activation kind, size_t rows, size_t columns, const float *bias, float *z, float *y);
    void (*activation_gradient)(ck_activation kind, size_t count, const float *z, const float *y, const float *dy,
                                float *dz);

    // Batch norm over `[rows, channels]`; `inverse` is 1/√(variance + ε) with the biased variance.
    void (*batch_norm)(size_t rows, size_t channels, const float *x, const float *weight, const float *bias,
                       double epsilon, float *mean, float *inverse, float *y);
    void (*normalize)(size_t rows, size_t channels, const float *x, const float *weight, const float *bias,
                      const float *mean, const float *variance, double epsilon, float *y);
    void (*batch_norm_gradient)(size_t rows, size_t channels, const float *x, const float *weight, const float *mean,
                                const float *inverse, const float *dy, float *dx, float *dweight, float *dbias);

    // The same over `[images, channels, pixels]`.
    void (*plane_batch_norm)(size_t images, size_t channels, size_t pixels, const float *x, const float *weight,
                             const float *bias, double epsilon, float *mean, float *inverse, float *y);
    void (*plane_normalize)(size_t images, size_t channels, size_t pixels, const float *x, const float *weight,
                            const float *bias, const float *mean, const float *variance, double epsilon, float *y);
    void (*plane_batch_norm_gradient)(size_t images, size_t channels, size_t pixels, const float *x,
                                      const float *weight, const float *mean, const float *inverse, const float *dy,
                                      float *dx, float *dweight, float *dbias);

    // Images. `windows` writes `[channels · kernel², out_height · out_width]` with rows `row_stride` apart, and
    // `add_windows` adds such a matrix back to the pixels it came from. Pooling is over squares side by side.
    void (*windows)(const ck_window *window, const float *image, size_t row_stride, float *columns);
    void (*add_windows)(const ck_window *window, const float *columns, size_t row_stride, float *image);
    void (*plane_bias_activate)(ck_activation kind, size_t images, size_t channels, size_t pixels, const float *bias,
                                float *z, float *y);
    void (*plane_sums)(size_t images, size_t channels, size_t pixels, const float *x, float *sums);
    void (*pool_largest)(size_t planes, size_t height, size_t width, size_t size, const float *x, float *y,
                         int32_t *winners);
    void (*unpool_largest)(size_t planes, size_t inputs, size_t outputs, const int32_t *winners, const float *dy,
                           float *dx);

    // Images by blocks of channels: batch norm and what follows it in one pass, with the rectifier where asked for; dx
    // may be dy. `add_rectified` is max(0, x + y), z may be either.
    void (*add_rectified)(size_t count, const float *x, const float *y, float *z);
    void (*block_batch_norm)(const ck_blocks *blocks, const float *x, const float *weight, const float *bias,
                             double epsilon, bool rectifies, float *mean, float *inverse, float *y);
    void (*block_normalize)(const ck_blocks *blocks, const float *x, const float *weight, const float *bias,
                            const float *mean, const float *variance, double epsilon, bool rectifies, float *y);
    void (*block_batch_norm_gradient)(const ck_blocks *blocks, const float *x, const float *weight, const float *bias,
                                      const float *mean, const float *inverse, bool rectifies, const float *dy,
                                      float *dx, float *dweight, float *dbias);
    void (*block_means)(const ck_blocks *blocks, const float *x, float *means);
    void (*block_means_gradient)(const ck_blocks *blocks, const float *dmeans, float *dx);

    // Winograd's algorithm: into its coordinates and back, for what a convolution reads (`pixels`), what it writes
    // (`outputs`), and its weights `[filters, channels, 3, 3]`, whose 36 matrices are `[filters, channels]`, `channels` a
    // multiple of the lanes. The gradients are the transposes; each overwrites what it writes.
    void (*winograd_pixels)(const ck_winograd *w, const float *images, float *matrices);
    void (*winograd_pixels_gradient)(const ck_winograd *w, const float *matrices, float *images);
    void (*winograd_outputs)(const ck_winograd *w, const float *matrices, float *images);
    void (*winograd_outputs_gradient)(const ck_winograd *w, const float *images, float *matrices);
    void (*winograd_weights)(size_t filters, size_t channels, const float *weight, size_t stride, float *matrices);
    void (*winograd_weights_gradient)(size_t filters, size_t channels, const float *matrices, size_t stride,
                                      float *weight);

    // Convolutions by groups of images side by side. `narrow_scratch` says how many floats of scratch (on a 64-byte
    // boundary) both passes need, `narrow_winners` how many bytes the forward pass keeps for the other one. `bias`, `dx`
    // and `dbias` may be NULL.
    size_t (*narrow_scratch)(const ck_narrow *layer);
    size_t (*narrow_winners)(const ck_narrow *layer, size_t images);
    void (*narrow_convolve)(const ck_narrow *layer, size_t images, const float *x, const float *weight,
                            const float *bias, float *y, int8_t *winners, float *scratch);
    void (*narrow_gradient)(const ck_narrow *layer, size_t images, const float *x, const float *weight,
                            const int8_t *winners, const float *dy, float *dx, float *dweight, float *dbias,
                            float *scratch);

    // Texts. `max_over_time` takes `[windows, filters]` sums to max(0, largest + bias) and says which window it was; with
    // no window the answer is 0 and −1.
    void (*embedding_mean)(size_t rows, size_t length, size_t width, const int32_t *ids, const int32_t *lengths,
                           const float *table, float *y);
    void (*add_embedding_mean_gradient)(size_t rows, size_t length, size_t width, const int32_t *ids,
                                        const int32_t *lengths, const float *dy, float *dtable);
    void (*max_over_time)(size_t windows, size_t filters, const float *sums, const float *bias, float *y,
                          int32_t *winners);

    // Losses. The gradient is that of the sum, not of the mean.
    ck_loss (*softmax_cross_entropy)(size_t rows, size_t classes, const float *logits, const int32_t *labels,
                                     const float *class_weights, float smoothing, float *dlogits);
    ck_loss (*binary_cross_entropy)(size_t rows, size_t outputs, const float *logits, const float *targets,
                                    const float *positive_weights, float *dlogits);
    ck_loss (*distance)(ck_distance kind, size_t count, const float *values, const float *targets, float delta,
                        float *dvalues);
    void (*softmax)(size_t rows, size_t classes, const float *logits, float *probabilities);
    void (*sigmoid)(size_t count, const float *logits, float *probabilities);

    // Optimisers.
    void (*adam)(size_t count, const ck_adam *step, const float *gradient, float *parameter, float *mean,
                 float *variance);
    void (*sgd)(size_t count, const ck_sgd *step, const float *gradient, float *parameter, float *momentum);
} ck_table;

/// The loops in plain C.
const ck_table *ckernels_plain(void);

/// The loops compiled for AVX2 with fused multiply-add, or NULL where this machine or this build has none.
const ck_table *ckernels_avx2(void);

/// The loops compiled for AVX-512 (F, BW, DQ, VL), or NULL likewise.
const ck_table *ckernels_avx512(void);

/// The fastest table that this machine can run.
const ck_table *ckernels_best(void);

/// Sets how many threads OpenMP regions started from the calling thread may use; false where no OpenMP is loaded.
bool ckernels_set_openmp_threads(int threads);

/// The seconds that the processor has worked for the calling thread and the OpenMP threads that it has started, of which
/// `threads` are asked.
double ckernels_thread_seconds(int threads);
