// The brake (law 18): what went to the other side within its window, what it holds, and letting go.
#include "store/brake.h"

#include "base/json.h"
#include "store/counters.h"
#include "store/dirty_keys.h"
#include "store/statement.h"
#include "store/verb.h"

namespace tidewire::store {
namespace {

constexpr Duration kReleased = std::chrono::hours(24);  // as long as the window: what was let go does not brake again at once

std::string drawer(const std::string& mapping) { return "brake " + mapping; }

Result<void> remember_release(Database& database, const std::string& mapping, const std::string& field, Instant now) {
  TRY(execute(database,
              "INSERT INTO kv (namespace, key, value, expires_at) VALUES (?, ?, ?, ?) "
              "ON CONFLICT (namespace, key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at",
              drawer(mapping), field, json::dump(Value(Object{{"at", format_instant(now)}})), now + kReleased));
  return {};
}

Result<std::vector<std::string>> held_fields(Database& database, const std::string& mapping, const std::string& field) {
  std::vector<std::string> fields;
  Query row(database, "SELECT DISTINCT field FROM braked WHERE mapping = ?1 AND (?2 = '' OR field = ?2)", mapping, field);
  while (TRY(row.next())) fields.emplace_back(row.text(0));
  return fields;
}

/// The links' keys are looked at again, for a person: such a pass knows no brake.
Result<std::int64_t> release_field(Database& database, const std::string& mapping, const std::string& field, std::int64_t limit, Instant now) {
  std::vector<std::int64_t> links;
  std::vector<DirtyMark> marks;
  {
    Query row(database,
              "SELECT braked.link, left_key, right_key FROM braked LEFT JOIN links ON links.id = braked.link WHERE braked.mapping = ? AND "
              "field = ? LIMIT ?",
              mapping, field, limit);
    while (TRY(row.next())) {
      links.push_back(row.integer(0));
      const Side side = row.is_null(1) ? Side::kRight : Side::kLeft;
      const int column = side == Side::kLeft ? 1 : 2;
      if (!row.is_null(column)) marks.push_back({side, std::string(row.text(column)), "upsert", "person", 1, {}});
    }
  }
  TRY(add_marks(database, mapping, marks, now));
  for (const std::int64_t link : links) TRY(execute(database, "DELETE FROM braked WHERE mapping = ? AND field = ? AND link = ?", mapping, field, link));
  return static_cast<std::int64_t>(links.size());
}

Result<std::int64_t> release_held(Database& database, const std::string& mapping, const std::string& field, std::int64_t limit, Instant now) {
  std::int64_t released = 0;
  for (const std::string& held : TRY(held_fields(database, mapping, field))) {
    TRY(remember_release(database, mapping, held, now));
    released += TRY(release_field(database, mapping, held, limit - released, now));
    if (released >= limit) return released;
  }
  if (!field.empty()) return released;
  const bool set_back = TRY(number(database,
                                   "SELECT EXISTS (SELECT 1 FROM dirty_keys WHERE mapping = ?1 AND state = 'held' AND error ->> 'older' IS NOT NULL" + kStanding +
                                       ") OR EXISTS (SELECT 1 FROM brake_log WHERE mapping = ?1 AND at > ?2 AND kind = ?3)",
                                   0, mapping, now - kReleased, kRestored)) > 0;
  if (set_back) TRY(remember_release(database, mapping, kRestored, now));
  return released + TRY(execute(database,
                                "UPDATE dirty_keys SET state = 'waiting', reason = 'person', attempts = 0, due_at = ?1, since = ?1 WHERE mapping = ?2 "
                                "AND error ->> 'code' = 'cancelled' AND state = 'held'" + kStanding,
                                now, mapping));
}

}  // namespace

Result<void> brake_field(Database& database, const std::string& mapping, const std::string& field, std::int64_t link, Instant now) {
  TRY(execute(database, "INSERT INTO braked (mapping, field, link, since) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", mapping, field, link, now));
  return {};
}

Result<void> unbrake_field(Database& database, const std::string& mapping, const std::string& field, std::int64_t link) {
  TRY(execute(database, "DELETE FROM braked WHERE mapping = ? AND field = ? AND link = ?", mapping, field, link));
  return {};
}

Result<void> unbrake_link(Database& database, std::int64_t link) {
  TRY(execute(database, "DELETE FROM braked WHERE link = ?", link));
  return {};
}

Result<void> sum_braked(Database& database, Summary& summary) {
  Query row(database, "SELECT mapping, field, count(*), min(since) FROM braked GROUP BY mapping, field");
  while (TRY(row.next())) {
    summary.mappings[std::string(row.text(0))].braked.push_back({std::string(row.text(1)), row.integer(2), row.instant(3)});
  }
  return {};
}

void Store::brake_counts(std::string mapping, Duration window, Done<BrakeCounts> done) {
  read_verb(executor_, std::move(done), [mapping = std::move(mapping), now = clock_.now(), window](Database& database) -> Result<BrakeCounts> {
    BrakeCounts counts;
    // A record may read older, or not, many times.
    Query row(database, "SELECT kind, count(DISTINCT iif(kind = '$restored', link, rowid)) FROM brake_log WHERE mapping = ? AND at > ? GROUP BY kind", mapping, now - window);
    while (TRY(row.next())) counts.kinds.emplace(row.text(0), row.integer(1));
    Query live(database, "SELECT value FROM counters WHERE scope = ? AND name = 'live'", links_scope(mapping));
    if (TRY(live.next())) counts.links = live.integer(0);
    for (std::string& field : TRY(held_fields(database, mapping, ""))) counts.held.insert(std::move(field));
    Query released(database, "SELECT key FROM kv WHERE namespace = ? AND expires_at > ?", drawer(mapping), now);
    while (TRY(released.next())) counts.released.emplace(released.text(0));
    return counts;
  });
}

void Store::note_set_back(std::string mapping, std::vector<std::int64_t> links, Done<void> done) {
  write_verb(executor_, std::move(done), [mapping = std::move(mapping), links = std::move(links), now = clock_.now()](Database& database) -> Result<void> {
    for (const std::int64_t link : links) TRY(execute(database, "INSERT INTO brake_log (mapping, at, kind, link) VALUES (?, ?, ?, ?)", mapping, now, kRestored, link));
    return {};
  });
}

void Store::release(std::string mapping, std::string field, std::int64_t limit, Done<std::int64_t> done) {
  write_verb(executor_, {CrashPoint::kReleaseInTransaction, CrashPoint::kReleaseStored}, std::move(done), [mapping = std::move(mapping), field = std::move(field), limit, now = clock_.now()](Database& database) {
    return release_held(database, mapping, field, limit, now);
  });
}

}  // namespace tidewire::store
