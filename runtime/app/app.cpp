#include "app/app.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <limits>

#include "admin/answer.h"
#include "app/state.h"
#include "base/crash_point.h"

namespace tidewire::app {
namespace {

// A slice of words takes a few milliseconds of the writer.
constexpr std::int64_t kIndexSlice = 100;
constexpr int kBusyQueue = 64;
constexpr Duration kIndexNext = std::chrono::milliseconds(20), kIndexRest = std::chrono::seconds(5), kIndexLasts = std::chrono::minutes(2);

constexpr Duration kLockPatience = std::chrono::seconds(2);  // a command that only looks has the state for a moment

/// A slower disk than there is, for benchmarks and fault tests: microseconds per commit.
Duration injected_fsync_delay() {
  const char* text = getenv("TIDEWIRE_FSYNC_DELAY_US");
  return std::chrono::microseconds(text == nullptr ? 0 : std::atol(text));
}

/// How many calls a system may get at once is said by `limits.parallel` of its connection, not by the client.
http::ClientOptions client_options() {
  http::ClientOptions options;
  options.connections_per_host = options.connections;
  return options;
}

}  // namespace

App::State::State(loop::Loop& the_loop, Options the_options)
    : loop_(the_loop), options_(std::move(the_options)), log_(clock_, redactor_), secrets_(options_.folder, redactor_), files_(options_.folder, options_.scripts_folder) {}

App::State::~State() {
  *alive_ = false;
  log_.on_line(nullptr);
  watch_.reset();
  listeners_.clear();
  former_servers_.clear();
  server_.reset();
  engine_.reset();
}

Result<void> App::State::open() {
  started_at_ = clock_.now();
  if (const char* point = getenv("TIDEWIRE_CRASH_AT"); point != nullptr) TRY(arm_crash_point(point));
  warnings_ = secrets_.load();
  project_ = TRY(load_project(options_.folder, options_.environment, files_, connector_kinds(options_.folder, options_.scripts_folder)));
  lock_ = TRY(store::Lock::take(project_.state_folder(), options_.serve ? kLockPatience : Duration{}));
  TRY(configure_log(project_));
  for (const std::string& warning : warnings_) log_.warn("configuration", warning);
  store::ThreadedExecutorOptions options{.path = project_.state_file(), .fsync_delay = injected_fsync_delay()};
  options.on_health = [this, alive = alive_](const std::string& trouble) {
    if (*alive) tell_health(trouble);
  };
  options.on_damage = [this, alive = alive_](const Error& error) {
    if (*alive) damaged(error);
  };
  executor_ = TRY(store::ThreadedExecutor::open(std::move(options), loop_));
  store_ = std::make_unique<store::Store>(*executor_, clock_);
  files_known_ = std::make_unique<sync::Files>(*store_, loop_, clock_);
  client_ = std::make_unique<http::Client>(loop_, client_options());
  judge_ = std::make_unique<WebhookJudge>(loop_, *client_, [this](const Value& marked) { return secrets_.resolve(marked); });
  engine_ = std::make_unique<sync::Engine>(*store_, sync::Surroundings{clock_, loop_, loop_, random_, *this, judge_.get()});
  api_ = std::make_unique<admin::Api>(*this);
  intake_ = std::make_unique<WebhookIntake>(WebhookIntake::Ports{
      *store_, clock_, log_, [this](const std::string& name) { return find_connection(name); }, [this](const std::string& name) { return addressed_by(name); },
      [this](const std::string& name) { return broken_of(name); },
      [this](const std::string& name) -> const std::vector<Want>& { return wanted_of_[name]; }, [this] { engine_->received(); }});
  router_.add("POST", "/webhook/{connection}", [this](http::Request request, http::Params params, http::Reply reply) { intake_->handle(std::move(request), params["connection"], std::move(reply)); });
  load_connections();
  load_admin_token();
  log_.on_line([this](Level level, std::string_view line) {
    if (level < Level::kInfo) return;
    api_->log_lines().add(line);
    if (!api_->events().wanted()) return;
    loop_.post([this, alive = alive_, text = std::string(line)] { if (*alive) api_->events().publish("log", Value(text)); });
  });
  return {};
}

/// Once each: while it lasts, every webhook is refused.
void App::State::tell_health(const std::string& trouble) {
  if (trouble.empty()) log_.info("state_writable", "the state file can be written again");
  else log_.error("state_unwritable", "the state file cannot be written, webhooks are answered 503: " + trouble, {{"file", Value(project_.state_file())}});
}

/// What a command has to say it says where it was asked; the log file is the daemon's.
Result<void> App::State::configure_log(const Project& project) {
  Logger::Options log = project.log;
  if (options_.log_level) log.level = *options_.log_level;
  if (options_.quiet) {
    log.level = Level::kWarn;
    log.file = options_.logs ? "" : "/dev/null";
    log.rotate_bytes = std::numeric_limits<std::size_t>::max();  // never: a device is not to be renamed
  }
  const bool terminal = log.file.empty() && isatty(STDERR_FILENO) != 0;
  log.form = project.log_form.value_or(terminal ? Logger::Form::kText : Logger::Form::kJson);
  log.colours = terminal && getenv("NO_COLOR") == nullptr;
  const auto configured = log_.configure(log);
  if (configured.ok() || !options_.quiet || log.file.empty()) return configured;
  log.file.clear();  // a bare image has no devices
  return log_.configure(std::move(log));
}

/// Of a name that earlier senders know it by its own.
const std::string& App::State::own_name(const std::string& name) const {
  const auto also = project_.webhook_names.find(name);
  return also == project_.webhook_names.end() ? name : also->second;
}

Connection* App::State::find_connection(const std::string& name) {
  const auto found = connections_.find(name);
  return found == connections_.end() ? nullptr : found->second.get();
}

std::vector<Connection*> App::State::addressed_by(const std::string& name) {
  if (Connection* own = find_connection(own_name(name))) return {own};
  std::vector<Connection*> of_kind;
  if (broken_connections_.contains(own_name(name))) return of_kind;
  for (const auto& [other_name, connection] : connections_) {
    if (connection->kind() == name) of_kind.push_back(connection.get());
  }
  return of_kind;
}

std::optional<std::string> App::State::broken_of(const std::string& name) const {
  const std::string& own = own_name(name);
  if (connections_.contains(own)) return std::nullopt;  // as it was before a slip
  if (broken_connections_.contains(own)) return own;
  const auto found = std::find_if(broken_connections_.begin(), broken_connections_.end(), [&](const auto& one) { return !connections_.contains(one.first) && project_.connections.at(one.first).kind == name; });
  return found == broken_connections_.end() ? std::nullopt : std::optional(found->first);
}

void App::State::route(http::Request request, http::Reply reply) {
  const std::string_view path = request.path();
  if (path.rfind("/webhook/", 0) == 0) {
    if (draining_) {
      http::Response response = admin::refused(503, "stopping");
      response.headers.set("Retry-After", "5");
      return reply(std::move(response));
    }
    auto kept = std::make_shared<http::Reply>(std::move(reply));  // owner: the reply, which must be copyable
    return router_.handle(std::move(request), http::Reply([kept](http::Response response) { (*kept)(admin::as_problem(std::move(response))); }));
  }
  api_->handle(std::move(request), std::move(reply));
}

void App::State::handle(http::Request request, http::Reply reply) {
  request.peer = "local";
  route(std::move(request), std::move(reply));
}

void App::State::start(std::function<void(Result<std::string>)> ready) {
  server_ = make_server();
  api_->when_loaded([this, alive = alive_, ready](Result<void> loaded) {
    if (!*alive) return;
    if (!loaded.ok()) return loop_.post([ready, error = loaded.error()] { ready(error); });
    load_switches([this, ready] {
      // Not before it is known what the mappings want, a webhook may come at once, and what is held, for whoever asks for work.
      engine_->know([this, ready] {
        const auto listening = options_.serve ? listen() : Result<void>();
        if (!listening.ok()) return loop_.post([ready, error = listening.error()] { ready(error); });
        if (options_.serve) listen_to_commands();
        begin_work(ready);
      });
    });
  });
}

void App::State::begin_work(std::function<void(Result<std::string>)> ready) {
  std::vector<std::string> names;
  for (const auto& [name, connection] : connections_) names.push_back(name);
  test_new(names);
  load_mappings([this, alive = alive_, ready] {
    if (!*alive) return;
    if (!options_.work) return go_on(ready);
    engine_->start(options_.timed, [this, ready] {
      engine_begun_ = true;
      go_on(ready);
    });
  });
}

/// With the engine begun, where it is to work.
void App::State::go_on(const std::function<void(Result<std::string>)>& ready) {
  listening_ = options_.work && options_.timed && options_.serve;
  if (listening_) api_->triggers().resume();
  refresh_listeners();
  if (options_.watch) watch_ = std::make_unique<loop::Watch>(loop_, options_.folder, [this](const std::vector<std::string>& paths) { changed(paths); });
  if (options_.timed) prune();
  if (options_.timed) index_words();
  if (options_.timed) watch_fields();
  if (options_.timed) watch_success();
  if (options_.timed) {
    outbox_ = make_outbox();
    outbox_->look();
    backups_ = std::make_unique<Backups>(Backups::Ports{loop_, clock_, *store_, log_, [this] { return backup_folder(); }});
    plan_backups();
    tracer_ = make_tracer();
    alerts_ = make_alerts();
    alerts_->start();
  }
  if (options_.serve) log_.info("started", "Tidewire " TIDEWIRE_VERSION " serves " + options_.folder, {{"address", Value(address_)}, {"pid", Value(static_cast<std::int64_t>(::getpid()))}});
  ready(address_);
}

void App::State::damaged(const Error& error) {
  log_.error("state_damaged", to_string(error));
  if (on_damage_) on_damage_(error);
}

/// A slice of what is older than `keep`, again soon while there is more.
void App::State::prune() {
  store_->prune(project_.keep, [this, alive = alive_](Result<bool> more) {
    if (!*alive || draining_) return;
    const bool soon = more.ok() && *more;
    prune_timer_ = loop_.after(soon ? Duration(std::chrono::milliseconds(200)) : Duration(std::chrono::hours(1)), [this] { prune(); });
  });
}

/// The words of what was decided, for the search; while work waits for the disk, that goes first. Where nothing happened lately
/// nothing is left to take in.
void App::State::index_words() {
  const bool busy = executor_->stats().queued > kBusyQueue;
  const bool quiet = clock_.now() - std::max(last_operation_, started_at_) > kIndexLasts;
  if (busy || quiet || draining_) {
    index_timer_ = loop_.after(kIndexRest, [this] { index_words(); });
    return;
  }
  store_->index_operations(kIndexSlice, [this, alive = alive_](Result<bool> more) {
    if (!*alive || draining_) return;
    if (more.ok() && *more) last_operation_ = clock_.now();
    index_timer_ = loop_.after(more.ok() && *more ? kIndexNext : kIndexRest, [this] { index_words(); });
  });
}

void App::State::plan_backups() {
  if (!backups_) return;
  const auto planned = backups_->plan(project_.backup ? project_.backup->every : "", project_.backup ? project_.backup->keep : 0);
  if (!planned.ok()) log_.error("backup_failed", to_string(planned.error()));
}

void App::State::drain(std::function<void()> done) {
  if (draining_) return loop_.post(std::move(done));
  draining_ = true;
  if (options_.serve) log_.info("stopping", "told to stop: what is under way is finished");
  watch_.reset();
  listening_ = false;
  listeners_.clear();
  prune_timer_.reset();
  index_timer_.reset();
  release_timer_.reset();
  drift_timer_.reset();
  success_timer_.reset();
  certificate_timer_.reset();
  alerts_.reset();
  tracer_.reset();
  outbox_.reset();
  backups_.reset();
  judge_->stop();
  auto once = std::make_shared<std::function<void()>>(std::move(done));  // owners: the two ways to the end below
  const auto finish = [this, once] {
    drain_timer_.reset();
    if (*once && options_.serve) log_.info("stopped", "the daemon ends");
    if (*once) std::exchange(*once, nullptr)();
  };
  drain_timer_ = loop_.after(std::chrono::seconds(28), finish);
  const auto engine = [this, alive = alive_, finish] {
    if (!*alive) return;
    engine_->stop([this, alive, finish] {
      if (!*alive) return;
      // A last empty write: whatever was queued before it is on disk when it is.
      const auto last = [this, finish] {
        if (engine_begun_ && !engine_->letting_go()) store_->note_clean_stop([](Result<void>) {});
        store_->count("process", {{"clean_stops", 1}}, [finish](Result<void>) { finish(); });
      };
      if (options_.work) note_success(last);
      else last();
    });
  };
  if (server_) server_->drain(engine);
  else loop_.post(engine);
}

App::App() = default;

App::~App() = default;

Result<std::unique_ptr<App>> App::open(loop::Loop& loop, Options options) {
  std::error_code bad;
  const auto folder = std::filesystem::weakly_canonical(options.folder, bad);
  if (!bad) options.folder = folder.string();
  std::unique_ptr<App> app(new App());
  app->state_ = std::make_unique<State>(loop, std::move(options));
  TRY(app->state_->open());
  return app;
}

void App::start(std::function<void(Result<std::string>)> ready) { state_->start(std::move(ready)); }
void App::on_damage(std::function<void(const Error&)> damaged) { state_->on_damage_ = std::move(damaged); }
void App::drain(std::function<void()> done) { state_->drain(std::move(done)); }
void App::reload() {
  state_->log_.reopen();
  state_->reload_project();
}
admin::Control& App::control() { return *state_; }
void App::handle(http::Request request, http::Reply reply) { state_->handle(std::move(request), std::move(reply)); }
std::string App::url() const { return state_->url(); }
std::string App::setup_link() { return state_->setup_link(); }
const std::string& App::folder() const { return state_->options_.folder; }

std::string socket_path(const std::string& folder) { return folder + "/state/tidewire.sock"; }

}  // namespace tidewire::app
