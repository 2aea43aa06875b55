-- 1 once the checkpoints of a job that is over have outlived their time and are gone, all but the best.
ALTER TABLE jobs ADD COLUMN is_thinned INTEGER NOT NULL DEFAULT 0;

CREATE INDEX jobs_to_thin ON jobs (finished_at) WHERE finished_at IS NOT NULL AND is_thinned = 0;
