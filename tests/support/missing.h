// missing.h — linked pairs, one record of which nobody has told that it is gone (law 16).
#pragma once

#include <chrono>
#include <string>

#include "support/people.h"

namespace tidewire::test {

/// Several linked pairs that were left alone for longer than the settle time; one is gone from the left, and nobody said so.
struct Missing : Pair {
  explicit Missing(int others = 4) {
    for (int i = 0; i < others; ++i) world.hook(sync::Side::kLeft, world.left.insert(person("p" + std::to_string(i) + "@example.org")));
    world.settle();
    later();
    forget_what_was();
    side(sync::Side::kLeft).erase(left);
  }
  bool deleted() const { return !world.right.rows.contains(right); }
  store::Job sweep() {
    const store::Job job = run_job(world, "sweep");
    world.settle(std::chrono::minutes(3));
    return job;
  }
};

}  // namespace tidewire::test
