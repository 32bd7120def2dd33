// saving.h — files of the project that the program writes: whole or not at all, and on the disk when it is said.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/result.h"

namespace tidewire::app {

/// Beside it first, then moved over it, so that nobody reads half a file; file and folder are synced. A link is followed, so that
/// what it points at is replaced. With `mode` the file has it, whatever it had; without, it keeps its own. kUnavailable names the file.
Result<void> save_file(const std::string& path, const std::string& text, std::optional<mode_t> mode = std::nullopt);
/// Checks that FOLDER/FILE is still the text with this hash, "" = whatever it is; kStale where it is not. To be called right before it is
/// written, since what is asked of other systems in between takes its time.
Result<void> still_as(const std::string& folder, const std::string& file, const std::string& hash);
/// Removes it for good; one that is not there is no error.
Result<void> remove_file(const std::string& path);

}  // namespace tidewire::app
