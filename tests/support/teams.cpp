#include "support/teams.h"

namespace tidewire::test {

Teams::Teams(bool optional, const char* key, Value named) : world(with_team(optional)) {
  sync::Plan plan = World::default_plan();
  plan.name = "teams";
  plan.end.left.collection = "Team";
  plan.end.right.collection = "teams";
  plan.end.left.key_type.kind = key;
  plan.matches.clear();
  plan.fields = {World::field("title")};
  world.engine->put(std::make_shared<TableMapper>(plan), {&left, &right});
  Value fields = person("ada@example.org");
  fields["team"] = std::move(named);
  child = world.left.insert(std::move(fields));
  world.hook(sync::Side::kLeft, child);
  world.settle();
}

sync::Plan Teams::with_team(bool optional) {
  sync::Plan plan = World::default_plan();
  sync::Field team = World::field("team");
  team.paths = {{"team"}, {"team_id"}};
  team.kind = sync::Field::Kind::kReference;
  team.reference = "teams";
  team.optional_reference = optional;
  plan.fields.push_back(team);
  return plan;
}

Teams::~Teams() {
  world.engine->remove("teams");
  world.settle();
}

std::string Teams::make_team(const std::string& name) {
  const std::string key = left.insert(Value(Object{{"title", Value("Crew")}}), name);
  tell_of_team(key);
  return key;
}

void Teams::tell_of_team(const std::string& key, const std::string& event) {
  store::Change change;
  change.connection = "erp";
  change.collection = "Team";
  change.key = key;
  change.event = event;
  world.store.put({change}, [](Result<std::int64_t>) {});
  world.timers.run_posted();
  world.engine->received();
  world.settle();
}

std::string Teams::said() {
  std::string text;
  world.store.standing("people", std::nullopt, {}, [&](Result<store::Paged<store::DirtyKey>> rows) {
    if (rows.ok() && !rows->rows.empty() && rows->rows.front().error) text = rows->rows.front().error->string_or("message");
  });
  world.timers.run_posted();
  return text;
}

}  // namespace tidewire::test
