// hooks.h — what `after` of a mapping tells of an operation: rows for the outbox, stored with the operation itself.
//
// `created` is told once, by the commit that closes the announcement of the create: with its answer, or when the record is
// found again after the answer was lost ("made" of the operation's record). Found by its match alone, a record counts as made by us
// where most of what was sent reads so. Identical data entered by a person meanwhile is therefore told as created, too, and a record of
// ours that a person has edited in most fields by then is not.
#pragma once

#include <string>
#include <vector>

#include "store/types.h"
#include "sync/plan.h"

namespace tidewire::sync {

/// Whether the operation is one of these: created | updated | deleted | conflict | dead | finished. One that made a record and left a
/// field in conflict is both.
bool tells(const store::Operation& operation, const std::string& event);
/// One row per hook of the plan that asks for the operation's event: {"event", "kind", "to"}.
std::vector<std::string> hooks_of(const Plan& plan, const store::Operation& operation);

}  // namespace tidewire::sync
