// files.h — rows of `files` within the transactions of others.
#pragma once

#include "store/database.h"
#include "store/store.h"

namespace tidewire::store {

/// What is known of files with the contents that the link's base names: rows gone.
Result<std::int64_t> forget_files(Database& database, std::int64_t link);
/// Those that nothing was read of since then, at most so many: rows gone.
Result<std::int64_t> prune_files(Database& database, Instant cutoff, std::int64_t most);

}  // namespace tidewire::store
