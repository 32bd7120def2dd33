// env_file.h — the project's .env, changed by a program: the lines of other names, their order and comments stay.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/result.h"

namespace tidewire::app {

/// `text` with these names set, or gone where they have no value. A value is one line: kInvalid otherwise.
Result<std::string> with_variables(const std::string& text, const std::map<std::string, std::optional<std::string>>& values);
/// The same for FOLDER/.env, which has mode 600 afterwards, whatever it had.
Result<void> save_variables(const std::string& folder, const std::map<std::string, std::optional<std::string>>& values);

}  // namespace tidewire::app
