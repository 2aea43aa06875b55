#include <math.h>
#include <string.h>

#include "CKernels.h"

// Numbers in a vector; filters and neighbouring taps whose sums the registers hold.
#define CK_LANES 4
#if defined(__aarch64__)
#define CK_BLOCK 5
#define CK_REACH 5
#else
#define CK_BLOCK 2
#define CK_REACH 5
#endif
#define LOOP(name) name##_plain
#include "loops/all.h"

static const ck_table table = CK_TABLE("plain");

const ck_table *ckernels_plain(void) {
    return &table;
}

const ck_table *ckernels_best(void) {
    const ck_table *widest = ckernels_avx512();
    const ck_table *wide = ckernels_avx2();
    return widest ? widest : wide ? wide : ckernels_plain();
}
