// loader.h — require: modules in C++ first, then texts from the project, the override folder and the binary.
//
// Everything loaded is remembered, because a script's version is the hash over all of it: saving a shared transform must
// make new versions of the mappings that use it, and of no others.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <lua.hpp>

#include "script/sources.h"

namespace tidewire::script {

class Loader {
 public:
  /// `base` is hashed too: what made the VM besides its files.
  Loader(Sources* sources, std::string base) : sources_(sources), base_(std::move(base)) {}

  /// Defines the global `require`. Raises.
  void open(lua_State* L);
  /// Pushes the module's value, loading it on first use. Raises: not found, failing, requiring itself.
  void push_module(lua_State* L, const std::string& module);
  /// Counts a file that was compiled without require (the main file).
  void record(Sources::File file);
  const Version& version() const { return version_; }

 private:
  void load(lua_State* L, const std::string& module);
  [[noreturn]] void refuse_missing(lua_State* L, const std::string& module);
  [[noreturn]] void refuse_cycle(lua_State* L, const std::string& module);

  Sources* sources_;
  std::string base_;
  Version version_;
  std::vector<std::string> lines_;  // of each file its path and its hash, in order
  std::vector<std::string> loading_;
};

/// Makes `require "name"` give what `open` pushes; it runs on first use.
void add_module(lua_State* L, const char* name, lua_CFunction open);
/// Makes `require "name"` raise `sentence`: the module exists, but not for this kind of script.
void refuse_module(lua_State* L, const char* name, const char* sentence);
/// Pushes the compiled text, source only, never bytecode. Raises a syntax error with its file and line.
void push_compiled(lua_State* L, const std::string& path, const std::string& text);

}  // namespace tidewire::script
