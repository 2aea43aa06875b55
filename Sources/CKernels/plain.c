#include <math.h>
#include <string.h>

#include "CKernels.h"

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
