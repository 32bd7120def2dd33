// replay.h — a stored operation, decided again from its own record (law 32).
#pragma once

#include <optional>
#include <string>

#include "simulate/world.h"

namespace tidewire::simulate {

/// Which operation's field comes out otherwise, and how; nullopt: none does. What a person decided, and what an answer or an
/// unknown outcome made a conflict, is not the decision's alone and is left out.
std::optional<std::string> replay_decision(sync::Mapper& mapper, const store::Operation& operation, store::Sides<const sync::Capabilities*> capabilities);

}  // namespace tidewire::simulate
