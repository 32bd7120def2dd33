#include "support/looking.h"

namespace tidewire::test {

sync::Plan looking(sync::Finder::Missing missing, Duration cache, bool watch) {
  sync::Plan plan = World::default_plan();
  sync::Field find = World::field("company>org");
  find.paths = {{"company"}, {"org"}};
  find.kind = sync::Field::Kind::kFind;
  find.find.id = "orgs";
  find.find.by = "name";
  find.find.take = "id";
  find.find.take_key = true;
  find.find.missing = missing;
  find.find.cache = cache;
  find.find.values = Value(Object{{"origin", Value("erp")}});
  plan.fields.push_back(find);
  sync::Field shout = World::field("shout");
  shout.kind = sync::Field::Kind::kFunction;
  shout.flow = sync::Flow::kToRight;
  shout.function.right = 1;
  shout.own_function = true;
  plan.fields.push_back(shout);
  plan.lookups.push_back({"boss", "bosses", sync::Side::kLeft, "boss", "", watch ? cache : Duration{}, watch});
  return plan;
}

Value employee(const std::string& email, const std::string& company) {
  return Value(Object{{"email", Value(email)}, {"company", Value(company)}, {"shout", Value("hey")}, {"boss", Value("B1")}});
}

}  // namespace tidewire::test
