#ifndef DISKFAULTS_H
#define DISKFAULTS_H

/// A library to be preloaded (LD_PRELOAD) before libfiu's. It keeps what libfiu makes of opening files to files that a disk
/// could refuse: below `/proc` there is no disk, and Dispatch ends the process where it cannot look at its own threads
/// there.

#endif
