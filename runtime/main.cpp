// The program's door: nothing of ours throws, but the standard library may.
#include <fcntl.h>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "cli/main.h"

namespace {

/// Started with one of them closed, the next file opened would be taken for it: a log line could end in a socket or the state.
void open_standard_files() {
  for (int file = 0; file <= 2; ++file) {
    if (::fcntl(file, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) < 0) return;
  }
}

}  // namespace

int main(int argc, char** argv) {
  open_standard_files();
  try {
    return tidewire::cli::run(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tidewire: %s\n", error.what());
    return 1;
  }
}
