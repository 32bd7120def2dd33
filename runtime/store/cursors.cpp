#include "store/cursors.h"

#include "base/json.h"
#include "store/statement.h"
#include "store/verb.h"

namespace tidewire::store {

Result<void> write_cursor(Database& database, const std::string& mapping, Side side, const Value& cursor, Instant now) {
  TRY(execute(database,
              "INSERT INTO cursors (mapping, side, value, updated_at) VALUES (?, ?, ?, ?) "
              "ON CONFLICT (mapping, side) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
              mapping, side, json::dump(cursor), now));
  return {};
}

void Store::cursor(std::string mapping, Side side, Done<std::optional<Value>> done) {
  read_verb(executor_, std::move(done),
            [mapping = std::move(mapping), side](Database& database) -> Result<std::optional<Value>> {
              Query query(database, "SELECT value FROM cursors WHERE mapping = ? AND side = ?", mapping, side);
              if (!TRY(query.next())) return std::optional<Value>();
              return std::optional<Value>(TRY(json::parse(query.text(0))));
            });
}

void Store::set_cursor(std::string mapping, Side side, std::optional<Value> cursor, Done<void> done) {
  write_verb(executor_, {CrashPoint::kCursorInTransaction, CrashPoint::kCursorStored}, std::move(done),
             [mapping = std::move(mapping), side, cursor = std::move(cursor),
              now = clock_.now()](Database& database) -> Result<void> {
               if (cursor) return write_cursor(database, mapping, side, *cursor, now);
               TRY(execute(database, "DELETE FROM cursors WHERE mapping = ? AND side = ?", mapping, side));
               return {};
             });
}

}  // namespace tidewire::store
