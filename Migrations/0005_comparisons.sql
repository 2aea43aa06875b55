-- A comparison is a set of jobs, and what each of them came to. Jobs may be deleted before it; what they came to stays.
CREATE TABLE comparisons (
    number       INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id           TEXT    NOT NULL UNIQUE,
    owner        TEXT    NOT NULL,
    name         TEXT,
    dataset      TEXT    NOT NULL,
    -- As submitted, as JSON.
    request      TEXT    NOT NULL,
    -- The tasks in order with what each is judged by, as JSON.
    metrics      TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    -- When its owner gave up what was left of it.
    cancelled_at INTEGER
) STRICT;

CREATE INDEX comparisons_by_owner ON comparisons (owner, number);

CREATE TABLE comparison_runs (
    comparison      INTEGER NOT NULL REFERENCES comparisons (number) ON DELETE CASCADE,
    position        INTEGER NOT NULL,
    -- The job's identifier.
    job             TEXT    NOT NULL UNIQUE,
    -- Which run it is, as JSON.
    key             TEXT    NOT NULL,
    -- What it came to, once it has succeeded: the epoch taken, the validation loss there, the metrics on the test part as
    -- JSON, and the seconds of training.
    epoch           INTEGER,
    validation_loss REAL,
    test_metrics    TEXT,
    seconds         REAL,
    PRIMARY KEY (comparison, position)
) STRICT, WITHOUT ROWID;

-- The identifier of the comparison that a job belongs to.
ALTER TABLE jobs ADD COLUMN comparison TEXT;

CREATE INDEX jobs_by_comparison ON jobs (comparison, state) WHERE comparison IS NOT NULL;
