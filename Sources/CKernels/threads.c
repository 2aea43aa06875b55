#define _GNU_SOURCE
#include "CKernels.h"

#include <stdatomic.h>
#include <time.h>

// Loaded with OpenBLAS or oneDNN where those were built with OpenMP; weak, because neither has to be.
extern void omp_set_num_threads(int threads) __attribute__((weak));
extern void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags) __attribute__((weak));

bool ckernels_set_openmp_threads(int threads) {
    if (!omp_set_num_threads) return false;
    omp_set_num_threads(threads);
    return true;
}

static void add_own_nanoseconds(void *sum) {
    struct timespec moment;
    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &moment)) return;
    atomic_fetch_add((_Atomic long long *)sum, moment.tv_sec * 1000000000LL + moment.tv_nsec);
}

double ckernels_thread_seconds(int threads) {
    _Atomic long long sum = 0;
    // OpenMP keeps its threads with the thread that starts them, so the next region runs on the same ones.
    if (threads > 1 && GOMP_parallel) {
        GOMP_parallel(add_own_nanoseconds, &sum, (unsigned)threads, 0);
    } else {
        add_own_nanoseconds(&sum);
    }
    return (double)sum * 1e-9;
}
