// checker.h — what must be true when edits have stopped, webhooks have come, and time has passed (SEMANTICS.md, "What the
// tests assert").
#pragma once

#include <optional>
#include <string>

#include "simulate/world.h"

namespace tidewire::simulate {

struct Violation {
  std::string law;   // "no lost edit"; shrinking keeps to one
  std::string what;
};

/// Lets the world come to rest, then looks. nullopt: all is well. Ends the faults of the world for good.
std::optional<Violation> check(World& world);

}  // namespace tidewire::simulate
