#include "store/audit.h"

#include "base/json.h"
#include "store/codec.h"
#include "store/statement.h"
#include "store/verb.h"

namespace tidewire::store {

Result<void> write_audit(Database& database, const AuditEntry& entry, Instant now) {
  TRY(execute(database, "INSERT INTO audit (at, author, action, subject, detail) VALUES (?, ?, ?, ?, ?)", now,
              entry.author, entry.action, entry.subject, json::dump(entry.detail)));
  return {};
}

void Store::audit(std::string author, std::string action, std::string subject, Value detail, Done<void> done) {
  AuditEntry entry{std::move(author), std::move(action), std::move(subject), std::move(detail)};
  write_verb(executor_, std::move(done), [entry = std::move(entry), now = clock_.now()](Database& database) {
    return write_audit(database, entry, now);
  });
}

void Store::audit_log(AuditFilter filter, Page page, Done<Paged<Value>> done) {
  list_verb(executor_, std::move(done), [filter = std::move(filter), page = std::move(page)](Database& database) -> Result<Paged<Value>> {
    const std::int64_t before = TRY(row_mark(page.after, INT64_MAX));
    Query row(database,
              "SELECT id, at, author, action, subject, detail FROM audit WHERE id < ?1 AND (?2 = '' OR author = ?2) AND (?3 = '' OR action = ?3) "
              "AND (?4 = '' OR instr(subject, ?4)) AND at >= ?5 ORDER BY id DESC LIMIT ?6",
              before, filter.author, filter.action, filter.subject, filter.since.value_or(Instant{}), page.limit);
    Paged<Value> found;
    std::int64_t last = 0;
    while (TRY(row.next())) {
      last = row.integer(0);
      found.rows.push_back(Object{{"id", last},
                                  {"at", format_instant(row.instant(1))},
                                  {"author", row.text(2)},
                                  {"action", row.text(3)},
                                  {"subject", row.text(4)},
                                  {"detail", TRY(json::parse(row.text(5)))}});
    }
    if (static_cast<std::int64_t>(found.rows.size()) == page.limit && page.limit > 0) found.next = std::to_string(last);
    return found;
  });
}

}  // namespace tidewire::store
