import CKernels
import COpenBLAS

/// How many threads the libraries may use for the job on the calling thread.
package enum Threads {
    /// What OpenBLAS was built with, as `openblas_get_parallel` says it.
    package enum Build: Sendable, Equatable {
        case sequential, pthreads, openMP
    }

    package static let build: Build =
        switch openblas_get_parallel() {
        case Int32(OPENBLAS_OPENMP): .openMP
        case Int32(OPENBLAS_THREAD): .pthreads
        default: .sequential
        }

    /// Whether a job may use more than one thread: only the OpenMP build keeps the setting per thread, so that one job's
    /// threads leave a neighbour's arithmetic alone.
    package static var allowsMoreThanOne: Bool { build == .openMP }

    /// Sets the number of threads for work started from the calling thread, and answers what is in force.
    ///
    /// To be called at the start of each job: a pooled thread keeps the setting of the job before.
    @discardableResult
    package static func use(_ count: Int) -> Int {
        let granted = allowsMoreThanOne ? max(1, min(count, 1024)) : 1
        _ = ckernels_set_openmp_threads(Int32(granted))
        if build == .pthreads { openblas_set_num_threads(1) }
        return granted
    }

    /// The seconds that the processor has worked for the calling thread and the `count` threads that its work runs on. A
    /// difference of two is what lies between.
    package static func processorSeconds(_ count: Int) -> Double {
        ckernels_thread_seconds(Int32(max(1, min(count, 1024))))
    }
}
