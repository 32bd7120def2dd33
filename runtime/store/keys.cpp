// dirty_keys as the engine and people ask for them: what is due, what stands, what shall try again or go.
#include <limits>

#include "base/json.h"
#include "store/audit.h"
#include "store/codec.h"
#include "store/counters.h"
#include "store/dirty_keys.h"
#include "store/verb.h"

namespace tidewire::store {
namespace {

/// The next priority that has rows at all: a step from one to the next in the index instead of a walk over it.
Result<std::optional<std::int64_t>> next_priority(Database& database, const std::string& mapping, std::int64_t after) {
  Query query(
      database,
      "SELECT priority FROM dirty_keys WHERE mapping = ? AND priority > ? AND state IN ('waiting', 'backing_off') "
      "ORDER BY priority LIMIT 1",
      mapping, after);
  if (!TRY(query.next())) return std::optional<std::int64_t>();
  return std::optional<std::int64_t>(query.integer(0));
}

constexpr std::int64_t kBeforeAll = std::numeric_limits<std::int64_t>::min();

Result<std::vector<DirtyKey>> due_keys(Database& database, const std::string& mapping, std::int64_t limit,
                                       Instant now) {
  // By priority: over all at once the index would be walked through every row that backs off.
  static const std::string sql = select_text(kDirtyColumns,
                                             "dirty_keys WHERE mapping = ? AND priority = ? AND due_at <= ? AND state "
                                             "IN ('waiting', 'backing_off') ORDER BY due_at LIMIT ?");
  std::vector<DirtyKey> found;
  for (auto priority = TRY(next_priority(database, mapping, kBeforeAll)); priority;
       priority = TRY(next_priority(database, mapping, *priority))) {
    const std::int64_t wanted = limit - static_cast<std::int64_t>(found.size());
    if (wanted <= 0) break;
    Query query(database, sql, mapping, *priority, now, wanted);
    while (TRY(query.next())) found.push_back(TRY(read_dirty_key(query)));
  }
  return found;
}

Result<std::optional<Instant>> earliest_due(Database& database, const std::string& mapping, Instant after) {
  std::optional<Instant> earliest;
  for (auto priority = TRY(next_priority(database, mapping, kBeforeAll)); priority;
       priority = TRY(next_priority(database, mapping, *priority))) {
    Query query(
        database,
        "SELECT due_at FROM dirty_keys WHERE mapping = ? AND priority = ? AND due_at > ? AND state IN ('waiting', "
        "'backing_off') ORDER BY due_at LIMIT 1",
        mapping, *priority, after);
    if (TRY(query.next()) && (!earliest || query.instant(0) < *earliest)) earliest = query.instant(0);
  }
  return earliest;
}

/// [since, mapping, side, key] of the last row of a page.
std::string page_mark(const DirtyKey& row) {
  return json::dump(Array{row.since.time_since_epoch().count(), row.mapping, side_name(row.side), row.key});
}

Result<std::vector<DirtyKey>> standing_rows(Database& database, const KeyFilter& filter, const Page& page) {
  const auto& [mapping, state, key] = filter;
  std::string rest = "dirty_keys WHERE ";
  rest += state ? "state = ?2" : (key.empty() ? "state IN ('held', 'waiting_for', 'conflict', 'dead', 'would_write')" : "true");
  if (state && *state != KeyState::kWaiting && *state != KeyState::kBackingOff) rest += kStanding;
  if (!mapping.empty()) rest += " AND mapping = ?1";
  if (!key.empty()) rest += " AND side IN ('left', 'right') AND key = ?8";  // with the sides named, the primary key finds it
  std::int64_t since = std::numeric_limits<std::int64_t>::max();
  std::string after_mapping, after_side, after_key;
  if (!page.after.empty()) {
    const auto mark = json::parse(page.after);
    if (!mark.ok() || !mark->is_array() || mark->as_array().size() != 4 || !mark->as_array()[0].is_int() ||
        !mark->as_array()[1].is_string() || !mark->as_array()[2].is_string() || !mark->as_array()[3].is_string()) {
      return no_mark(page.after);
    }
    since = mark->as_array()[0].as_int();
    after_mapping = mark->as_array()[1].as_string();
    after_side = mark->as_array()[2].as_string();
    after_key = mark->as_array()[3].as_string();
    rest += " AND (since, mapping, side, key) < (?3, ?4, ?5, ?6)";
  }
  rest += " ORDER BY since DESC, mapping DESC, side DESC, key DESC LIMIT ?7";
  Query query(database, select_text(kDirtyColumns, rest.c_str()), mapping,
              std::string_view(state ? key_state_name(*state) : ""), since, after_mapping, after_side, after_key,
              page.limit, key);
  return read_all(query, read_dirty_key);
}

Result<std::int64_t> retry_keys(Database& database, const std::string& mapping,
                                const std::optional<std::pair<Side, std::string>>& key, Instant now) {
  if (!key) {
    // What the brake holds is let go by release() alone.
    return execute(database,
                   "UPDATE dirty_keys SET state = 'waiting', reason = 'person', attempts = 0, due_at = ?1, since = ?1 "
                   "WHERE mapping = ?2 AND error ->> 'code' IS NOT 'cancelled' AND state IN ('dead', 'held', 'conflict')" + kStanding,
                   now, mapping);
  }
  return execute(database,
                 "UPDATE dirty_keys SET state = 'waiting', reason = 'person', attempts = 0, due_at = ?1, since = ?1 "
                 "WHERE mapping = ?2 AND side = ?3 AND key = ?4 AND state IN ('dead', 'held', 'backing_off', 'conflict')",
                 now, mapping, key->first, key->second);
}

Result<std::int64_t> discard_key(Database& database, const std::string& mapping, Side side, const std::string& key,
                                 const AuditEntry& entry, Instant now) {
  // Its create of unknown outcome is given up with it, unless a pass may be at it now.
  TRY(execute(database,
              "DELETE FROM intents WHERE mapping = ?1 AND side = ?2 AND source_key = ?3 AND kind = 'create' AND EXISTS (SELECT 1 FROM dirty_keys "
              "WHERE mapping = ?1 AND side = ?4 AND key = ?3 AND (state NOT IN ('waiting', 'backing_off') OR due_at > ?5))",
              mapping, other(side), key, side, now));
  // A dead letter is a record, whatever sides told of it: what stands dead under its other key goes with it.
  const std::string own = std::string(side_name(side)) + "_key", others = std::string(side_name(other(side))) + "_key";
  const std::int64_t twin = TRY(execute(database,
                                        "DELETE FROM dirty_keys WHERE mapping = ?1 AND side = ?4 AND state = 'dead' AND key IN (SELECT " + others + " FROM links WHERE mapping = ?1 AND " + own +
                                            " = ?3 AND state <> 'tombstone') AND EXISTS (SELECT 1 FROM dirty_keys WHERE mapping = ?1 AND side = ?2 AND key = ?3 AND state = 'dead')",
                                        mapping, side, key, other(side)));
  const std::int64_t gone =
      twin + TRY(execute(database, "DELETE FROM dirty_keys WHERE mapping = ? AND side = ? AND key = ?", mapping, side, key));
  if (gone == 0) return gone;
  TRY(add_count(database, mapping_scope(mapping), "discarded", gone));
  TRY(write_audit(database, entry, now));
  return gone;
}

/// Its links stay, so do creates whose outcome is not known: back again, it makes nothing twice.
Result<std::int64_t> discard_some(Database& database, const std::string& mapping, std::int64_t limit, const std::string& author, Instant now) {
  TRY(execute(database, "UPDATE conflicts SET closed_at = ?, method = 'ignored', author = ? WHERE mapping = ? AND closed_at IS NULL", now, author, mapping));
  const std::int64_t gone = TRY(execute(database, "DELETE FROM dirty_keys WHERE (mapping, side, key) IN (SELECT mapping, side, key FROM dirty_keys WHERE mapping = ? LIMIT ?)", mapping, limit));
  TRY(add_count(database, mapping_scope(mapping), "discarded", gone));
  return gone;
}

}  // namespace

void Store::take(std::string mapping, std::int64_t limit, Done<std::vector<DirtyKey>> done) {
  read_verb(executor_, std::move(done), [mapping = std::move(mapping), limit, now = clock_.now()](Database& database) {
    return due_keys(database, mapping, limit, now);
  });
}

void Store::take_live(std::string mapping, std::int64_t limit, Done<std::vector<DirtyKey>> done) {
  read_verb(executor_, std::move(done), [mapping = std::move(mapping), limit, now = clock_.now()](Database& database) {
    static const std::string sql = select_text(kDirtyColumns,
                                               "dirty_keys WHERE mapping = ? AND priority = 0 AND due_at <= ? AND state "
                                               "IN ('waiting', 'backing_off') ORDER BY due_at LIMIT ?");
    Query query(database, sql, mapping, now, limit);
    return read_all(query, read_dirty_key);
  });
}

void Store::backlog(std::string mapping, Done<std::int64_t> done) {
  read_verb(executor_, std::move(done), [mapping = std::move(mapping), now = clock_.now()](Database& database) {
    return number(database,
                  "SELECT count(*) FROM dirty_keys WHERE mapping = ? AND priority > 0 AND due_at <= ? AND state IN "
                  "('waiting', 'backing_off')",
                  0, mapping, now);
  });
}

void Store::backlog(std::string mapping, Instant until, Done<std::int64_t> done) {
  read_verb(executor_, std::move(done), [mapping = std::move(mapping), until, now = clock_.now()](Database& database) {
    return number(database,
                  "SELECT count(*) FROM dirty_keys WHERE mapping = ? AND (priority > 0 OR since <= ?) AND due_at <= ? AND state IN "
                  "('waiting', 'backing_off')",
                  0, mapping, until, now);
  });
}

void Store::drop_backfill(std::string mapping, bool recorded, Done<std::int64_t> done) {
  write_verb(executor_, std::move(done), [mapping = std::move(mapping), recorded](Database& database) -> Result<std::int64_t> {
    const std::int64_t gone = TRY(execute(database,
                                          "DELETE FROM dirty_keys WHERE mapping = ? AND priority > 0 AND (reason = 'job' OR reason = 'resync') "
                                          "AND (state = 'waiting' OR (? AND state = 'would_write'))",
                                          mapping, std::int64_t{recorded}));
    TRY(add_count(database, mapping_scope(mapping), "discarded", gone));
    return gone;
  });
}

void Store::release_would_write(std::string mapping, Done<std::int64_t> done) {
  write_verb(executor_, std::move(done), [mapping = std::move(mapping), now = clock_.now()](Database& database) {
    return execute(database,
                   "UPDATE dirty_keys SET state = 'waiting', attempts = 0, due_at = ?1, since = ?1 WHERE mapping = ?2 "
                   "AND state = 'would_write'" + kStanding,
                   now, mapping);
  });
}

void Store::wake_overdue(std::string mapping, Duration waited, Done<std::int64_t> done) {
  write_verb(executor_, std::move(done), [mapping = std::move(mapping), waited, now = clock_.now()](Database& database) {
    return execute(database,
                   "UPDATE dirty_keys SET state = 'waiting', due_at = ?1, error = iif(error ->> 'let_go', error, NULL) WHERE mapping = ?2 AND state = 'waiting_for' AND since <= ?3 AND state NOT IN "
                   "('waiting', 'backing_off')",
                   now, mapping, now - waited);
  });
}

void Store::wake_refused(std::string mapping, Done<std::int64_t> done) {
  write_verb(executor_, std::move(done), [mapping = std::move(mapping), now = clock_.now()](Database& database) {
    return execute(database,
                   "UPDATE dirty_keys SET due_at = ?1 WHERE mapping = ?2 AND due_at > ?1 AND state = 'backing_off' AND state IN ('waiting', "
                   "'backing_off') AND error ->> 'code' IN ('denied', 'throttled')",
                   now, mapping);
  });
}

void Store::wake_backing_off(std::string mapping, Done<std::int64_t> done) {
  write_verb(executor_, std::move(done), [mapping = std::move(mapping), now = clock_.now()](Database& database) {
    return execute(database,
                   "UPDATE dirty_keys SET due_at = ?1 WHERE mapping = ?2 AND due_at > ?1 AND state = 'backing_off' AND state IN ('waiting', "
                   "'backing_off')",
                   now, mapping);
  });
}

void Store::next_due(std::string mapping, Instant after, Done<std::optional<Instant>> done) {
  read_verb(executor_, std::move(done),
            [mapping = std::move(mapping), after](Database& database) { return earliest_due(database, mapping, after); });
}

void Store::standing(std::string mapping, std::optional<KeyState> state, Page page, Done<Paged<DirtyKey>> done) {
  standing(KeyFilter{.mapping = std::move(mapping), .state = state}, std::move(page), std::move(done));
}

void Store::standing(KeyFilter filter, Page page, Done<Paged<DirtyKey>> done) {
  list_verb(
      executor_, std::move(done),
      [filter = std::move(filter), page = std::move(page)](Database& database) -> Result<Paged<DirtyKey>> {
        Paged<DirtyKey> found;
        found.rows = TRY(standing_rows(database, filter, page));
        if (static_cast<std::int64_t>(found.rows.size()) == page.limit && page.limit > 0)
          found.next = page_mark(found.rows.back());
        return found;
      });
}

void Store::left_by(std::string pass, Done<std::vector<DirtyKey>> done) {
  read_verb(executor_, std::move(done), [pass = std::move(pass)](Database& database) {
    Query query(database, select_text(kDirtyColumns, "dirty_keys WHERE operation = ? ORDER BY side, key"), pass);
    return read_all(query, read_dirty_key);
  });
}

void Store::retry(std::string mapping, std::optional<std::pair<Side, std::string>> key, Done<std::int64_t> done) {
  write_verb(executor_, {CrashPoint::kRetryInTransaction, CrashPoint::kRetryStored}, std::move(done),
             [mapping = std::move(mapping), key = std::move(key), now = clock_.now()](Database& database) {
               return retry_keys(database, mapping, key, now);
             });
}

void Store::discard(std::string mapping, Side side, std::string key, std::string reason, std::string author,
                    Done<std::int64_t> done) {
  AuditEntry entry{std::move(author), "discard", mapping + "/" + side_name(side) + "/" + key,
                   Object{{"reason", std::move(reason)}}};
  write_verb(executor_, std::move(done),
             [mapping = std::move(mapping), side, key = std::move(key), entry = std::move(entry), now = clock_.now()](
                 Database& database) { return discard_key(database, mapping, side, key, entry, now); });
}

void Store::discard_all(std::string mapping, std::int64_t limit, std::string author, Done<std::int64_t> done) {
  write_verb(executor_, std::move(done), [mapping = std::move(mapping), limit, author = std::move(author), now = clock_.now()](Database& database) { return discard_some(database, mapping, limit, author, now); });
}

}  // namespace tidewire::store
