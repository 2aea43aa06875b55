-- Times are milliseconds since 1970-01-01T00:00:00Z. `number` columns are the order of insertion.

-- One row: facts about this data folder.
CREATE TABLE server (
    singleton     INTEGER NOT NULL PRIMARY KEY CHECK (singleton = 1),
    -- Grows by one with every start: work claimed under a smaller one belongs to a process that is gone.
    process_epoch INTEGER NOT NULL,
    -- 1 when the last process ended in order.
    clean_stop    INTEGER NOT NULL,
    -- Written to find out whether the disk takes writes.
    probe         INTEGER NOT NULL
) STRICT;

INSERT INTO server (singleton, process_epoch, clean_stop, probe) VALUES (1, 0, 1, 0);

CREATE TABLE datasets (
    number     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id         TEXT    NOT NULL UNIQUE,
    owner      TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    format     TEXT    NOT NULL,
    bytes      INTEGER NOT NULL,
    -- Of the file as uploaded, lower-case hexadecimal.
    sha256     TEXT    NOT NULL,
    rows       INTEGER NOT NULL,
    -- What reading the file once showed of its columns, as JSON.
    columns    TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX datasets_by_owner ON datasets (owner, number);

CREATE TABLE jobs (
    number         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id             TEXT    NOT NULL UNIQUE,
    owner          TEXT    NOT NULL,
    name           TEXT,
    state          TEXT    NOT NULL CHECK (state IN ('queued', 'starting', 'running', 'pausing', 'paused',
                       'cancelling', 'succeeded', 'failed', 'cancelled', 'expired')),
    -- Grows whenever the job returns to the queue: with the state, the guard of every update.
    attempt        INTEGER NOT NULL DEFAULT 1,
    crashes        INTEGER NOT NULL DEFAULT 0,
    -- 1 when an epoch or a checkpoint was recorded since the last claim.
    progressed     INTEGER NOT NULL DEFAULT 0,
    revision       INTEGER NOT NULL DEFAULT 1,
    wants_stop     INTEGER NOT NULL DEFAULT 0,
    finish_reason  TEXT,
    error_code     TEXT,
    error_detail   TEXT,
    dataset        TEXT    NOT NULL,
    model          TEXT,
    best_epoch     INTEGER,
    weights_sha256 TEXT,
    -- The spec with defaults filled in, as JSON; the columns below are taken from it.
    spec           TEXT    NOT NULL,
    priority       INTEGER NOT NULL,
    -- A JSON object of strings.
    labels         TEXT    NOT NULL,
    epochs         INTEGER NOT NULL,
    epochs_done    INTEGER NOT NULL DEFAULT 0,
    threads        INTEGER NOT NULL,
    memory_bytes   INTEGER,
    deadline       INTEGER,
    max_runtime    INTEGER,
    max_attempts   INTEGER NOT NULL,
    -- Milliseconds spent running over all attempts, as far as recorded.
    running_time   INTEGER NOT NULL DEFAULT 0,
    -- Order in the queue, smaller first: the time of submission, earlier by a fixed time for each point of priority.
    claim_rank     INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    started_at     INTEGER,
    finished_at    INTEGER
) STRICT;

CREATE INDEX jobs_by_owner ON jobs (owner, number);
CREATE INDEX jobs_by_owner_state ON jobs (owner, state, number);
CREATE INDEX jobs_by_state ON jobs (state, number);
CREATE INDEX jobs_by_time ON jobs (created_at);
CREATE INDEX jobs_by_end ON jobs (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX jobs_queue ON jobs (claim_rank, number) WHERE state = 'queued';
CREATE INDEX jobs_to_stop ON jobs (number) WHERE state = 'queued' AND wants_stop = 1;
CREATE INDEX jobs_by_deadline ON jobs (deadline) WHERE state = 'queued' AND deadline IS NOT NULL;

-- Every data set that a job's spec names.
CREATE TABLE job_datasets (
    dataset TEXT    NOT NULL,
    job     INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
    PRIMARY KEY (dataset, job)
) STRICT, WITHOUT ROWID;

CREATE INDEX job_datasets_by_job ON job_datasets (job);

CREATE TABLE job_labels (
    key   TEXT    NOT NULL,
    value TEXT    NOT NULL,
    job   INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
    PRIMARY KEY (key, value, job)
) STRICT, WITHOUT ROWID;

CREATE INDEX job_labels_by_job ON job_labels (job);

CREATE TABLE job_events (
    number     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    job        INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
    seq        INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    from_state TEXT,
    to_state   TEXT,
    actor      TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    -- A JSON object.
    detail     TEXT,
    UNIQUE (job, seq)
) STRICT;

CREATE TABLE epochs (
    job                INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
    epoch              INTEGER NOT NULL,
    attempt            INTEGER NOT NULL,
    learning_rate      REAL    NOT NULL,
    seconds            REAL    NOT NULL,
    samples_per_second REAL    NOT NULL,
    train_loss         REAL,
    validation_loss    REAL,
    gradient_norm      REAL,
    strategy           TEXT    NOT NULL,
    backward_passes    INTEGER,
    solver_fallbacks   INTEGER,
    -- Cosines between the tasks' gradients, as JSON.
    gradient_cosine    TEXT,
    PRIMARY KEY (job, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE epoch_tasks (
    job             INTEGER NOT NULL,
    epoch           INTEGER NOT NULL,
    position        INTEGER NOT NULL,
    name            TEXT    NOT NULL,
    weight          REAL,
    weight_share    REAL,
    train_loss      REAL,
    validation_loss REAL,
    gradient_norm   REAL,
    -- A JSON object of numbers and nulls.
    metrics         TEXT    NOT NULL,
    PRIMARY KEY (job, epoch, position),
    FOREIGN KEY (job, epoch) REFERENCES epochs (job, epoch) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoints (
    number     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    job        INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
    kind       TEXT    NOT NULL,
    epoch      INTEGER NOT NULL,
    batch      INTEGER NOT NULL,
    step       INTEGER NOT NULL,
    bytes      INTEGER NOT NULL,
    sha256     TEXT    NOT NULL,
    -- Relative to the folder of checkpoints.
    file       TEXT    NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    UNIQUE (job, kind, epoch, batch)
) STRICT;

-- What each claim ran on, to tell whether a job can be repeated bit for bit.
CREATE TABLE attempts (
    job         INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
    attempt     INTEGER NOT NULL,
    -- A JSON object: build, CPU features, library versions.
    environment TEXT    NOT NULL,
    claimed_at  INTEGER NOT NULL,
    PRIMARY KEY (job, attempt)
) STRICT, WITHOUT ROWID;

CREATE TABLE weighting_switches (
    job        INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
    from_epoch INTEGER NOT NULL,
    -- JSON.
    weighting  TEXT    NOT NULL,
    PRIMARY KEY (job, from_epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE job_logs (
    job     INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
    seq     INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    level   TEXT    NOT NULL,
    message TEXT    NOT NULL,
    PRIMARY KEY (job, seq)
) STRICT, WITHOUT ROWID;

-- A model outlives its job, so it refers to it by name only.
CREATE TABLE models (
    number         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id             TEXT    NOT NULL UNIQUE,
    owner          TEXT    NOT NULL,
    job            TEXT    NOT NULL,
    name           TEXT,
    bytes          INTEGER NOT NULL,
    -- Of the file, lower-case hexadecimal.
    sha256         TEXT    NOT NULL,
    weights_sha256 TEXT    NOT NULL,
    epoch          INTEGER NOT NULL,
    -- JSON, as the trainer told.
    tasks          TEXT    NOT NULL,
    test_metrics   TEXT,
    created_at     INTEGER NOT NULL
) STRICT;

CREATE INDEX models_by_owner ON models (owner, number);
CREATE INDEX models_by_job ON models (job);

CREATE TABLE idempotency_keys (
    -- Owner, method, path and query.
    scope       TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    -- SHA-256 of the request's body, lower-case hexadecimal.
    fingerprint TEXT    NOT NULL,
    status      INTEGER NOT NULL,
    -- The header fields to repeat, as a JSON object of strings.
    headers     TEXT    NOT NULL,
    body        BLOB    NOT NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_keys_by_time ON idempotency_keys (created_at);
