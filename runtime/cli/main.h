// main.h — the program's way in, with main()'s words already split.
#pragma once

#include <string>
#include <vector>

namespace tidewire::cli {

/// Finds the command, reads its options, runs it. The exit status (exit_code.h).
int run(const std::vector<std::string>& words);

}  // namespace tidewire::cli
