#include <math.h>
#include <string.h>

#include "CKernels.h"

#define LOOP(name) name##_plain
#include "loops/all.h"

static const ck_table table = CK_TABLE("plain");

const ck_table *ckernels_plain(void) {
    return &table;
}
