#include "admin/triggers.h"

#include <utility>

namespace tidewire::admin {
namespace {

constexpr Duration kLookAgain = std::chrono::seconds(1);

}  // namespace

Value Triggers::pull(const std::string& mapping, const std::string& author) {
  State& state = states_[mapping];
  if (state.gathered == 0) state.author = author;
  ++state.gathered;
  const bool running = !state.job.empty();
  if (!state.timer && !running) state.timer = control_.timers().after(kGather, [this, mapping] { begin(mapping); });
  return Value(Object{{"mapping", mapping}, {"state", running ? "after_the_run" : "gathering"}, {"joined", state.gathered - 1}});
}

void Triggers::begin(const std::string& mapping) {
  State& state = states_[mapping];
  control_.store().audit(state.author, "trigger", mapping, Value(Object{{"triggers", std::exchange(state.gathered, 0)}}), [](Result<void>) {});
  ++runs_;
  SyncRequest request;
  request.parts.push_back({.mapping = mapping});
  state.job = jobs_.start(std::move(request));
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
