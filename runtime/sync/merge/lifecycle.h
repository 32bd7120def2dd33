// lifecycle.h — states that one side moves by verbs: submit, cancel (MAPPING.md, States).
//
// The state is a field like any other: compared, merged, announced and read back. Only how it is written differs, and what
// may be written beside it: a system that has no way from one state to another, or takes no edits in one, is not asked.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sync/merge/decide.h"

namespace tidewire::sync {

/// Takes back what the systems would refuse: moves that no verb makes, edits that a state forbids. A record is created in
/// its first state; what follows is another pass's.
void keep_lifecycle(const Situation& situation, const std::vector<Decision*>& decisions);

/// What a write of this side does besides setting values: the verb, whose path is taken out of `patch`.
std::optional<std::string> take_verb(const Plan& plan, Side side, const Decisions& decisions, Value& patch);

}  // namespace tidewire::sync
