#include "app/connection.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace tidewire::app {

constexpr Duration kIdentified = std::chrono::minutes(10);  // for so long it is believed to be the system that it was

/// The connection's own corner of the state file, for its connector.
class Connection::Kv final : public bindings::KvPort {
 public:
  Kv(store::Store& store, std::string space) : store_(store), space_(std::move(space)) {}
  void get(std::string key, std::function<void(Result<std::optional<Value>>)> done) override { store_.kv_get(space_, std::move(key), std::move(done)); }
  void set(std::string key, Value value, std::optional<Duration> keep, std::function<void(Result<void>)> done) override { store_.kv_set(space_, std::move(key), std::move(value), keep, std::move(done)); }
  void remove(std::string key, std::function<void(Result<void>)> done) override { store_.kv_remove(space_, std::move(key), std::move(done)); }

 private:
  store::Store& store_;
  std::string space_;
};

/// What a draft's connector keeps lasts as long as the draft.
class Connection::DraftKv final : public bindings::KvPort {
 public:
  explicit DraftKv(loop::Loop& loop) : loop_(loop) {}
  void get(std::string key, std::function<void(Result<std::optional<Value>>)> done) override {
    const auto found = values_.find(key);
    loop_.post([done, value = found == values_.end() ? std::optional<Value>() : std::optional(found->second)] { done(value); });
  }
  void set(std::string key, Value value, std::optional<Duration>, std::function<void(Result<void>)> done) override {
    values_[key] = std::move(value);
    loop_.post([done] { done({}); });
  }
  void remove(std::string key, std::function<void(Result<void>)> done) override {
    values_.erase(key);
    loop_.post([done] { done({}); });
  }

 private:
  loop::Loop& loop_;
  std::map<std::string, Value> values_;
};

Connection::Connection(std::string name, ConnectionConfig config, const Services& services)
    : name_(std::move(name)), config_(std::move(config)), services_(services), kv_(std::make_unique<Kv>(services.store, "connection " + name_)),
      breaker_(services.clock), alive_(std::make_shared<bool>(true)) {}

Connection::~Connection() {
  *alive_ = false;
  running_.clear();
}

Result<std::unique_ptr<Connection>> Connection::open(const std::string& name, const ConnectionConfig& config, const Value& resolved, const Services& services) {
  return load(std::unique_ptr<Connection>(new Connection(name, config, services)), resolved);
}

Result<std::unique_ptr<Connection>> Connection::open_draft(const std::string& name, const ConnectionConfig& config, const Value& resolved, const Services& services) {
  std::unique_ptr<Connection> connection(new Connection(name, config, services));
  connection->kv_ = std::make_unique<DraftKv>(services.loop);
  return load(std::move(connection), resolved);
}

Result<std::unique_ptr<Connection>> Connection::load(std::unique_ptr<Connection> connection, const Value& resolved) {
  const std::string& name = connection->name_;
  const ConnectionConfig& config = connection->config_;
  const Services& services = connection->services_;
  const std::string path = "connectors/" + config.kind + ".lua";
  const auto file = services.files.at(path);
  if (!file) return make_error(Code::kNotFound, "connection '" + name + "': no connector of kind '" + config.kind + "' (" + path + ")");
  script::Options options;
  options.name = "connection " + name;
  options.main_path = file->path;
  options.main_text = file->text;
  options.host = "tidewire.host.connector";
  options.host_argument = Value(Object{{"name", Value(name)}, {"config", resolved}});
  options.budget.memory = 256u << 20;
  options.budget.time = std::chrono::seconds(2);  // a page of a thousand rows on a small machine; read again it would be no smaller
  bindings::Services given;
  given.client = &services.client;
  given.timers = &services.loop;
  given.poster = &services.loop;
  given.clock = &services.clock;
  given.random = &services.random;
  given.logger = &services.log;
  given.kv = connection->kv_.get();
  given.loop = &services.loop;
  options.install = bindings::installer(bindings::Profile::kIo, std::move(given));
  options.sources = &services.files;
  options.poster = &services.loop;
  options.timers = &services.loop;
  options.clock = &services.clock;
  auto script = script::Script::load(std::move(options));
  if (!script.ok()) return std::move(script).error();
  connection->script_ = std::move(*script);
  connection->resolved_ = resolved;
  const Value& data = connection->script_->data();
  const Value* capabilities = data.find("capabilities");
  connection->capabilities_ = sync::Capabilities::from(capabilities == nullptr ? Value(Object{}) : *capabilities);
  sched::Rate inbound{2000, 2000};
  if (const Value* limits = data.find("limits"); limits != nullptr && limits->is_object()) {
    connection->parallel_ = static_cast<int>(std::max<std::int64_t>(1, limits->int_or("parallel", 8)));
    if (const std::string rate = limits->string_or("rate"); !rate.empty()) connection->rate_.emplace(TRY(sched::parse_rate(rate)), services.clock);
    if (const std::string rate = limits->string_or("inbound"); !rate.empty()) {
      inbound = TRY(sched::parse_rate(rate));
      inbound.burst = std::max(inbound.burst, inbound.per_second);
    }
    if (const std::int64_t batch = limits->int_or("batch", 0); batch > 0) {
      for (int* most : {&connection->capabilities_.bulk_read, &connection->capabilities_.bulk_find, &connection->capabilities_.bulk_create, &connection->capabilities_.bulk_update}) *most = std::min(*most, static_cast<int>(batch));
    }
  }
  connection->inbound_.emplace(inbound, services.clock);
  connection->build_proof(resolved);
  return connection;
}

void Connection::build_proof(const Value& resolved) {
  http::Proof proof;
  const Value* declared = script_->data().find("proof");
  const std::string kind = declared == nullptr ? "none" : declared->string_or("kind", "none");
  proof.kind = kind == "hmac-sha256" ? http::Proof::Kind::kHmacSha256 : http::Proof::Kind::kSecretHeader;
  if (declared != nullptr && kind != "none") {
    proof.encoding = declared->string_or("encoding") == "base64" ? http::Proof::Encoding::kBase64 : http::Proof::Encoding::kHex;
    proof.header = declared->string_or("header");
    proof.prefix = declared->string_or("prefix");
    const Value* secret = resolved.at_path(declared->string_or("secret"));
    if (secret != nullptr && secret->is_string()) proof.secrets = {secret->as_string()};
    if (secret != nullptr && secret->is_array()) {
      for (const Value& one : secret->as_array()) {
        if (one.is_string()) proof.secrets.push_back(one.as_string());
      }
    }
  } else {
    proof.header = "x-tidewire-none";  // no proof configured: nothing is ever proved
  }
  prover_ = std::make_unique<http::Prover>(std::move(proof));
}

bool Connection::is_current(const ConnectionConfig& config, const Value& resolved) const {
  if (!(config_ == config) || !(resolved_ == resolved)) return false;
  const auto& files = script_->version().files;
  return std::all_of(files.begin(), files.end(), [&](const auto& part) {
    const auto now = services_.files.at(part.path);
    return now && now->text == part.text;
  });
}

std::unique_ptr<script::Script::Running> Connection::listen(Value collections, std::function<void(Result<Value>)> done) {
  const auto number = script::function_number(*script_->data().at_path("functions.listen"));
  return script_->start(*number, {std::move(collections)}, std::move(done));
}

void Connection::unlisten() {
  if (!has("unlisten")) return;
  const auto ended = script_->call(*script::function_number(*script_->data().at_path("functions.unlisten")), {});
  if (!ended.ok()) services_.log.warn("listen_failed", to_string(ended.error()), {{"connection", Value(name_)}});
}

Result<Value> Connection::webhook(const http::Request& request) {
  Object headers;
  for (const auto& [name, value] : request.headers.fields()) {
    if (valid_utf8(value)) headers.try_emplace(lower_ascii(name), Value(value));
  }
  return script_->call(*script::function_number(*script_->data().at_path("functions.webhook")),
                       {Value(Object{{"method", Value(request.method)}, {"target", Value(request.target)}, {"headers", Value(std::move(headers))}, {"body", Value(request.body)}})});
}

bool Connection::has(const std::string& function) const {
  const Value* found = script_->data().at_path("functions." + function);
  return found != nullptr && script::function_number(*found).has_value();
}

/// How long a person wants it left alone.
std::optional<Duration> Connection::rest() const {
  if (!paused_until_ || *paused_until_ <= services_.clock.now()) return std::nullopt;
  return *paused_until_ - services_.clock.now();
}

std::optional<Duration> Connection::blocked() const {
  if (const auto left = rest()) return left;
  if (breaker_.state() == sched::CircuitBreaker::State::kClosed) return std::nullopt;
  const Duration wait = breaker_.wait();
  return wait > Duration{} ? std::optional(wait) : std::nullopt;
}

void Connection::call(const std::string& function, Array arguments, bool writes, std::function<void(Result<Value>)> done, sched::Rank rank, std::shared_ptr<Recording> recording) {
  waiting_.push(rank, {function, std::move(arguments), writes, std::move(done), std::move(recording)});
  services_.loop.post([this, alive = alive_] {
    if (*alive) next();
  });
}

void Connection::next() {
  ended_.clear();
  while (!waiting_.empty() && static_cast<int>(running_.size()) < parallel_) {
    if (rate_ && !blocked() && !rate_->try_take()) {  // what is refused below costs the system nothing
      timer_ = services_.loop.after(rate_->wait(), [this] { next(); });
      return;
    }
    Waiting waiting = std::move(*waiting_.pop());
    if (const auto left = rest()) {
      Error error = make_error(Code::kThrottled, "connection " + name_ + " is paused by a person until " + format_instant(*paused_until_), "`tidewire resume " + name_ + "` ends the pause");
      error.retry_after = std::chrono::ceil<std::chrono::milliseconds>(*left);
      waiting.done(std::move(error));
      continue;
    }
    const auto permit = breaker_.admit();
    if (!permit) {
      Error error = make_error(Code::kThrottled, "connection " + name_ + " is left alone for a while: " + breaker_.reason(), "it goes on by itself when the system answers again");
      error.retry_after = std::chrono::duration_cast<std::chrono::milliseconds>(std::max<Duration>(breaker_.wait(), std::chrono::seconds(1)));
      waiting.done(std::move(error));
      continue;
    }
    begin(std::move(waiting), *permit);
  }
}

void Connection::begin(Waiting waiting, sched::CircuitBreaker::Permit permit) {
  const Value* found = script_->data().at_path("functions." + waiting.function);
  const auto number = found == nullptr ? std::nullopt : script::function_number(*found);
  if (!number) {
    breaker_.abandoned(permit);
    return waiting.done(make_error(Code::kInvalid, "the connector '" + config_.kind + "' has no function '" + waiting.function + "'"));
  }
  const std::uint64_t id = ++next_id_;
  const Ticks began = services_.clock.ticks();
  running_[id] = nullptr;
  running_[id] = script_->start(*number, std::move(waiting.arguments), [this, id, permit, began, function = waiting.function, writes = waiting.writes, done = std::move(waiting.done)](Result<Value> result) {
    ended(id, function, writes, permit, began, result);
    const auto alive = alive_;
    done(std::move(result));
    if (*alive) next();
  }, std::move(waiting.recording));
}

void Connection::ended(std::uint64_t id, const std::string& function, bool writes, sched::CircuitBreaker::Permit permit, Ticks began, Result<Value>& result) {
  if (const auto found = running_.find(id); found != running_.end()) {
    ended_.push_back(std::move(found->second));  // destroyed later: its callback is under way
    running_.erase(found);
  }
  figures_->latency.add(std::chrono::duration_cast<Duration>(services_.clock.ticks() - began));
  ++figures_->calls;
  if (result.ok()) {
    breaker_.succeeded(permit);
    last_success_ = last_answer_ = services_.clock.now();
    silent_ = false;
    ++figures_->by_outcome["ok"];
    if (function != "test" && (was_away_ || services_.clock.ticks() - identified_at_ > kIdentified)) identify();
    return;
  }
  Error error = services_.redactor.apply(std::move(result).error()).context(name_ + "." + function);
  ++figures_->by_outcome[std::string(code_name(error.code))];
  note_answer(error.code);
  const bool perhaps_alone = error.code == Code::kDenied && function != "test" && (writes || has("test"));
  if (perhaps_alone) breaker_.succeeded(permit);
  else breaker_.failed(permit, error);
  if (perhaps_alone) ask_whether_denied();
  if (error.code == Code::kThrottled && rate_ && error.retry_after) rate_->pause(*error.retry_after);
  const bool trouble = error.code == Code::kUnavailable || error.code == Code::kUnknown || error.code == Code::kDenied || error.code == Code::kScript || error.code == Code::kBudget;
  was_away_ = was_away_ || error.code == Code::kUnavailable;
  if (trouble) {
    ++figures_->failures;
    last_error_ = to_string(error);
    services_.log.debug("remote_failed", last_error_, {{"connection", Value(name_)}});
  }
  result = std::move(error);
}

/// What only this process made of a call (kScript, kCancelled) tells nothing.
void Connection::note_answer(Code code) {
  switch (code) {
    case Code::kUnavailable:
    case Code::kUnknown: silent_ = true; return;
    case Code::kCancelled:
    case Code::kScript:
    case Code::kBudget:
    case Code::kCorrupt: return;
    case Code::kInvalid:
    case Code::kNotFound:
    case Code::kDenied:
    case Code::kThrottled:
    case Code::kBlocked:
    case Code::kStale: break;
  }
  silent_ = false;
  last_answer_ = services_.clock.now();
}

void Connection::ask_whether_denied() {
  if (asking_ || !has("test")) return;
  asking_ = true;
  call("test", {}, false, [this, alive = alive_](Result<Value>) {
    if (*alive) asking_ = false;
  });
}

Duration offset_of_clock(Instant there, Instant asked, Instant now) {
  const Duration offset = there < asked ? there - asked : there > now ? there - now : Duration{};
  return std::chrono::abs(offset) < std::chrono::seconds(2) ? Duration{} : offset;
}

void Connection::test(std::function<void(Result<Value>)> done) {
  if (!has("test")) return services_.loop.post([done] { done(Value(Object{})); });
  breaker_.reset();
  call("test", {}, false, [this, alive = alive_, asked = services_.clock.now(), done](Result<Value> answer) {
    if (!*alive || !answer.ok()) return done(std::move(answer));
    was_away_ = false;
    identified_at_ = services_.clock.ticks();
    const auto there = parse_instant(answer->string_or("server_time"));
    if (there.ok()) clock_offset_ = offset_of_clock(*there, asked, services_.clock.now());
    own_system_ = answer->bool_or("shared", false) ? "" : answer->string_or("site");
    server_ = answer->string_or("server");
    compare_system(answer->string_or("site"), [done, answer = *answer] { done(answer); });
  });
}

/// A system that comes back may be another one, or an older copy of itself; so may, after a while, one that never seemed away.
void Connection::identify() {
  if (asking_ || !has("test")) return;
  asking_ = true;
  was_away_ = false;
  identified_at_ = services_.clock.ticks();
  test([this, alive = alive_](Result<Value>) {
    if (*alive) asking_ = false;
  });
}

/// Law 16: at first contact the system's fingerprint is stored; deletes are believed only while it matches.
void Connection::compare_system(const std::string& fingerprint, std::function<void()> then) {
  system_ = fingerprint;
  if (system_.empty()) return then();
  services_.store.kv_get("fingerprint", name_, [this, alive = alive_, then = std::move(then)](Result<std::optional<Value>> first) {
    if (!*alive || !first.ok()) return then();
    if (!*first) services_.store.kv_set("fingerprint", name_, Value(system_), std::nullopt, [](Result<void>) {});
    const bool was = std::exchange(same_system_, !*first || **first == Value(system_));
    if (was && !same_system_) {
      services_.log.error("another_system", "connection " + name_ + ": another system answers than the one first met; nothing missing there is taken for deleted. Accept it with: tidewire check --accept " + name_, {{"connection", Value(name_)}});
    }
    then();
  });
}

void Connection::accept_system(std::function<void(Result<void>)> done) {
  const bool other = !std::exchange(same_system_, true);
  const auto keep = [this, done] {
    if (system_.empty()) return services_.store.kv_remove("fingerprint", name_, done);
    services_.store.kv_set("fingerprint", name_, Value(system_), std::nullopt, done);
  };
  const auto drop = [this, alive = alive_, other, keep, done] {
    if (!other) return keep();
    // The references of this system are to other files than those of the one before.
    services_.store.drop_files(name_, [alive, keep, done](Result<void> dropped) {
      if (!*alive) return;
      if (!dropped.ok()) return done(std::move(dropped));
      keep();
    });
  };
  if (!has("accept")) return drop();
  call("accept", {}, false, [alive = alive_, drop, done](Result<Value> accepted) {
    if (!*alive) return;
    if (!accepted.ok()) return done(std::move(accepted).error());
    drop();
  });
}

void Connection::describe(const Value& collection, std::function<void(Result<Value>)> done) {
  const std::string key = name_ + "/" + collection.string_or("name");
  if (!has("describe")) return services_.loop.post([done] { done(Value()); });
  call("describe", {collection}, false, [this, alive = alive_, key, done](Result<Value> fresh) {
    if (!*alive) return;
    if (fresh.ok()) {
      services_.store.kv_set("describe", key, *fresh, std::nullopt, [](Result<void>) {});
      return done(std::move(fresh));
    }
    services_.store.kv_get("describe", key, [error = fresh.error(), done](Result<std::optional<Value>> kept) {
      if (kept.ok() && *kept) return done(**kept);
      done(error);
    });
  });
}

void Connection::follow(const Connection& former) {
  figures_ = former.figures_;
  figures_->script_failures += static_cast<std::int64_t>(former.script_->stats().failures);
}

std::map<std::string, std::string> Connection::secrets_in_clear() const {
  std::map<std::string, std::string> clear;
  const Value* options = declared().find("secrets");
  for (const Value& option : options == nullptr ? Array{} : options->as_array()) {
    const Value* said = config_.config.at_path(option.as_string());
    const Value* text = resolved_.at_path(option.as_string());
    const bool open = said != nullptr && (said->is_string() || said->find("$env") != nullptr);
    if (open && text != nullptr && text->is_string()) clear[option.as_string()] = text->as_string();
  }
  return clear;
}

void Connection::Webhooks::note_refused(Instant now) {
  ++unproved;
  refused.push_back(now);
  if (refused.size() > kManyRefused) refused.pop_front();
  if (refused.size() == kManyRefused && now - refused.front() <= kRefusedWithin) many_refused = now;
}

void Connection::Webhooks::note_received(Instant now) {
  ++received;
  last = now;
  refused.clear();
}

Value Connection::status() const {
  Object out;
  out["kind"] = config_.kind;
  if (const Value* url = config_.config.find("url"); url != nullptr && url->is_string()) out["url"] = *url;
  const bool closed = breaker_.state() == sched::CircuitBreaker::State::kClosed;
  out["same_system"] = same_system_;
  // Paused is what a person paused; one that is left alone after its failures fails.
  out["state"] = !closed ? "failing" : (last_success_ ? "ok" : (last_error_.empty() ? "unknown" : "failing"));
  out["left_alone"] = !closed;
  if (!same_system_) out["reason"] = "another system answers than the one first met";
  else out["reason"] = closed ? (last_success_ ? "" : last_error_) : breaker_.reason();
  if (rest()) {
    out["state"] = "paused";
    out["reason"] = "paused by a person until " + format_instant(*paused_until_);
    out["paused_until"] = format_instant(*paused_until_);
  }
  if (last_success_) out["last_success"] = format_instant(*last_success_);
  out["calls"] = figures_->calls;
  out["failures"] = figures_->failures;
  Object outcomes;
  for (const auto& [name, count] : figures_->by_outcome) outcomes[name] = Value(count);
  out["by_status"] = Value(std::move(outcomes));
  out["latency"] = figures_->latency.view();
  Object hooks;
  const Webhooks& webhooks = figures_->webhooks;
  hooks["received"] = webhooks.received;
  hooks["unproved"] = webhooks.unproved;
  hooks["malformed"] = webhooks.malformed;
  hooks["unknown"] = webhooks.unknown;
  hooks["limited"] = webhooks.limited;
  if (webhooks.last) hooks["last"] = format_instant(*webhooks.last);
  if (webhooks.many_refused) hooks["many_refused"] = format_instant(*webhooks.many_refused);
  hooks["took"] = webhooks.took.view();
  out["webhooks"] = Value(std::move(hooks));
  const auto stats = script_->stats();
  out["script"] = Value(Object{{"memory", Value(static_cast<std::int64_t>(stats.memory))}, {"failures", Value(figures_->script_failures + static_cast<std::int64_t>(stats.failures))}, {"tasks", Value(stats.tasks)}});
  return Value(std::move(out));
}

}  // namespace tidewire::app
