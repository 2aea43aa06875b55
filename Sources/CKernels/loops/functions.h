// Scalar functions written without branches or calls, so that the loops around them become vector code.

/// eˣ to about two units in the last place; 0 below −87.3 and infinite above 88.3. Cody and Waite reduction to
/// |r| ≤ ln2/2, then the Taylor polynomial of degree 7.
static inline float LOOP(exp_of)(float x) {
    float bounded = x < -87.3f ? -87.3f : x;
    bounded = bounded > 88.3f ? 88.3f : bounded;
    // Adding 1.5·2²³ rounds to the nearest integer, which is then in the low bits.
    const float magic = 12582912.0f;
    float shifted = bounded * 1.44269504088896341f + magic;
    float n = shifted - magic;
    float r = bounded - n * 0.693359375f;
    r = r - n * -2.12194440e-4f;
    float p = 1.0f / 5040.0f;
    p = p * r + 1.0f / 720.0f;
    p = p * r + 1.0f / 120.0f;
    p = p * r + 1.0f / 24.0f;
    p = p * r + 1.0f / 6.0f;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    int32_t exponent = (int32_t)n + 127;
    union { int32_t bits; float value; } power = { exponent << 23 };
    float result = p * power.value;
    result = x < -87.3f ? 0.0f : result;
    result = x > 88.3f ? INFINITY : result;
    return x != x ? x : result;
}

/// ln x of a normal positive number, to about 1e−14 of what is larger, the result or 1; what is not a number stays so.
/// x = 2ⁿ·m with m between √½ and √2, and ln m = 2·artanh((m − 1)/(m + 1)) by its series.
static inline double LOOP(log_of)(double x) {
    union { double value; uint64_t bits; } parts = { x };
    // The bits of √½ away, the exponent steps where m would leave its range.
    const uint64_t half_root = 0x3FE6A09E667F3BCDull;
    uint64_t offset = parts.bits - half_root;
    int32_t exponent = (int32_t)((int64_t)offset >> 52);
    parts.bits -= offset & 0xFFF0000000000000ull;
    double s = (parts.value - 1.0) / (parts.value + 1.0), t = s * s;
    double series = 1.0 / 19.0;
    series = series * t + 1.0 / 17.0;
    series = series * t + 1.0 / 15.0;
    series = series * t + 1.0 / 13.0;
    series = series * t + 1.0 / 11.0;
    series = series * t + 1.0 / 9.0;
    series = series * t + 1.0 / 7.0;
    series = series * t + 1.0 / 5.0;
    series = series * t + 1.0 / 3.0;
    series = series * t + 1.0;
    double result = 2.0 * s * series + (double)exponent * 0.69314718055994530942;
    return x != x ? x : result;
}

static inline float LOOP(sigmoid_of)(float x) {
    return 1.0f / (1.0f + LOOP(exp_of)(-x));
}

/// tanh x, by its odd series near 0, where 1 − 2/(e²ˣ + 1) would lose its digits.
static inline float LOOP(tanh_of)(float x) {
    float square = x * x;
    float series = x * (1.0f + square * (-1.0f / 3.0f + square * (2.0f / 15.0f + square * (-17.0f / 315.0f
        + square * (62.0f / 2835.0f)))));
    float whole = 1.0f - 2.0f / (LOOP(exp_of)(2.0f * x) + 1.0f);
    return square < 0.04f ? series : whole;
}

/// The error function to 1.5e−7 absolute (Abramowitz & Stegun 7.1.26).
static inline float LOOP(erf_of)(float x) {
    float magnitude = fabsf(x);
    float t = 1.0f / (1.0f + 0.3275911f * magnitude);
    float p = t * (0.254829592f + t * (-0.284496736f + t * (1.421413741f + t * (-1.453152027f + t * 1.061405429f))));
    float positive = 1.0f - p * LOOP(exp_of)(-magnitude * magnitude);
    return x < 0.0f ? -positive : positive;
}

static inline float LOOP(gelu_of)(float x) {
    return 0.5f * x * (1.0f + LOOP(erf_of)(x * 0.70710678118654752f));
}

static inline float LOOP(gelu_slope)(float x) {
    float density = 0.39894228040143268f * LOOP(exp_of)(-0.5f * x * x);
    return 0.5f * (1.0f + LOOP(erf_of)(x * 0.70710678118654752f)) + x * density;
}

static inline float LOOP(silu_of)(float x) {
    return x * LOOP(sigmoid_of)(x);
}

static inline float LOOP(silu_slope)(float x) {
    float s = LOOP(sigmoid_of)(x);
    return s * (1.0f + x * (1.0f - s));
}
