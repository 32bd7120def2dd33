// app.h — the one place where rooms meet: a project folder, opened and at work.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "admin/ports.h"
#include "base/log.h"
#include "base/result.h"
#include "http/message.h"
#include "http/server.h"
#include "loop/loop.h"
#include "sync/ports.h"

namespace tidewire::app {

struct Options {
  std::string folder = ".";
  std::string environment;        // of `environments`; "" = none
  std::string scripts_folder;     // read scripts from here before the binary's
  std::string listen;             // overrides tidewire.lua
  bool serve = true;              // the TCP listener (webhooks, health); a command that works alone has none
  bool timed = true;              // polls, sweeps, pruning by schedule
  bool work = true;               // the engine takes keys; without, mappings are loaded and nothing is worked off (check, dry runs)
  bool watch = true;              // reload what is saved
  bool read_only = false;
  std::optional<Level> log_level;
  bool quiet = false;             // log warnings and errors only
  bool logs = true;               // quiet and without: not even those, whoever opens it tells them itself
  sync::Ears* ears = nullptr;     // sees every operation too (the quick start's lines)
};

class App {
 public:
  /// Takes the state's lock, opens and migrates the state, evaluates tidewire.lua, loads connectors and mappings. A broken
  /// mapping does not stop the others: it is a problem in control().mappings(). Errors: kUnavailable where another
  /// process holds the lock (`message` names its pid: speak to its socket), kInvalid for tidewire.lua, kCorrupt.
  static Result<std::unique_ptr<App>> open(loop::Loop& loop, Options options);
  ~App();

  /// Describes collections (cached), starts engine, listener and socket. `ready` with the address that is listened on.
  void start(std::function<void(Result<std::string>)> ready);
  /// `damaged`, once, where the state turns out to be damaged while it is worked with: it is to be drained then.
  void on_damage(std::function<void(const Error&)> damaged);
  /// Finishes what is under way, commits, closes; at most 30 s, then what is left is cancelled.
  void drain(std::function<void()> done);
  /// Re-reads what changed on disk, now (SIGHUP).
  void reload();

  admin::Control& control();
  /// Answers one request of the API or a webhook in this process, as the listener would for a local admin.
  void handle(http::Request request, http::Reply reply);
  /// "https://127.0.0.1:8080"; of what is listened on.
  std::string url() const;
  /// Where the first user is made, once: "" where there is one, or nothing is listened on.
  std::string setup_link();
  /// As it was asked for.
  const std::string& folder() const;

  /// A loaded mapping, for simulation.h: its functions, what its systems' connectors declare, the values of its own tests.
  struct Subject {
    std::shared_ptr<sync::Mapper> mapper;  // owners: the mapping, and the simulation while it runs
    sync::Sides<sync::Capabilities> capabilities;
    sync::Sides<std::vector<Value>> examples;
  };
  /// kNotFound where no such mapping is loaded; why it does not run, where it does not.
  Result<Subject> subject(const std::string& mapping) const;

 private:
  App();
  struct State;
  std::unique_ptr<State> state_;
};

/// kInvalid, naming the text, where it is no address to listen on.
Result<void> check_listen(const std::string& address);

/// Where a running daemon of this project listens for commands: FOLDER/state/tidewire.sock.
std::string socket_path(const std::string& folder);

}  // namespace tidewire::app
