// Hooks that wait to be called, after commits.
#include "base/json.h"
#include "store/alerts.h"
#include "store/statement.h"
#include "store/verb.h"

namespace tidewire::store {

void Store::tell(Tidings tidings, Done<void> done) {
  write_verb(executor_, std::move(done), [tidings = std::move(tidings), now = clock_.now()](Database& database) -> Result<void> {
    for (const Value& notice : tidings.notices) TRY(execute(database, "INSERT INTO outbox (mapping, operation, hook, attempts, due_at) VALUES ('', '', ?, 0, ?)", json::dump(notice), now));
    for (const auto& [key, value] : tidings.kept) {
      if (value) TRY(execute(database, "INSERT OR REPLACE INTO kv (namespace, key, value, expires_at) VALUES (?, ?, ?, NULL)", tidings.ns, key, json::dump(*value)));
      else TRY(execute(database, "DELETE FROM kv WHERE namespace = ? AND key = ?", tidings.ns, key));
    }
    for (const Alert& alert : tidings.alerts) TRY(write_alert(database, alert));
    return {};
  });
}

void Store::due_hooks(std::string mapping, std::int64_t limit, Done<std::vector<Hook>> done) {
  read_verb(executor_, std::move(done),
            [mapping = std::move(mapping), limit, now = clock_.now()](Database& database) -> Result<std::vector<Hook>> {
              std::vector<Hook> hooks;
              Query row(database,
                        "SELECT id, operation, hook, attempts, due_at FROM outbox WHERE mapping = ? AND due_at <= ? "
                        "ORDER BY due_at, id LIMIT ?",
                        mapping, now, limit);
              while (TRY(row.next())) {
                hooks.push_back(Hook{row.integer(0), mapping, std::string(row.text(1)), TRY(json::parse(row.text(2))),
                                     static_cast<int>(row.integer(3)), row.instant(4)});
              }
              return hooks;
            });
}

void Store::hook_done(std::int64_t id, Done<void> done) {
  write_verb(executor_, {CrashPoint::kHookInTransaction, CrashPoint::kHookStored}, std::move(done), [id](Database& database) -> Result<void> {
    TRY(execute(database, "DELETE FROM outbox WHERE id = ?", id));
    return {};
  });
}

void Store::hook_again(std::int64_t id, Instant due_at, Done<void> done) {
  write_verb(executor_, std::move(done), [id, due_at](Database& database) -> Result<void> {
    TRY(execute(database, "UPDATE outbox SET attempts = attempts + 1, due_at = ? WHERE id = ?", due_at, id));
    return {};
  });
}

}  // namespace tidewire::store
