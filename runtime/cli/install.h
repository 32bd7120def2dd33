// install.h — what `tidewire install` says once the steps are shown.
#pragma once

#include <string>

#include "base/value.h"

namespace tidewire::cli {

/// Whether it is done, or what --yes would do: steps of SQL or a request are made by it, a file is written with --folder, what is only told is
/// made by hand. `answer` is that of the API, by side; "" where it has no step.
std::string install_end(const Value& answer, bool apply, bool wrote_files);

}  // namespace tidewire::cli
