// script.h — one Lua file with everything it loaded, in a VM of its own: a connector, a mapping, a practice server.
//
// C++ sees a script as data plus numbered functions. The host chunk (a file of scripts/tidewire/) gives the main file
// its words, checks what it returns and hands back one table; that table crosses as a Value in which each function
// reads {"$function": N, "at": "mappings/employees.lua:14"}. So the meaning of a mapping file is written in Lua, once,
// and the engine calls functions by number.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/exchange.h"
#include "base/result.h"
#include "base/value.h"
#include "script/budget.h"
#include "script/sources.h"

struct lua_State;

namespace tidewire::script {

struct Options {
  std::string name;        // "mapping employees": in errors, logs, metrics
  std::string main_path;   // shown in errors
  std::string main_text;
  /// Module of the host chunk ("tidewire.host.mapping"); empty: the main file's value is the result. The module returns
  /// function(load_main, argument); load_main(env) runs the main file with `env` for its globals and returns what it
  /// returns; what the host function returns becomes data().
  std::string host;
  Value host_argument;     // handed to the host chunk: connection names and kinds, config with secrets for a connector
  Budget budget;
  /// Of one started task, waits included; zero = none. An operation under way then makes the outcome kUnknown.
  Duration deadline = std::chrono::seconds(300);
  /// Adds the C modules of the script's profile (bindings/install.h) before anything is loaded.
  std::function<void(lua_State*)> install;
  Sources* sources = nullptr;  // must outlive the script
  Poster* poster = nullptr;    // resumes are posted, never nested; a script without one cannot start tasks
  Timers* timers = nullptr;    // for the deadline; without them there is none
  const Clock* clock = nullptr;
};

class Script {
 public:
  using Done = std::function<void(Result<Value>)>;
  /// Destroying it cancels the task; `done` is then not called.
  class Running {
   public:
    virtual ~Running() = default;
  };

  /// Errors: kScript with "file:line: message" (syntax, error(), a misuse), kBudget, kNotFound for a missing module.
  static Result<std::unique_ptr<Script>> load(Options options);
  ~Script();  // cancels all tasks; not from inside one of its own, but from `done` it may

  const Value& data() const;
  /// Of the files that it loaded and of this binary. What the host was told is no part of it: whoever told it knows what of that counts.
  const Version& version() const;

  /// Calls function N at once; kScript when it tries to wait. null arguments are nil and nil results are null; several
  /// results an array only when `results` > 1. nil and an error table ({code, message}) become that error.
  Result<Value> call(std::int64_t function, const Array& arguments, int results = 1);
  /// Starts function N, in a later turn, as a task that may wait. `nil, err` returned by it becomes that error (kInvalid
  /// where err is a text), and so does an error table raised in it; any other raised value is kScript.
  /// What it says to systems goes into `recording`, where there is one.
  [[nodiscard]] std::unique_ptr<Running> start(std::int64_t function, Array arguments, Done done, std::shared_ptr<Recording> recording = nullptr);

  struct Stats {
    std::size_t memory = 0, peak_memory = 0;
    std::uint64_t calls = 0;
    std::uint64_t failures = 0, consecutive_failures = 0;  // kScript and kBudget only: the script's own fault
    int tasks = 0;
    /// Allocations refused far beyond the memory cap. LuaJIT may have lost entries of a table then: better load it anew.
    std::uint64_t refusals = 0;
  };
  Stats stats() const;
  lua_State* state();  // for bindings and tests

 private:
  Script();
  struct State;
  std::unique_ptr<State> state_;
};

/// The N of {"$function": N}, nullopt for any other value.
std::optional<std::int64_t> function_number(const Value& value);

}  // namespace tidewire::script
