// verify.h — what `tidewire verify` says of records that differ.
#pragma once

#include <cstdint>
#include <string>

namespace tidewire::cli {

/// Of those that differ what --repair leaves as it is.
struct Unmendable {
  std::int64_t disputed = 0, dead = 0;
};

/// What mends them, after "3 records differ".
std::string mendable_text(std::int64_t differing, const Unmendable& not_by_rule);

}  // namespace tidewire::cli
