// session.h — a command's way to the API: the running daemon's socket, an App of its own where none runs, or a daemon elsewhere
// by its address and a token.
//
// All take the same requests and give the same answers, so a command is written once. The loop runs only while a
// request is under way: commands are plain sequences of calls.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "app/app.h"
#include "app/remote.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/value.h"

namespace tidewire::cli {

class Session {
 public:
  /// How much of the project a command without a daemon needs to have running in its own process.
  enum class Need {
    kState,    // what is stored
    kScripts,  // connections and mappings loaded, nothing worked off
    kWork,     // the engine too
  };
  struct Options {
    std::string folder = ".";
    std::string environment, scripts_folder;
    Need need = Need::kState;
    std::string url, token;  // of a daemon elsewhere; then the folder is not looked at
  };

  /// Errors are those of App::open where no daemon answers; kUnavailable also where one holds the state and does not.
  static Result<std::unique_ptr<Session>> open(Options options);
  /// With an App of its own: lets it finish what this command set going, then closes the state.
  ~Session();

  bool with_daemon() const { return remote_ != nullptr; }
  bool elsewhere() const { return !options_.url.empty(); }
  /// The JSON that was answered; a problem answer is its error.
  Result<Value> get(const std::string& target) { return call("GET", target, ""); }
  Result<Value> post(const std::string& target, const Value& body) { return send("POST", target, body); }
  Result<Value> send(const std::string& method, const std::string& target, const Value& body);
  void wait(Duration duration);
  /// A mapping's counters as the state had them before anything was worked off here; nothing where a daemon works.
  std::optional<std::map<std::string, std::int64_t>> counters_before(const std::string& mapping) const;
  /// Where this process works: until nothing is left to do now. A daemon goes on by itself.
  void settle();
  /// What is left need not be finished when this ends: it stays in the state for the next one.
  void abandon() { abandoned_ = true; }

 private:
  explicit Session(Options options) : options_(std::move(options)) {}
  Result<void> begin();
  Result<void> count_before();
  Result<void> start_app();
  Result<void> reach_daemon(const Error& unopened);
  Result<void> reach_elsewhere();
  Result<Value> call(const std::string& method, const std::string& target, const std::string& body);
  http::Response ask_app(http::Request request);
  Result<http::Response> ask_daemon(http::Request request);
  void run_until(const bool& done);
  void finish_app();

  Options options_;
  loop::Loop loop_;
  std::unique_ptr<app::Remote> remote_;
  std::unique_ptr<app::App> app_;
  std::optional<store::Summary> before_;
  bool started_ = false, abandoned_ = false;
};

/// The error a problem answer carries (RFC 9457), with its code.
Error error_of(const http::Response& response);

}  // namespace tidewire::cli
