// install.h — which modules a script of a kind may require, and what they are made of.
//
// The engine names a profile and hands over its services; nothing else of this room is included from outside.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "base/value.h"

struct lua_State;

namespace tidewire::http {
class Client;
}
namespace tidewire::loop {
class Loop;
}

namespace tidewire::bindings {

enum class Profile {
  kProject,   // tidewire.lua: data only
  kPure,      // mappings, transforms, strategies: computes, so that it can be replayed
  kIo,        // connectors
  kPractice,  // practice servers of the command line
};

/// One connection's own key-value namespace. Callbacks come on the loop's thread, at any later time; one that is no
/// longer wanted is ignored.
class KvPort {
 public:
  virtual ~KvPort() = default;
  virtual void get(std::string key, std::function<void(Result<std::optional<Value>>)> done) = 0;
  /// No `keep` = for good.
  virtual void set(std::string key, Value value, std::optional<Duration> keep, std::function<void(Result<void>)> done) = 0;
  virtual void remove(std::string key, std::function<void(Result<void>)> done) = 0;
};

/// Each must outlive the script. A module whose service is missing says so when it is required.
struct Services {
  http::Client* client = nullptr;                 // tidewire.http
  Timers* timers = nullptr;                       // task.sleep
  Poster* poster = nullptr;
  const Clock* clock = nullptr;                   // time.now, hash.id
  Random* random = nullptr;                       // hash.id, practice.random
  Logger* logger = nullptr;                       // tidewire.log
  KvPort* kv = nullptr;                           // tidewire.kv
  loop::Loop* loop = nullptr;                     // tidewire.server
  Value practice_options = Object{};              // practice.options
  std::function<void(int code)> exit = {};         // practice.exit; must return, the script is still running
  std::function<void(std::string)> ready = {};     // practice.ready: the server listens
};

/// For script::Options::install.
std::function<void(lua_State*)> installer(Profile profile, Services services);

}  // namespace tidewire::bindings
