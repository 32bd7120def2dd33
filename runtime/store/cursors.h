// cursors.h — where a poll continues, inside a transaction that is already open.
#pragma once

#include <string>

#include "store/database.h"
#include "store/types.h"

namespace tidewire::store {

Result<void> write_cursor(Database& database, const std::string& mapping, Side side, const Value& cursor, Instant now);

}  // namespace tidewire::store
