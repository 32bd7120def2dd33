-- What was said to the systems for an operation, and what they answered (base/exchange.h): each request once, however many operations it
-- was for. Secrets and values that the mapping redacts are not in it. A row leaves with the last operation that names it, with the
-- first one that is forgotten, and never before it is older than what is kept.
CREATE TABLE exchanges (
  id          INTEGER PRIMARY KEY,       -- milliseconds since 1970 times 2^20 and a count: sorts by time, also over restarts
  at          INTEGER NOT NULL,          -- when it left
  took        INTEGER,                   -- microseconds; NULL: no answer came
  connection  TEXT NOT NULL,
  method      TEXT NOT NULL,             -- of HTTP; SQL
  target      TEXT NOT NULL,             -- a URL; the statements
  sent_type   TEXT NOT NULL,             -- content type; '' where none was said
  sent        TEXT NOT NULL,             -- of SQL the parameters, as JSON
  sent_cut    INTEGER NOT NULL,          -- bytes left out at its end
  sent_left_out TEXT NOT NULL,           -- why nothing of it is here; '' = it is
  status      TEXT NOT NULL,             -- of HTTP, or SQLSTATE; '' where none came
  answer_type TEXT NOT NULL,
  answer      TEXT NOT NULL,             -- of SQL the rows that a write returned
  answer_cut  INTEGER NOT NULL,
  answer_left_out TEXT NOT NULL,
  error       TEXT NOT NULL              -- why there is no answer; '' = there is
) STRICT;

-- Which operation a request was for. A pass that stores no operation (it is tried again) names it by the id that its operation would have, which
-- its key keeps; the next pass over the key takes it over.
CREATE TABLE operation_exchanges (
  operation TEXT NOT NULL,
  exchange  INTEGER NOT NULL,
  step      INTEGER,                     -- place in the record's steps; NULL: of an earlier pass, or of no step that is told
  side      TEXT,                        -- left | right; NULL: of another collection
  PRIMARY KEY (operation, exchange)
) STRICT, WITHOUT ROWID;
CREATE INDEX operation_exchanges_by_exchange ON operation_exchanges (exchange);

-- Records that wait at first contact (law 19) are looked for by their side with every commit that could end it.
CREATE INDEX conflicts_first_contact ON conflicts (mapping, kind, side, key) WHERE closed_at IS NULL AND link IS NULL AND field = '';
