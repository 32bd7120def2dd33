#include "cli/author.h"

#include <cstdlib>

namespace tidewire::cli {

std::string author_of(const Arguments& arguments) {
  if (arguments.has("--author")) return arguments.get("--author");
  for (const char* variable : {"SUDO_USER", "USER", "LOGNAME"}) {
    const char* name = std::getenv(variable);
    if (name != nullptr && *name != '\0') return name;
  }
  return "";
}

}  // namespace tidewire::cli
