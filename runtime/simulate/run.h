// run.h — one seed, one verdict; a seed that fails, made as short as it can be.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "simulate/checker.h"

namespace tidewire::simulate {

/// What is left out of the history that a seed draws.
struct Omissions {
  std::set<std::size_t> acts;    // by number
  std::set<std::string> faults;  // by name
};

struct Outcome {
  bool ok = true;
  Violation violation;
  std::vector<std::string> history;  // acts, faults, requests and decisions, as they happened; only where asked for
  std::vector<std::string> faults;   // that struck before the edits ended
  std::size_t acts = 0;
  std::uint64_t steps = 0;
  std::string digest;                // of all that happened: the same for the same seed
};

Outcome run(std::uint64_t seed, const Profile& profile, const Wraps& wraps = {}, const Omissions& omissions = {}, bool with_history = false);

/// Two runs of the same edits, made while the engine is down: the changes come in different orders, the records must come
/// out the same.
Outcome run_twice_ordered(std::uint64_t seed, const Profile& profile, const Wraps& wraps = {});

/// Leaves out acts and faults as long as the same law stays broken, at most `tries` runs; the outcome of the shortest, with
/// its history.
Outcome shrink(std::uint64_t seed, const Profile& profile, const Wraps& wraps = {}, int tries = 400);

}  // namespace tidewire::simulate
