// opts.h — an options table read key by key; a key that nobody read is a misspelling and raises.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <lua.hpp>

#include "base/clock.h"

namespace tidewire::bindings {

class Opts {
 public:
  /// The table at `index`; nil or none counts as an empty one. `function` ("http.request") starts every complaint.
  Opts(lua_State* L, int index, const char* function);

  /// Each leaves `out` alone where the key is absent, nil or null, and raises for a value of another type.
  Opts& read(const char* key, std::string& out);
  Opts& read(const char* key, bool& out);
  Opts& read(const char* key, std::size_t& out);  // a whole number >= 0
  Opts& read(const char* key, Duration& out);     // seconds
  /// Pushes the value; false, nothing pushed, where it is absent.
  bool push(const char* key);
  /// Raises that a needed option is missing.
  [[noreturn]] void missing(const char* key);
  [[noreturn]] void wrong(const char* key, const char* expected);
  /// Raises for the first key that was not asked for, with a suggestion.
  void finish();

 private:
  lua_State* L_;
  int index_;
  const char* function_;
  std::vector<std::string> known_;
};

}  // namespace tidewire::bindings
