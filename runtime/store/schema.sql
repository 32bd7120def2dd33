-- schema.sql — the state file, every table and column explained; steps/ has those that came after it (exchanges, files). PRAGMA user_version holds its
-- number, which is 2; later changes are numbered steps (migrate.h) that run forward by themselves, and a test holds the digest of each text. An older
-- file, and one newer than the binary, is refused. All times are microseconds since 1970 UTC. Values, records and bases are canonical
-- JSON text (base/json.h), so that equal values are equal bytes. Keys are text: a number's digits, a composite key the
-- JSON list of its parts.

-- What was received: one row per (connection, collection, key, event), committed before a 2xx or before a cursor moves
-- (law 1). Append-only; a row is never updated. Fan-out reads behind meta 'fanned_out' and never looks back; retention
-- prunes by age. seq orders everything that happened to us.
CREATE TABLE received (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT,
  at          INTEGER NOT NULL,          -- when it was committed
  connection  TEXT NOT NULL,
  collection  TEXT NOT NULL,             -- '' where the body did not say (an unparsed one)
  key         TEXT NOT NULL,             -- '' likewise
  event       TEXT NOT NULL,             -- upsert | delete | unparsed
  source      TEXT NOT NULL,             -- webhook | listen: who told of it without being asked
  payload     TEXT                       -- the record where it may be trusted (law 2), the raw body of an unparsed one
) STRICT;

-- Delivery ids of systems that give one, for 24 h: the same delivery twice is one change.
CREATE TABLE deliveries (
  connection  TEXT NOT NULL,
  id          TEXT NOT NULL,
  at          INTEGER NOT NULL,
  PRIMARY KEY (connection, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_by_age ON deliveries (at);

-- What a mapping still has to look at: one row per key of a side. `running` is not a state here: it lives in the memory of
-- the one process that holds the lock, so at start everything not done is waiting (law 29).
CREATE TABLE dirty_keys (
  mapping     TEXT NOT NULL,
  side        TEXT NOT NULL,             -- left | right
  key         TEXT NOT NULL,
  first_seq   INTEGER NOT NULL,          -- the oldest change in it
  last_seq    INTEGER NOT NULL,          -- the newest; a commit removes the row only if this is what it took (law 4)
  changes     INTEGER NOT NULL,          -- how many changes coalesced into it (the balance)
  event       TEXT NOT NULL,             -- `delete` where one of the changes told it: evidence of a deletion (law 16)
  reason      TEXT NOT NULL,             -- source of the newest change, `child`, or `resync`, which stays until it is worked off (law 9)
  payload     TEXT,                      -- of the newest change, if trusted
  state       TEXT NOT NULL,             -- waiting | backing_off | held | waiting_for | conflict | dead | would_write (read-only)
  priority    INTEGER NOT NULL,          -- 0 live, 1 backfill (law 30)
  due_at      INTEGER NOT NULL,          -- not before
  attempts    INTEGER NOT NULL,          -- since the last success or new change; with a parent, looks for it alone
  error       TEXT,                      -- last error as {code, message, hint}
  operation   TEXT,                      -- the operation that last tried
  parent      TEXT,                      -- waiting_for: "mapping/side/key" of the parent (law 22); dead: of one that did not come; conflict: of the record whose link stands in the way
  since       INTEGER NOT NULL,          -- when it got its present state
  PRIMARY KEY (mapping, side, key)
) STRICT, WITHOUT ROWID;
-- With the state, so that `status` counts a backlog of a million from the index alone.
CREATE INDEX dirty_keys_due ON dirty_keys (mapping, priority, due_at, state) WHERE state IN ('waiting', 'backing_off');
CREATE INDEX dirty_keys_waiting_for ON dirty_keys (parent) WHERE parent IS NOT NULL;
CREATE INDEX dirty_keys_standing ON dirty_keys (mapping, state, since) WHERE state NOT IN ('waiting', 'backing_off');
-- Whether an old operation may leave.
CREATE INDEX dirty_keys_operation ON dirty_keys (operation) WHERE operation IS NOT NULL;

-- A left key and a right key that are the same thing, with what both sides last agreed on.
CREATE TABLE links (
  id               INTEGER PRIMARY KEY,
  mapping          TEXT NOT NULL,
  left_key         TEXT,                 -- NULL: deleted there, or an ignored record that never had a counterpart
  right_key        TEXT,
  left_incarnation  TEXT,                -- token that tells a re-used name from the old record (Frappe creation); NULL where none
  right_incarnation TEXT,
  state            TEXT NOT NULL,        -- live | tombstone | frozen (left its scope) | ignored (by a person)
  generation       INTEGER NOT NULL,     -- counts re-creations
  base             TEXT NOT NULL,        -- {field: {"l": left form, "r": right form}}; a field missing here has no base (law 9)
  left_version     TEXT,                 -- version at which that side was last known to equal the base; NULL: unknown, read first
  right_version    TEXT,
  left_tokens      TEXT NOT NULL,        -- the last 8 version tokens seen, oldest first (law 3)
  right_tokens     TEXT NOT NULL,
  stamps           TEXT NOT NULL,        -- {field: {"l": time, "r": time}} of unsettled edits; field "": of our own last write (law 11)
  notes            TEXT NOT NULL,        -- {field: {"sent":…, "stored":…, "owed":true, "ignored":author, "apart":true}, "$parts": {"left.address": key},
                                         -- "$script": the mapping it is level with, "$epoch": fields it has seen come, "$shown": {"left": the record's own
                                         -- time at the last read}} (laws 3, 9, 28)
  tombstone        TEXT,                 -- what was deleted, where, by which operation (law 15)
  left_seen_at     INTEGER,              -- last read that showed or made it (law 16)
  right_seen_at    INTEGER,
  created_at       INTEGER NOT NULL,
  updated_at       INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX links_left  ON links (mapping, left_key)  WHERE left_key  IS NOT NULL AND state <> 'tombstone';
CREATE UNIQUE INDEX links_right ON links (mapping, right_key) WHERE right_key IS NOT NULL AND state <> 'tombstone';
CREATE INDEX links_left_incarnation  ON links (mapping, left_incarnation)  WHERE left_incarnation  IS NOT NULL;
CREATE INDEX links_right_incarnation ON links (mapping, right_incarnation) WHERE right_incarnation IS NOT NULL;
CREATE INDEX links_left_tombstones  ON links (mapping, left_key, updated_at)  WHERE state = 'tombstone';
CREATE INDEX links_right_tombstones ON links (mapping, right_key, updated_at) WHERE state = 'tombstone';

-- Announced writes (laws 12, 25): committed before the request leaves, closed by the commit that knows its outcome.
CREATE TABLE intents (
  id           TEXT PRIMARY KEY,         -- also the stamp of a create where the target has a stamp field
  mapping      TEXT NOT NULL,
  link         INTEGER,                  -- NULL for a first contact
  kind         TEXT NOT NULL,            -- create | update | delete
  side         TEXT NOT NULL,            -- the side that is written
  source_key   TEXT NOT NULL,            -- on the other side
  source_incarnation TEXT,
  source_version TEXT,                    -- as it was read when this was decided
  target_key   TEXT,                     -- NULL until known (a create)
  guard        TEXT,                     -- version the write carries
  fields       TEXT NOT NULL,            -- {field: {"l": left input, "r": right input, "to": announced value in the target's form, "computed": bool}}
  sent         TEXT NOT NULL,            -- the record or patch as handed to the connector
  match_hash   TEXT,                     -- canonical match value of a create (law 19)
  operation    TEXT NOT NULL,
  state        TEXT NOT NULL,            -- open | in_doubt | (rows leave when closed)
  requested_at INTEGER,                  -- when the last request that carried it may have left; NULL: none has
  created_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX intents_match ON intents (mapping, side, match_hash) WHERE kind = 'create' AND match_hash IS NOT NULL;
CREATE UNIQUE INDEX intents_source ON intents (mapping, side, source_key) WHERE kind = 'create';
CREATE INDEX intents_link ON intents (link) WHERE link IS NOT NULL;
CREATE INDEX intents_target ON intents (mapping, side, target_key) WHERE target_key IS NOT NULL;

-- The audit trail: one row where something was decided (law 32).
CREATE TABLE operations (
  id           TEXT PRIMARY KEY,         -- UUID version 7: sorts by time
  at           INTEGER NOT NULL,
  mapping      TEXT NOT NULL,
  link         INTEGER,
  left_key     TEXT,
  right_key    TEXT,
  kind         TEXT NOT NULL,            -- create | update | delete | link | rename | restore | conflict | resolve | revert | hold | dead | note |
                                         -- by a person's hand: unlink | relink | merge | ignore | heed | reset_base
  outcome      TEXT NOT NULL,            -- applied | merged | conflict | held | dead | skipped | retry | announced | would_write (read-only)
  changes      INTEGER NOT NULL,         -- how many changes it answered
  record       TEXT NOT NULL,            -- inputs, base, decision per field with its rule, writes, answers, attempts, clock; {"load": true} of a
                                         -- row that an initial load made: its values are in the link's base
  script       TEXT NOT NULL,            -- version hash of the mapping
  author       TEXT,                     -- a person's name where one decided
  job          TEXT                      -- the job it belongs to
) STRICT, WITHOUT ROWID;
CREATE INDEX operations_link ON operations (link, id);
CREATE INDEX operations_outcome ON operations (outcome, id);
CREATE INDEX operations_mapping ON operations (mapping, id);
-- A key's history is found through its link; only what never had one is found by key.
CREATE INDEX operations_left_key  ON operations (mapping, left_key, id)  WHERE link IS NULL;
CREATE INDEX operations_right_key ON operations (mapping, right_key, id) WHERE link IS NULL;

-- The words of operations, for a search over all of them (search.h): no text of its own, filled at a distance by an indexer, which
-- has come as far as meta 'searchable' says. The row number is made of the operation's id: its time and the counter after it.
CREATE VIRTUAL TABLE operation_words USING fts5 (words, content = '', columnsize = 0, tokenize = 'unicode61 remove_diacritics 0');

-- Sources of the script versions that operations name.
CREATE TABLE scripts (
  hash   TEXT PRIMARY KEY,
  name   TEXT NOT NULL,                  -- "mapping employees"
  at     INTEGER NOT NULL,               -- when it was loaded last
  files  TEXT NOT NULL                   -- [{path, text}], main first
) STRICT, WITHOUT ROWID;

-- Fields of one link that wait for a person (law 13). Closed rows stay as history.
CREATE TABLE conflicts (
  id        INTEGER PRIMARY KEY,
  mapping   TEXT NOT NULL,
  link      INTEGER,                     -- NULL: a first contact (ambiguous match, key_taken)
  side      TEXT, key TEXT,              -- of the record where link is NULL
  field     TEXT NOT NULL,               -- '' = the whole record
  kind      TEXT NOT NULL,               -- clash | delete_update | not_accepted | unknown_outcome | ping_pong | key_taken | ambiguous |
                                         -- left_scope | two_links (both of a whole pair)
  base      TEXT, left_value TEXT, right_value TEXT,   -- NULL = absent; each in its own side's form
  opened_at INTEGER NOT NULL,
  shown_at  INTEGER NOT NULL,            -- when the values were last refreshed; a resolution names it (412 when it moved)
  closed_at INTEGER,
  method    TEXT,                        -- left | right | value | skip | accept | agreed | superseded | ignored; while it is open:
                                         -- what a person decided and the next reconcile carries out; skip stays until a side changes
  author    TEXT,
  said_left TEXT, said_right TEXT,       -- what each side is to have (method value); of a closed one what each has since
  operation TEXT
) STRICT;
CREATE UNIQUE INDEX conflicts_open ON conflicts (link, field) WHERE closed_at IS NULL AND link IS NOT NULL;
CREATE UNIQUE INDEX conflicts_open_record ON conflicts (mapping, side, key, field) WHERE closed_at IS NULL AND link IS NULL;
CREATE INDEX conflicts_mapping ON conflicts (mapping, closed_at, opened_at);
CREATE INDEX conflicts_undecided ON conflicts (mapping) WHERE closed_at IS NULL AND method IS NULL;
CREATE INDEX conflicts_closed ON conflicts (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX conflicts_operation ON conflicts (operation) WHERE closed_at IS NULL AND operation IS NOT NULL;

-- Where a poll continues (law 5): moves only in the transaction that stores the changes before it.
CREATE TABLE cursors (
  mapping    TEXT NOT NULL,
  side       TEXT NOT NULL,
  value      TEXT NOT NULL,              -- the connector's own JSON
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (mapping, side)
) STRICT, WITHOUT ROWID;

-- Bounded pieces of work with progress; resumed after a restart from `cursor`. What was asked for at once is a batch: one
-- row per mapping, worked off in the order of `position`.
CREATE TABLE jobs (
  id         TEXT PRIMARY KEY,
  batch      TEXT NOT NULL,              -- what people name: the id of its first job
  position   INTEGER NOT NULL,
  mapping    TEXT NOT NULL,
  kind       TEXT NOT NULL,              -- initial_load | resync | sweep | verify | adopt | dry_run | revert
  state      TEXT NOT NULL,              -- queued | running | paused | done | failed | cancelled
  options    TEXT NOT NULL,              -- {left, right, limit, key, side, from, to, repair, since, apply, all, staged, triggered}
  cursor     TEXT,                       -- where it continues: {phase, side, page, after}
  done       INTEGER NOT NULL,           -- keys marked for the engine
  total      INTEGER,                    -- NULL: not known yet
  failed     INTEGER NOT NULL,
  summary    TEXT NOT NULL,              -- {looked_at, found = counts by kind of finding, before and events = counters, error}
  author     TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_batch ON jobs (batch, position);
CREATE INDEX jobs_open ON jobs (state, id) WHERE state IN ('queued', 'running', 'paused');

-- What a job that looks and does not touch has found, record by record (verify, adopt, dry run, revert).
CREATE TABLE findings (
  job       TEXT NOT NULL,
  n         INTEGER NOT NULL,
  kind      TEXT NOT NULL,               -- creates | updates | deletes | links | conflicts | stopped | differing | left_only | …
  left_key  TEXT,
  right_key TEXT,
  record    TEXT NOT NULL,               -- the fields in question with their values and rules
  PRIMARY KEY (job, n)
) STRICT, WITHOUT ROWID;

-- The balance (last line of the laws) and what `status` counts: received, applied, echo, coalesced, filtered, discarded…
CREATE TABLE counters (
  scope TEXT NOT NULL,                   -- "mapping employees", "connection erp"; "links employees": rows by state
  name  TEXT NOT NULL,
  value INTEGER NOT NULL,
  PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;

-- Propagated deletes and mass changes of the last 24 h, for the brake (law 18).
CREATE TABLE brake_log (
  mapping TEXT NOT NULL,
  at      INTEGER NOT NULL,
  kind    TEXT NOT NULL,                 -- delete | "field NAME": one that a change of the mapping wrote or asked about | $restored: it read
                                         -- older than it had (law 3)
  link    INTEGER NOT NULL
) STRICT;
CREATE INDEX brake_log_window ON brake_log (mapping, at);

-- Fields that the brake holds, link by link, until a person lets them go: a change of the mapping would write them on too
-- many records at once. What is let go is remembered for 24 h in kv ("brake employees", by field).
CREATE TABLE braked (
  mapping TEXT NOT NULL,
  field   TEXT NOT NULL,
  link    INTEGER NOT NULL,
  since   INTEGER NOT NULL,
  PRIMARY KEY (mapping, field, link)
) STRICT, WITHOUT ROWID;
CREATE INDEX braked_by_link ON braked (link);

-- Small things by name: connectors' own memory ("connection erp"), cached descriptions ("describe"), fingerprints,
-- holds, what the links of each mapping are of ("ends"), its fields and since when ("fields"), answers of judges ("judge employees", by left key and question), heartbeats,
-- when the state was restored ("state"), the file that each mapping is of ("homes"), requests whose text a forgotten person took along ("forgotten_exchanges").
CREATE TABLE kv (
  namespace  TEXT NOT NULL,
  key        TEXT NOT NULL,
  value      TEXT NOT NULL,
  expires_at INTEGER,
  PRIMARY KEY (namespace, key)
) STRICT, WITHOUT ROWID;

-- What people did.
CREATE TABLE audit (
  id      INTEGER PRIMARY KEY,
  at      INTEGER NOT NULL,
  author  TEXT NOT NULL,
  action  TEXT NOT NULL,                 -- resolve | retry | discard | acknowledge | unlink | relink | merge | ignore | heed | reset_base | forget | user_add …
  subject TEXT NOT NULL,
  detail  TEXT NOT NULL
) STRICT;

-- Who may use the API and the admin page.
CREATE TABLE users (
  name       TEXT PRIMARY KEY,           -- as it is typed at the login; the author in the audit trail
  role       TEXT NOT NULL,              -- viewer | operator | admin
  password   TEXT NOT NULL,              -- scrypt$N$R$P$SALT$KEY (base/password.h)
  created_at INTEGER NOT NULL,
  login_at   INTEGER                     -- last login; NULL: never
) STRICT, WITHOUT ROWID;

-- Tokens for programs. The token itself is shown once, when it is made, and is nowhere.
CREATE TABLE tokens (
  id         TEXT PRIMARY KEY,           -- short; what people name it by
  name       TEXT NOT NULL,              -- what it is for; the author in the audit trail is "token NAME"
  role       TEXT NOT NULL,              -- trigger | viewer | operator | admin
  mapping    TEXT NOT NULL,              -- of role trigger: the one mapping it may run; else ''
  hash       TEXT NOT NULL UNIQUE,       -- SHA-256 of the token, hex: 256 random bits need no slow hash
  author     TEXT NOT NULL,              -- who made it
  created_at INTEGER NOT NULL,
  expires_at INTEGER,                    -- NULL: never
  used_at    INTEGER                     -- last use, to the hour; NULL: never
) STRICT, WITHOUT ROWID;

-- Logins of browsers. The cookie's text is nowhere; a row leaves at logout, at its end, and with its user.
CREATE TABLE sessions (
  hash       TEXT PRIMARY KEY,           -- SHA-256 of the cookie, hex
  user       TEXT NOT NULL,
  csrf       TEXT NOT NULL,              -- what the page must send in a header with each change
  created_at INTEGER NOT NULL,
  seen_at    INTEGER NOT NULL            -- last request, to the minute: it ends after a day without one
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_user ON sessions (user);

-- Hooks to call after a commit (`after` of a mapping): at least once, with the operation id. And notices to people (`alerts`).
CREATE TABLE outbox (
  id        INTEGER PRIMARY KEY,
  mapping   TEXT NOT NULL,               -- '' for a notice, which is about no operation
  operation TEXT NOT NULL,               -- '' likewise
  hook      TEXT NOT NULL,
  notice    INTEGER,                     -- the row of notices that it delivers; NULL for a hook
  attempts  INTEGER NOT NULL,
  due_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_due ON outbox (mapping, due_at);

-- What `alerts` told, a row for each notice and address, and how that went. It stays after the outbox's row has left, until it is as old as
-- what was done.
CREATE TABLE notices (
  id         INTEGER PRIMARY KEY,
  at         INTEGER NOT NULL,           -- when there was something to tell
  event      TEXT NOT NULL,              -- alert | ended | job | drift | report
  kind       TEXT NOT NULL,              -- the alert's; else job | drift | report
  about      TEXT NOT NULL,              -- the mapping or the connection; '' = the project
  title      TEXT NOT NULL,
  text       TEXT NOT NULL,
  way        TEXT NOT NULL,              -- mail | post
  address    TEXT NOT NULL,              -- as people may read it: of a secret its name
  state      TEXT NOT NULL,              -- waiting | delivered | failed (given up)
  attempts   INTEGER NOT NULL,
  tried_at   INTEGER,                    -- the last attempt; NULL: none yet
  error      TEXT                        -- of the last attempt; NULL where it went well
) STRICT;
CREATE INDEX notices_at ON notices (at);
CREATE INDEX notices_not_there ON notices (id) WHERE state <> 'delivered';

-- What people were told, or would have been where nobody is named in `alerts`: a row from its beginning on, and its end. What the teller
-- itself remembers is in kv ("alerts").
CREATE TABLE alerts (
  id              INTEGER PRIMARY KEY,
  condition       TEXT NOT NULL,         -- kind and subject in one text: one open row each
  kind            TEXT NOT NULL,         -- mapping | poll | held | brake | paused | queue | conflict | dead | connection | webhooks | disk | state | certificate | job | backup
  mapping         TEXT, side TEXT,       -- NULL where it is about none
  connection      TEXT, collection TEXT, -- likewise
  text            TEXT NOT NULL,         -- as it was told last
  hint            TEXT NOT NULL,
  since           INTEGER NOT NULL,      -- when it began, which is before anybody was told
  told_at         INTEGER NOT NULL,
  ended_at        INTEGER,               -- NULL: it stands
  acknowledged_at INTEGER,               -- a person has it in hand
  acknowledged_by TEXT
) STRICT;
CREATE UNIQUE INDEX alerts_open ON alerts (condition) WHERE ended_at IS NULL;
CREATE INDEX alerts_ended ON alerts (ended_at) WHERE ended_at IS NOT NULL;

-- Single facts of the file: 'fanned_out' (seq), 'searchable' (id of the last operation that is indexed), 'pruned' (id up to which the present
-- round of pruning looked at operations), 'exchanges_pruned' (the same of exchanges), 'gone_until' (when
-- the newest operation was made that retention took), 'site' (made at creation), 'clean_stop', 'probe' (last try to write
-- after the disk failed).
CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Marks that do not pass through `received` draw their number from the same sequence, so that every last_seq can be compared.
INSERT INTO sqlite_sequence (name, seq) VALUES ('received', 0);
INSERT INTO meta (name, value) VALUES ('site', lower(hex(randomblob(16)))), ('fanned_out', '0');
