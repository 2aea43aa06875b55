// Losses: a batch's sum in double, its normaliser, and the gradient of the sum. A missing label (a negative class, a
// target that is not a number) adds nothing and has gradient 0.

/// Up to so many classes a group of rows is taken side by side, one a lane: a row by itself would hardly fill a vector.
#define CK_CLASSES 64

static void LOOP(softmax_row)(size_t classes, const float *restrict logits, float *restrict probabilities,
                              float *maximum, double *total) {
    float highest = logits[0];
    for (size_t c = 1; c < classes; c++) highest = logits[c] > highest ? logits[c] : highest;
    for (size_t c = 0; c < classes; c++) probabilities[c] = LOOP(exp_of)(logits[c] - highest);
    double sum = 0;
    for (size_t c = 0; c < classes; c++) sum += (double)probabilities[c];
    float inverse = (float)(1.0 / sum);
    for (size_t c = 0; c < classes; c++) probabilities[c] *= inverse;
    *maximum = highest;
    *total = sum;
}

/// At most CK_LANES rows: probabilities, the largest logit of each, and the sum that its exponentials were divided by.
static void LOOP(softmax_rows)(size_t rows, size_t classes, const float *logits, float *probabilities,
                               float maximum[CK_LANES], double total[CK_LANES]) {
    if (classes > CK_CLASSES) {
        for (size_t row = 0; row < rows; row++)
            LOOP(softmax_row)(classes, logits + row * classes, probabilities + row * classes, maximum + row, total + row);
        return;
    }
    LANE lanes[CK_CLASSES];
    float(*line)[CK_LANES] = (float(*)[CK_LANES])lanes;
    LOOP(to_lanes)(rows, classes, classes, logits, lanes);
    memcpy(maximum, line[0], CK_LANES * sizeof(float));
    for (size_t c = 1; c < classes; c++)
        for (size_t i = 0; i < CK_LANES; i++) maximum[i] = line[c][i] > maximum[i] ? line[c][i] : maximum[i];
    for (size_t i = 0; i < CK_LANES; i++) total[i] = 0;
    for (size_t c = 0; c < classes; c++) {
        for (size_t i = 0; i < CK_LANES; i++) line[c][i] = LOOP(exp_of)(line[c][i] - maximum[i]);
        for (size_t i = 0; i < CK_LANES; i++) total[i] += (double)line[c][i];
    }
    float inverse[CK_LANES];
    for (size_t i = 0; i < CK_LANES; i++) inverse[i] = (float)(1.0 / total[i]);
    for (size_t c = 0; c < classes; c++)
        for (size_t i = 0; i < CK_LANES; i++) line[c][i] *= inverse[i];
    LOOP(from_lanes)(rows, classes, classes, lanes, probabilities);
}
#undef CK_CLASSES

static void LOOP(softmax)(size_t rows, size_t classes, const float *logits, float *probabilities) {
    float maximum[CK_LANES];
    double total[CK_LANES];
    for (size_t row = 0; row < rows; row += CK_LANES)
        LOOP(softmax_rows)(rows - row < CK_LANES ? rows - row : CK_LANES, classes, logits + row * classes,
                           probabilities + row * classes, maximum, total);
}

/// The loss of one labelled row and its gradient: with smoothing s the target is 1 − s on the label plus s/C
/// everywhere, each class term weighted by the weight of its class.
static double LOOP(smoothed_row)(size_t classes, const float *logits, int32_t label, const float *weights,
                                 float smoothing, double log_total, float *gradient) {
    double share = (double)smoothing / (double)classes;
    double sum = 0, mass = 0;
    for (size_t c = 0; c < classes; c++) {
        double weight = weights ? (double)weights[c] : 1.0;
        double target = weight * (share + ((int32_t)c == label ? 1.0 - (double)smoothing : 0.0));
        sum += target * (log_total - (double)logits[c]);
        mass += target;
    }
    for (size_t c = 0; c < classes; c++) {
        double weight = weights ? (double)weights[c] : 1.0;
        double target = weight * (share + ((int32_t)c == label ? 1.0 - (double)smoothing : 0.0));
        gradient[c] = (float)(mass * (double)gradient[c] - target);
    }
    return sum;
}

static ck_loss LOOP(softmax_cross_entropy)(size_t rows, size_t classes, const float *logits, const int32_t *labels,
                                           const float *class_weights, float smoothing, float *dlogits) {
    ck_loss loss = { 0, 0 };
    float maximum[CK_LANES] = { 0 };
    double total[CK_LANES] = { 0 }, log_total[CK_LANES];
    for (size_t start = 0; start < rows; start += CK_LANES) {
        size_t some = rows - start < CK_LANES ? rows - start : CK_LANES;
        LOOP(softmax_rows)(some, classes, logits + start * classes, dlogits + start * classes, maximum, total);
        for (size_t i = 0; i < CK_LANES; i++) log_total[i] = LOOP(log_of)(total[i]) + (double)maximum[i];
        for (size_t i = 0; i < some; i++) {
            const float *line = logits + (start + i) * classes;
            float *gradient = dlogits + (start + i) * classes;
            int32_t label = labels[start + i];
            if (label < 0) {
                memset(gradient, 0, classes * sizeof(float));
                continue;
            }
            if (smoothing == 0.0f && !class_weights) {
                loss.sum += log_total[i] - (double)line[label];
                gradient[label] -= 1.0f;
            } else {
                loss.sum +=
                    LOOP(smoothed_row)(classes, line, label, class_weights, smoothing, log_total[i], gradient);
            }
            loss.normaliser += class_weights ? (double)class_weights[label] : 1.0;
        }
    }
    return loss;
}

static ck_loss LOOP(binary_cross_entropy)(size_t rows, size_t outputs, const float *logits, const float *targets,
                                          const float *positive_weights, float *dlogits) {
    ck_loss loss = { 0, 0 };
    for (size_t row = 0; row < rows; row++) {
        for (size_t output = 0; output < outputs; output++) {
            size_t i = row * outputs + output;
            float target = targets[i];
            if (target != target) {
                dlogits[i] = 0.0f;
                continue;
            }
            double x = (double)logits[i], y = (double)target;
            double positive = positive_weights ? (double)positive_weights[output] : 1.0;
            // log(1 + e^−|x|) + max(−x, 0) = −log σ(x), without overflow on either side.
            double tail = log1p(exp(-fabs(x)));
            double minus_log_p = tail + (x < 0 ? -x : 0), minus_log_q = tail + (x > 0 ? x : 0);
            double p = 1.0 / (1.0 + exp(-x));
            loss.sum += positive * y * minus_log_p + (1.0 - y) * minus_log_q;
            loss.normaliser += 1.0;
            dlogits[i] = (float)((1.0 - y) * p - positive * y * (1.0 - p));
        }
    }
    return loss;
}

static ck_loss LOOP(distance)(ck_distance kind, size_t count, const float *values, const float *targets, float delta,
                              float *dvalues) {
    ck_loss loss = { 0, 0 };
    for (size_t i = 0; i < count; i++) {
        if (targets[i] != targets[i]) {
            dvalues[i] = 0.0f;
            continue;
        }
        double difference = (double)values[i] - (double)targets[i], magnitude = fabs(difference);
        double sign = difference > 0 ? 1.0 : difference < 0 ? -1.0 : difference;
        double bound = (double)delta;
        switch (kind) {
        case ck_mse:
            loss.sum += difference * difference;
            dvalues[i] = (float)(2.0 * difference);
            break;
        case ck_mae:
            loss.sum += magnitude;
            dvalues[i] = (float)sign;
            break;
        case ck_huber:
            loss.sum += magnitude <= bound ? 0.5 * difference * difference : bound * (magnitude - 0.5 * bound);
            dvalues[i] = (float)(magnitude <= bound ? difference : bound * sign);
            break;
        }
        loss.normaliser += 1.0;
    }
    return loss;
}

static void LOOP(sigmoid)(size_t count, const float *logits, float *probabilities) {
    for (size_t i = 0; i < count; i++) probabilities[i] = LOOP(sigmoid_of)(logits[i]);
}
