// looking.h — a mapping that looks things up: companies in a collection of the right's system, bosses for its functions.
#pragma once

#include <memory>
#include <string>

#include "support/sync_world.h"

namespace tidewire::test {

/// company <-> org_id through a collection on the right's system; names are shouted with the boss's name from a lookup.
class LookingMapper final : public sync::Mapper {
 public:
  explicit LookingMapper(sync::Plan plan) : plan_(std::move(plan)) {}
  const sync::Plan& plan() const override { return plan_; }
  const std::string& version() const override { return version_; }
  Result<sync::Outcome> convert(const sync::Field&, sync::Side, const Value&, const Value&, std::string_view) override { return make_error(Code::kScript, "not without context"); }
  Result<sync::Outcome> convert_in(const sync::Field&, sync::Side, const Value& form, const Value&, const sync::CallContext& context) override {
    ++calls;
    const Value* boss = context.lookup.at_path("boss.title");
    return sync::Outcome{sync::Outcome::Kind::kValue, Value(form.as_string() + "/" + (boss == nullptr ? "nobody" : boss->as_string())), ""};
  }
  Result<sync::Verdict> resolve(const sync::Field&, std::int64_t, const sync::Dispute&) override { return sync::Verdict{}; }
  Result<std::optional<std::string>> check(const sync::Plan::Check&, const Value&) override { return std::optional<std::string>(); }
  int calls = 0;

 private:
  sync::Plan plan_;
  std::string version_ = "v2";
};

sync::Plan looking(sync::Finder::Missing missing, Duration cache = {}, bool watch = false);

Value employee(const std::string& email, const std::string& company);

struct Looking {
  World world;
  MemorySide orgs{world.timers, world.clock, "O"}, bosses{world.timers, world.clock, "B"};
  std::shared_ptr<LookingMapper> mapper;

  explicit Looking(sync::Finder::Missing missing = sync::Finder::Missing::kDead, Duration cache = {}, bool watch = false) : mapper(std::make_shared<LookingMapper>(looking(missing, cache, watch))) {
    orgs.insert(Value(Object{{"name", Value("ACME")}}));
    bosses.insert(Value(Object{{"title", Value("Grace")}}));
    world.engine->remove("people");
    world.settle();
    world.engine->put(mapper, {&world.left, &world.right}, {{"orgs", &orgs}, {"bosses", &bosses}});
  }
  ~Looking() {
    world.engine->remove("people");
    world.settle();
  }
  std::string add(const std::string& email, const std::string& company) {
    const std::string key = world.left.insert(employee(email, company));
    world.hook(sync::Side::kLeft, key);
    world.settle();
    return key;
  }
};

}  // namespace tidewire::test
