CREATE TABLE acceptance_log (
    number     INTEGER NOT NULL PRIMARY KEY,
    stream     INTEGER NOT NULL REFERENCES stream (number),
    device     BLOB NOT NULL CHECK (length(device) = 16),
    message_id BLOB NOT NULL CHECK (length(message_id) = 16),
    digest     BLOB NOT NULL CHECK (length(digest) = 32),
    answer     BLOB NOT NULL,
    seq        INTEGER NOT NULL,
    accepted   INTEGER NOT NULL
) STRICT;
CREATE TABLE blob (
    partnership BLOB NOT NULL REFERENCES partnership (id),
    id          BLOB NOT NULL CHECK (length(id) = 16),
    uploader    BLOB NOT NULL CHECK (length(uploader) = 16),
    kind        INTEGER NOT NULL,
    stream      BLOB NOT NULL CHECK (length(stream) = 16),
    incarnation INTEGER NOT NULL,
    size        INTEGER NOT NULL,
    expiry      INTEGER NOT NULL,
    digest      BLOB NOT NULL CHECK (length(digest) = 32),
    PRIMARY KEY (partnership, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE body_group (
    key    INTEGER NOT NULL PRIMARY KEY,
    last   INTEGER NOT NULL,
    due    INTEGER NOT NULL,
    bytes  INTEGER NOT NULL,
    parts  BLOB NOT NULL,
    bodies BLOB NOT NULL
) STRICT;
CREATE INDEX body_group_due ON body_group (due) WHERE due > 0;
CREATE TABLE code (
    digest BLOB NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    until  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE entry (
    key      INTEGER NOT NULL PRIMARY KEY,
    kind     INTEGER NOT NULL,
    header   BLOB NOT NULL,
    previous BLOB NOT NULL CHECK (length(previous) = 32),
    accepted INTEGER NOT NULL,
    expiry   INTEGER NOT NULL,
    length   INTEGER NOT NULL,
    has_body INTEGER NOT NULL,
    body     BLOB,
    shared   INTEGER REFERENCES shared_body (number)
) STRICT;
CREATE INDEX entry_due ON entry (expiry) WHERE has_body = 1 AND expiry > 0;
CREATE INDEX entry_handshake ON entry (key) WHERE kind = 2;
CREATE INDEX entry_shared ON entry (shared) WHERE shared IS NOT NULL;
CREATE TABLE key_package (
    partnership BLOB NOT NULL REFERENCES partnership (id),
    device      BLOB NOT NULL CHECK (length(device) = 16),
    digest      BLOB NOT NULL CHECK (length(digest) = 32),
    last_resort INTEGER NOT NULL,
    package     BLOB NOT NULL,
    PRIMARY KEY (partnership, device, digest)
) STRICT, WITHOUT ROWID;
CREATE TABLE lease_access (
    number      INTEGER NOT NULL PRIMARY KEY,
    partnership BLOB NOT NULL REFERENCES partnership (id),
    device      BLOB NOT NULL CHECK (length(device) = 16),
    blob        BLOB NOT NULL CHECK (length(blob) = 16),
    time        INTEGER NOT NULL
) STRICT;
CREATE INDEX lease_access_age ON lease_access (time);
CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE partnership (
    id      BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 32),
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE reader (
    stream     INTEGER NOT NULL REFERENCES stream (number),
    device     BLOB NOT NULL CHECK (length(device) = 16),
    cursor     INTEGER NOT NULL,
    member     INTEGER NOT NULL,
    joined     INTEGER NOT NULL,
    chain_from INTEGER NOT NULL,
    PRIMARY KEY (stream, device)
) STRICT, WITHOUT ROWID;
CREATE TABLE shared_body (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    body   BLOB NOT NULL
) STRICT;
CREATE TABLE stream (
    number      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    partnership BLOB NOT NULL REFERENCES partnership (id),
    kind        INTEGER NOT NULL,
    id          BLOB NOT NULL CHECK (length(id) = 16),
    incarnation INTEGER NOT NULL,
    UNIQUE (partnership, kind, id, incarnation)
) STRICT;
