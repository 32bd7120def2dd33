// A mapping that will not come back leaves the state: its links, and with the last of them all else by which it is known. What was done, its
// versions and the conflicts that are closed stay as long as history is kept.
#include "store/counters.h"
#include "store/links.h"
#include "store/statement.h"
#include "store/store.h"
#include "store/verb.h"

namespace tidewire::store {
namespace {

/// By the indexes of the links, which are partial; what has no key at all is looked for last, by walking over all.
constexpr const char* kSome[] = {"left_key IS NOT NULL AND state <> 'tombstone'", "right_key IS NOT NULL AND state <> 'tombstone'", "left_key IS NOT NULL AND state = 'tombstone'", "right_key IS NOT NULL AND state = 'tombstone'", "1"};

Result<std::vector<std::int64_t>> some_links(Database& database, const std::string& mapping, std::int64_t limit) {
  std::vector<std::int64_t> ids;
  for (const char* which : kSome) {
    if (TRY(number(database, "SELECT coalesce(sum(value), 0) FROM counters WHERE scope = ?", 0, links_scope(mapping))) == 0) return ids;
    Query row(database, std::string("SELECT id FROM links WHERE mapping = ? AND ") + which + " LIMIT ?", mapping, limit);
    while (TRY(row.next())) ids.push_back(row.integer(0));
    if (!ids.empty()) return ids;
  }
  return ids;
}

/// The drawers of kv in which rooms keep what they know of each mapping, by its name.
constexpr const char* kRest[] = {
    "DELETE FROM dirty_keys WHERE mapping = ?",
    "DELETE FROM intents WHERE mapping = ?",
    "DELETE FROM cursors WHERE mapping = ?",
    "DELETE FROM findings WHERE job IN (SELECT id FROM jobs WHERE mapping = ?)",
    "DELETE FROM jobs WHERE mapping = ?",
    "DELETE FROM brake_log WHERE mapping = ?",
    "DELETE FROM braked WHERE mapping = ?",
    "DELETE FROM outbox WHERE mapping = ?",
    "DELETE FROM kv WHERE key = ? AND namespace IN ('all', 'disabled_mappings', 'ends', 'fields', 'holds', 'homes', 'quarantined_mappings', 'trigger', 'wants')",
    "DELETE FROM kv WHERE namespace IN ('judge ' || ?1, 'brake ' || ?1, 'lookup creates ' || ?1)",
    "DELETE FROM kv WHERE namespace = 'parts' AND substr(key, 1, length(?1) + 1) = ?1 || '/'",
    "DELETE FROM counters WHERE scope IN ('mapping ' || ?1, 'links ' || ?1)",
};

Result<std::int64_t> drop_some(Database& database, const std::string& mapping, std::int64_t limit) {
  std::int64_t gone = 0;
  while (gone < limit) {
    const auto ids = TRY(some_links(database, mapping, limit - gone));
    if (ids.empty()) break;
    for (const std::int64_t id : ids) TRY(delete_link(database, id));
    gone += static_cast<std::int64_t>(ids.size());
  }
  if (gone == limit) return gone;
  for (const char* rest : kRest) TRY(execute(database, rest, mapping));
  return gone;
}

}  // namespace

void Store::drop_mapping(std::string mapping, std::int64_t limit, Done<std::int64_t> done) {
  write_verb(executor_, std::move(done), [mapping = std::move(mapping), limit](Database& database) { return drop_some(database, mapping, limit); });
}

}  // namespace tidewire::store
