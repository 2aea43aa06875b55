#define _GNU_SOURCE
#include "powercut.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define DESCRIPTORS_MAX 65536

/// One operation at a time: the journal has them in the order in which they took effect.
static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
/// Whether a descriptor is that of something below the folder. Guarded by `order`.
static bool tracked[DESCRIPTORS_MAX];
static int journal = -1;
static const char *folder;
static size_t folder_length;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("TENBIN_POWER_JOURNAL");
    folder = getenv("TENBIN_POWER_FOLDER");
    if (path == NULL || folder == NULL) return;
    folder_length = strlen(folder);
    journal = REAL(open)(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (journal < 0) {
        perror("powercut: journal");
        abort();
    }
}

static bool is_below(const char *path) {
    return journal >= 0 && strncmp(path, folder, folder_length) == 0
           && (path[folder_length] == '/' || path[folder_length] == 0);
}

static bool is_tracked(int descriptor) {
    return journal >= 0 && descriptor >= 0 && descriptor < DESCRIPTORS_MAX && tracked[descriptor];
}

/// Appends a record; a journal with a gap would prove nothing, so failing ends the process.
static void record(char kind, uint64_t inode, uint64_t offset, const void *payload, size_t length) {
    struct powercut_record head = {.kind = (uint64_t)kind, .inode = inode, .offset = offset, .length = length};
    struct iovec parts[2] = {{&head, sizeof head}, {(void *)payload, length}};
    ssize_t written = REAL(writev)(journal, parts, length > 0 ? 2 : 1);
    if (written != (ssize_t)(sizeof head + length)) abort();
}

static struct stat status_of(int descriptor) {
    struct stat status = {0};
    if (fstat(descriptor, &status) != 0) abort();
    return status;
}

// MARK: - Opening

static int opened(const char *path, int flags, mode_t mode) {
    if (!is_below(path)) return REAL(open)(path, flags, mode);
    pthread_mutex_lock(&order);
    bool existed = access(path, F_OK) == 0;
    int descriptor = REAL(open)(path, flags, mode);
    int code = errno;
    if (descriptor >= 0 && descriptor < DESCRIPTORS_MAX) {
        struct stat status = status_of(descriptor);
        tracked[descriptor] = S_ISREG(status.st_mode) || S_ISDIR(status.st_mode);
        if (!existed) record('c', status.st_ino, 0, path, strlen(path));
        if (existed && (flags & O_TRUNC)) record('t', status.st_ino, 0, NULL, 0);
    }
    pthread_mutex_unlock(&order);
    errno = code;
    return descriptor;
}

static mode_t mode_of(int flags, va_list arguments) {
    bool makes = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
    return makes ? va_arg(arguments, mode_t) : 0;
}

int open(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return opened(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return opened(path, flags, mode);
}

int close(int descriptor) {
    pthread_mutex_lock(&order);
    if (is_tracked(descriptor)) tracked[descriptor] = false;
    int result = REAL(close)(descriptor);
    pthread_mutex_unlock(&order);
    return result;
}

// MARK: - Writing

static ssize_t written(int descriptor, const void *bytes, size_t count, off_t offset) {
    pthread_mutex_lock(&order);
    struct stat status = is_tracked(descriptor) ? status_of(descriptor) : (struct stat){0};
    ssize_t result = REAL(pwrite)(descriptor, bytes, count, offset);
    int code = errno;
    if (result > 0 && is_tracked(descriptor)) record('w', status.st_ino, (uint64_t)offset, bytes, (size_t)result);
    pthread_mutex_unlock(&order);
    errno = code;
    return result;
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    return written(descriptor, bytes, count, offset);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off_t offset) {
    return written(descriptor, bytes, count, offset);
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
    if (!is_tracked(descriptor)) return REAL(write)(descriptor, bytes, count);
    pthread_mutex_lock(&order);
    struct stat status = status_of(descriptor);
    off_t offset = lseek(descriptor, 0, SEEK_CUR);
    ssize_t result = REAL(write)(descriptor, bytes, count);
    int code = errno;
    if (result > 0) record('w', status.st_ino, (uint64_t)offset, bytes, (size_t)result);
    pthread_mutex_unlock(&order);
    errno = code;
    return result;
}

static int truncated(int descriptor, off_t length) {
    pthread_mutex_lock(&order);
    int result = REAL(ftruncate)(descriptor, length);
    int code = errno;
    if (result == 0 && is_tracked(descriptor)) {
        record('t', status_of(descriptor).st_ino, (uint64_t)length, NULL, 0);
    }
    pthread_mutex_unlock(&order);
    errno = code;
    return result;
}

int ftruncate(int descriptor, off_t length) { return truncated(descriptor, length); }
int ftruncate64(int descriptor, off_t length) { return truncated(descriptor, length); }

// MARK: - Syncing

static int synced(int descriptor) {
    pthread_mutex_lock(&order);
    // The kernel has every write; whether the disk does is what the journal decides, so there is nothing to wait for.
    if (is_tracked(descriptor)) record('s', status_of(descriptor).st_ino, 0, NULL, 0);
    pthread_mutex_unlock(&order);
    return 0;
}

int fsync(int descriptor) { return is_tracked(descriptor) ? synced(descriptor) : REAL(fsync)(descriptor); }
int fdatasync(int descriptor) { return is_tracked(descriptor) ? synced(descriptor) : REAL(fdatasync)(descriptor); }

// MARK: - Names

int rename(const char *from, const char *to) {
    if (!is_below(from) && !is_below(to)) return REAL(rename)(from, to);
    pthread_mutex_lock(&order);
    struct stat status = {0};
    int known = stat(from, &status);
    int result = REAL(rename)(from, to);
    int code = errno;
    if (result == 0 && known == 0) {
        char names[2 * PATH_MAX];
        int length = snprintf(names, sizeof names, "%s%c%s", from, 0, to);
        record('r', status.st_ino, 0, names, (size_t)length);
    }
    pthread_mutex_unlock(&order);
    errno = code;
    return result;
}

int unlink(const char *path) {
    if (!is_below(path)) return REAL(unlink)(path);
    pthread_mutex_lock(&order);
    struct stat status = {0};
    int known = stat(path, &status);
    int result = REAL(unlink)(path);
    int code = errno;
    if (result == 0 && known == 0) record('u', status.st_ino, 0, path, strlen(path));
    pthread_mutex_unlock(&order);
    errno = code;
    return result;
}
