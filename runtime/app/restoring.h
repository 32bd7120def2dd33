// restoring.h — a copy becomes a project's state again. Only while no daemon runs: the lock says so.
#pragma once

#include <string>

#include "store/restore.h"

namespace tidewire::app {

/// `copy` is a path, or the name of one in the folder of backups; "" is the newest there. kUnavailable while somebody works with the state.
Result<store::Restored> restore_state(const std::string& folder, const std::string& environment, const std::string& scripts_folder, const std::string& copy);

}  // namespace tidewire::app
