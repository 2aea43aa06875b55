#include <math.h>
#include <string.h>

#include "CKernels.h"

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
// Numbers in a vector; filters and neighbouring taps whose sums the registers hold.
#define CK_LANES 8
#define CK_BLOCK 3
#define CK_REACH 4
#define LOOP(name) name##_avx2
#include "loops/all.h"
#pragma clang attribute pop

static const ck_table table = CK_TABLE("avx2");

const ck_table *ckernels_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &table : NULL;
}

#else

const ck_table *ckernels_avx2(void) {
    return NULL;
}

#endif
