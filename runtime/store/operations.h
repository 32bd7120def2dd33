// operations.h — the audit trail inside a transaction that is already open.
#pragma once

#include "store/database.h"
#include "store/types.h"

namespace tidewire::store {

/// Inserts, or replaces what an announcement stored under this id.
Result<void> write_operation(Database& database, const Operation& operation, Instant now);
/// The smallest operation id (UUID version 7) that can have been made at `at`.
std::string first_id_at(Instant at);

}  // namespace tidewire::store
