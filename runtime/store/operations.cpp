#include "store/operations.h"

#include <algorithm>
#include <cinttypes>

#include "base/json.h"
#include "base/text.h"
#include "store/codec.h"
#include "store/search.h"
#include "store/verb.h"

namespace tidewire::store {
namespace {

// The history of a key: through the links that have it, whatever it was called before; by key only what never had a link.
// Joined first, or SQLite would walk all operations of the mapping and ask of each whether it is one of these.
std::string of_key(std::optional<Side> side) {
  std::string links, unlinked;
  for (const Side one : {Side::kLeft, Side::kRight}) {
    if (side && *side != one) continue;
    const std::string column = std::string(side_name(one)) + "_key";
    for (const char* state : {"state <> 'tombstone'", "state = 'tombstone'"}) {  // an index each
      links += (links.empty() ? "" : " UNION ") + std::string("SELECT id FROM links WHERE mapping = ?1 AND ") + column + " = ?3 AND " + state;
    }
    unlinked += " UNION SELECT id FROM operations WHERE link IS NULL AND mapping = ?1 AND " + column + " = ?3";
  }
  return "(SELECT id AS wanted FROM operations WHERE link IN (" + links + ")" + unlinked + ") CROSS JOIN operations ON id = wanted";
}

/// Whose change an operation answers stands in its record alone, which is parsed for it: so many are looked at for a page, and `next` goes on.
constexpr std::int64_t kMostParsed = 2000;

/// The last operation that a page by side looks at; nullopt where it looks at all there are.
Result<std::optional<std::string>> parsed_until(Database& database, const OperationFilter& filter, const std::string& first, const std::string& after) {
  if (!filter.side || filter.link || !filter.key.empty()) return std::optional<std::string>();
  std::string text = "SELECT id FROM operations WHERE id < ?3 AND id >= ?4";
  if (!filter.mapping.empty()) text += " AND mapping = ?1";
  if (!filter.outcome.empty()) text += " AND outcome = ?2";
  if (filter.failed) text += " AND outcome IN ('dead', 'conflict')";
  Query row(database, text + " ORDER BY id DESC LIMIT 1 OFFSET ?5", filter.mapping, filter.outcome, after, first, kMostParsed - 1);
  return TRY(row.next()) ? std::optional(std::string(row.text(0))) : std::nullopt;
}

/// Parameters keep their numbers whatever the filter says, so that one binding fits all.
std::string operations_text(const OperationFilter& filter) {
  // Parameters: 1 mapping, 2 outcome, 3 key, 4 link, 5 first id, 6 since, 7 after, 8 limit, 9 kind, 10 author, 11 job, 12 text,
  // 13 until.
  std::string text = std::string("SELECT ") + kOperationColumns + " FROM " + (filter.key.empty() ? "operations" : of_key(filter.key_side)) +
                     " WHERE id < ?7 AND id >= ?5 AND at >= ?6";
  // A link has few operations, its mapping all of them: without the "+" SQLite takes the index of the mapping.
  if (!filter.mapping.empty()) text += filter.link ? " AND +mapping = ?1" : " AND mapping = ?1";
  if (!filter.outcome.empty()) text += " AND outcome = ?2";
  if (filter.failed) text += " AND outcome IN ('dead', 'conflict')";
  if (filter.link) text += " AND link = ?4";
  if (!filter.kind.empty()) text += " AND kind = ?9";
  if (!filter.author.empty()) text += " AND author = ?10";
  if (!filter.job.empty()) text += " AND job = ?11";
  if (!filter.text.empty()) text += " AND (instr(coalesce(left_key, ''), ?12) OR instr(coalesce(right_key, ''), ?12) OR instr(record, ?12))";
  if (filter.until) text += " AND at < ?13";
  text += side_text(filter);
  return text + " ORDER BY id DESC LIMIT ?8";
}

}  // namespace

Result<void> write_operation(Database& database, const Operation& operation, Instant now) {
  // One that may be indexed already: of a long pass, or told anew under its id.
  const bool old = operation.id < first_id_at(now - kSettled);
  Changing changing(database, old ? std::vector<std::string>{operation.id} : std::vector<std::string>{});
  if (old) TRY(changing.before());
  TRY(execute(
      database,
      "INSERT INTO operations (id, at, mapping, link, left_key, right_key, kind, outcome, changes, record, script, "
      "author, job) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET at = excluded.at, "
      "mapping = excluded.mapping, link = excluded.link, left_key = excluded.left_key, right_key = excluded.right_key, "
      "kind = excluded.kind, outcome = excluded.outcome, changes = excluded.changes, record = excluded.record, "
      "script = excluded.script, author = excluded.author, job = excluded.job",
      operation.id, operation.at == Instant{} ? now : operation.at, operation.mapping, operation.link,
      operation.key.left, operation.key.right, operation.kind, operation.outcome, operation.changes,
      json::dump(operation.record), operation.script, operation.author, operation.job));
  return old ? changing.after() : Result<void>();
}

std::string first_id_at(Instant at) {
  const auto ms = static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, std::chrono::floor<std::chrono::milliseconds>(at.time_since_epoch()).count()));
  return format("%08" PRIx64 "-%04" PRIx64, (ms >> 16) & 0xffffffff, ms & 0xffff);
}

void Store::operations(OperationFilter filter, Page page, Done<Paged<Operation>> done) {
  list_verb(executor_, std::move(done),
            [filter = std::move(filter), page = std::move(page)](Database& database) -> Result<Paged<Operation>> {
              if (!filter.key.empty() && filter.mapping.empty()) {
                return make_error(Code::kInvalid, "a key is a key of one mapping", "name the mapping too");
              }
              if (!filter.text.empty() && filter.key.empty()) return search_operations(database, filter, page);
              const Instant since = filter.since.value_or(Instant{});
              const std::string first = filter.since ? first_id_at(since) : std::string();
              const std::string after = page.after.empty() ? "~" : page.after;
              const auto until = TRY(parsed_until(database, filter, first, after));
              Query query(database, operations_text(filter), filter.mapping, filter.outcome, filter.key, filter.link,
                          until.value_or(first), since, after, page.limit, filter.kind, filter.author, filter.job, filter.text,
                          filter.until);
              Paged<Operation> found;
              found.rows = TRY(read_all(query, read_operation));
              if (static_cast<std::int64_t>(found.rows.size()) == page.limit && page.limit > 0)
                found.next = found.rows.back().id;
              else found.next = until.value_or("");
              return found;
            });
}

void Store::index_operations(std::int64_t most, Done<bool> done) {
  write_verb(executor_, std::move(done), [most, now = clock_.now()](Database& database) { return store::index_operations(database, now, most); });
}

void Store::operation(std::string id, Done<Operation> done) {
  read_verb(executor_, std::move(done), [id = std::move(id)](Database& database) -> Result<Operation> {
    static const std::string sql = select_text(kOperationColumns, "operations WHERE id = ?");
    Query query(database, sql, id);
    if (!TRY(query.next())) return make_error(Code::kNotFound, "no operation " + id, "`tidewire ops` lists them; one that is older than `keep` is gone");
    return read_operation(query);
  });
}

}  // namespace tidewire::store
