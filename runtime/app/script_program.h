// script_program.h — one Lua file run as a program of its own: a practice server, a test of connectors.
//
// It needs no project and no state. The main file runs as a task, so that it may wait at top level.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/value.h"

namespace tidewire::app {

struct ScriptProgram {
  std::string profile = "practice";    // "pure" | "io" | "practice"
  std::string path;                    // as errors name it
  std::string text;
  std::string folder;                  // modules are looked for here first; "" = nowhere on disk
  std::string scripts_folder;          // then here, then in the binary
  std::vector<std::string> arguments;  // the main file's `...`
  Value options = Object{};            // practice.options
  std::optional<std::uint64_t> seed;   // of chance; none = another one each time
  Level log_level = Level::kInfo;
  std::function<void(const std::string& address)> ready;  // practice.ready was called
};

/// Runs until the file's end, practice.exit, SIGTERM or SIGINT. The file's value; of practice.exit the number given;
/// null when asked to end. kScript with file and line where it fails.
Result<Value> run_script(const ScriptProgram& program);

/// What a kind of connection wants to be told (tidewire.host.kind), of the project's connectors or the shipped ones.
Result<Value> connection_kind(const std::string& kind, const std::string& project_folder, const std::string& scripts_folder);

/// The text of practice/NAME.lua from `scripts_folder` or the binary; kNotFound names those there are.
Result<std::string> practice_text(const std::string& name, const std::string& scripts_folder);

}  // namespace tidewire::app
