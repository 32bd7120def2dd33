// intents.h — announced writes inside a transaction that is already open.
#pragma once

#include <string>
#include <vector>

#include "store/database.h"
#include "store/types.h"

namespace tidewire::store {

/// Inserts or replaces by id. kStale, naming the other intent, where an open create has the same source or match hash
/// (law 19: the second one waits).
Result<void> write_intent(Database& database, const Intent& intent, Instant now);
Result<void> close_intent(Database& database, const std::string& id);
/// Those of the link and those that name the key: as the source of a create or as the target of any write.
Result<std::vector<Intent>> find_intents(Database& database, const std::string& mapping, Side side,
                                         const std::string& key, std::optional<std::int64_t> link);
/// Both lists, each intent once.
Result<std::vector<Intent>> merged_intents(std::vector<Intent> first, std::vector<Intent> second);

}  // namespace tidewire::store
