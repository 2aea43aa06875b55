-- One row: which data folder this database belongs to. The file `identity` in the folder holds the same two values, so that a
-- database that was lost, exchanged or copied back from an older time is noticed before anything is changed.
CREATE TABLE data_folder (
    singleton  INTEGER NOT NULL PRIMARY KEY CHECK (singleton = 1),
    -- 128 random bits, lower-case hexadecimal.
    identity   TEXT    NOT NULL CHECK (length(identity) = 32),
    -- Grows with every start and every stop in order, here first and then in the file.
    generation INTEGER NOT NULL
) STRICT;

INSERT INTO data_folder (singleton, identity, generation) VALUES (1, lower(hex(randomblob(16))), 0);
