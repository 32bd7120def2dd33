// standing.h — what of a status waits for a person, and of which mappings nobody knows whether they are level.
#pragma once

#include <string>
#include <vector>

#include "base/value.h"

namespace tidewire::cli {

/// "1 conflict, 4 dead letters", of one mapping or of all; "" where nothing waits for a person.
std::string standing_text(const Value& status, const std::string& mapping = {});
/// "people is held (...): ...", a line for each that a person holds, with what lets it go.
std::vector<std::string> held_lines(const Value& status, const std::string& mapping = {});
/// "erp: 2 webhooks were refused without a valid proof ...", a line for each connection whose webhooks were turned away since the start.
std::vector<std::string> refused_lines(const Value& status);
/// "countries is paused: ...", a line for each that is not looked at, with what lets it go on.
std::vector<std::string> unknown_lines(const Value& status, const std::string& mapping = {});

}  // namespace tidewire::cli
