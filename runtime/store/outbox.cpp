// Hooks that wait to be called, after commits, and notices with what became of them.
#include "base/json.h"
#include "store/alerts.h"
#include "store/codec.h"
#include "store/statement.h"
#include "store/verb.h"

namespace tidewire::store {
namespace {

Result<void> add_notice(Database& database, const Tidings::Telling& telling, Instant now) {
  const Notice& notice = telling.notice;
  TRY(execute(database, "INSERT INTO notices (at, event, kind, about, title, text, way, address, state, attempts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'waiting', 0)",
              now, notice.event, notice.kind, notice.about, notice.title, notice.text, notice.way, notice.address));
  TRY(execute(database, "INSERT INTO outbox (mapping, operation, hook, notice, attempts, due_at) VALUES ('', '', ?, last_insert_rowid(), 0, ?)", json::dump(telling.hook), now));
  return {};
}

Notice read_notice(Query& row) {
  Notice notice;
  notice.id = row.integer(0);
  notice.at = row.instant(1);
  notice.event = row.text(2);
  notice.kind = row.text(3);
  notice.about = row.text(4);
  notice.title = row.text(5);
  notice.text = row.text(6);
  notice.way = row.text(7);
  notice.address = row.text(8);
  notice.state = row.text(9);
  notice.attempts = static_cast<int>(row.integer(10));
  if (!row.is_null(11)) notice.tried_at = row.instant(11);
  notice.error = row.text(12);
  return notice;
}

/// How an attempt went; a hook of a mapping has no such history.
Result<void> note_attempt(Database& database, std::int64_t hook, const char* state, const std::optional<std::string>& error, Instant now) {
  TRY(execute(database, "UPDATE notices SET state = ?, attempts = attempts + 1, tried_at = ?, error = ? WHERE id = (SELECT notice FROM outbox WHERE id = ?)", state, now, error, hook));
  return {};
}

}  // namespace

void Store::tell(Tidings tidings, Done<void> done) {
  write_verb(executor_, std::move(done), [tidings = std::move(tidings), now = clock_.now()](Database& database) -> Result<void> {
    for (const Tidings::Telling& one : tidings.notices) TRY(add_notice(database, one, now));
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
  write_verb(executor_, {CrashPoint::kHookInTransaction, CrashPoint::kHookStored}, std::move(done), [id, now = clock_.now()](Database& database) -> Result<void> {
    TRY(note_attempt(database, id, "delivered", std::nullopt, now));
    TRY(execute(database, "DELETE FROM outbox WHERE id = ?", id));
    return {};
  });
}

void Store::hook_again(std::int64_t id, Instant due_at, std::string error, Done<void> done) {
  write_verb(executor_, std::move(done), [id, due_at, error = std::move(error), now = clock_.now()](Database& database) -> Result<void> {
    TRY(note_attempt(database, id, "waiting", error, now));
    TRY(execute(database, "UPDATE outbox SET attempts = attempts + 1, due_at = ? WHERE id = ?", due_at, id));
    return {};
  });
}

void Store::hook_given_up(std::int64_t id, std::string error, Done<void> done) {
  write_verb(executor_, std::move(done), [id, error = std::move(error), now = clock_.now()](Database& database) -> Result<void> {
    TRY(note_attempt(database, id, "failed", error, now));
    TRY(execute(database, "DELETE FROM outbox WHERE id = ?", id));
    return {};
  });
}

void Store::notices(NoticeFilter filter, Page page, Done<Paged<Notice>> done) {
  list_verb(executor_, std::move(done), [filter = std::move(filter), page = std::move(page)](Database& database) -> Result<Paged<Notice>> {
    const std::int64_t before = TRY(row_mark(page.after, INT64_MAX));
    std::string sql = "SELECT id, at, event, kind, about, title, text, way, address, state, attempts, tried_at, error FROM notices WHERE id < ?1 AND (?2 = '' OR about = ?2) AND (?3 = '' OR kind = ?3)";
    if (filter.missed) sql += " AND state <> 'delivered'";
    Query row(database, sql + " ORDER BY id DESC LIMIT ?4", before, filter.about, filter.kind, page.limit);
    Paged<Notice> found;
    while (TRY(row.next())) found.rows.push_back(read_notice(row));
    if (static_cast<std::int64_t>(found.rows.size()) == page.limit && page.limit > 0) found.next = std::to_string(found.rows.back().id);
    return found;
  });
}

}  // namespace tidewire::store
