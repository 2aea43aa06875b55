-- What each owner has in this folder, so that a quota is looked up and never added up. The transaction that writes or
-- deletes a row that counts changes its owner's row here too.
CREATE TABLE owner_storage (
    owner        TEXT    NOT NULL PRIMARY KEY,
    -- The files of data sets and models, and what the owner wrote into this database: specs, labels, names, replays.
    bytes        INTEGER NOT NULL,
    -- Answers kept under an Idempotency-Key, and their bytes, which `bytes` holds too.
    replays      INTEGER NOT NULL,
    replay_bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What a row counts for. Texts count by their UTF-8 bytes. A job counts its spec, labels and name, and what its history
-- holds of changes to them.
ALTER TABLE datasets ADD COLUMN stored_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE models ADD COLUMN stored_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN stored_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE comparisons ADD COLUMN stored_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE idempotency_keys ADD COLUMN stored_bytes INTEGER NOT NULL DEFAULT 0;

-- The first word of the scope.
ALTER TABLE idempotency_keys ADD COLUMN owner TEXT NOT NULL DEFAULT '';

-- A comparison's runs have nearly the same spec. It stands here once; the spec in a run's row is then a JSON array of
-- [offset, length, replacement], in UTF-8 bytes of this text.
CREATE TABLE comparison_bases (
    number     INTEGER NOT NULL PRIMARY KEY,
    comparison INTEGER NOT NULL REFERENCES comparisons (number) ON DELETE CASCADE,
    spec       TEXT    NOT NULL
) STRICT;

CREATE INDEX comparison_bases_by_comparison ON comparison_bases (comparison);

-- The number of the text that the job's spec is told against; null where the spec is whole.
ALTER TABLE jobs ADD COLUMN base INTEGER;

-- Runs that were cancelled before a worker had claimed them: they are counted, and their rows are gone. From here on
-- `request` is kept without its base.
ALTER TABLE comparisons ADD COLUMN cancelled_runs INTEGER NOT NULL DEFAULT 0;

UPDATE datasets SET stored_bytes = bytes + length(CAST(name AS BLOB)) + length(CAST(columns AS BLOB));

UPDATE models SET stored_bytes = bytes + length(CAST(coalesce(name, '') AS BLOB));

UPDATE jobs SET stored_bytes = length(CAST(spec AS BLOB)) + length(CAST(labels AS BLOB))
    + length(CAST(coalesce(name, '') AS BLOB))
    + (SELECT coalesce(sum(length(CAST(detail AS BLOB))), 0) FROM job_events
       WHERE job_events.job = jobs.number AND kind IN ('edited', 'weighting_changed'))
    + (SELECT coalesce(sum(length(CAST(weighting AS BLOB))), 0) FROM weighting_switches
       WHERE weighting_switches.job = jobs.number);

UPDATE comparisons SET stored_bytes = length(CAST(coalesce(name, '') AS BLOB)) + length(CAST(request AS BLOB))
    + length(CAST(metrics AS BLOB))
    + (SELECT coalesce(sum(length(CAST(key AS BLOB))), 0) FROM comparison_runs
       WHERE comparison_runs.comparison = comparisons.number);

UPDATE idempotency_keys SET owner = substr(scope, 1, instr(scope || ' ', ' ') - 1),
    stored_bytes = length(CAST(scope AS BLOB)) + length(CAST(key AS BLOB)) + length(CAST(fingerprint AS BLOB))
        + length(CAST(headers AS BLOB)) + length(body);

CREATE INDEX idempotency_keys_by_owner ON idempotency_keys (owner, created_at);

INSERT INTO owner_storage (owner, bytes, replays, replay_bytes)
SELECT owner, sum(bytes), sum(replays), sum(replay_bytes) FROM (
    SELECT owner, stored_bytes AS bytes, 0 AS replays, 0 AS replay_bytes FROM datasets
    UNION ALL SELECT owner, stored_bytes, 0, 0 FROM models
    UNION ALL SELECT owner, stored_bytes, 0, 0 FROM jobs
    UNION ALL SELECT owner, stored_bytes, 0, 0 FROM comparisons
    UNION ALL SELECT owner, stored_bytes, 1, stored_bytes FROM idempotency_keys
) GROUP BY owner;
