#include <math.h>
#include <string.h>

#include "CKernels.h"

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
// Numbers in a vector; filters and neighbouring taps whose sums the registers hold.
#define CK_LANES 16
#define CK_BLOCK 5
#define CK_REACH 5
#define LOOP(name) name##_avx512
#include "loops/all.h"
#pragma clang attribute pop

static const ck_table table = CK_TABLE("avx512");

const ck_table *ckernels_avx512(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
                   && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")
                   && ckernels_avx2()
               ? &table
               : NULL;
}

#else

const ck_table *ckernels_avx512(void) {
    return NULL;
}

#endif
