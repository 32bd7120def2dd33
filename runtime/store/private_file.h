// private_file.h — files of the state are its user's alone: they hold records, hashes of passwords and of tokens.
//
// SQLite makes files as the umask has it; the log and its index get the mode of the database they belong to.
#pragma once

#include <string>

#include "base/result.h"

namespace tidewire::store {

/// Makes an empty file with mode 0600. kUnavailable where it cannot be made, also because there is one already.
Result<void> make_private(const std::string& path);

/// The database at `path` that is about to be opened, made where it is missing; one of ours that everybody may read or write
/// becomes 0600, with its log and index. One that is open to a group alone was made so by somebody, and stays. What cannot be
/// done is left to whoever opens it.
void keep_private(const std::string& path);

}  // namespace tidewire::store
