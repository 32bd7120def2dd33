// copy.h — a database into a new file, and a folder's names on the disk.
#pragma once

#include <string>

#include "base/clock.h"
#include "store/database.h"

namespace tidewire::store {

/// The present snapshot of `database`, as one new file (mode 0600) without a log beside it.
Result<void> copy_database(Database& database, const std::string& path);
/// "tidewire-2024-05-01T03-00-00.000000Z.db", of a copy that was made then.
std::string backup_name(Instant at);
/// What was renamed in it is on the disk afterwards; "" = the current one.
Result<void> sync_folder(const std::string& folder);

}  // namespace tidewire::store
