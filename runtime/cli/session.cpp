#include "cli/session.h"

#include <filesystem>

#include "base/json.h"

namespace tidewire::cli {
namespace {

// Everything long is a job that is asked for again and again; what is answered at once is answered within this.
constexpr Duration kAnswerTime = std::chrono::seconds(150);
constexpr Duration kFinishTime = std::chrono::seconds(60);

/// What an answer means that does not say so in a word of ours: of a proxy, a daemon of another version, or of the router.
Code code_of(int status) {
  switch (status) {
    case 401:
    case 403: return Code::kDenied;
    case 404: return Code::kNotFound;
    case 409:
    case 412: return Code::kStale;
    case 429: return Code::kThrottled;
    default: return status >= 400 && status < 500 ? Code::kInvalid : Code::kUnavailable;
  }
}

}  // namespace

Error error_of(const http::Response& response) {
  Error error = make_error(Code::kUnavailable, "the answer was " + std::to_string(response.status));
  error.code = code_of(response.status);
  const auto body = json::parse(response.body);
  if (!body.ok() || !body->is_object()) return error;
  if (const std::string detail = body->string_or("detail"); !detail.empty()) error.message = detail;
  if (const auto code = code_from_name(body->string_or("code"))) error.code = *code;
  error.hint = body->string_or("hint");
  return error;
}

Result<std::unique_ptr<Session>> Session::open(Options options) {
  std::unique_ptr<Session> session(new Session(std::move(options)));
  TRY(session->begin());
  return session;
}

Result<void> Session::begin() {
  if (!options_.url.empty()) return reach_elsewhere();
  app::Options wanted;
  wanted.folder = options_.folder;
  wanted.environment = options_.environment;
  wanted.scripts_folder = options_.scripts_folder;
  wanted.serve = wanted.timed = wanted.watch = false;
  wanted.work = options_.need == Need::kWork;
  wanted.quiet = true;
  wanted.logs = false;
  auto opened = app::App::open(loop_, std::move(wanted));
  if (!opened.ok()) return reach_daemon(opened.error());
  app_ = std::move(*opened);
  if (options_.need == Need::kState) return {};
  if (options_.need == Need::kWork) TRY(count_before());
  return start_app();
}

/// What was left by the process before is worked off as soon as this one begins, and is its work all the same.
Result<void> Session::count_before() {
  bool done = false;
  Result<store::Summary> now = store::Summary();
  app_->control().store().summary([&](Result<store::Summary> summary) {
    now = std::move(summary);
    done = true;
    loop_.stop();
  });
  run_until(done);
  if (!now.ok()) return now.error();
  before_ = std::move(*now);
  return {};
}

std::optional<std::map<std::string, std::int64_t>> Session::counters_before(const std::string& mapping) const {
  if (!before_) return std::nullopt;
  const auto found = before_->mappings.find(mapping);
  return found == before_->mappings.end() ? std::map<std::string, std::int64_t>() : found->second.counters;
}

/// Whether anybody is there; whether the token may do what is wanted is said by each answer.
Result<void> Session::reach_elsewhere() {
  remote_ = std::make_unique<app::Remote>(loop_, TRY(app::Remote::checked_url(options_.url, options_.token)), options_.token);
  http::Request ping;
  ping.target = "/ping";
  const auto answer = ask_daemon(std::move(ping));
  if (!answer.ok()) return Error(answer.error()).with_hint("is the address right, and does the daemon listen there?");
  if (answer->status == 200) return {};
  return make_error(Code::kUnavailable, options_.url + " answered " + std::to_string(answer->status), "is that a Tidewire daemon?");
}

Result<void> Session::start_app() {
  bool done = false;
  Result<std::string> started = std::string();
  app_->start([&](Result<std::string> ready) {
    started = std::move(ready);
    done = true;
    loop_.stop();
  });
  started_ = true;
  run_until(done);
  if (!started.ok()) return started.error();
  return {};
}

/// A project that cannot be opened is held by a daemon, or its tidewire.lua does not load: then a daemon goes on with the one before.
Result<void> Session::reach_daemon(const Error& unopened) {
  std::error_code bad;
  if (!std::filesystem::exists(app::socket_path(options_.folder), bad)) return unopened;
  remote_ = std::make_unique<app::Remote>(loop_, app::socket_path(options_.folder));
  http::Request ping;
  ping.target = "/ping";
  const auto answer = ask_daemon(std::move(ping));
  if (answer.ok() && answer->status == 200) return {};
  if (unopened.code != Code::kUnavailable) return unopened;
  return Error(unopened).with_hint("the process that holds it does not answer on " + app::socket_path(options_.folder) + "; it may be starting, stopping, or a command at work");
}

Session::~Session() {
  if (app_ && started_) finish_app();
}

void Session::settle() {
  if (!app_ || options_.need != Need::kWork) return;
  const auto done = std::make_shared<bool>(false);  // both may come, the later one after this returned
  const auto finish = [this, done] {
    *done = true;
    loop_.stop();
  };
  const auto enough = loop_.after(kFinishTime, finish);
  app_->control().engine().settled(false, finish);
  run_until(*done);
}

void Session::finish_app() {
  bool done = false, draining = false;
  const auto drain = [&] {
    if (std::exchange(draining, true)) return;
    app_->drain([&] {
      done = true;
      loop_.stop();
    });
  };
  const bool finishes = options_.need == Need::kWork && !abandoned_;
  if (!finishes) drain();
  // What cannot be finished now stays in the state for the next one.
  const auto enough = loop_.after(kFinishTime, drain);
  if (finishes) app_->control().engine().settled(false, drain);
  run_until(done);
  app_.reset();  // with the callbacks above
}

void Session::run_until(const bool& done) {
  const auto hold = loop_.hold();
  while (!done) loop_.run();
}

void Session::wait(Duration duration) {
  bool done = false;
  const auto timer = loop_.after(duration, [&] {
    done = true;
    loop_.stop();
  });
  run_until(done);
}

Result<Value> Session::send(const std::string& method, const std::string& target, const Value& body) { return call(method, target, json::dump(body)); }

Result<Value> Session::call(const std::string& method, const std::string& target, const std::string& body) {
  http::Request request;
  request.method = method;
  request.target = target;
  request.body = body;
  if (!body.empty()) request.headers.set("Content-Type", "application/json");
  const http::Response response = remote_ ? TRY(ask_daemon(std::move(request))) : ask_app(std::move(request));
  if (response.status < 200 || response.status > 299) return error_of(response);
  return json::parse(response.body);
}

http::Response Session::ask_app(http::Request request) {
  bool done = false;
  http::Response out;
  app_->handle(std::move(request), http::Reply([&](http::Response response) {
                 out = std::move(response);
                 done = true;
                 loop_.stop();
               }));
  run_until(done);
  return out;
}

Result<http::Response> Session::ask_daemon(http::Request request) {
  bool done = false;
  Result<http::Response> out = http::Response();
  remote_->send(std::move(request), kAnswerTime, [&](Result<http::Response> response) {
    out = std::move(response);
    done = true;
    loop_.stop();
  });
  run_until(done);
  if (!out.ok()) return std::move(out).error().context(options_.url.empty() ? "asking the running daemon" : "asking " + options_.url);
  return out;
}

}  // namespace tidewire::cli
