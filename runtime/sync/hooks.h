// hooks.h — what `after` of a mapping tells of an operation: rows for the outbox, stored with the operation itself.
#pragma once

#include <string>
#include <vector>

#include "store/types.h"
#include "sync/plan.h"

namespace tidewire::sync {

/// created | updated | deleted | conflict | dead | finished; "" for what nobody is told of.
std::string event_of(const store::Operation& operation);
/// One row per hook of the plan that asks for the operation's event: {"event", "kind", "to"}.
std::vector<std::string> hooks_of(const Plan& plan, const store::Operation& operation);

}  // namespace tidewire::sync
