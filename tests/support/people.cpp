#include "support/people.h"

namespace tidewire::test {

Value person(const std::string& email, const std::string& phone) {
  return Value(Object{{"email", email}, {"phone", phone}, {"note", "n"}, {"tags", "t"}});
}

sync::Plan grouped(bool whole) {
  sync::Plan plan = World::default_plan();
  plan.fields = {World::field("email"), World::field("phone"), World::field("note", 0)};
  plan.whole_record = whole;
  if (!whole) plan.fields[1].group = plan.fields[2].group = 0;
  return plan;
}

void begin_anew(World& world, sync::Plan plan, sync::Sides<sync::Endpoint*> ends) {
  world.timers.drop_posted();  // gone with the process
  world.engine.reset();
  world.engine = std::make_unique<sync::Engine>(world.store, sync::Surroundings{world.clock, world.timers, world.timers, world.random, world.ears, &world.judge});
  world.engine->put(std::make_shared<TableMapper>(std::move(plan)), {ends.left != nullptr ? ends.left : &world.left, ends.right != nullptr ? ends.right : &world.right});
}

void restart(World& world, sync::Plan plan, sync::Sides<sync::Endpoint*> ends) {
  begin_anew(world, std::move(plan), ends);
  world.engine->start(false);
}

store::Known known_of(World& world, sync::Side side, const std::string& key) {
  store::Known out;
  world.store.load("people", {{side, key}}, [&](Result<std::vector<store::Known>> found) { out = found->front(); });
  world.timers.run_posted();
  return out;
}

std::vector<store::Operation> operations_of(World& world, const std::string& outcome) {
  std::vector<store::Operation> out;
  world.store.operations({.mapping = "people", .outcome = outcome}, {}, [&](Result<store::Paged<store::Operation>> page) { out = page->rows; });
  world.timers.run_posted();
  return out;
}

std::vector<store::DirtyKey> standing_of(World& world, std::optional<store::KeyState> state) {
  std::vector<store::DirtyKey> out;
  world.store.standing("people", state, {}, [&](Result<store::Paged<store::DirtyKey>> page) { out = page->rows; });
  world.timers.run_posted();
  return out;
}

std::string start_job(World& world, const std::string& kind, Value options) {
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

store::Job job_of(World& world, const std::string& id) {
  store::Job out;
  world.store.batch(id, [&](Result<std::vector<store::Job>> jobs) {
    if (jobs.ok() && !jobs->empty()) out = jobs->front();
  });
  world.timers.run_posted();
  return out;
}

store::Job run_job(World& world, const std::string& kind, Value options) {
  const std::string id = start_job(world, kind, std::move(options));
  for (int i = 0; i < 200 && job_of(world, id).open(); ++i) world.settle();
  return job_of(world, id);
}

std::vector<store::Finding> findings_of(World& world, const std::string& id) {
  std::vector<store::Finding> out;
  world.store.findings(id, "", {1000, ""}, [&](Result<store::Paged<store::Finding>> page) { out = page.ok() ? page->rows : std::vector<store::Finding>(); });
  world.timers.run_posted();
  return out;
}

std::int64_t found_in(const store::Job& job, const char* kind) {
  const Value* count = job.summary.at_path(std::string("found.") + kind);
  return count == nullptr ? 0 : count->as_int();
}

Pair::Pair(sync::Plan plan) : world(std::move(plan)) {
  left = world.left.insert(person("ada@example.org"));
  world.hook(sync::Side::kLeft, left);
  world.settle();
  right = world.only_right();
  forget_what_was();
}

void Pair::forget_what_was() {
  writes_before = world.writes();
  world.left.requests.clear();
  world.right.requests.clear();
  world.ears.operations.clear();
  world.ears.retries.clear();
  world.ears.echoes = 0;
}

void Pair::edit_both(const std::string& field, const std::string& of_left, const std::string& of_right) {
  edit(sync::Side::kLeft, field, of_left);
  edit(sync::Side::kRight, field, of_right);
}

void Pair::erase(sync::Side which) {
  side(which).erase(key(which));
  world.hook(which, key(which), "delete");
}

void Pair::refuse(sync::Side which, std::chrono::milliseconds pause) {
  Error paused = make_error(Code::kThrottled, "the connection is paused");
  paused.retry_after = pause;
  side(which).denied = std::move(paused);
}

void Pair::tell(Duration span) {
  for (const sync::Side which : {sync::Side::kLeft, sync::Side::kRight}) {
    if (side(which).rows.contains(key(which))) world.hook(which, key(which));
  }
  world.settle(span);
}

std::string Pair::shown(sync::Side which, const std::string& field) const {
  const Value value = (which == sync::Side::kLeft ? world.left : world.right).get(key(which), field);
  return value.is_string() ? value.as_string() : "";
}

std::vector<MemorySide::Request> Pair::requests(sync::Side which, const std::string& verb) {
  std::vector<MemorySide::Request> out;
  for (const auto& request : side(which).requests) {
    if (request.verb == verb) out.push_back(request);
  }
  return out;
}

Value Pair::decided(const std::string& field) const {
  if (world.ears.operations.empty()) return Value();
  const Value* found = world.ears.operations.back().record.at_path("fields." + field);
  return found == nullptr ? Value() : *found;
}

void Pair::resolve(const std::string& field, const std::string& method, Value left_value, Value right_value) {
  for (const store::Conflict& open : world.conflicts()) {
    if (open.field != field) continue;
    store::Store::Resolution said{open.id, method, "ann", {}, open.shown_at};
    if (method == "value") said.said = {std::move(left_value), std::move(right_value)};
    for (std::string& fellow : sync::won_with(*world.engine->plan("people"), field)) said.with.push_back({std::move(fellow), {}});
    world.store.resolve(std::move(said), [](Result<void> done) { ASSERT(done.ok(), "the conflict is open"); });
    world.timers.run_posted();
  }
  world.engine->wake("people");
  world.settle();
}

}  // namespace tidewire::test
