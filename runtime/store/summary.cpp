// Counts for `status`: from counters and index entries alone, because it is asked every few seconds and links are many.
#include <algorithm>

#include "store/brake.h"
#include "store/counters.h"
#include "store/loads.h"
#include "store/statement.h"
#include "store/verb.h"

namespace tidewire::store {
namespace {

void make_older(std::optional<Instant>& oldest, Instant at) { oldest = std::min(oldest.value_or(at), at); }

/// The name after "mapping " where the scope begins so.
std::optional<std::string> scope_name(std::string_view scope, std::string_view kind) {
  if (!scope.starts_with(kind)) return std::nullopt;
  return std::string(scope.substr(kind.size()));
}

Result<void> sum_counters(Database& database, Summary& summary) {
  Query row(database, "SELECT scope, name, value FROM counters");
  while (TRY(row.next())) {
    const std::string_view scope = row.text(0);
    const std::int64_t value = row.integer(2);
    if (auto mapping = scope_name(scope, "mapping ")) {
      summary.mappings[*mapping].counters.emplace(row.text(1), value);
    } else if (auto connection = scope_name(scope, "connection ")) {
      summary.connections[*connection].emplace(row.text(1), value);
    } else if (auto links = scope_name(scope, "links ")) {
      Summary::Mapping& mapping = summary.mappings[*links];
      (row.text(1) == "tombstone" ? mapping.tombstones : mapping.links) += value;
      if (row.text(1) == link_state_name(LinkState::kFrozen)) mapping.frozen = value;
    }
  }
  return {};
}

constexpr Duration kSoon = std::chrono::minutes(3);

Result<void> sum_due_keys(Database& database, Summary& summary, Instant now) {
  Query row(
      database,
      "SELECT mapping, count(*), sum(state = 'waiting'), min(iif(state = 'waiting', due_at, NULL)), sum(state = 'waiting' AND due_at > ?) FROM dirty_keys "
      "WHERE state IN ('waiting', 'backing_off') GROUP BY mapping",
      now + kSoon);
  while (TRY(row.next())) {
    Summary::Mapping& mapping = summary.mappings[std::string(row.text(0))];
    mapping.waiting = row.integer(2);
    mapping.backing_off = row.integer(1) - row.integer(2);
    if (!row.is_null(3)) mapping.oldest_waiting = row.instant(3);
    mapping.waiting_later = row.integer(4);
  }
  return {};
}

/// Since when keys back off is in their rows and in no index. The index ends with those that are tried again last, who were tried most
/// often, and begins with those whose time has come and who are not let: a few of both ends tell, however many there are.
Result<void> find_oldest_retry(Database& database, Summary& summary) {
  constexpr const char* kEnds[] = {"DESC", "ASC"};
  for (auto& [name, mapping] : summary.mappings) {
    if (mapping.backing_off == 0) continue;
    for (const std::int64_t priority : {0, 1}) {
      for (const char* end : kEnds) {
        Query row(database,
                  std::string("SELECT min(since) FROM (SELECT since, state FROM dirty_keys WHERE mapping = ? AND priority = ? AND state IN ('waiting', 'backing_off') ORDER BY due_at ") +
                      end + " LIMIT 200) WHERE state = 'backing_off'",
                  name, priority);
        if (TRY(row.next()) && !row.is_null(0)) make_older(mapping.oldest_waiting, row.instant(0));
      }
    }
  }
  return {};
}

Result<void> sum_standing_keys(Database& database, Summary& summary) {
  Query row(database,
            "SELECT mapping, state, count(*), min(since) FROM dirty_keys WHERE state NOT IN ('waiting', 'backing_off') GROUP BY "
            "mapping, state");
  while (TRY(row.next())) {
    Summary::Mapping& mapping = summary.mappings[std::string(row.text(0))];
    const std::string_view state = row.text(1);
    if (state == "held") mapping.held = mapping.held_rows = row.integer(2);
    if (state == "waiting_for") {
      mapping.waiting_for = row.integer(2);
      mapping.oldest_waiting_for = row.instant(3);
    }
    if (state == "conflict") mapping.conflict = row.integer(2);
    if (state == "dead") mapping.dead = mapping.dead_rows = row.integer(2);
    if (state == "would_write") mapping.would_write = row.integer(2);
  }
  return {};
}

/// Looked for in the rows only where some were decided.
Result<void> take_out_skipped(Database& database, const std::string& name, Summary::Mapping& mapping) {
  const std::int64_t undecided = TRY(number(database, "SELECT count(*) FROM conflicts INDEXED BY conflicts_undecided WHERE mapping = ? AND closed_at IS NULL AND method IS NULL", 0, name));
  if (undecided == mapping.open_conflicts) return {};
  Query row(database, "SELECT sum(method IS 'skip'), min(iif(method IS 'skip', NULL, opened_at)) FROM conflicts WHERE mapping = ? AND closed_at IS NULL", name);
  if (!TRY(row.next()) || row.is_null(0)) return {};
  mapping.skipped_conflicts = row.integer(0);
  mapping.open_conflicts -= mapping.skipped_conflicts;
  mapping.oldest_conflict = row.is_null(1) ? std::nullopt : std::optional(row.instant(1));
  return {};
}

/// How many of the mapping's records have keys of both sides in that state.
Result<std::int64_t> standing_twice(Database& database, const std::string& mapping, KeyState state) {
  // NOT IN says which index holds them.
  return number(database,
                "SELECT count(*) FROM dirty_keys r JOIN links l ON l.mapping = r.mapping AND l.right_key = r.key AND l.state <> 'tombstone' "
                "JOIN dirty_keys o ON o.mapping = r.mapping AND o.side = ?2 AND o.key = l.left_key AND o.state = ?4 "
                "WHERE r.mapping = ?1 AND r.side = ?3 AND r.state = ?4 AND r.state NOT IN ('waiting', 'backing_off')",
                0, mapping, Side::kLeft, Side::kRight, std::string_view(key_state_name(state)));
}

/// A record that both sides told of stands once for each; it is given up, or held, once.
Result<void> count_records(Database& database, Summary& summary) {
  for (auto& [name, mapping] : summary.mappings) {
    if (mapping.dead > 1) mapping.dead -= TRY(standing_twice(database, name, KeyState::kDead));
    if (mapping.held > 1) mapping.held -= TRY(standing_twice(database, name, KeyState::kHeld));
  }
  return {};
}

Result<void> sum_conflicts(Database& database, Summary& summary) {
  // By mapping known so far: (mapping, closed_at) is an index, closed_at alone is not.
  for (auto& [name, mapping] : summary.mappings) {
    Query open(database, "SELECT count(*), min(opened_at) FROM conflicts WHERE mapping = ? AND closed_at IS NULL", name);
    if (TRY(open.next())) {
      mapping.open_conflicts = open.integer(0);
      if (!open.is_null(1)) mapping.oldest_conflict = open.instant(1);
    }
    TRY(take_out_skipped(database, name, mapping));
  }
  return {};
}

Result<void> sum_loads(Database& database, Summary& summary) {
  Query row(database, std::string("SELECT mapping, max(CASE WHEN failed = 0 THEN updated_at END) FROM jobs WHERE ") + kWholeLoad + " GROUP BY mapping");
  while (TRY(row.next())) {
    Summary::Mapping& mapping = summary.mappings[std::string(row.text(0))];
    mapping.ever_loaded = true;
    if (!row.is_null(1)) mapping.last_success = row.instant(1);
  }
  return {};
}

/// The newest of all, and the newest that came to what it was to: of a mapping that fails and fails it is not looked for far back.
Result<void> find_last_operations(Database& database, Summary& summary) {
  for (auto& [name, mapping] : summary.mappings) {
    Query row(database, "SELECT at, outcome IN ('applied', 'merged') FROM operations WHERE mapping = ? ORDER BY id DESC LIMIT 1000", name);
    while (TRY(row.next())) {
      if (!mapping.last_operation) mapping.last_operation = row.instant(0);
      if (row.integer(1) == 0) continue;
      mapping.last_success = std::max(mapping.last_success, std::optional(row.instant(0)));
      break;
    }
  }
  return {};
}

/// The counter only grows. What of it was put back or overwritten since is known by a comparison of all records.
Result<void> sum_drift(Database& database, Summary& summary) {
  for (auto& [name, mapping] : summary.mappings) {
    const auto counted = mapping.counters.find("drift");
    if (counted == mapping.counters.end() || counted->second == 0) continue;
    mapping.open_drift = counted->second;
    Query compared(database, "SELECT coalesce(summary -> 'before' ->> 'drift', 0), coalesce(summary -> 'found' ->> 'drift', 0) FROM jobs WHERE mapping = ? AND kind = 'verify' AND state = 'done' ORDER BY id DESC LIMIT 1", name);
    if (TRY(compared.next())) mapping.open_drift += compared.integer(1) - compared.integer(0);
  }
  return {};
}

Result<void> read_holds(Database& database, Summary& summary) {
  Query row(database, "SELECT key, value ->> 'why' FROM kv WHERE namespace = 'holds'");
  while (TRY(row.next())) summary.mappings[std::string(row.text(0))].on_hold = std::string(row.text(1));
  return {};
}

/// Of those that are known by what they did: a file alone is none of them.
Result<void> read_homes(Database& database, Summary& summary) {
  Query row(database, "SELECT key, value ->> '$' FROM kv WHERE namespace = ?", std::string_view(kHomes));
  while (TRY(row.next())) {
    const auto found = summary.mappings.find(std::string(row.text(0)));
    if (found != summary.mappings.end()) found->second.home = std::string(row.text(1));
  }
  return {};
}

Result<Summary> summarize(Database& database, Instant now) {
  Summary summary;
  TRY(sum_counters(database, summary));
  TRY(sum_due_keys(database, summary, now));
  TRY(find_oldest_retry(database, summary));
  TRY(sum_standing_keys(database, summary));
  TRY(count_records(database, summary));
  TRY(sum_loads(database, summary));
  TRY(sum_drift(database, summary));
  TRY(read_holds(database, summary));
  TRY(sum_conflicts(database, summary));
  TRY(find_last_operations(database, summary));
  TRY(sum_braked(database, summary));
  TRY(read_homes(database, summary));
  summary.not_fanned_out = TRY(number(database,
                                      "SELECT count(*) FROM (SELECT 1 FROM received WHERE seq > "
                                      "(SELECT value + 0 FROM meta WHERE name = 'fanned_out') LIMIT 10000)",
                                      0));
  return summary;
}

}  // namespace

void Store::summary(Done<Summary> done) {
  list_verb(executor_, std::move(done), [now = clock_.now()](Database& database) { return summarize(database, now); });
}

}  // namespace tidewire::store
