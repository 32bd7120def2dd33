// What the API reads of the process, and what the process hears from the engine.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include <unistd.h>

#include "admin/views.h"
#include "app/state.h"
#include "base/text.h"

namespace tidewire::app {

using sync::Side;

namespace {

std::int64_t resident_bytes() {
  std::ifstream in("/proc/self/statm");
  std::int64_t total = 0, resident = 0;
  in >> total >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

std::string shown_key(const std::string& key) { return shortened(key, 100); }

/// Without the words of an error where not `whole`: remotes and scripts quote values of records in theirs.
std::string one_line(const store::Operation& operation, bool whole) {
  std::string text = operation.mapping + " " + shown_key(operation.key.left.value_or("-")) + " <> " + shown_key(operation.key.right.value_or("-")) + ": " + operation.kind + ", " + operation.outcome;
  const Value* error = operation.record.find("error");
  if (error == nullptr) return text;
  text += ": " + error->string_or("code");
  if (whole) return text + ": " + error->string_or("message");
  std::vector<std::string> names;
  if (const Value* fields = operation.record.find("fields"); fields != nullptr && fields->is_object()) {
    for (const auto& [name, notes] : fields->as_object()) names.push_back(name);
  }
  return names.empty() ? text : text + " (" + shortened(join(names, ", "), 200) + ")";
}

/// When the oldest change that this operation wrote on was noticed. Nullopt where it wrote nothing, or answered a job.
std::optional<Instant> noticed_at(const store::Operation& operation) {
  const Value* writes = operation.record.find("writes");
  const Value* taken = operation.record.find("taken");
  const bool wrote = operation.outcome == "applied" || operation.outcome == "merged";
  if (!wrote || taken == nullptr || writes == nullptr || writes->as_array().empty()) return std::nullopt;
  std::optional<Instant> oldest;
  for (const Value& one : taken->as_array()) {
    const std::string reason = one.string_or("reason");
    const auto since = parse_instant(one.string_or("since"));
    if (since.ok() && reason != "job" && reason != "resync" && reason != "sweep" && reason != "again" && reason != "child" && (!oldest || *since < *oldest)) oldest = *since;
  }
  return oldest;
}

}  // namespace

Value App::State::process() const {
  Object out;
  out["version"] = TIDEWIRE_VERSION;
  out["project"] = options_.folder;
  out["environment"] = options_.environment;
  out["started_at"] = format_instant(started_at_);
  out["read_only"] = options_.read_only || project_.read_only;
  out["address"] = address_;
  out["url"] = address_.empty() ? "" : url();
  if (certificate_.identity()) out["tls"] = Value(Object{{"valid_until", format_instant(certificate_.identity()->valid_until())}});
  out["draining"] = draining_;
  out["memory"] = resident_bytes();
  const auto stats = executor_->stats();
  out["store"] = Value(Object{{"healthy", Value(stats.healthy)}, {"trouble", Value(stats.trouble)}, {"groups", Value(stats.groups)}, {"members", Value(stats.members)}, {"failed_groups", Value(stats.failed_groups)}, {"largest_group", Value(stats.largest_group)}, {"queued", Value(stats.queued)}});
  std::error_code bad;
  if (const auto space = std::filesystem::space(project_.state_folder(), bad); !bad) out["store"].as_object()["disk_free"] = static_cast<std::int64_t>(space.available);
  if (server_) {
    const auto http = server_->stats();
    out["http"] = Value(Object{{"requests", Value(http.requests)}, {"malformed", Value(http.malformed)}, {"refused", Value(http.refused)}, {"timed_out", Value(http.timed_out)}, {"connections", Value(server_->connections())}});
  }
  if (tracer_ && project_.traces) out["traces"] = Value(Object{{"sent", tracer_->stats().sent}, {"dropped", tracer_->stats().dropped}});
  const auto client = client_->stats();
  out["client"] = Value(Object{{"requests", Value(client.requests)}, {"failed", Value(client.failed)}, {"connects", Value(client.connects)}, {"in_flight", Value(client.in_flight)}});
  if (backups_) {
    if (Value copies = backups_->status(); !copies.as_object().empty()) out["backups"] = std::move(copies);
  }
  if (alerts_) {
    Array unannounced;
    for (const auto& [about, changes] : alerts_->unannounced()) {
      const auto blank = about.find(' ');
      unannounced.push_back(Value(Object{{"connection", about.substr(0, blank)}, {"collection", about.substr(blank + 1)}, {"changes", changes}}));
    }
    out["unannounced"] = Value(std::move(unannounced));
  }
  if (const std::string success = last_success(); !success.empty()) out["last_success"] = success;
  if (project_trouble_) out["project_trouble"] = problem_in("tidewire.lua", *project_trouble_);
  if (listen_trouble_) out["listen_trouble"] = problem_in("tidewire.lua", *listen_trouble_);
  if (!needs_restart_.empty()) out["needs_restart"] = Value(Array(needs_restart_.begin(), needs_restart_.end()));
  return Value(std::move(out));
}

Value App::State::connections() const {
  Object out;
  for (const auto& [name, connection] : connections_) out[name] = connection->status();
  for (const auto& [name, error] : broken_connections_) {
    Value& entry = out[name];
    entry["state"] = "failing";
    entry["reason"] = to_string(error);
  }
  return Value(std::move(out));
}

Value App::State::mappings() const {
  Object out;
  const auto engine = engine_->status();
  for (const auto& [name, mapping] : mappings_) {
    Object one;
    one["file"] = mapping.file;
    if (mapping.mapper) {
      const sync::Plan& plan = mapping.mapper->plan();
      one["version"] = mapping.mapper->version();
      for (const Side side : {Side::kLeft, Side::kRight}) {
        one[store::side_name(side)] = Value(Object{{"connection", Value(plan.end[side].connection)}, {"collection", Value(plan.end[side].collection)}, {"poll", Value(plan.end[side].poll)}, {"webhook", Value(plan.end[side].webhook)}});
      }
      one["direction"] = plan.flow == sync::Flow::kBoth ? "both" : (plan.flow == sync::Flow::kToRight ? "to_right" : "to_left");
      one["read_only"] = plan.read_only.left == plan.read_only.right ? Value(plan.read_only.left) : Value(plan.read_only.right ? "to_right" : "to_left");
      if (const Value* warnings = mapping.mapper->compiled().find("warnings"); warnings != nullptr) one["warnings"] = *warnings;
    }
    if (mapping.loaded_at) one["loaded_at"] = format_instant(*mapping.loaded_at);
    if (mapping.mapper) one["script"] = Value(Object{{"memory", static_cast<std::int64_t>(mapping.mapper->script().stats().memory)}});
    one["latency"] = mapping.latency.view();
    Object reload{{"ok", Value(!mapping.trouble)}, {"loaded", mapping.loads}, {"refused", mapping.refusals}};
    if (mapping.reload_at) reload["at"] = format_instant(*mapping.reload_at);
    if (mapping.trouble) reload["error"] = problem_in(mapping.file, *mapping.trouble);
    one["reload"] = Value(std::move(reload));
    one["quarantined"] = mapping.quarantined;
    if (mapping.drift) one["drift"] = problem_in(mapping.file, *mapping.drift);
    one["paused"] = disabled_.contains(name);
    if (const auto found = engine.find(name); found != engine.end()) {
      one["under_way"] = found->second.under_way;
      Object polls;
      for (const Side side : {Side::kLeft, Side::kRight}) {
        Object poll;
        if (found->second.last_poll[side]) poll["last_success"] = format_instant(*found->second.last_poll[side]);
        if (found->second.poll_error[side]) poll["error"] = to_string(*found->second.poll_error[side]);
        if (!poll.empty()) polls[store::side_name(side)] = Value(std::move(poll));
      }
      one["polls"] = Value(std::move(polls));
    }
    out[name] = Value(std::move(one));
  }
  return Value(std::move(out));
}

void App::State::test_connection(const std::string& name, admin::Done<Value> done) {
  const auto found = connections_.find(name);
  if (found == connections_.end()) return loop_.post([done, error = no_connection(name)] { done(error); });
  found->second->test([this, alive = alive_, done = std::move(done)](Result<Value> answer) {
    if (*alive && answer.ok()) engine_->try_refused();
    done(std::move(answer));
  });
}

void App::State::ask_now(const std::string& mapping) {
  const sync::Plan* plan = engine_->plan(mapping);
  if (plan == nullptr) return;
  for (const store::Side side : {store::Side::kLeft, store::Side::kRight}) {
    if (const auto found = connections_.find(plan->end[side].connection); found != connections_.end()) found->second->hurry();
  }
  engine_->jobs().ask_again();
}

void App::State::accept_system(const std::string& name, admin::Done<void> done) {
  const auto found = connections_.find(name);
  if (found == connections_.end()) return loop_.post([done, error = no_connection(name)] { done(error); });
  Connection* connection = found->second.get();
  connection->test([this, alive = alive_, name, done](Result<Value> answer) {
    if (!*alive) return;
    if (!answer.ok()) return done(answer.error());
    const auto now = connections_.find(name);
    if (now == connections_.end()) return done(no_connection(name));
    now->second->accept_system(done);
  });
}

void App::State::on_operation(const store::Operation& operation) {
  last_operation_ = clock_.now();
  Object fields{{"mapping", Value(operation.mapping)}, {"operation", Value(operation.id)}};
  const bool bad = operation.outcome == "dead" || operation.outcome == "conflict" || operation.outcome == "held";
  log_.write(bad ? Level::kWarn : Level::kInfo, "operation", one_line(operation, log_.enabled(Level::kDebug)), std::move(fields));
  if (const auto found = mappings_.find(operation.mapping); found != mappings_.end()) {
    if (const auto noticed = noticed_at(operation)) found->second.latency.add(std::max(Duration::zero(), operation.at - *noticed));
    const Value* error = operation.record.find("error");
    const std::string code = error == nullptr ? "" : error->string_or("code");
    LoadedMapping& mapping = found->second;
    mapping.script_failures = code == "script" || code == "budget" ? mapping.script_failures + 1 : 0;
    if (mapping.script_failures >= 10 && !mapping.quarantined) {
      mapping.quarantined = true;
      quarantined_[operation.mapping] = Value(mapping.mapper->version());
      store_->kv_set(kQuarantined, operation.mapping, quarantined_[operation.mapping], std::nullopt, [](Result<void>) {});
      engine_->pause(operation.mapping, true);
      log_.error("quarantine", mapping.file + " failed ten times in a row; the mapping is paused until its text changes", {{"mapping", Value(operation.mapping)}});
    }
    if (operation.outcome == "dead" && code == code_name(Code::kInvalid)) doubt(operation);
  }
  if (const sync::Plan* plan = engine_->plan(operation.mapping); outbox_ && plan != nullptr && !plan->hooks.empty()) outbox_->look();
  if (alerts_) alerts_->on_operation(operation);
  if (tracer_) tracer_->on_operation(operation);
  if (api_->events().wanted()) {
    Value seen = admin::view(operation);
    seen.as_object().erase("record");
    api_->events().publish("operation", seen);
  }
  if (options_.ears != nullptr) options_.ears->on_operation(operation);
}

void App::State::on_echo(const std::string& mapping, Side side, const std::string& key) {
  log_.debug("echo", mapping + " " + store::side_name(side) + " " + shown_key(key) + ": nothing to do", {{"mapping", Value(mapping)}});
  if (options_.ears != nullptr) options_.ears->on_echo(mapping, side, key);
}

void App::State::on_job_progress(const store::Job& job) {
  if (api_->events().wanted()) api_->events().publish("job", admin::view(job));
  if (options_.ears != nullptr) options_.ears->on_job_progress(job);
}

void App::State::on_job(const store::Job& job) {
  if (const Value* why = job.summary.find("error"); why != nullptr && job.state == "failed") {
    const Error error = make_error(code_from_name(why->string_or("code")).value_or(Code::kInvalid), why->string_or("message"), why->string_or("hint"));
    log_.warn("job_failed", job.mapping + ", " + job.kind + ": " + to_string(error), {{"mapping", Value(job.mapping)}, {"job", Value(job.id)}});
  }
  if (alerts_) alerts_->on_job(job);
  if (api_->events().wanted()) api_->events().publish("job", admin::view(job));
  if (options_.ears != nullptr) options_.ears->on_job(job);
}

void App::State::on_retry(const std::string& mapping, Side side, const std::string& key, const Error& error, Instant again) {
  log_.write(error.code == Code::kNotFound ? Level::kDebug : Level::kInfo, "retry", mapping + " " + store::side_name(side) + " " + shown_key(key) + ": " + (log_.enabled(Level::kDebug) ? to_string(error) : std::string(code_name(error.code))), {{"mapping", Value(mapping)}, {"again", Value(format_instant(again))}});
  if (api_->events().wanted()) {
    api_->events().publish("retry", Value(Object{{"mapping", mapping}, {"side", store::side_name(side)}, {"key", key}, {"error", admin::view(error)}, {"again", format_instant(again)}}));
  }
  if (options_.ears != nullptr) options_.ears->on_retry(mapping, side, key, error, again);
}

}  // namespace tidewire::app
