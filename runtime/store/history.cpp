// What people look back at: what was received, script versions, cursors, how much happened when.
#include "base/json.h"
#include "store/codec.h"
#include "store/operations.h"
#include "store/statement.h"
#include "store/verb.h"

namespace tidewire::store {
namespace {

/// [["erp", "Customer"], …], for a statement.
std::optional<std::string> pairs_text(const std::optional<std::vector<std::pair<std::string, std::string>>>& pairs) {
  if (!pairs) return std::nullopt;
  Array out;
  for (const auto& [connection, collection] : *pairs) out.push_back(Value(Array{Value(connection), Value(collection)}));
  return json::dump(Value(std::move(out)));
}

Result<Paged<Value>> read_received(Database& database, const ReceivedFilter& filter, const Page& page) {
  // Newest first along the primary key; whoever filters reads past what does not fit.
  Query row(database,
            "SELECT seq, at, connection, collection, key, event, source, payload FROM received WHERE seq < ?1 "
            "AND (?2 = '' OR connection = ?2) AND (?3 = '' OR collection = ?3) AND (?4 = '' OR key = ?4) AND (?5 = '' OR event = ?5) "
            "AND (?6 = '' OR source = ?6) AND at >= ?7 AND at < ?9 AND (?10 = '' OR instr(lower(key || ' ' || coalesce(payload, '')), lower(?10)) > 0) "
            "AND (?11 IS NULL OR EXISTS (SELECT 1 FROM json_each(?11) AS one WHERE one.value ->> 0 = connection AND one.value ->> 1 = collection)) "
            "ORDER BY seq DESC LIMIT ?8",
            TRY(row_mark(page.after, INT64_MAX)), filter.connection, filter.collection, filter.key, filter.event, filter.source,
            filter.since.value_or(Instant{}), page.limit, filter.until.value_or(Instant::max()), filter.text, pairs_text(filter.collections));
  Paged<Value> found;
  std::int64_t last = 0;
  while (TRY(row.next())) {
    last = row.integer(0);
    Object one{{"seq", last}, {"at", format_instant(row.instant(1))}, {"connection", row.text(2)}, {"collection", row.text(3)},
               {"key", row.text(4)}, {"event", row.text(5)}, {"source", row.text(6)}};
    if (!row.is_null(7)) one["payload"] = row.text(7);
    found.rows.push_back(Value(std::move(one)));
  }
  if (page.limit > 0 && static_cast<std::int64_t>(found.rows.size()) == page.limit) found.next = std::to_string(last);
  return found;
}

Result<Paged<Value>> read_versions(Database& database, const std::string& name, const Page& page) {
  Query row(database, "SELECT hash, name, at FROM scripts WHERE name = ?1 AND at < ?2 ORDER BY at DESC, hash LIMIT ?3", name,
            TRY(row_mark(page.after, INT64_MAX)), page.limit);
  Paged<Value> found;
  std::int64_t last = 0;
  while (TRY(row.next())) {
    last = row.integer(2);
    found.rows.push_back(Object{{"version", row.text(0)}, {"name", row.text(1)}, {"at", format_instant(row.instant(2))}});
  }
  if (page.limit > 0 && static_cast<std::int64_t>(found.rows.size()) == page.limit) found.next = std::to_string(last);
  return found;
}

Result<std::vector<Value>> read_cursors(Database& database) {
  std::vector<Value> found;
  Query row(database, "SELECT mapping, side, value, updated_at FROM cursors ORDER BY mapping, side");
  while (TRY(row.next())) {
    found.push_back(Object{{"mapping", row.text(0)}, {"side", row.text(1)}, {"value", TRY(json::parse(row.text(2)))}, {"updated_at", format_instant(row.instant(3))}});
  }
  return found;
}

/// The first 48 bits of an operation's id are its milliseconds, so the index by (mapping, id) answers alone.
Result<std::vector<std::int64_t>> count_by_time(Database& database, const std::string& mapping, Instant from, Duration slice, std::size_t slices) {
  std::vector<std::int64_t> counts(slices);
  for (std::size_t i = 0; i < slices; ++i) {
    const Instant begin = from + slice * static_cast<std::int64_t>(i);
    counts[i] = TRY(number(database, "SELECT count(*) FROM operations WHERE mapping = ? AND id >= ? AND id < ?", 0, mapping, first_id_at(begin), first_id_at(begin + slice)));
  }
  return counts;
}

}  // namespace

void Store::received(ReceivedFilter filter, Page page, Done<Paged<Value>> done) {
  list_verb(executor_, std::move(done), [filter = std::move(filter), page = std::move(page)](Database& database) { return read_received(database, filter, page); });
}

void Store::script_versions(std::string name, Page page, Done<Paged<Value>> done) {
  list_verb(executor_, std::move(done), [name = std::move(name), page = std::move(page)](Database& database) { return read_versions(database, name, page); });
}

void Store::cursors(Done<std::vector<Value>> done) { read_verb(executor_, std::move(done), read_cursors); }

void Store::activity(std::vector<std::string> mappings, Duration slice, std::int64_t slices, Done<std::map<std::string, std::vector<std::int64_t>>> done) {
  list_verb(executor_, std::move(done),
            [mappings = std::move(mappings), slice, slices, now = clock_.now()](Database& database) -> Result<std::map<std::string, std::vector<std::int64_t>>> {
              std::map<std::string, std::vector<std::int64_t>> found;
              for (const std::string& mapping : mappings) found[mapping] = TRY(count_by_time(database, mapping, now - slice * slices, slice, static_cast<std::size_t>(slices)));
              return found;
            });
}

}  // namespace tidewire::store
