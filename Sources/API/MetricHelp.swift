/// What each family of metrics tells. swift-metrics has no place for it.
enum MetricHelp {
    static func text(of name: String) -> String {
        texts[name] ?? "Counted by a library in this process."
    }

    private static let texts = [
        "process_cpu_seconds": "Processor time used.",
        "process_max_fds": "File descriptors allowed.",
        "process_open_fds": "Open file descriptors.",
        "process_resident_memory_bytes": "Memory in use.",
        "process_start_time_seconds": "When the process started, since 1970.",
        "tenbin_build_info": "1, with the version as a label.",
        "tenbin_checkpoints": "Checkpoints written.",
        "tenbin_epochs": "Epochs recorded.",
        "tenbin_event_streams": "Open streams of server-sent events.",
        "tenbin_http_connections": "Open connections.",
        "tenbin_http_request_duration_seconds": "From a request's head to its answer's.",
        "tenbin_http_requests": "Requests answered.",
        "tenbin_http_requests_in_flight": "Requests being answered.",
        "tenbin_job_epoch": "The epoch that a running job trains.",
        "tenbin_job_queue_wait_seconds": "From a job's submission to its first claim.",
        "tenbin_job_samples_per_second": "Rows that a running job trains a second.",
        "tenbin_jobs": "Jobs that are not over, by state.",
        "tenbin_jobs_ended": "Jobs that ended while this process ran, by state.",
        "tenbin_log_lines_dropped": "Log lines that nobody read in time.",
        "tenbin_refusals": "Requests and connections that were turned away, by reason.",
        "tenbin_store_commit_duration_seconds": "Transactions, from their first statement to the end of the sync.",
        "tenbin_store_disk_well": "1 while the disk takes writes.",
        "tenbin_store_wal_bytes": "Length of the write-ahead log.",
        "tenbin_store_writes": "Changes made durable.",
        "tenbin_task_weight": "The weight of each task of a running job in its last epoch.",
    ]
}
