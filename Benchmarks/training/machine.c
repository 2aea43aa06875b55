// What this machine can do at most, as the figures that training steps are held against: products and sums a second in
// registers on one thread, and memory traffic on one and on two threads. Prints one line of JSON.

#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { chains = 10, rounds = 5 };

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

// Enough independent chains to hide the latency of a fused multiply-add; the sums stay bounded.
#define FUSED(NAME, LANES, TARGET)                                                                   \
    typedef float NAME##_lane __attribute__((vector_size(4 * LANES)));                               \
    TARGET static float NAME(long steps) {                                                           \
        NAME##_lane sum[chains];                                                                     \
        for (int c = 0; c < chains; c++) sum[c] = (NAME##_lane){ 0 } + (float)c;                     \
        NAME##_lane factor = (NAME##_lane){ 0 } + 0.999f, term = (NAME##_lane){ 0 } + 0.001f;        \
        for (long step = 0; step < steps; step++) {                                                  \
            _Pragma("clang loop unroll(full)") for (int c = 0; c < chains; c++)                      \
                sum[c] = sum[c] * factor + term;                                                     \
        }                                                                                            \
        float total = 0;                                                                             \
        for (int c = 0; c < chains; c++) total += sum[c][0];                                         \
        return total;                                                                                \
    }

#if defined(__x86_64__)
FUSED(wide, 16, __attribute__((target("avx512f"))))
FUSED(middle, 8, __attribute__((target("avx2,fma"))))
#endif
FUSED(narrow, 4, )

typedef float (*fused)(long);

static fused best(int *lanes) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return *lanes = 16, wide;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return *lanes = 8, middle;
#endif
    return *lanes = 4, narrow;
}

static volatile float sink;

static double peak(void) {
    int lanes;
    fused loop = best(&lanes);
    const long steps = 40000000;
    double most = 0;
    for (int round = 0; round < rounds; round++) {
        double start = seconds();
        sink = loop(steps);
        double speed = 2.0 * chains * lanes * (double)steps / (seconds() - start) / 1e9;
        most = speed > most ? speed : most;
    }
    return most;
}

// Far larger than the caches: a ← b + s·c, three arrays of 128 MiB.
enum { count = 32 << 20 };

typedef struct {
    float *a, *b, *c;
    size_t first, end;
    pthread_barrier_t *line;
    double took;
} share;

static void *triad(void *argument) {
    share *s = argument;
    for (size_t i = s->first; i < s->end; i++) s->a[i] = 0, s->b[i] = 1, s->c[i] = 2;
    s->took = 1e9;
    for (int round = 0; round < rounds; round++) {
        pthread_barrier_wait(s->line);
        double start = seconds();
        for (size_t i = s->first; i < s->end; i++) s->a[i] = s->b[i] + 3.0f * s->c[i];
        pthread_barrier_wait(s->line);
        double took = seconds() - start;
        s->took = took < s->took ? took : s->took;
    }
    return NULL;
}

/// Gigabytes a second, counting what the loop reads and writes.
static double stream(int threads) {
    float *memory[3];
    for (int i = 0; i < 3; i++)
        if (!(memory[i] = aligned_alloc(64, count * sizeof(float)))) exit(1);
    pthread_barrier_t line;
    pthread_barrier_init(&line, NULL, (unsigned)threads);
    share shares[2];
    pthread_t others[2];
    for (int t = 0; t < threads; t++) {
        shares[t] = (share){ memory[0], memory[1], memory[2], (size_t)count / (size_t)threads * (size_t)t,
                             (size_t)count / (size_t)threads * (size_t)(t + 1), &line, 0 };
        if (pthread_create(&others[t], NULL, triad, &shares[t])) exit(1);
    }
    for (int t = 0; t < threads; t++) pthread_join(others[t], NULL);
    pthread_barrier_destroy(&line);
    for (int i = 0; i < 3; i++) free(memory[i]);
    return 3.0 * count * sizeof(float) / shares[0].took / 1e9;
}

int main(void) {
    double one = stream(1), two = stream(2);
    printf("{\"gflops\": %.1f, \"stream_gbytes\": %.2f, \"stream_gbytes_two\": %.2f}\n", peak(), one, two);
}
