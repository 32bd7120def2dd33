// people.h — the records of sync_world.h's mapping, a pair that is linked, and an engine that dies and begins again.
#pragma once

#include <string>

#include "support/sync_world.h"

namespace tidewire::test {

inline Value person(const std::string& email, const std::string& phone = "1") {
  return Value(Object{{"email", email}, {"phone", phone}, {"note", "n"}, {"tags", "t"}});
}

/// As kill -9 and a start, up to where the mapping is loaded and nothing has begun: what was in memory is gone, the state is not.
/// `ends`: other ones than the two sides themselves.
inline void begin_anew(World& world, sync::Plan plan = World::default_plan(), sync::Sides<sync::Endpoint*> ends = {nullptr, nullptr}) {
  world.timers.drop_posted();  // gone with the process
  world.engine.reset();
  world.engine = std::make_unique<sync::Engine>(world.store, sync::Surroundings{world.clock, world.timers, world.timers, world.random, world.ears, &world.judge});
  world.engine->put(std::make_shared<TableMapper>(std::move(plan)), {ends.left != nullptr ? ends.left : &world.left, ends.right != nullptr ? ends.right : &world.right});
}

/// The same, and it begins.
inline void restart(World& world, sync::Plan plan = World::default_plan(), sync::Sides<sync::Endpoint*> ends = {nullptr, nullptr}) {
  begin_anew(world, std::move(plan), ends);
  world.engine->start(false);
}

inline store::Known known_of(World& world, sync::Side side, const std::string& key) {
  store::Known out;
  world.store.load("people", {{side, key}}, [&](Result<std::vector<store::Known>> found) { out = found->front(); });
  world.timers.run_posted();
  return out;
}
inline std::vector<store::Operation> operations_of(World& world, const std::string& outcome = {}) {
  std::vector<store::Operation> out;
  world.store.operations({.mapping = "people", .outcome = outcome}, {}, [&](Result<store::Paged<store::Operation>> page) { out = page->rows; });
  world.timers.run_posted();
  return out;
}
inline std::vector<store::DirtyKey> standing_of(World& world, std::optional<store::KeyState> state = {}) {
  std::vector<store::DirtyKey> out;
  world.store.standing("people", state, {}, [&](Result<store::Paged<store::DirtyKey>> page) { out = page->rows; });
  world.timers.run_posted();
  return out;
}

/// Starts one job; its id.
inline std::string start_job(World& world, const std::string& kind, Value options = Object{}) {
  store::Job job;
  job.mapping = "people";
  job.kind = kind;
  job.author = "ann";
  job.options = std::move(options);
  std::string id;
  world.engine->jobs().start({std::move(job)}, [&](Result<std::string> batch) { id = batch.ok() ? *batch : ""; });
  // No more than it takes to store it: a job of a few records would be over before it is asked for.
  for (int i = 0; i < 100 && id.empty(); ++i) world.timers.run_posted();
  return id;
}
inline store::Job job_of(World& world, const std::string& id) {
  store::Job out;
  world.store.batch(id, [&](Result<std::vector<store::Job>> jobs) {
    if (jobs.ok() && !jobs->empty()) out = jobs->front();
  });
  world.timers.run_posted();
  return out;
}
/// As it has ended.
inline store::Job run_job(World& world, const std::string& kind, Value options = Object{}) {
  const std::string id = start_job(world, kind, std::move(options));
  for (int i = 0; i < 200 && job_of(world, id).open(); ++i) world.settle();
  return job_of(world, id);
}
inline std::vector<store::Finding> findings_of(World& world, const std::string& id) {
  std::vector<store::Finding> out;
  world.store.findings(id, "", {1000, ""}, [&](Result<store::Paged<store::Finding>> page) { out = page.ok() ? page->rows : std::vector<store::Finding>(); });
  world.timers.run_posted();
  return out;
}
inline std::int64_t found_in(const store::Job& job, const char* kind) {
  const Value* count = job.summary.at_path(std::string("found.") + kind);
  return count == nullptr ? 0 : count->as_int();
}

/// One linked pair at rest: what happens from here on is what a test is about.
struct Pair {
  World world;
  std::string left, right;
  int writes_before = 0;
  explicit Pair(sync::Plan plan = World::default_plan()) : world(std::move(plan)) {
    left = world.left.insert(person("ada@example.org"));
    world.hook(sync::Side::kLeft, left);
    world.settle();
    right = world.only_right();
    forget_what_was();
  }
  /// Counts, requests and operations begin here.
  void forget_what_was() {
    writes_before = world.writes();
    world.left.requests.clear();
    world.right.requests.clear();
    world.ears.operations.clear();
    world.ears.retries.clear();
    world.ears.echoes = 0;
  }
  MemorySide& side(sync::Side which) { return which == sync::Side::kLeft ? world.left : world.right; }
  const std::string& key(sync::Side which) const { return which == sync::Side::kLeft ? left : right; }

  /// Somebody edits; nobody is told yet.
  void edit(sync::Side which, const std::string& field, const std::string& value) { side(which).edit(key(which), field, Value(value)); }
  void edit_both(const std::string& field, const std::string& of_left, const std::string& of_right) {
    edit(sync::Side::kLeft, field, of_left);
    edit(sync::Side::kRight, field, of_right);
  }
  /// Somebody deletes the record, and its system says so.
  void erase(sync::Side which) {
    side(which).erase(key(which));
    world.hook(which, key(which), "delete");
  }
  /// Every request is answered as a paused connection answers, until `denied` of the side is taken back.
  void refuse(sync::Side which, std::chrono::milliseconds pause) {
    Error paused = make_error(Code::kThrottled, "the connection is paused");
    paused.retry_after = pause;
    side(which).denied = std::move(paused);
  }
  /// Both systems tell of the pair, and what is due happens.
  void tell(Duration span = std::chrono::milliseconds(500)) {
    for (const sync::Side which : {sync::Side::kLeft, sync::Side::kRight}) {
      if (side(which).rows.contains(key(which))) world.hook(which, key(which));
    }
    world.settle(span);
  }
  void later(Duration span = std::chrono::minutes(5)) { world.timers.advance(span); }

  std::string shown(sync::Side which, const std::string& field) const {
    const Value value = (which == sync::Side::kLeft ? world.left : world.right).get(key(which), field);
    return value.is_string() ? value.as_string() : "";
  }
  bool both_show(const std::string& field, const std::string& value) const { return shown(sync::Side::kLeft, field) == value && shown(sync::Side::kRight, field) == value; }
  int new_writes() const { return world.writes() - writes_before; }
  /// What was asked of a side since, of one verb.
  std::vector<MemorySide::Request> requests(sync::Side which, const std::string& verb) {
    std::vector<MemorySide::Request> out;
    for (const auto& request : side(which).requests) {
      if (request.verb == verb) out.push_back(request);
    }
    return out;
  }
  /// What the newest operation says of a field.
  Value decided(const std::string& field) const {
    if (world.ears.operations.empty()) return Value();
    const Value* found = world.ears.operations.back().record.at_path("fields." + field);
    return found == nullptr ? Value() : *found;
  }
  store::Known known(sync::Side which, const std::string& of) { return known_of(world, which, of); }
  store::Link link() { return known(sync::Side::kLeft, left).link.value_or(store::Link{}); }
  /// A person decides the only open conflict of the field, and what is won together with it.
  void resolve(const std::string& field, const std::string& method, Value left_value = Value(), Value right_value = Value()) {
    for (const store::Conflict& open : world.conflicts()) {
      if (open.field != field) continue;
      store::Store::Resolution said{open.id, method, "ann", {}, {}, open.shown_at};
      if (method == "value") said.left = std::move(left_value), said.right = std::move(right_value);
      for (std::string& fellow : sync::won_with(*world.engine->plan("people"), field)) said.with.push_back({std::move(fellow), {}, {}});
      world.store.resolve(std::move(said), [](Result<void> done) { ASSERT(done.ok(), "the conflict is open"); });
      world.timers.run_posted();
    }
    world.engine->wake("people");
    world.settle();
  }
};

}  // namespace tidewire::test
