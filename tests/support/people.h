// people.h — the records of sync_world.h's mapping, a pair that is linked, and an engine that dies and begins again.
#pragma once

#include <string>

#include "support/sync_world.h"

namespace tidewire::test {

inline Value person(const std::string& email, const std::string& phone = "1") {
  return Value(Object{{"email", email}, {"phone", phone}, {"note", "n"}, {"tags", "t"}});
}

/// As kill -9 and a start: what was in memory is gone, the state is not.
inline void restart(World& world, sync::Plan plan = World::default_plan()) {
  world.engine.reset();
  world.engine = std::make_unique<sync::Engine>(world.store, sync::Surroundings{world.clock, world.timers, world.timers, world.random, world.ears, &world.judge});
  world.engine->put(std::make_shared<TableMapper>(std::move(plan)), {&world.left, &world.right});
  world.engine->start(false);
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

/// One linked pair at rest.
struct Pair {
  World world;
  std::string left, right;
  explicit Pair(sync::Plan plan = World::default_plan()) : world(std::move(plan)) {
    left = world.left.insert(person("ada@example.org"));
    world.hook(sync::Side::kLeft, left);
    world.settle();
    right = world.only_right();
    world.ears.operations.clear();
  }
  store::Known known(sync::Side side, const std::string& key) {
    store::Known out;
    world.store.load("people", {{side, key}}, [&](Result<std::vector<store::Known>> found) { out = found->front(); });
    world.timers.run_posted();
    return out;
  }
};

}  // namespace tidewire::test
