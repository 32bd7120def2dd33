// new.h — what becomes of an example's files in a project of one's own.
#pragma once

#include <string>

namespace tidewire::cli {

/// An example's tidewire.lua listens on any free port, so that it runs beside another; a project keeps one address, which systems and people know.
std::string project_text(std::string text);

}  // namespace tidewire::cli
