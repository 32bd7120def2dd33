// What the API reads of the process, and what the process hears from the engine.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include <unistd.h>

#include "admin/views.h"
#include "app/circles.h"
#include "app/claims.h"
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

Value problem(const std::string& file, const Error& error) {
  Object out{{"file", Value(file)}, {"code", Value(code_name(error.code))}, {"message", Value(error.message)}};
  if (!error.hint.empty()) out["hint"] = error.hint;
  return Value(std::move(out));
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
  if (project_trouble_) out["project_trouble"] = problem("tidewire.lua", *project_trouble_);
  if (listen_trouble_) out["listen_trouble"] = problem("tidewire.lua", *listen_trouble_);
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
    if (mapping.trouble) reload["error"] = problem(mapping.file, *mapping.trouble);
    one["reload"] = Value(std::move(reload));
    one["quarantined"] = mapping.quarantined;
    if (mapping.drift) one["drift"] = problem(mapping.file, *mapping.drift);
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

/// Of what is on disk now, also where it was saved a moment ago.
void App::State::check(bool connect, admin::Done<Value> done) {
  if (watch_) watch_->look();
  when_loaded([this, alive = alive_, connect, done = std::move(done)] {
    if (*alive) check_loaded(connect, done);
  });
}

/// What a mapping begins without because its name is new to the state (law 9: the name is what links belong to); "" where nothing
/// speaks for it.
std::string App::State::former_name(const std::string& name, const store::Summary& summary) const {
  const auto links_of = [&](const std::string& one) {
    const auto counts = summary.mappings.find(one);
    return counts == summary.mappings.end() ? std::int64_t{0} : counts->second.links;
  };
  for (const std::string& former : engine_->alike(name)) {
    const std::int64_t links = links_of(former);
    if (mappings_.contains(former) || links <= links_of(name)) continue;
    return name + ": '" + former + "', which is not loaded, has " + std::to_string(links) + (links == 1 ? " pair" : " pairs") + " of the same two collections, and this mapping meets them as strangers. If it is the same one under another name, name = \"" +
           former + "\" in its file keeps them";
  }
  return "";
}

void App::State::tell_former_name(const std::string& name) {
  when_loaded([this, alive = alive_, name] {
    if (!*alive) return;
    store_->summary([this, alive, name](Result<store::Summary> summary) {
      const std::string former = *alive && summary.ok() ? former_name(name, *summary) : "";
      if (!former.empty()) log_.warn("mapping_renamed", former, {{"mapping", Value(name)}});
    });
  });
}

void App::State::check_loaded(bool connect, admin::Done<Value> done) {
  struct Checking {
    Array problems, warnings;
    Object connections;
    int left = 1;
  };
  auto checking = std::make_shared<Checking>();  // owners: the callbacks below
  for (const std::string& warning : warnings_) checking->warnings.push_back(Value(warning));
  for (const std::string& name : secrets_.too_short()) {
    checking->warnings.push_back(Value("secret " + name + " has fewer than " + std::to_string(Redactor::kShortest) + " bytes: it is not hidden where a system quotes it"));
  }
  for (const auto& [name, connection] : connections_) {
    for (const auto& [option, text] : connection->secrets_in_clear()) {
      checking->warnings.push_back(Value("connection " + name + ": " + option + " is written in clear, or comes by env, which may be printed; write secret \"NAME\" and put the text into .env"));
    }
  }
  for (const auto* trouble : {&project_trouble_, &listen_trouble_}) {
    if (*trouble) checking->problems.push_back(problem("tidewire.lua", **trouble));
  }
  if (const auto sound = refresh_certificate(); !sound.ok()) checking->problems.push_back(problem("tidewire.lua", sound.error()));
  for (const auto& [name, error] : broken_connections_) checking->problems.push_back(problem("tidewire.lua", error));
  for (const auto& [name, mapping] : mappings_) {
    if (mapping.trouble) checking->problems.push_back(problem(mapping.file, *mapping.trouble));
    if (mapping.drift) checking->problems.push_back(problem(mapping.file, *mapping.drift));
  }
  for (const std::string& file : empty_files_) checking->warnings.push_back(Value(file + " is empty: no mapping is read from it"));
  std::map<std::string, const Value*> compiled;
  for (const auto& [name, mapping] : mappings_) {
    if (mapping.mapper) compiled[name] = &mapping.mapper->compiled();
  }
  for (const std::string& overlap : overlapping_claims(compiled)) checking->problems.push_back(problem("mappings", make_error(Code::kInvalid, overlap, "let each value be claimed once")));
  for (const std::string& twice : written_twice(compiled)) checking->warnings.push_back(Value(twice));
  for (const std::string& circle : circles(compiled)) checking->warnings.push_back(Value(circle));
  const auto warn = [checking](const Value* warnings) {
    for (const Value& warning : warnings == nullptr || !warnings->is_array() ? Array{} : warnings->as_array()) checking->warnings.push_back(warning);
  };
  const auto one = [checking, done] {
    if (--checking->left > 0) return;
    Object out{{"ok", Value(checking->problems.empty())}};
    out["problems"] = Value(checking->problems);
    out["warnings"] = Value(checking->warnings);
    out["connections"] = Value(checking->connections);
    done(Value(std::move(out)));
  };
  for (const auto& [name, mapping] : mappings_) {
    if (!mapping.mapper) continue;
    if (!connect || mapping.trouble || mapping.drift) {
      warn(mapping.mapper->compiled().find("warnings"));
      continue;
    }
    ++checking->left;
    // The systems may have changed since the mapping was read; those that do not answer are told of by their own test.
    fit(name, [checking, one, warn, file = mapping.file, known = mapping.mapper](const Result<Fresh>& fresh) {
      if (!fresh.ok() && fresh.error().code != Code::kUnavailable) checking->problems.push_back(problem(file, fresh.error()));
      warn((fresh.ok() ? fresh->mapper : known)->compiled().find("warnings"));
      one();
    });
  }
  ++checking->left;
  store_->integrity_check([checking, one](Result<std::vector<std::string>> faults) {
    if (!faults.ok()) checking->problems.push_back(problem("state", faults.error()));
    else {
      for (const std::string& fault : *faults) checking->problems.push_back(problem("state", make_error(Code::kCorrupt, fault, "restore the state file from a backup; nothing is repaired silently")));
    }
    one();
  });
  ++checking->left;
  store_->summary([this, alive = alive_, checking, one](Result<store::Summary> summary) {
    for (const std::string& name : *alive && summary.ok() ? engine_->mappings() : std::vector<std::string>()) {
      if (std::string former = former_name(name, *summary); !former.empty()) checking->warnings.push_back(Value(std::move(former)));
    }
    one();
  });
  for (const std::string& name : engine_->mappings()) {
    if (const auto moved = engine_->moved(name)) {
      checking->problems.push_back(problem("mappings/" + name, *moved));
      continue;
    }
    ++checking->left;
    engine_->count_differing(name, [checking, one, name](Result<std::int64_t> count) {
      if (count.ok() && *count > 0)
        checking->warnings.push_back(Value(
            name + " was edited: " + std::to_string(*count) + (*count == 1 ? " link says" : " links say") +
            " something else by it now. `tidewire sync " + name + " --all` writes it, with --dry-run it tells what"));
      one();
    });
    ++checking->left;
    engine_->count_unmet(name, [checking, one, name](Result<sync::Unmet> unmet) {
      if (unmet.ok() && unmet->links > 0) {
        const std::vector<std::string> fields(unmet->fields.begin(), unmet->fields.end());
        checking->warnings.push_back(Value(name + " got " + join(fields, ", ") + ", which " + std::to_string(unmet->links) + (unmet->links == 1 ? " link has" : " links have") +
                                           " not met: each does with its next change, all do with `tidewire sync " + name + "`"));
      }
      one();
    });
  }
  for (const auto& [name, connection] : connections_) {
    if (!connect) break;
    ++checking->left;
    connection->test([this, alive = alive_, checking, one, name = name](Result<Value> answer) {
      if (!*alive) return;
      if (answer.ok()) {
        engine_->try_refused();
        Value about = *answer;
        if (!about.is_object()) about = Value(Object{});
        const auto asked = connections_.find(name);
        const bool same = asked == connections_.end() || asked->second->same_system();
        about["ok"] = Value(same);
        if (!same) {
          const Error other = make_error(Code::kDenied, "another system answers than the one first met; nothing missing there is taken for deleted", "if it is the right one: tidewire check --accept " + name);
          about["error"] = Value(other.message);
          checking->problems.push_back(problem("connection " + name, other));
        }
        if (const Value* warnings = about.find("warnings"); warnings != nullptr && warnings->is_array()) {
          for (const Value& warning : warnings->as_array()) {
            if (warning.is_string()) checking->warnings.push_back(Value("connection " + name + ": " + warning.as_string()));
          }
        }
        checking->connections[name] = std::move(about);
        for (const auto& [where, collection] : collections_in_use()) {
          if (where != name || asked == connections_.end()) continue;
          ++checking->left;
          asked->second->describe(collection, [checking, one, at = "connection " + name + ", " + collection.string_or("name") + ": "](Result<Value> described) {
            const Value* warnings = described.ok() ? described->find("warnings") : nullptr;
            for (const Value& warning : warnings == nullptr || !warnings->is_array() ? Array{} : warnings->as_array()) {
              const Value text(at + (warning.is_string() ? warning.as_string() : ""));
              if (std::find(checking->warnings.begin(), checking->warnings.end(), text) == checking->warnings.end()) checking->warnings.push_back(text);
            }
            one();
          });
        }
      } else {
        checking->connections[name] = Value(Object{{"ok", Value(false)}, {"error", Value(to_string(answer.error()))}});
        checking->problems.push_back(problem("connection " + name, answer.error()));
      }
      one();
    });
  }
  loop_.post(one);
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
