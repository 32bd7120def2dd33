// Old rows leave, the file is checked and copied.
#include <cstdio>
#include <filesystem>

#include "store/copy.h"
#include "store/exchanges.h"
#include "store/files.h"
#include "store/loads.h"
#include "store/operations.h"
#include "store/search.h"
#include "store/statement.h"
#include "store/verb.h"

namespace tidewire::store {
namespace {

constexpr std::int64_t kSlice = 500;  // small, because webhooks wait in the same queue
constexpr std::int64_t kVersionsKept = 20;  // of a script, however old
constexpr Duration kBrakeWindow = std::chrono::hours(24);
constexpr Duration kDeliveryWindow = std::chrono::hours(24);

/// Everything that stands and names an operation keeps it, however old: it is the explanation. Keys and conflicts may be many, so
/// each operation is looked up there; intents and hooks are what is under way.
constexpr const char* kUnnamed =
    "SELECT id, at FROM operations AS old WHERE id > ?1 AND id <= ?2 AND at < ?3 "
    "AND NOT EXISTS (SELECT 1 FROM dirty_keys WHERE operation = old.id) "
    "AND NOT EXISTS (SELECT 1 FROM conflicts WHERE operation = old.id AND closed_at IS NULL) "
    "AND id NOT IN (SELECT operation FROM intents UNION ALL SELECT operation FROM outbox)";

/// Where the present round has come to; "" = it begins.
Result<std::string> pruned_up_to(Database& database) {
  Query row(database, "SELECT value FROM meta WHERE name = 'pruned'");
  return TRY(row.next()) ? std::string(row.text(0)) : std::string();
}

Result<void> remember_pruned(Database& database, const std::string& id) {
  if (id.empty()) TRY(execute(database, "DELETE FROM meta WHERE name = 'pruned'"));
  else TRY(execute(database, "INSERT INTO meta (name, value) VALUES ('pruned', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", id));
  return {};
}

/// Meta 'gone_until': when the newest operation was made that retention took, in microseconds.
Result<std::optional<Instant>> gone_until(Database& database) {
  Query row(database, "SELECT value + 0 FROM meta WHERE name = 'gone_until'");
  return TRY(row.next()) ? std::optional(row.instant(0)) : std::nullopt;
}

Result<void> remember_gone(Database& database, Instant newest) {
  const auto before = TRY(gone_until(database));
  if (before && *before >= newest) return {};
  TRY(execute(database, "INSERT INTO meta (name, value) VALUES ('gone_until', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", std::to_string(newest.time_since_epoch().count())));
  return {};
}

/// How many it looked at. Those that stay are passed by until the next round.
Result<std::int64_t> prune_operations(Database& database, Instant cutoff) {
  const std::string from = TRY(pruned_up_to(database));
  std::int64_t looked_at = 0;
  std::string last;
  {
    Query row(database, "SELECT id FROM operations WHERE id > ?1 AND id < ?2 ORDER BY id LIMIT ?3", from, first_id_at(cutoff), kSlice);
    for (; TRY(row.next()); ++looked_at) last = std::string(row.text(0));
  }
  TRY(remember_pruned(database, looked_at == kSlice ? last : std::string()));
  if (looked_at == 0) return 0;
  std::vector<std::string> ids;
  Instant newest{};
  {
    Query row(database, kUnnamed, from, last, cutoff);
    while (TRY(row.next())) {
      ids.emplace_back(row.text(0));
      newest = std::max(newest, row.instant(1));
    }
  }
  if (!ids.empty()) TRY(remember_gone(database, newest));
  Changing changing(database, ids);
  TRY(changing.before());
  for (const std::string& id : ids) TRY(execute(database, "DELETE FROM operations WHERE id = ?", id));
  TRY(changing.after());
  return looked_at;
}

/// Of each name the newest stay, for who goes back to one; of the others those go whose successor is older than what is kept, so
/// that only operations which stand can name them, and those are few.
Result<std::int64_t> prune_scripts(Database& database, Instant cutoff) {
  return execute(database,
                 "DELETE FROM scripts WHERE hash IN (SELECT hash FROM scripts AS old WHERE at < ?1 "
                 "AND EXISTS (SELECT 1 FROM scripts WHERE name = old.name AND at > old.at AND at < ?1) "
                 "AND (SELECT count(*) FROM scripts WHERE name = old.name AND at > old.at) >= ?2 "
                 "AND NOT EXISTS (SELECT 1 FROM operations WHERE id < ?3 AND script = old.hash) LIMIT ?4)",
                 cutoff, kVersionsKept, first_id_at(cutoff), kSlice);
}

Result<bool> prune_slice(Database& database, Instant now, Instant cutoff) {
  std::int64_t most = 0;
  const auto note = [&most](std::int64_t rows) { most = std::max(most, rows); };
  const std::int64_t looked_at = TRY(prune_operations(database, cutoff));
  note(looked_at);
  if (TRY(prune_exchanges(database, cutoff))) note(kSlice);
  if (looked_at < kSlice) note(TRY(prune_scripts(database, cutoff)));  // then few operations are left to look through for each
  // What came while the machine's clock was ahead would keep all that came after it.
  note(TRY(
      execute(database,
              "DELETE FROM received WHERE (at < ?1 OR at > ?3) AND seq <= (SELECT value + 0 FROM meta WHERE name = 'fanned_out') "
              "AND seq IN (SELECT seq FROM received ORDER BY seq LIMIT ?2)",
              cutoff, kSlice, now + kDeliveryWindow)));
  // Its numbers follow its times, so the oldest are found without an index.
  note(TRY(execute(database, "DELETE FROM audit WHERE (at < ?1 OR at > ?3) AND id IN (SELECT id FROM audit ORDER BY id LIMIT ?2)", cutoff, kSlice, now + kDeliveryWindow)));
  note(TRY(execute(database, "DELETE FROM conflicts WHERE id IN (SELECT id FROM conflicts WHERE closed_at < ? LIMIT ?)",
                   cutoff, kSlice)));
  note(TRY(execute(database, "DELETE FROM alerts WHERE id IN (SELECT id FROM alerts WHERE ended_at < ? LIMIT ?)", cutoff, kSlice)));
  note(TRY(execute(database, "DELETE FROM notices WHERE id IN (SELECT id FROM notices WHERE at < ? AND state <> 'waiting' LIMIT ?)", cutoff, kSlice)));
  note(TRY(execute(database,
                   "DELETE FROM findings WHERE (job, n) IN (SELECT job, n FROM jobs CROSS JOIN findings ON job = jobs.id WHERE updated_at < ?1 "
                   "AND state NOT IN ('queued', 'running', 'paused') LIMIT ?2)",
                   cutoff, kSlice)));
  note(TRY(execute(database,
                   std::string("DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE updated_at < ?1 AND state NOT IN ('queued', "
                               "'running', 'paused') AND NOT EXISTS (SELECT 1 FROM findings WHERE job = jobs.id) "
                               "AND id NOT IN (SELECT max(id) FROM jobs WHERE ") +
                       kWholeLoad + " GROUP BY mapping) LIMIT ?2)",
                   cutoff, kSlice)));
  note(TRY(execute(
      database,
      "DELETE FROM deliveries WHERE (connection, id) IN (SELECT connection, id FROM deliveries WHERE at < ? LIMIT ?)",
      now - kDeliveryWindow, kSlice)));
  note(TRY(prune_files(database, cutoff, kSlice)));
  if (most == kSlice) return true;
  // Looked through as a whole, so once in a round.
  TRY(execute(database, "DELETE FROM brake_log WHERE at < ?", now - 2 * kBrakeWindow));
  TRY(execute(database, "DELETE FROM kv WHERE expires_at < ?", now));
  return false;
}

Result<std::vector<std::string>> check_integrity(Database& database) {
  std::vector<std::string> problems;
  Query row(database, "PRAGMA integrity_check");
  while (TRY(row.next())) {
    if (row.text(0) != "ok") problems.emplace_back(row.text(0));
  }
  return problems;
}

Result<void> back_up(Database& database, const std::string& path) {
  std::error_code error;
  if (std::filesystem::exists(path, error)) {
    return make_error(Code::kInvalid, path + " exists already", "name a new file for the backup");
  }
  const std::string part = path + ".part";
  std::filesystem::remove(part, error);
  Result<void> copied = copy_database(database, part);
  if (copied.ok() && std::rename(part.c_str(), path.c_str()) != 0)
    copied = make_error(Code::kUnavailable, "rename " + part);
  if (copied.ok()) return sync_folder(std::filesystem::path(path).parent_path().string());
  std::filesystem::remove(part, error);
  return copied;
}

}  // namespace

void Store::prune(Duration keep, Done<bool> done) {
  write_verb(executor_, std::move(done),
             [now = clock_.now(), keep](Database& database) { return prune_slice(database, now, now - keep); });
}

void Store::operations_gone_until(Done<std::optional<Instant>> done) {
  read_verb(executor_, std::move(done), gone_until);
}

void Store::integrity_check(Done<std::vector<std::string>> done) {
  auto [run, answer] = verb<std::vector<std::string>>(std::move(done), check_integrity);
  executor_.read_long(std::move(run), std::move(answer));
}

void Store::backup(std::string path, Done<void> done) {
  executor_.read_long([path = std::move(path)](Database& database) { return back_up(database, path); },
                      std::move(done));
}

}  // namespace tidewire::store
