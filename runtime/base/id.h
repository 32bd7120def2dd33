// id.h — identifiers that sort by time (UUID version 7), for operations, jobs and intents.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"

namespace tidewire {

/// "018f3c1e-7b2a-7c3d-9e4f-0123456789ab", lower case. Ids made in one millisecond sort in the order made.
class IdMaker {
 public:
  IdMaker(const Clock& clock, Random& random) : clock_(clock), random_(random) {}
  std::string next();

 private:
  const Clock& clock_;
  Random& random_;
  std::uint64_t last_ms_ = 0;
  std::uint64_t sequence_ = 0;
};

/// Whether it has the form of one; not whether there is such a thing.
bool is_id(std::string_view text);

}  // namespace tidewire
