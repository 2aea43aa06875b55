#ifndef POWERCUT_H
#define POWERCUT_H

#include <stdint.h>

/// A library to be preloaded (LD_PRELOAD). It writes down everything that a process does to the files below one folder,
/// in the order in which it happens, so that a test can tell what a power cut would have left of them.
///
///     TENBIN_POWER_FOLDER   the folder, an absolute path
///     TENBIN_POWER_JOURNAL  the file to append to
///
/// The journal is a sequence of records: this head, then `length` bytes. Numbers are in the machine's own order.
struct powercut_record {
    /// 'w' bytes were written at `offset`; 't' the file has `offset` bytes now; 's' file or directory was synced;
    /// 'c' the file `payload` was made; 'u' the name `payload` was removed; 'r' "from\0to" was renamed.
    uint64_t kind;
    /// The inode that it was done to.
    uint64_t inode;
    uint64_t offset;
    /// Bytes of payload that follow.
    uint64_t length;
};

#endif
