// The engine's pieces of work over whole mappings: load, resync, sweep, dry run, and who is told when they are over.
#include <algorithm>

#include "sync/merge/differing.h"
#include "sync/engine_mapping.h"
#include "sync/reconcile/hooks.h"
#include "sync/jobs/load.h"
#include "sync/reconcile/look.h"
#include "sync/jobs/preview.h"

namespace tidewire::sync {

namespace {

constexpr Duration kLongestSweepPause = std::chrono::hours(24);  // between two sweeps that are asked for

/// A direction that the mapping does not take changes from is listed only where deletes are looked for.
Value load_options(const Engine& engine, const Engine::SyncOptions& options) {
  const Plan* plan = engine.plan(options.mapping);
  const Flow flow = plan == nullptr ? Flow::kBoth : plan->flow;
  Object out{{"left", options.left && (flow != Flow::kToLeft || options.absences)}, {"right", options.right && (flow != Flow::kToRight || options.absences)}};
  if (options.limit > 0) out["limit"] = options.limit;
  if (options.all) out["all"] = true;
  return Value(std::move(out));
}

}  // namespace

void Engine::sync(SyncOptions options, std::function<void(const store::Job&)> progress, Done<store::Job> done) {
  store::Job job;
  job.mapping = options.mapping;
  job.kind = options.absences ? "sweep" : (options.all ? "resync" : "initial_load");
  job.options = load_options(*this, options);
  jobs_.start({std::move(job)}, [this, alive = alive_, progress = std::move(progress), done = std::move(done)](Result<std::string> batch) {
    if (!*alive) return;
    if (!batch.ok()) return done(batch.error());
    jobs_.when_ended(*batch, progress, [done](std::vector<store::Job> jobs) {
      if (jobs.empty()) return done(make_error(Code::kUnavailable, "the state does not tell how the job ended"));
      const Value* error = jobs.front().summary.find("error");
      if (error == nullptr) return done(std::move(jobs.front()));
      done(make_error(code_from_name(error->string_or("code")).value_or(Code::kInvalid), error->string_or("message"), error->string_or("hint")));
    });
  });
}

/// A linked key reads as missing and nobody told of a delete (law 16): one sweep answers for all that ask within a while, which
/// is returned. It grows while the lists are short: what they hide the next one hides, too.
Duration Engine::ask_sweep(const std::string& name, Side side) {
  const Ticks now = around_.clock.ticks();
  const auto [last, first] = swept_.try_emplace({name, side}, Swept{now});
  const Duration pause = last->second.pause;
  if (!first && now - last->second.at < pause) return pause;
  last->second.at = now;
  store::Job job;
  job.mapping = name;
  job.kind = "sweep";
  job.options = Value(Object{{"left", side == Side::kLeft}, {"right", side == Side::kRight}});
  jobs_.start({std::move(job)}, [this, alive = alive_, name, side](Result<std::string> batch) {
    if (!*alive || !batch.ok()) return;
    jobs_.when_ended(*batch, {}, [this, name, side](const std::vector<store::Job>& jobs) {
      const bool is_short = std::any_of(jobs.begin(), jobs.end(), [&](const store::Job& job) { return job.mapping == name && shortfall(job); });
      Duration& next = swept_[{name, side}].pause;
      next = is_short ? std::min(next * 2, kLongestSweepPause) : kSweepPause;
    });
  });
  return pause;
}

/// A page told that rows went, and not which (law 5: it is asked for before the cursor moves past that). One that has not begun yet will
/// see it, too.
void Engine::sweep_now(const std::string& name, Side side, Done<void> done) {
  std::string& last = swept_now_[{name, side}];
  if (const store::Job* waiting = jobs_.open(last); waiting != nullptr && waiting->state == "queued") return around_.poster.post([done] { done({}); });
  store::Job job;
  job.mapping = name;
  job.kind = "sweep";
  job.options = Value(Object{{"left", side == Side::kLeft}, {"right", side == Side::kRight}, {"triggered", true}});
  last = jobs_.start({std::move(job)}, [done](Result<std::string> batch) { done(batch.ok() ? Result<void>() : Result<void>(batch.error())); });
}

/// Who asked to be told of finished jobs is, by an operation of its own.
void Engine::finished(const store::Job& job, std::function<void()> then) {
  const Plan* plan = this->plan(job.mapping);
  store::Operation operation;
  operation.id = ids_.next();
  operation.at = around_.clock.now();
  operation.mapping = job.mapping;
  operation.kind = "note";
  operation.outcome = "applied";
  operation.job = job.id;
  operation.record = Value(Object{{"job", Value(job.kind)}, {"done", Value(job.done)}, {"failed", Value(job.failed)}});
  store::Commit commit;
  commit.mapping = job.mapping;
  if (plan != nullptr) commit.hooks = hooks_of(*plan, operation);
  if (commit.hooks.empty()) return then();
  commit.operation = operation;
  store_.commit(std::move(commit), [this, alive = alive_, operation, then](Result<std::int64_t>) {
    if (*alive) around_.ears.on_operation(operation);
    then();
  });
}

void Engine::dry_run_all(SyncOptions options, std::function<void(const Report&)> found, Done<std::int64_t> done) {
  const auto place = workplace(options.mapping);
  if (!place) return refuse(options.mapping, std::move(done));
  options.absences = true;  // both sides are listed, whatever the direction
  preview(*place, load_options(*this, options), std::move(found), std::move(done));
}

void Engine::count_differing(const std::string& name, Done<std::int64_t> done) {
  if (const auto place = workplace(name)) return sync::count_differing(*place, std::move(done));
  refuse(name, std::move(done));
}

void Engine::count_unmet(const std::string& name, Done<Unmet> done) {
  const auto place = workplace(name);
  if (!place) return refuse(name, std::move(done));
  sync::count_unmet(*place, membership_.look(place->mapper->plan()), std::move(done));
}

void Engine::try_key(const std::string& mapping, Side side, const std::string& key, std::function<void(Report)> done) { try_assuming(mapping, {side, key}, {}, std::move(done)); }

void Engine::try_resolution(const store::Conflict& conflict, store::Store::Resolution decision, std::function<void(Report)> done) {
  const auto& linked = conflict.link_key;
  const SideKey key = !conflict.link ? SideKey{conflict.side.value_or(Side::kLeft), conflict.key} : linked.left ? SideKey{Side::kLeft, *linked.left} : SideKey{Side::kRight, linked.right.value_or("")};
  try_assuming(conflict.mapping, key, std::move(decision), std::move(done));
}

void Engine::try_assuming(const std::string& mapping, SideKey key, std::optional<store::Store::Resolution> decision, std::function<void(Report)> done) {
  const auto place = workplace(mapping);
  if (!place) return around_.poster.post([done, why = why_not(mapping)] { done({Report::End::kDropped, {}, {}, {}, why}); });
  PassOptions options;
  options.dry = options.read_both = options.thorough = true;
  options.assumed = std::move(decision);
  sync::look(*place->lane, place->mapper, std::move(key), std::move(options), std::move(done));
}

}  // namespace tidewire::sync
