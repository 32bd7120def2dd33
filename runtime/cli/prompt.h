// prompt.h — a password from a person, unseen, or from a program's standard input.
#pragma once

#include <string>

#include "base/result.h"

namespace tidewire::cli {

/// On a terminal asks twice without showing it; else takes the first line of standard input. kInvalid where the two differ
/// or nothing came.
Result<std::string> new_password(const std::string& of_whom);

}  // namespace tidewire::cli
