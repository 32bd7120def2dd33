#include "store/counters.h"

#include "store/statement.h"
#include "store/verb.h"

namespace tidewire::store {

Result<void> add_count(Database& database, std::string_view scope, std::string_view name, std::int64_t delta) {
  if (delta == 0) return {};
  TRY(execute(database,
              "INSERT INTO counters (scope, name, value) VALUES (?, ?, ?) "
              "ON CONFLICT (scope, name) DO UPDATE SET value = value + excluded.value",
              scope, name, delta));
  return {};
}

Result<void> add_counts(Database& database, const std::string& scope,
                        const std::map<std::string, std::int64_t>& deltas) {
  for (const auto& [name, delta] : deltas) TRY(add_count(database, scope, name, delta));
  return {};
}

void Store::count(std::string scope, std::map<std::string, std::int64_t> deltas, Done<void> done) {
  write_verb<void>(executor_, std::move(done),
                   [scope = std::move(scope), deltas = std::move(deltas)](Database& database) {
                     return add_counts(database, scope, deltas);
                   });
}

}  // namespace tidewire::store
