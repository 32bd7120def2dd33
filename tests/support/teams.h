// teams.h — people who belong to teams of another mapping.
#pragma once

#include <memory>
#include <string>

#include "support/people.h"

namespace tidewire::test {

/// One person, whose team T1 (or what `named` says) is not there yet; keys of teams on the left are of the kind `key`.
struct Teams {
  World world;
  MemorySide left{world.timers, world.clock, "T"}, right{world.timers, world.clock, "U"};
  std::string child;
  explicit Teams(bool optional = false, const char* key = "json", Value named = Value("T1"));
  static sync::Plan with_team(bool optional);
  ~Teams();
  std::string make_team(const std::string& name = "T1");
  void tell_of_team(const std::string& key, const std::string& event = "upsert");
  std::string said();
};

}  // namespace tidewire::test
