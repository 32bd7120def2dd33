// counters.h — the balance: sums by scope and name, moved in the transaction of what they count.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "store/database.h"

namespace tidewire::store {

/// Adds to one counter; 0 touches nothing.
Result<void> add_count(Database& database, std::string_view scope, std::string_view name, std::int64_t delta);
Result<void> add_counts(Database& database, const std::string& scope,
                        const std::map<std::string, std::int64_t>& deltas);

inline std::string mapping_scope(const std::string& mapping) { return "mapping " + mapping; }
inline std::string connection_scope(const std::string& connection) { return "connection " + connection; }
/// Rows of links by state: counted as they change, because `status` must not walk a million rows.
inline std::string links_scope(const std::string& mapping) { return "links " + mapping; }

}  // namespace tidewire::store
