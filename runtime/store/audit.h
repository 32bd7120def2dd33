// audit.h — what people did, inside a transaction that is already open.
#pragma once

#include <string>

#include "base/value.h"
#include "store/database.h"
#include "store/types.h"

namespace tidewire::store {

Result<void> write_audit(Database& database, const AuditEntry& entry, Instant now);

}  // namespace tidewire::store
