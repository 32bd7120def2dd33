// codec.h — rows to structs and back, column by column in the order of the lists here.
#pragma once

#include <string>

#include "store/statement.h"
#include "store/types.h"

namespace tidewire::store {

inline constexpr const char* kDirtyColumns =
    "mapping, side, key, first_seq, last_seq, changes, event, reason, payload, state, priority, due_at, attempts, "
    "error, "
    "operation, parent, since";
inline constexpr const char* kLinkColumns =
    "id, mapping, left_key, right_key, left_incarnation, right_incarnation, state, generation, base, left_version, "
    "right_version, left_tokens, right_tokens, stamps, notes, tombstone, left_seen_at, right_seen_at, created_at, "
    "updated_at";
inline constexpr const char* kIntentColumns =
    "id, mapping, link, kind, side, source_key, source_incarnation, source_version, target_key, guard, fields, sent, match_hash, "
    "operation, "
    "state, requested_at, created_at";
inline constexpr const char* kOperationColumns =
    "id, at, mapping, link, left_key, right_key, kind, outcome, changes, record, script, author, job";
inline constexpr const char* kConflictColumns =
    "id, mapping, link, side, key, field, kind, base, left_value, right_value, opened_at, shown_at, closed_at, method, "
    "author, said_left, said_right, operation, (SELECT left_key FROM links WHERE links.id = conflicts.link), "
    "(SELECT right_key FROM links WHERE links.id = conflicts.link), "
    "(SELECT json_group_array(one.field) FROM conflicts AS one WHERE one.link = conflicts.link AND one.closed_at IS NULL "
    "AND one.id <> conflicts.id AND one.kind <> 'delete_update'), "
    "iif(conflicts.field = '', (SELECT json_extract(operations.record, '$.error') FROM operations WHERE operations.id = conflicts.operation), NULL)";
inline constexpr const char* kJobColumns =
    "id, batch, position, mapping, kind, state, options, cursor, done, total, failed, summary, author, created_at, "
    "updated_at";
inline constexpr const char* kFindingColumns = "n, kind, left_key, right_key, record";

/// "SELECT <columns> FROM <rest>"; built once per call site, kept in a static.
std::string select_text(const char* columns, const char* rest);

// Each reads the present row of a query for its columns. kCorrupt where a column is no JSON or an unknown word.
Result<DirtyKey> read_dirty_key(Query& query);
Result<Link> read_link(Query& query);
Result<Intent> read_intent(Query& query);
Result<Operation> read_operation(Query& query);
Result<Conflict> read_conflict(Query& query);
Result<Job> read_job(Query& query);
Result<Finding> read_finding(Query& query);

/// All rows through one of the readers above.
template <typename T>
Result<std::vector<T>> read_all(Query& query, Result<T> (*read)(Query&)) {
  std::vector<T> rows;
  while (TRY(query.next())) rows.push_back(TRY(read(query)));
  return rows;
}

std::string base_text(const std::map<std::string, FieldBase>& base);
std::string tokens_text(const std::vector<std::string>& tokens);
std::optional<std::string> dumped(const std::optional<Value>& value);
/// The number that the page before ended with, `otherwise` for the first page; kInvalid where `after` is none.
Result<std::int64_t> row_mark(const std::string& after, std::int64_t otherwise);
/// "" as NULL.
std::optional<std::string> or_null(const std::string& text);

}  // namespace tidewire::store
