// help.h — what the program says of itself.
#pragma once

#include <span>
#include <string>

#include "cli/command.h"

namespace tidewire::cli {

/// Options that every command takes.
std::span<const Option> common_options();
/// All commands and the exit codes, without a line end.
std::string help(const Look& look);
/// Of a kind of connection: its options, as the connector declares them (`connection_kind` of app).
std::string help_of_kind(const Value& kind, const Look& look);
std::string help_of(const Command& command, const Look& look);

}  // namespace tidewire::cli
