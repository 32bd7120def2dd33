#include "admin/triggers.h"

#include <utility>

namespace tidewire::admin {
namespace {

constexpr Duration kLookAgain = std::chrono::seconds(1);
constexpr const char* kPromised = "trigger";  // kv: mapping -> who asked

}  // namespace

Triggers::State& Triggers::gather(const std::string& mapping, const std::string& author) {
  State& state = states_[mapping];
  if (state.gathered == 0) state.author = author;
  ++state.gathered;
  if (!state.timer && state.job.empty()) state.timer = control_.timers().after(kGather, [this, mapping] { begin(mapping); });
  return state;
}

void Triggers::pull(const std::string& mapping, const std::string& author, Done<Value> done) {
  const State& state = gather(mapping, author);
  const Value said(Object{{"mapping", mapping}, {"state", state.job.empty() ? "gathering" : "after_the_run"}, {"joined", state.gathered - 1}});
  control_.store().kv_set(kPromised, mapping, Value(author), std::nullopt, [said, done = std::move(done)](Result<void> kept) {
    if (!kept.ok()) return done(std::move(kept).error());
    done(said);
  });
}

void Triggers::resume() {
  control_.store().kv_list(kPromised, [this, alive = std::weak_ptr<bool>(alive_)](Result<std::map<std::string, Value>> promised) {
    if (alive.expired() || !promised.ok()) return;
    for (const auto& [mapping, author] : *promised) {
      if (control_.engine().plan(mapping) != nullptr) gather(mapping, author.is_string() ? author.as_string() : "");
    }
  });
}

void Triggers::begin(const std::string& mapping) {
  State& state = states_[mapping];
  control_.store().audit(state.author, "trigger", mapping, Value(Object{{"triggers", std::exchange(state.gathered, 0)}}), [](Result<void>) {});
  ++runs_;
  SyncRequest request;
  request.parts.push_back({.mapping = mapping});
  request.author = state.author;
  request.triggered = true;
  state.job = jobs_.start(request, [this, alive = std::weak_ptr<bool>(alive_), mapping, author = state.author](Result<std::string> stored) {
    if (alive.expired()) return;
    if (!stored.ok()) return void(gather(mapping, author));  // still promised: begun again
    const auto now = states_.find(mapping);
    const bool more = now != states_.end() && now->second.gathered > 0;  // promised under the same name
    if (!more) control_.store().kv_remove(kPromised, mapping, [](Result<void>) {});
  });
  state.timer = control_.timers().after(kLookAgain, [this, mapping] { look(mapping); });
}

void Triggers::look(const std::string& mapping) {
  jobs_.view(states_[mapping].job, [this, alive = std::weak_ptr<bool>(alive_), mapping](Result<Value> job) {
    if (alive.expired()) return;
    State& state = states_[mapping];
    const bool running = job.ok() && job->string_or("state") == "running";
    if (!running) state.job.clear();
    if (running) state.timer = control_.timers().after(kLookAgain, [this, mapping] { look(mapping); });
    else if (state.gathered > 0) begin(mapping);
    else states_.erase(mapping);
  });
}

}  // namespace tidewire::admin
