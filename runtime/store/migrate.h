// migrate.h — brings a state file forward to what this binary knows; never back.
//
// PRAGMA user_version is the number of the last migration that ran, application_id tells our file from any other.
#pragma once

#include "base/result.h"
#include "store/database.h"

namespace tidewire::store {

/// The number of the newest migration.
int newest_migration();

/// kInvalid where it is no state file, or a newer program's.
Result<void> check_kind(Database& database);

/// Runs what is missing, each migration in a transaction of its own. kInvalid, nothing changed, for a file that a newer
/// binary made and for one that is not a state file.
Result<void> migrate(Database& database);

}  // namespace tidewire::store
