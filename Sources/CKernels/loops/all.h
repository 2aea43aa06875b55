// Every loop, once per including file: LOOP(name) is the name it gets there.
#include "vectors.h"
#include "functions.h"
#include "activations.h"
#include "lanes.h"
#include "losses.h"
#include "normalization.h"
#include "optimisers.h"
#include "random.h"
#include "images.h"
#include "tokens.h"
#include "tiles.h"
#include "narrow.h"
#include "blocks.h"
#include "winograd.h"

#define CK_TABLE(label)                                                                                             \
    {                                                                                                               \
        .name = label, .lanes = CK_LANES, .scale = LOOP(scale), .add = LOOP(add), .axpy = LOOP(axpy),                \
        .elementwise_product = LOOP(elementwise_product), .sum_of_squares = LOOP(sum_of_squares),                   \
        .dot = LOOP(dot), .column_sums = LOOP(column_sums), .dropout_mask = LOOP(dropout_mask),                     \
        .bias_activate = LOOP(bias_activate), .activation_gradient = LOOP(activation_gradient),                     \
        .batch_norm = LOOP(batch_norm), .normalize = LOOP(normalize),                                               \
        .batch_norm_gradient = LOOP(batch_norm_gradient), .softmax_cross_entropy = LOOP(softmax_cross_entropy),     \
        .binary_cross_entropy = LOOP(binary_cross_entropy), .distance = LOOP(distance),                             \
        .softmax = LOOP(softmax), .sigmoid = LOOP(sigmoid), .adam = LOOP(adam), .sgd = LOOP(sgd),                   \
        .plane_batch_norm = LOOP(plane_batch_norm), .plane_normalize = LOOP(plane_normalize),                       \
        .plane_batch_norm_gradient = LOOP(plane_batch_norm_gradient), .windows = LOOP(windows),                     \
        .add_windows = LOOP(add_windows), .plane_bias_activate = LOOP(plane_bias_activate),                         \
        .plane_sums = LOOP(plane_sums), .pool_largest = LOOP(pool_largest),                                         \
        .unpool_largest = LOOP(unpool_largest), .embedding_mean = LOOP(embedding_mean),                             \
        .add_rectified = LOOP(add_rectified), .block_batch_norm = LOOP(block_batch_norm),                           \
        .block_normalize = LOOP(block_normalize), .block_batch_norm_gradient = LOOP(block_batch_norm_gradient),     \
        .block_means = LOOP(block_means), .block_means_gradient = LOOP(block_means_gradient),                       \
        .winograd_pixels = LOOP(winograd_pixels), .winograd_pixels_gradient = LOOP(winograd_pixels_gradient),       \
        .winograd_outputs = LOOP(winograd_outputs),                                                                 \
        .winograd_outputs_gradient = LOOP(winograd_outputs_gradient),                                               \
        .winograd_weights = LOOP(winograd_weights),                                                                 \
        .winograd_weights_gradient = LOOP(winograd_weights_gradient),                                               \
        .narrow_scratch = LOOP(narrow_scratch), .narrow_winners = LOOP(narrow_winners),                             \
        .narrow_convolve = LOOP(narrow_convolve), .narrow_gradient = LOOP(narrow_gradient),                         \
        .add_embedding_mean_gradient = LOOP(add_embedding_mean_gradient), .max_over_time = LOOP(max_over_time),     \
    }
