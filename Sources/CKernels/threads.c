#include "CKernels.h"

// Loaded with OpenBLAS or oneDNN where those were built with OpenMP; weak, because neither has to be.
extern void omp_set_num_threads(int threads) __attribute__((weak));

bool ckernels_set_openmp_threads(int threads) {
    if (!omp_set_num_threads) return false;
    omp_set_num_threads(threads);
    return true;
}
