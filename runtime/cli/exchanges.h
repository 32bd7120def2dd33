// exchanges.h — what was said to the systems for an operation, and what they answered, for people.
#pragma once

#include <string>

#include "base/value.h"
#include "cli/terminal.h"

namespace tidewire::cli {

/// Lines for `op`: each request with what it carried and what came back; JSON laid out. "" where nothing is kept.
std::string told_exchanges(const Value& operation, const Look& look);

}  // namespace tidewire::cli
