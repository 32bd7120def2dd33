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
/// What lets go of one of the status's mappings that a person holds.
std::string way_on_of_held(const std::string& name, const Value& mapping);
/// Its failing script, or the fields of its systems, stop it.
bool is_stopped(const Value& mapping);
/// "people is stopped, ...", a line for each that its failing script or the fields of its systems stop, and for each field that the brake holds, with what lets it go on.
std::vector<std::string> stopped_lines(const Value& status, const std::string& mapping = {});
/// "erp: 2 webhooks were refused without a valid proof ...", a line for each connection whose webhooks were turned away since the start.
std::vector<std::string> refused_lines(const Value& status);
/// "countries is paused: ...", a line for each that is not looked at, with what lets it go on.
std::vector<std::string> unknown_lines(const Value& status, const std::string& mapping = {});

}  // namespace tidewire::cli
