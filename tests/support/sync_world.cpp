#include "support/sync_world.h"

namespace tidewire::test {

Result<sync::Verdict> TableMapper::resolve(const sync::Field&, std::int64_t strategy, const sync::Dispute& dispute) {
  sync::Verdict verdict;
  verdict.kind = sync::Verdict::Kind::kSide;
  if (strategy == 1) verdict.side = dispute.newer.value_or(dispute.tie);
  if (strategy == 3) verdict.side = sync::Side::kRight;
  if (strategy == 4) {
    verdict.kind = sync::Verdict::Kind::kValue;
    verdict.value.left = verdict.value.right = Value(dispute.form.left.as_string() + "+" + dispute.form.right.as_string());
  }
  if (strategy == 5) {
    verdict.kind = sync::Verdict::Kind::kValue;
    verdict.one = true;
    Array all = dispute.form.left.as_array();
    for (const Value& one : dispute.across.right->as_array()) {
      if (std::find(all.begin(), all.end(), one) == all.end()) all.push_back(one);
    }
    verdict.value.left = Value(std::move(all));
  }
  return verdict;
}

void ToldJudge::ask(const sync::JudgeAt& at, const std::string& id, const Value& question, sync::Done<Value> done) {
  asked.push_back(question);
  ids.push_back(id);
  urls.push_back(at.url.as_string());
  if (on_ask) on_ask();
  timers_.post([this, done] { done(answer); });
}

void FlakyState::write(Work work, Done done) {
  if (writes_left_ < 0 || writes_left_-- > 0) return inner_.write(std::move(work), std::move(done));
  poster_.post([done = std::move(done)] { done(make_error(Code::kUnavailable, "the state cannot be written")); });
}

void FlakyState::read(Work work, Done done) {
  if (left_ < 0 || left_-- > 0) return inner_.read(std::move(work), std::move(done));
  poster_.post([done = std::move(done)] { done(make_error(Code::kUnavailable, "the state cannot be read")); });
}

World::World(sync::Plan plan) : database(store::Database::open(":memory:").value()), executor(*database, timers), store(executor, clock), left(timers, clock, "L"), right(timers, clock, "R") {
  ASSERT(store::migrate(*database).ok(), "the schema must apply");
  engine = std::make_unique<sync::Engine>(store, sync::Surroundings{clock, timers, timers, random, ears, &judge});
  engine->put(std::make_shared<TableMapper>(std::move(plan)), {&left, &right});
  engine->start(false);
  settle();
}

World::~World() = default;

sync::Field World::field(const std::string& name, std::int64_t strategy) {
  sync::Field out;
  out.name = name;
  out.paths = {{name}, {name}};
  out.strategy = strategy == 0 ? "manual" : (strategy == 1 ? "newest" : "test");
  if (strategy != 0) out.strategy_function = strategy;
  return out;
}

sync::Plan World::default_plan() {
  sync::Plan plan;
  plan.name = "people";
  plan.end.left = {"erp", "doctype", "Person", {"name"}, {}, Value(Object{}), Value(Object{}), true, "", sync::DeletePolicy::kDelete, false, "", Value(), {}};
  plan.end.right = {"app", "table", "people", {"id"}, {}, Value(Object{}), Value(Object{}), true, "", sync::DeletePolicy::kDelete, false, "", Value(), {}};
  plan.fields = {field("email"), field("phone"), field("note", 0), field("tags", 4)};
  plan.matches = {{{{"email", "email", false}}}};
  return plan;
}

void World::hook(sync::Side side, const std::string& key, const std::string& event) {
  store::Change change;
  change.connection = side == sync::Side::kLeft ? "erp" : "app";
  change.collection = side == sync::Side::kLeft ? "Person" : "people";
  change.key = key;
  change.event = event;
  store.put({change}, [](Result<std::int64_t> stored) { ASSERT(stored.ok(), "a change must be stored"); });
  timers.run_posted();
  engine->received();
}

store::Summary::Mapping World::counts() {
  store::Summary::Mapping out;
  store.summary([&](Result<store::Summary> summary) { out = summary->mappings["people"]; });
  timers.run_posted();
  return out;
}

std::vector<store::Conflict> World::conflicts() {
  std::vector<store::Conflict> out;
  store.conflicts("people", false, {}, [&](Result<store::Paged<store::Conflict>> page) { out = page->rows; });
  timers.run_posted();
  return out;
}

}  // namespace tidewire::test
