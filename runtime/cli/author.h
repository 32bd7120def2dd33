// author.h — who says so, for the audit trail.
#pragma once

#include <string>

#include "cli/arguments.h"

namespace tidewire::cli {

/// --author, else the user who runs the command ("" where that is not known).
std::string author_of(const Arguments& arguments);
inline constexpr Option kAuthorOption{"--author", "NAME", "who decides; default: the user"};

}  // namespace tidewire::cli
