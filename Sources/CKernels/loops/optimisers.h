// Optimiser updates, each one pass over the flat parameter vector, with PyTorch's order of operations.

static void LOOP(adam)(size_t count, const ck_adam *step, const float *restrict gradient, float *restrict parameter,
                       float *restrict mean, float *restrict variance) {
    const ck_adam s = *step;
    for (size_t i = 0; i < count; i++) {
        float p = parameter[i] * s.shrink;
        float g = gradient[i] * s.gradient_scale + s.penalty * p;
        float m = mean[i] + (g - mean[i]) * s.take1;
        float v = variance[i] * s.keep2 + g * g * s.take2;
        mean[i] = m;
        variance[i] = v;
        parameter[i] = p - s.step_size * m / (__builtin_elementwise_sqrt(v) * s.root + s.epsilon);
    }
}

static void LOOP(sgd_plain)(size_t count, const ck_sgd *step, const float *restrict gradient,
                            float *restrict parameter) {
    const float scale = step->gradient_scale, decay = step->weight_decay, rate = step->learning_rate;
    for (size_t i = 0; i < count; i++) {
        float g = gradient[i] * scale + decay * parameter[i];
        parameter[i] -= rate * g;
    }
}

static void LOOP(sgd)(size_t count, const ck_sgd *step, const float *restrict gradient, float *restrict parameter,
                      float *restrict momentum) {
    if (step->momentum == 0.0f) {
        LOOP(sgd_plain)(count, step, gradient, parameter);
        return;
    }
    const float scale = step->gradient_scale, decay = step->weight_decay, rate = step->learning_rate;
    const float keep = step->first ? 0.0f : step->momentum, ahead = step->nesterov ? step->momentum : 1.0f;
    const float direct = step->nesterov ? 1.0f : 0.0f;
    for (size_t i = 0; i < count; i++) {
        float g = gradient[i] * scale + decay * parameter[i];
        float buffer = keep * momentum[i] + g;
        momentum[i] = buffer;
        parameter[i] -= rate * (direct * g + ahead * buffer);
    }
}
