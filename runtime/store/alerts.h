// alerts.h — what people were told, inside a transaction that is already open.
#pragma once

#include "store/database.h"
#include "store/types.h"

namespace tidewire::store {

/// The open row of its condition takes text and hint, or the end and the text where there is one; where there is none, a row of its own.
Result<void> write_alert(Database& database, const Alert& alert);

}  // namespace tidewire::store
