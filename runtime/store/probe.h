// probe.h — a look at the state before it is trusted: cheap enough for every start.
#pragma once

#include <string>

#include "base/result.h"
#include "store/database.h"

namespace tidewire::store {

/// Reads both ends of every table and index: a few pages each, however many rows there are. kCorrupt names the first that cannot be
/// read. What lies in between only `integrity_check` sees.
Result<void> probe(Database& database);

/// What a person is told of the state file at `path`, of which `error` (kCorrupt) was met.
Error damaged(const std::string& path, const Error& error);

}  // namespace tidewire::store
