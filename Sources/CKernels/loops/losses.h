// Losses: a batch's sum in double, its normaliser, and the gradient of the sum. A missing label (a negative class, a
// target that is not a number) adds nothing and has gradient 0.

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

static void LOOP(softmax)(size_t rows, size_t classes, const float *logits, float *probabilities) {
    float maximum;
    double total;
    for (size_t row = 0; row < rows; row++)
        LOOP(softmax_row)(classes, logits + row * classes, probabilities + row * classes, &maximum, &total);
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
    for (size_t row = 0; row < rows; row++) {
        const float *line = logits + row * classes;
        float *gradient = dlogits + row * classes;
        int32_t label = labels[row];
        if (label < 0) {
            memset(gradient, 0, classes * sizeof(float));
            continue;
        }
        float maximum;
        double total;
        LOOP(softmax_row)(classes, line, gradient, &maximum, &total);
        double log_total = log(total) + (double)maximum;
        double weight = class_weights ? (double)class_weights[label] : 1.0;
        if (smoothing == 0.0f && !class_weights) {
            loss.sum += log_total - (double)line[label];
            gradient[label] -= 1.0f;
        } else {
            loss.sum += LOOP(smoothed_row)(classes, line, label, class_weights, smoothing, log_total, gradient);
        }
        loss.normaliser += weight;
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
