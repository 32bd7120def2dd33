#include "sync/engine_mapping.h"

#include <algorithm>

#include "sched/cron.h"
#include "store/restore.h"
#include "sync/forget_kept.h"

namespace tidewire::sync {

using store::side_name;

namespace {

constexpr Duration kOverdueLook = std::chrono::minutes(10);
constexpr Duration kLongRest = std::chrono::minutes(1);  // of a system that is not asked; a limit's own time to come back is shorter

}  // namespace

Engine::Engine(store::Store& store, const Surroundings& surroundings)
    : store_(store), around_(surroundings), ids_(around_.clock, around_.random), scheduler_(around_.timers, around_.clock, around_.random), jobs_(store_, around_, ids_, *this), membership_(store_), ends_(store_),
      fan_out_(store_, around_, [this] { return routes(); }, [this] { wake_all(); }),
      settling_(store_, around_, {[this] { return busy(); }, [this](const std::string& name) { return takes(name); }, [this] { wake_all(); }}),
      alive_(std::make_shared<bool>(true)) {}

Engine::~Engine() { *alive_ = false; }

Engine::Mapping* Engine::find(const std::string& name) {
  const auto found = mappings_.find(name);
  return found == mappings_.end() ? nullptr : found->second.get();
}

std::vector<std::string> Engine::mappings() const {
  std::vector<std::string> names;
  for (const auto& [name, mapping] : mappings_) names.push_back(name);
  return names;
}

const Plan* Engine::plan(const std::string& name) const {
  const auto found = mappings_.find(name);
  return found == mappings_.end() ? nullptr : &found->second->worker->mapper()->plan();
}

void Engine::start(bool timed, std::function<void()> begun) {
  timed_ = timed;
  starting_ = true;
  know([this, begun = std::move(begun)] {
    renew_intents([this, begun] { jobs_.resume([this, begun] { begin(begun); }); });
  });
}

/// Where the process before this one was cut off nobody knows when, nor what was on its way then: of all that it announced the settle
/// time is counted from here (laws 25, 26). Before that is stored no pass may judge any of it.
void Engine::renew_intents(std::function<void()> then) {
  store_.renew_intents([this, alive = alive_, then = std::move(then)](const Result<std::int64_t>& renewed) {
    if (!*alive || stopping_) return;
    if (renewed.ok()) return then();
    start_timer_ = around_.timers.after(std::chrono::seconds(1), [this, then] { renew_intents(then); });
  });
}

/// What the state says of holds, fields and known ends comes before the first key is taken.
void Engine::know(std::function<void()> done) {
  if (known_) return done();
  know_holds(std::move(done));
}

/// `take` of what the state answers; where it cannot, all of it is asked for again.
template <typename T>
Done<T> Engine::or_again(std::function<void()> done, std::function<void(T&)> take) {
  return [this, alive = alive_, done = std::move(done), take = std::move(take)](Result<T> answer) {
    if (!*alive || stopping_) return;
    if (answer.ok()) return take(*answer);
    start_timer_ = around_.timers.after(std::chrono::seconds(1), [this, done] { know(done); });
  };
}

void Engine::know_holds(std::function<void()> done) {
  store_.kv_list("holds", or_again<std::map<std::string, Value>>(done, [this, done](auto& holds) {
    for (const auto& [name, why] : holds) holds_[name] = why.string_or("why");
    know_fields(done);
  }));
}

void Engine::know_fields(std::function<void()> done) {
  store_.kv_list(Membership::kDrawer, or_again<std::map<std::string, Value>>(done, [this, done](auto& fields) {
    membership_.take(fields);
    know_ends(done);
  }));
}

void Engine::know_ends(std::function<void()> done) {
  store_.kv_list(KnownEnds::kDrawer, or_again<std::map<std::string, Value>>(done, [this, done](auto& ends) {
    ends_.take(std::move(ends));
    know_restored(done);
  }));
}

void Engine::know_restored(std::function<void()> done) {
  store_.kv_get(store::kStateDrawer, store::kRestoredAt, or_again<std::optional<Value>>(done, [this, done](auto& restored) {
    if (restored && restored->is_int()) restored_at_ = Instant(Duration(restored->as_int()));
    for (const auto& [name, mapping] : mappings_) mapping->lane->restored_at = restored_at_;
    known_ = true;
    done();
  }));
}

void Engine::begin(const std::function<void()>& begun) {
  starting_ = false;
  started_ = true;
  for (auto& [name, mapping] : mappings_) {
    pause_worker(*mapping);
    look_at_ends(*mapping);
    mapping->lane->staging = jobs_.staging(name);
    mapping->lane->joined = membership_.of(mapping->worker->mapper()->plan());
    release_would_write(*mapping);
    try_refused(name);
    if (timed_) schedule(*mapping);
  }
  look_for_overdue();
  received();
  wake_all();
  if (begun) begun();
}

/// Who has waited a day for a parent is looked at, and becomes a dead letter that says how the parent stands (law 22).
void Engine::look_for_overdue() {
  overdue_timer_.reset();
  for (const auto& [name, mapping] : mappings_) {
    const auto& fields = mapping->worker->mapper()->plan().fields;
    const bool waits = std::any_of(fields.begin(), fields.end(), [](const Field& field) { return field.kind == Field::Kind::kReference || field.kind == Field::Kind::kFunction || field.kind == Field::Kind::kRows; });
    if (!waits) continue;
    store_.wake_overdue(name, kPatience, [this, alive = alive_, name = name](Result<std::int64_t> woken) {
      if (*alive && woken.ok() && *woken > 0) wake(name);
    });
    if (!overdue_timer_) overdue_timer_ = around_.timers.after(kOverdueLook, [this] { look_for_overdue(); });
  }
}

void Engine::hold(const std::string& name, std::optional<std::string> why, Done<void> done) {
  const auto apply = [this, alive = alive_, name, why, done](Result<void> stored) {
    if (!*alive) return;
    if (!stored.ok()) return done(stored);
    if (why) holds_[name] = *why;
    else holds_.erase(name);
    if (Mapping* mapping = find(name)) pause_worker(*mapping);
    if (!why) wake_waiting(name);
    done({});
  };
  if (why) store_.kv_set("holds", name, Value(Object{{"why", *why}}), std::nullopt, apply);
  else store_.kv_remove("holds", name, apply);
}

void Engine::forget(const std::string& name) {
  ASSERT(find(name) == nullptr, "a mapping that runs is forgotten");
  routes_.erase(name);
  holds_.erase(name);
  membership_.forget(name);
  ends_.forget(name);
}

std::optional<Workplace> Engine::workplace(const std::string& name) {
  Mapping* mapping = find(name);
  if (mapping == nullptr || moved_.contains(name)) return std::nullopt;
  return Workplace{mapping->lane.get(), mapping->worker->mapper(), {mapping->poller.left.get(), mapping->poller.right.get()}};
}

void Engine::hold_backfill(const std::string& name, bool held) {
  if (Mapping* mapping = find(name)) mapping->worker->hold_backfill(held);
}

void Engine::stage(const std::string& name, bool staged, Done<void> then) {
  Mapping* mapping = find(name);
  if (mapping != nullptr) mapping->lane->staging = staged;
  if (mapping != nullptr && !staged) return release_would_write(*mapping, std::move(then));
  if (then) around_.poster.post([then = std::move(then)] { then({}); });
}

void Engine::forget(const std::string& name, SideKey key, const std::string& author, Done<std::map<std::string, std::int64_t>> done) {
  const auto place = workplace(name);
  const auto end_jobs = [this, alive = alive_, name](const std::vector<SideKey>& keys, std::function<void()> then) {
    if (*alive) jobs_.forget(name, keys, std::move(then));
  };
  if (place) return sync::forget(*place, std::move(key), author, end_jobs, std::move(done));
  const bool at_work = find(name) != nullptr || std::any_of(leaving_.begin(), leaving_.end(), [&](const auto& one) { return one->lane->mapping == name; });
  if (at_work) return refuse(name, std::move(done));
  forget_kept(store_, name, std::move(key), author, end_jobs, std::move(done));
}

void Engine::release(const std::string& name, const std::string& field, Done<std::int64_t> done) {
  if (Mapping* mapping = find(name)) mapping->lane->braked.clear();
  release_more(name, field, 0, std::move(done));
}

/// Some at a time: there may be as many as there are records.
void Engine::release_more(const std::string& name, const std::string& field, std::int64_t so_far, Done<std::int64_t> done) {
  constexpr std::int64_t kAtOnce = 2000;
  store_.release(name, field, kAtOnce, [this, alive = alive_, name, field, so_far, done](Result<std::int64_t> released) {
    if (!*alive) return;
    if (!released.ok()) return done(released.error());
    if (Mapping* mapping = find(name)) mapping->lane->braked.clear();
    wake(name);
    if (*released >= kAtOnce) return release_more(name, field, so_far + *released, done);
    done(so_far + *released);
  });
}

void Engine::mend(Mending what, Done<store::Operation> done) {
  const auto place = workplace(what.mapping);
  if (!place) return refuse(what.mapping, std::move(done));
  const std::string mapping = what.mapping;
  sync::mend(*place, std::move(what), [this, alive = alive_, name = mapping, done](Result<store::Operation> mended) {
    if (*alive) wake(name);
    done(std::move(mended));
  });
}

void Engine::reset_stale(const std::string& mapping, const std::string& author, store::Page page, Done<StaleReset> done) {
  const auto place = workplace(mapping);
  if (!place) return refuse(mapping, std::move(done));
  sync::reset_stale(*place, author, std::move(page), [this, alive = alive_, mapping, done](Result<StaleReset> reset) {
    if (*alive) wake(mapping);
    done(std::move(reset));
  });
}

void Engine::look(const std::string& connection, const std::string& collection, std::function<void(std::optional<Error>)> done) {
  struct Looks {
    int left = 1;
    std::optional<Error> error;
  };
  auto looks = std::make_shared<Looks>();  // owners: the callbacks below
  const auto one = [looks, done](const std::optional<Error>& error) {
    if (error && !looks->error) looks->error = error;
    if (--looks->left == 0) done(looks->error);
  };
  for (const auto& [name, mapping] : mappings_) {
    const Plan& plan = mapping->worker->mapper()->plan();
    for (const Side side : {Side::kLeft, Side::kRight}) {
      if (moved_.contains(name) || plan.end[side].connection != connection || plan.end[side].collection != collection || !started_ || stopping_) continue;
      ++looks->left;
      mapping->poller[side]->look([this, name, one](const Poller::Outcome& outcome) {
        wake(name);
        one(outcome.error);
      });
    }
  }
  around_.poster.post([one] { one(std::nullopt); });
}

void Engine::wake(const std::string& name) {
  Mapping* mapping = find(name);
  if (mapping == nullptr || !started_) return;
  mapping->worker->wake();
  jobs_.decided(name);
}

void Engine::pause(const std::string& name, bool paused) {
  Mapping* mapping = find(name);
  if (mapping == nullptr) return;
  mapping->paused = paused;
  pause_worker(*mapping);
}

void Engine::schedule(Mapping& mapping) {
  const Plan& plan = mapping.worker->mapper()->plan();
  const std::string name = plan.name;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (plan.end[side].poll.empty()) continue;
    const auto schedule = sched::parse_schedule(plan.end[side].poll);
    if (!schedule.ok()) continue;  // refused by the host chunk
    scheduler_.add("poll " + name + " " + side_name(side), *schedule, std::chrono::seconds(2), [this, name, side](std::function<void()> finished) {
      Mapping* mine = find(name);
      if (mine == nullptr || moved_.contains(name) || mine->batcher[side]->endpoint().blocked()) return finished();
      mine->poller[side]->poll([this, name, finished](Poller::Outcome) {
        wake(name);
        finished();
      });
    });
    scheduler_.run_now("poll " + name + " " + side_name(side));
  }
  if (plan.sweep.empty()) return;
  const auto sweep = sched::parse_schedule(plan.sweep);
  if (!sweep.ok()) return;
  scheduler_.add("sweep " + name, *sweep, std::chrono::seconds(60), [this, name](std::function<void()> finished) {
    if (moved_.contains(name) || holds_.contains(name)) return finished();  // nothing of it is worked off
    SyncOptions options;
    options.mapping = name;
    options.absences = true;
    sync(options, {}, [finished](Result<store::Job>) { finished(); });
  });
}

void Engine::unschedule(const std::string& name) {
  scheduler_.remove("poll " + name + " left");
  scheduler_.remove("poll " + name + " right");
  scheduler_.remove("sweep " + name);
}

void Engine::received() {
  if (started_) fan_out_.look();
}

std::vector<store::Route> Engine::routes() const {
  std::vector<store::Route> out;
  for (const auto& [mapping, wanted] : routes_) out.insert(out.end(), wanted.begin(), wanted.end());
  return out;
}

/// Keys that are due together are taken in the order of their mappings' priorities. Each mapping has places of its own, so
/// none waits for another's to be done; where a connection makes calls wait, they go by the same order (sched/turns.h).
void Engine::wake_all() {
  std::vector<Worker*> workers;
  for (const auto& [name, mapping] : mappings_) workers.push_back(mapping->worker.get());
  std::stable_sort(workers.begin(), workers.end(), [](const Worker* one, const Worker* two) { return one->mapper()->plan().priority < two->mapper()->plan().priority; });
  for (Worker* worker : workers) worker->wake();
}

void Engine::poll_all(std::function<void(std::vector<Error>)> done) {
  auto errors = std::make_shared<std::vector<Error>>();  // owners: the callbacks below
  auto left = std::make_shared<int>(1);
  const auto one = [errors, left, done] {
    if (--*left == 0) done(*errors);
  };
  for (auto& [name, mapping] : mappings_) {
    for (const Side side : {Side::kLeft, Side::kRight}) {
      if (moved_.contains(name) || mapping->worker->mapper()->plan().end[side].poll.empty()) continue;
      ++*left;
      mapping->poller[side]->poll([this, name = name, errors, one](Poller::Outcome outcome) {
        if (outcome.error) errors->push_back(*outcome.error);
        wake(name);
        one();
      });
    }
  }
  one();
}

void Engine::settled(bool retries_too, std::function<void()> done) { settling_.when(retries_too, std::move(done)); }

bool Engine::takes(const std::string& name) const {
  const auto found = mappings_.find(name);
  if (found == mappings_.end() || found->second->paused || holds_.contains(name) || moved_.contains(name)) return false;
  const auto rests = [&](Side side) {
    const auto wait = found->second->batcher[side]->endpoint().blocked();
    return wait && *wait > kLongRest;
  };
  return !rests(Side::kLeft) && !rests(Side::kRight);
}

bool Engine::busy() const {
  return starting_ || fan_out_.busy() || jobs_.busy() || std::any_of(mappings_.begin(), mappings_.end(), [](const auto& one) { return !one.second->worker->idle(); });
}

void Engine::stop(std::function<void()> done) {
  stopping_ = true;
  fan_out_.stop();
  start_timer_.reset();
  overdue_timer_.reset();
  jobs_.stop();
  for (const auto& [name, mapping] : mappings_) {
    unschedule(name);
    mapping->again.clear();
  }
  auto left = std::make_shared<int>(1);  // owners: the callbacks below
  const auto one = [left, done] {
    if (--*left == 0) done();
  };
  for (auto& [name, mapping] : mappings_) {
    ++*left;
    mapping->worker->stop(one);
  }
  one();
}

bool Engine::letting_go() const {
  return !leaving_.empty() || std::any_of(mappings_.begin(), mappings_.end(), [](const auto& one) { return one.second->lane->owners.any(); });
}

std::map<std::string, Engine::MappingStatus> Engine::status() const {
  std::map<std::string, MappingStatus> out;
  for (const auto& [name, mapping] : mappings_) {
    MappingStatus& status = out[name];
    status.under_way = mapping->worker->under_way();
    for (const Side side : {Side::kLeft, Side::kRight}) {
      status.last_poll[side] = mapping->poller[side]->last_success();
      status.poll_error[side] = mapping->poller[side]->last().error;
      if (const auto poll = scheduler_.next("poll " + name + " " + side_name(side))) status.next_poll[side] = *poll;
    }
    if (const auto sweep = scheduler_.next("sweep " + name)) status.next_sweep = *sweep;
    status.job = jobs_.of(name);
    if (const auto held = holds_.find(name); held != holds_.end()) status.held = held->second;
    if (const auto why = moved_.find(name); why != moved_.end()) status.held = why->second;
    status.moved = moved_.contains(name);
  }
  return out;
}

}  // namespace tidewire::sync
