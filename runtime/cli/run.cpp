// tidewire run: the daemon, in the foreground, until a signal; with --once, until there is nothing left to do. Several
// folders are several projects on one loop: each with its state, its listener and its log, none waiting for another.
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "app/app.h"
#include "app/interrupts.h"
#include "app/supervisor.h"
#include "app/versions.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/level.h"

namespace tidewire::cli {
namespace {

class Daemon {
 public:
  Daemon(const Context& context, std::vector<app::Options> projects, bool once)
      : context_(context), options_(std::move(projects)), once_(once), interrupts_(loop_, [this] { end(); }, [this] { for (const auto& app : apps_) app->reload(); }), supervisor_(loop_) {}

  int run() {
    for (const app::Options& options : options_) open(options);
    if (apps_.empty()) return status_;
    const auto hold = loop_.hold();
    starting_ = apps_.size();
    for (const auto& app : apps_) {
      app->start([this, one = app.get()](Result<std::string> address) { started(*one, address); });
    }
    while (!ended_) loop_.run();
    apps_.clear();
    return status_;
  }

 private:
  void worsen(int status) { status_ = std::max(status_, status); }

  /// A project that cannot be opened does not keep the others from being served.
  void open(const app::Options& options) {
    auto opened = app::App::open(loop_, options);
    if (opened.ok()) {
      (*opened)->on_damage([this, one = opened->get()](const Error& error) { damaged(*one, error); });
      return apps_.push_back(std::move(*opened));
    }
    Error error = std::move(opened).error();
    worsen(opening_exit_code(error));
    context_.complain(options_.size() > 1 ? std::move(error).context(options.folder) : std::move(error));
  }

  void started(app::App& app, const Result<std::string>& address) {
    if (!address.ok()) return failed(app, address.error());
    if (!once_) {
      announce(app, *address);
      return up();
    }
    app.control().engine().poll_all([this, &app](std::vector<Error> errors) {
      for (const Error& error : errors) context_.complain(error);
      app.control().engine().settled(false, [this, &app, polled = errors.empty()] { judge(app, polled); });
    });
  }

  /// Neither does one that cannot start: the port is taken, the certificate is bad.
  void failed(app::App& app, Error error) {
    context_.complain(options_.size() > 1 ? std::move(error).context(app.folder()) : std::move(error));
    worsen(kUnavailable);
    if (apps_.size() == 1) return end();
    drop(app);
    once_ ? judged() : up();
  }

  /// Not from its own callback.
  void drop(app::App& app) {
    loop_.post([this, one = &app] {
      if (!ending_) std::erase_if(apps_, [one](const auto& app) { return app.get() == one; });
    });
  }

  /// Nor one whose state turns out to be damaged while it runs.
  void damaged(app::App& app, Error error) {
    context_.complain(options_.size() > 1 ? std::move(error).context(app.folder()) : std::move(error));
    worsen(kUnavailable);
    if (apps_.size() == 1) return end();
    app.drain([this, one = &app] { drop(*one); });
  }

  void up() {
    if (--starting_ == 0) supervisor_.ready(apps_.size() == 1 ? apps_.front()->url() : std::to_string(apps_.size()) + " projects");
  }

  void announce(app::App& app, const std::string& address) {
    const auto mappings = app.control().engine().mappings();
    if (context_.json()) {
      Array names(mappings.begin(), mappings.end());
      Object ready{{"ready", address}, {"url", app.url()}, {"pid", static_cast<std::int64_t>(getpid())}, {"version", app::version()}, {"mappings", Value(std::move(names))}};
      if (const std::string link = app.setup_link(); !link.empty()) ready["setup"] = link;
      context_.print_json(Value(std::move(ready)));
      return context_.out.flush();
    }
    const Value process = app.control().process();
    Terminal& out = context_.out;
    std::string line = out.paint("Tidewire " + app::version(), Style::kBold) + "  " + plain(process.string_or("project"));
    if (const std::string environment = process.string_or("environment"); !environment.empty()) line += " (" + plain(environment) + ")";
    line += "  " + out.paint(app.url(), Style::kAccent) + "  ";
    line += mappings.empty() ? out.paint("no mapping runs: see `tidewire check`", Style::kWarn) : std::to_string(mappings.size()) + (mappings.size() == 1 ? " mapping: " : " mappings: ") + shortened(join(mappings, ", "), 80);
    if (process.bool_or("read_only", false)) line += out.paint("  read-only", Style::kWarn);
    out.line(line);
    if (const std::string link = app.setup_link(); !link.empty()) out.line("There is no user yet. Make the first here, once: " + out.paint(link, Style::kAccent));
    out.flush();
  }

  /// --once: level, or what is left standing.
  void judge(app::App& app, bool polled) {
    http::Request asked;
    asked.method = "GET";
    asked.target = "/api/v1/status";
    app.handle(std::move(asked), http::Reply([this, polled](http::Response answer) { loop_.post([this, polled, answer = std::move(answer)] { judged(answer, polled); }); }));
  }

  void judged(const http::Response& answer, bool polled) {
    const auto status = answer.status == 200 ? json::parse(answer.body) : Result<Value>(error_of(answer));
    if (status.ok()) {
      tell(*status, polled);
    } else {
      context_.complain(status.error());
      worsen(kUnavailable);
    }
    judged();
  }

  void tell(const Value& status, bool polled) {
    const Judgement found = level_of(status, polled);
    worsen(found.exit);
    if (context_.json()) return context_.print_json(Value(found.view));
    context_.out.line(found.text);
    for (const std::string& line : found.lines) context_.out.line(line);
  }

  void judged() {
    if (--starting_ == 0) end();
  }

  void end() {
    if (ending_) return;
    ending_ = true;
    supervisor_.stopping();
    draining_ = apps_.size() + 1;
    for (const auto& app : apps_) app->drain([this] { drained(); });
    drained();
  }
  void drained() {
    if (--draining_ > 0) return;
    ended_ = true;
    loop_.stop();
  }

  const Context& context_;
  std::vector<app::Options> options_;
  bool once_;
  loop::Loop loop_;
  app::Interrupts interrupts_;
  app::Supervisor supervisor_;
  std::vector<std::unique_ptr<app::App>> apps_;
  std::size_t starting_ = 0, draining_ = 0;
  int status_ = kOk;
  bool ending_ = false, ended_ = false;
};

int run_daemon(Context& context) {
  app::Options options;
  options.environment = context.arguments.get("--env");
  options.scripts_folder = context.arguments.get("--scripts-dir");
  options.listen = context.arguments.get("--listen");
  options.read_only = context.arguments.has("--read-only");
  const bool once = context.arguments.has("--once");
  options.serve = options.timed = options.watch = !once;
  options.quiet = once && !context.arguments.has("--log-level");
  if (context.arguments.has("--log-level")) {
    options.log_level = level_from_name(context.arguments.get("--log-level"));
    if (!options.log_level) return context.failed(make_error(Code::kInvalid, "no log level '" + context.arguments.get("--log-level") + "'", "debug, info, warn or error"));
  }
  if (!options.listen.empty()) {
    if (const auto checked = app::check_listen(options.listen); !checked.ok()) return context.failed(checked.error());
  }
  std::vector<std::string> folders = context.arguments.words();
  if (folders.empty()) folders = {context.folder()};
  if (folders.size() > 1 && !options.listen.empty()) return context.failed(make_error(Code::kInvalid, "--listen is for one project", "each project has its own `listen` in tidewire.lua"));
  std::vector<app::Options> projects;
  for (const std::string& folder : folders) {
    projects.push_back(options);
    projects.back().folder = folder;
  }
  return Daemon(context, std::move(projects), once).run();
}

}  // namespace

const Command& run_command() {
  static const Command command{
      "run",
      "[DIR ...] [--once]",
      "keeps the systems of a project, or of several, the same until it is told to stop",
      "SIGTERM or SIGINT: finishes what is under way and ends with 0, within 30 seconds; a second one ends at once.\n"
      "SIGHUP: reads the project's files and the log file again (saved files are read without it).\n"
      "A state file that is damaged is not started on, and ends what runs on it, with 4: `tidewire restore`.\n"
      "Several folders are served by one process, each with its own state, log and `listen`; one that cannot be opened is told\n"
      "and does not stop the others. Under systemd it tells when it is ready and feeds the watchdog.\n"
      "With --once: asks every system that is polled, works off what is found, and ends with 0 when all is level, with 3 or 4\n"
      "where a mapping does not load, else 1.",
      {{{"--once", "", "ends when nothing is left to do; does not listen"},
        {"--listen", "ADDRESS", "instead of tidewire.lua's, e.g. 127.0.0.1:8080"},
        {"--read-only", "", "decides and records, writes nothing to either system"},
        {"--log-level", "LEVEL", "debug, info, warn or error"}},
       0, 64},
      run_daemon};
  return command;
}

}  // namespace tidewire::cli
