-- How each run of a comparison ended; its job may be deleted before the comparison.
-- Why it ended: a finish reason, or why there is no result: a failure's code, `cancelled` or `expired`.
ALTER TABLE comparison_runs ADD COLUMN finish_reason TEXT;
ALTER TABLE comparison_runs ADD COLUMN failure       TEXT;
-- The last epoch that was trained, and the sum of the tasks' weights, mean over epochs.
ALTER TABLE comparison_runs ADD COLUMN last_epoch    INTEGER;
ALTER TABLE comparison_runs ADD COLUMN weight_sum    REAL;
-- By task, how many rows of the test part have a label, as JSON.
ALTER TABLE comparison_runs ADD COLUMN test_rows     TEXT;
-- Of the processor, over all threads of the run and all its attempts.
ALTER TABLE comparison_runs ADD COLUMN cpu_seconds   REAL;

ALTER TABLE epochs ADD COLUMN cpu_seconds REAL;
