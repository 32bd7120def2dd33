// The program's door: nothing of ours throws, but the standard library may.
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "cli/main.h"

int main(int argc, char** argv) {
  try {
    return tidewire::cli::run(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tidewire: %s\n", error.what());
    return 1;
  }
}
