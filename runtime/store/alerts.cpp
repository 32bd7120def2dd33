#include "store/alerts.h"

#include "store/audit.h"
#include "store/codec.h"
#include "store/statement.h"
#include "store/verb.h"

namespace tidewire::store {
namespace {

constexpr const char* kAlertRows = "SELECT id, condition, kind, mapping, side, connection, collection, text, hint, since, told_at, ended_at, acknowledged_at, acknowledged_by FROM alerts ";

std::optional<Instant> instant_unless_null(Query& row, int column) { return row.is_null(column) ? std::nullopt : std::optional(row.instant(column)); }

Alert alert_of(Query& row) {
  Alert alert;
  alert.id = row.integer(0);
  alert.condition = row.text(1);
  alert.kind = row.text(2);
  alert.mapping = row.text(3);
  alert.side = side_from_name(row.text(4));
  alert.connection = row.text(5);
  alert.collection = row.text(6);
  alert.text = row.text(7);
  alert.hint = row.text(8);
  alert.since = row.instant(9);
  alert.told_at = row.instant(10);
  alert.ended_at = instant_unless_null(row, 11);
  alert.acknowledged_at = instant_unless_null(row, 12);
  alert.acknowledged_by = row.text(13);
  return alert;
}

}  // namespace

Result<void> write_alert(Database& database, const Alert& alert) {
  const std::int64_t open = alert.ended_at ? TRY(execute(database, "UPDATE alerts SET ended_at = ?, text = coalesce(nullif(?, ''), text) WHERE condition = ? AND ended_at IS NULL", *alert.ended_at, alert.text, alert.condition))
                                           : TRY(execute(database, "UPDATE alerts SET text = ?, hint = coalesce(nullif(?, ''), hint) WHERE condition = ? AND ended_at IS NULL", alert.text, alert.hint, alert.condition));
  if (open > 0) return {};
  const std::optional<std::string> side = alert.side ? std::optional<std::string>(side_name(*alert.side)) : std::nullopt;
  TRY(execute(database, "INSERT INTO alerts (condition, kind, mapping, side, connection, collection, text, hint, since, told_at, ended_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
              alert.condition, alert.kind, or_null(alert.mapping), side, or_null(alert.connection), or_null(alert.collection), alert.text, alert.hint, alert.since, alert.told_at, alert.ended_at));
  return {};
}

void Store::alerts(AlertFilter filter, Page page, Done<Paged<Alert>> done) {
  list_verb(executor_, std::move(done), [filter = std::move(filter), page = std::move(page)](Database& database) -> Result<Paged<Alert>> {
    const std::int64_t before = TRY(row_mark(page.after, INT64_MAX));
    Query row(database,
              std::string(kAlertRows) + "WHERE id < ?1 AND (?2 = '' OR mapping = ?2) AND (?3 = '' OR connection = ?3) AND (?4 = '' OR kind = ?4) "
                                      "AND (?5 OR ended_at IS NULL) ORDER BY id DESC LIMIT ?6",
              before, filter.mapping, filter.connection, filter.kind, std::int64_t{filter.ended_too}, page.limit);
    Paged<Alert> found;
    while (TRY(row.next())) found.rows.push_back(alert_of(row));
    if (static_cast<std::int64_t>(found.rows.size()) == page.limit && page.limit > 0) found.next = std::to_string(found.rows.back().id);
    return found;
  });
}

void Store::acknowledge_alert(std::int64_t id, std::string author, Done<Alert> done) {
  write_verb(executor_, std::move(done), [id, author = std::move(author), now = clock_.now()](Database& database) -> Result<Alert> {
    const std::int64_t first = TRY(execute(database, "UPDATE alerts SET acknowledged_at = ?, acknowledged_by = ? WHERE id = ? AND acknowledged_at IS NULL", now, author, id));
    Query row(database, std::string(kAlertRows) + "WHERE id = ?", id);
    if (!TRY(row.next())) return make_error(Code::kNotFound, "no alert " + std::to_string(id), "`tidewire alerts --all` lists them");
    const Alert alert = alert_of(row);
    if (first > 0) TRY(write_audit(database, {author, "acknowledge", std::to_string(id) + " " + alert.condition}, now));
    return alert;
  });
}

}  // namespace tidewire::store
