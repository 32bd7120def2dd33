// level.h — whether all is level once `run --once` has ended, and what keeps it from that, of what the API's status
// says.
#pragma once

#include <string>
#include <vector>

#include "base/value.h"
#include "cli/exit_code.h"

namespace tidewire::cli {

struct Judgement {
  Object view;  // with --json: {level, backing_off, standing, invalid, away, never_loaded, switched_off, without_file,
                // held, stopped}
  std::string text;  // "level", "not level: 1 to be tried again, ..."
  std::vector<std::string>
      lines;  // of each mapping that was not looked at, or not of everything, why and what lets it go on
  Exit exit = kOk;
};

/// `polled`: every system that is polled has answered.
Judgement level_of(const Value& status, bool polled);

}  // namespace tidewire::cli
