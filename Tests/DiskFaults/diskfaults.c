#define _GNU_SOURCE
#include "diskfaults.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/types.h>

/// What libfiu, loaded after this library, makes of a function.
#define FAILING(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static bool is_on_disk(const char *path) { return path == NULL || strncmp(path, "/proc/", 6) != 0; }

static mode_t mode_of(int flags, va_list arguments) {
    bool makes = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
    return makes ? va_arg(arguments, mode_t) : 0;
}

int open(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    // libfiu leaves `openat` alone.
    return is_on_disk(path) ? FAILING(open)(path, flags, mode) : openat(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return is_on_disk(path) ? FAILING(open64)(path, flags, mode) : openat64(AT_FDCWD, path, flags, mode);
}
