-- Written in the words of SQLite; `migrate.rs` puts it into those of PostgreSQL. Times are milliseconds since 1970.

-- What is true of the whole store: `check`, a sealed value that tells a wrong key.
CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

-- Everything that happened. Lines are only ever added.
CREATE TABLE log (
    seq INTEGER NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    incident TEXT,
    event TEXT NOT NULL,
    prev BLOB NOT NULL,
    hash BLOB NOT NULL
) STRICT;
CREATE INDEX log_incident ON log (incident, seq);

-- only sqlite
CREATE TRIGGER log_no_update BEFORE UPDATE ON log BEGIN SELECT RAISE(ABORT, 'the log is only ever added to'); END;
CREATE TRIGGER log_no_delete BEFORE DELETE ON log BEGIN SELECT RAISE(ABORT, 'the log is only ever added to'); END;
-- only postgres
CREATE FUNCTION log_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''the log is only ever added to''; END';
CREATE TRIGGER log_no_change BEFORE UPDATE OR DELETE ON log FOR EACH ROW EXECUTE FUNCTION log_refuse();
CREATE TRIGGER log_no_truncate BEFORE TRUNCATE ON log FOR EACH STATEMENT EXECUTE FUNCTION log_refuse();
-- both

-- The end of the log, signed. On PostgreSQL its row is the lock of whoever writes.
CREATE TABLE head (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    at INTEGER NOT NULL,
    key BLOB,
    signature BLOB
) STRICT;
-- only sqlite
INSERT INTO head (one, seq, hash, at) VALUES (1, 0, zeroblob(32), 0);
-- only postgres
INSERT INTO head (one, seq, hash, at) VALUES (1, 0, decode(repeat('00', 32), 'hex'), 0);
-- both

-- What the log says of each incident, in one row.
CREATE TABLE incidents (
    id TEXT NOT NULL PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    provider TEXT NOT NULL,
    kind TEXT,
    state TEXT NOT NULL,
    is_open INTEGER NOT NULL,
    ending TEXT,
    owner TEXT NOT NULL,
    exposure TEXT NOT NULL,
    severity TEXT NOT NULL,
    exposed INTEGER,
    detected INTEGER,
    verified INTEGER,
    decided INTEGER,
    contained INTEGER,
    dead INTEGER,
    closed INTEGER,
    due INTEGER,
    words TEXT NOT NULL,
    document TEXT NOT NULL,
    events INTEGER NOT NULL,
    woken INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    lease_id TEXT,
    lease_owner TEXT,
    lease_until INTEGER
) STRICT;
CREATE UNIQUE INDEX incidents_open ON incidents (fingerprint) WHERE is_open = 1;
CREATE INDEX incidents_fingerprint ON incidents (fingerprint, id);
CREATE INDEX incidents_due ON incidents (due, id) WHERE is_open = 1;
CREATE INDEX incidents_lease ON incidents (lease_owner) WHERE lease_owner IS NOT NULL;
CREATE INDEX incidents_state ON incidents (state, id);
CREATE INDEX incidents_detected ON incidents (detected);

-- Which occurrences an incident knows, so that each is logged once however often it is reported.
CREATE TABLE occurrences (
    incident TEXT NOT NULL,
    digest BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (incident, digest)
) STRICT;

-- What is needed to act, sealed, until the incident closes.
CREATE TABLE secrets (
    incident TEXT NOT NULL,
    name TEXT NOT NULL,
    sealed BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (incident, name)
) STRICT;

-- What was accepted and has to be done.
CREATE TABLE jobs (
    id TEXT NOT NULL PRIMARY KEY,
    queue TEXT NOT NULL,
    key TEXT NOT NULL,
    payload BLOB,
    created INTEGER NOT NULL,
    due INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    ended INTEGER,
    gave_up INTEGER NOT NULL,
    error TEXT,
    lease_id TEXT,
    lease_owner TEXT,
    lease_until INTEGER,
    UNIQUE (queue, key)
) STRICT;
CREATE INDEX jobs_due ON jobs (queue, due, id) WHERE ended IS NULL;
CREATE INDEX jobs_ended ON jobs (ended) WHERE ended IS NOT NULL;
CREATE INDEX jobs_lease ON jobs (lease_owner) WHERE lease_owner IS NOT NULL;

-- How many jobs of a queue are not done: counted as they come and go, since counting rows would cost as much as there are.
CREATE TABLE queues (
    name TEXT NOT NULL PRIMARY KEY,
    waiting INTEGER NOT NULL
) STRICT;

-- Who may use the interface. Of a token only its hash is known.
CREATE TABLE tokens (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    hash BLOB NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER,
    revoked INTEGER,
    last_used INTEGER
) STRICT;

-- Who is signed in to the console.
CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    hash BLOB NOT NULL,
    token TEXT NOT NULL,
    csrf TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_token ON sessions (token);
