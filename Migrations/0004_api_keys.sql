-- Keys are never deleted: once one was made, the server no longer answers without, and the audit log may name it.
CREATE TABLE api_keys (
    number       INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id           TEXT    NOT NULL UNIQUE,
    name         TEXT    NOT NULL,
    -- Resources made with the key belong to this name.
    owner        TEXT    NOT NULL,
    -- A JSON array of strings.
    scopes       TEXT    NOT NULL,
    -- Of the secret, lower-case hexadecimal; the secret itself is nowhere.
    sha256       TEXT    NOT NULL,
    expires_at   INTEGER,
    last_used_at INTEGER,
    revoked_at   INTEGER,
    created_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE audit_log (
    number     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    -- The owner's name, and the key used if there was one.
    actor      TEXT    NOT NULL,
    key        TEXT,
    -- Method and template of the route, and the target it was asked for.
    action     TEXT    NOT NULL,
    target     TEXT    NOT NULL,
    status     INTEGER NOT NULL,
    peer       TEXT    NOT NULL,
    request_id TEXT    NOT NULL
) STRICT;
