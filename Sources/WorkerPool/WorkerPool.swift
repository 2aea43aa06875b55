// The room WorkerPool.
