// budget.h — what a script may take.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace tidewire::script {

struct Budget {
  std::uint64_t instructions = 200'000'000;  // between two waits
  Duration time = std::chrono::milliseconds(500);  // on the processor between two waits: nothing else happens meanwhile
  std::size_t memory = 64u << 20;            // of the whole VM
};

}  // namespace tidewire::script
