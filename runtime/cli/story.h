// story.h — an operation told field by field: what was there, what was decided, what was written where.
#pragma once

#include <string>
#include <vector>

#include "base/value.h"
#include "cli/table.h"

namespace tidewire::cli {

/// "HR-0001 <> 42"; a dash for a side that has no key.
std::string keys_of(const Value& operation);
Style style_of_outcome(const std::string& outcome);
/// "update of app: phone, status": what was written, or why nothing was; on one line.
std::string gist(const Value& operation);
/// Lines below an operation's title: each write with its fields, old -> new, and the rule; then decisions that wrote nothing.
std::string story(const Value& operation, const Look& look);
/// Operations as a table, one a line.
Table operations_table();
std::vector<Cell> operation_cells(const Value& operation, Instant now);

}  // namespace tidewire::cli
