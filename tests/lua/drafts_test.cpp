// Every draft that is printed is a file that loads: of each two collections that systems of any kind describe, and of
// names as odd as they come.
#include <catch2/catch.hpp>

#include "base/json.h"
#include "sync/plan.h"
#include "unit/bindings/lua_suite.h"

namespace tidewire::app {
namespace {

/// Collections as servers describe them (`tidewire schema --json`): ERPNext's and a company's, views, tables without a
/// key, columns called as words of Lua.
Array described() {
  return json::parse(test::file_text(test::source_folder() / "tests/lua/described.json"))->as_array();
}

/// What a connection of each kind needs to be opened; nothing is asked of it.
const Value kConfigs = *json::parse(R"({
  "frappe": {"url": "https://erp.example.org", "api_key": "k", "api_secret": "s"}, "supabase": {"url": "https://app.example.org", "key": "sb_secret_k"},
  "postgres": {"url": "postgresql://sync@db.example.org/app"}, "neon": {"url": "postgresql://sync@db.example.org/app"},
  "mysql": {"host": "db.example.org", "database": "shop", "user": "sync", "password": "p"},
  "odoo": {"url": "https://odoo.example.org", "database": "odoo", "login": "sync", "api_key": "k"}, "notion": {"token": "t"},
  "wordpress": {"url": "https://blog.example.org", "user": "sync", "password": "p"},
  "http": {"url": "https://crm.example.org", "collections": {"contacts": {"path": "/contacts"}}}})");

script::Options host(test::LuaWorld& world, const std::string& name, const std::string& path, std::string text,
                     Value argument, bindings::Profile profile = bindings::Profile::kPure) {
  script::Options options = world.options(profile);
  options.host = "tidewire.host." + name;
  options.main_path = path;
  options.main_text = std::move(text);
  options.host_argument = std::move(argument);
  return options;
}

/// { kind, collections, capabilities, ... } of a connector, as a mapping's words are made of them.
Value declared(test::LuaWorld& world, const std::string& kind) {
  const std::string path = "connectors/" + kind + ".lua";
  const auto opened =
      script::Script::load(host(world, "connector", path, test::file_text(test::source_folder() / "scripts" / path),
                                Object{{"name", kind}, {"config", *kConfigs.find(kind)}}, bindings::Profile::kIo));
  if (!opened.ok()) FAIL(kind << ": " << to_string(opened.error()));
  Value data(Object{{"kind", kind}});
  for (const char* member : {"collections", "capabilities", "verbs", "owners", "proof", "files"}) {
    if (const Value* value = (*opened)->data().find(member); value != nullptr) data[member] = *value;
  }
  return data;
}

struct Project {
  test::LuaWorld world;
  Value connections = Object{};
  Array collections = described();

  Project() {
    std::map<std::string, Value> kinds;
    for (const Value& one : collections) {
      const std::string kind = one.string_or("kind");
      if (!kinds.contains(kind)) kinds[kind] = declared(world, kind);
      connections[one.string_or("connection")] = kinds[kind];
    }
  }

  Value end_of(const Value& collection) const {
    Value end = collection;
    const Value* connection = connections.find(collection.string_or("connection"));
    if (const Value* files = connection->find("files"); files != nullptr) end["files"] = *files;
    return end;
  }

  Result<Value> propose(const Value& left, const Value& right, Value more = Object{}) {
    more["left"] = end_of(left);
    more["right"] = end_of(right);
    const auto found = TRY(script::Script::load(host(world, "suggest", "suggestion", "", more)));
    return found->data();
  }

  /// What the loader has against a draft; "" where it loads.
  std::string refused(const Value& found, const Value& left, const Value& right, std::vector<std::string> others = {}) {
    const std::string name = found.string_or("name"), path = "mappings/" + name + ".lua";
    Array names{name};
    for (std::string& other : others) names.push_back(Value(std::move(other)));
    const std::string text = found.string_or("source");
    Value argument(Object{{"name", name},
                          {"path", path},
                          {"text", text},
                          {"connections", connections},
                          {"mappings", Value(std::move(names))},
                          {"defaults", Object{}},
                          {"describe", Object{{"left", *left.find("describe")}, {"right", *right.find("describe")}}}});
    const auto loaded = script::Script::load(host(world, "mapping", path, text, std::move(argument)));
    if (!loaded.ok()) return loaded.error().message;
    const Value& plan = (*loaded)->data().find("mappings")->as_array().front();
    if (plan.bool_or("incomplete", true)) return "its types are not known";
    const auto made = sync::Plan::from(plan);
    return made.ok() ? "" : made.error().message;
  }

  /// The first that is described of its connection.
  bool is_first(const Value& collection) const {
    for (const Value& one : collections) {
      if (one.string_or("connection") == collection.string_or("connection"))
        return one.string_or("collection") == collection.string_or("collection");
    }
    return false;
  }

  const Value& collection(const std::string& connection, const std::string& name) const {
    for (const Value& one : collections) {
      if (one.string_or("connection") == connection && one.string_or("collection") == name) return one;
    }
    FAIL("nothing is described of " << connection << " " << name);
    return collections.front();
  }
};

std::string title(const Value& one) { return one.string_or("connection") + " " + one.string_or("collection"); }

}  // namespace

TEST_CASE("drafts: of each two collections the draft loads as it is printed, or it is said why there is none",
          "[app][drafts]") {
  Project project;
  int drafted = 0;
  for (const Value& left : project.collections) {
    for (const Value& right : project.collections) {
      // Each with the first of every kind, in both orders; all with all would say the same for minutes.
      if (title(left) == title(right) || (!project.is_first(left) && !project.is_first(right))) continue;
      INFO(title(left) << " <-> " << title(right));
      const auto found = project.propose(left, right);
      if (!found.ok()) FAIL_CHECK(to_string(found.error()));
      if (!found.ok() || !found->string_or("nothing").empty()) continue;
      INFO(found->string_or("source"));
      ++drafted;
      CHECK(project.refused(*found, left, right) == "");
    }
  }
  CHECK(drafted > 300);
}

TEST_CASE("drafts: where nothing can be kept the same it is said, not written down", "[app][drafts]") {
  Project project;
  // A view of people who are nobody's to write.
  Value once = project.collection("app", "people_once");
  once["connection"] = "pg";
  project.collections.push_back(once);
  const auto nothing = [&](const char* left_connection, const char* left, const char* right_connection,
                           const char* right) {
    const auto found =
        project.propose(project.collection(left_connection, left), project.collection(right_connection, right));
    return found.ok() ? found->string_or("nothing") : to_string(found.error());
  };
  CHECK(nothing("pg", "people_once", "app", "people_once") ==
        "nothing can be kept the same: neither pg, people_once nor app, people_once can be written");
  CHECK(nothing("pg", "log", "app", "plain") ==
        "pg, log has no key: give the table a primary key, or name columns of it that are unique and never null in a "
        "mapping of your own");
  CHECK(nothing("erp", "Employee", "erp", "Event Log") ==
        "no field of erp, Employee has a counterpart in erp, Event Log");
  CHECK(nothing("erp", "Employee", "app", "employees").empty());
}

TEST_CASE("drafts: a side that takes nothing is read only", "[app][drafts]") {
  Project project;
  for (const char* view : {"people_once", "people"}) {
    const Value &left = project.collection("app", view),
                &right = project.collection("vault", "dec15105-0000-4000-8000-000000000002");
    const auto there = project.propose(left, right), back = project.propose(right, left);
    REQUIRE((there.ok() && back.ok()));
    const bool once = std::string(view) == "people_once";
    CHECK(there->string_or("direction") == (once ? "left_to_right" : "both"));
    CHECK(back->string_or("direction") == (once ? "right_to_left" : "both"));
    CHECK(there->string_or("source").find("version = false") != std::string::npos);  // a view has no xmin
    CHECK(project.refused(*there, left, right) == "");
    CHECK(project.refused(*back, right, left) == "");
  }
}

TEST_CASE("drafts: names and labels of any kind leave a file that loads", "[app][drafts]") {
  Project project;
  for (const char* name : {"end", "function", "nil"}) {
    project.connections[name] = *project.connections.find("pg");
    Value left = project.collection("pg", "odd \"one\""), right = project.collection("my", "plain");
    left["connection"] = name;
    Array& fields = left["describe"]["fields"].as_array();
    fields.push_back(
        Object{{"name", "two\nlines"}, {"type", Object{{"kind", "text"}}}, {"label", "odd\nname"}, {"required", true}});
    fields.push_back(Object{{"name", "state"}, {"type", Object{{"kind", "int"}}}, {"label", "it's \"odd\"]]\n-- end"}});
    fields.push_back(Object{{"name", "alone\nend"}, {"type", Object{{"kind", "text"}}}});
    for (const bool turned : {false, true}) {
      const auto found = turned ? project.propose(right, left) : project.propose(left, right);
      REQUIRE(found.ok());
      INFO(found->string_or("source"));
      CHECK(found->string_or("source").find("connection \"" + std::string(name) + "\".table(") == std::string::npos);
      CHECK(found->string_or("source").find("connection \"" + std::string(name) + "\".table \"odd \\\"one\\\"\"") !=
            std::string::npos);
      CHECK(project.refused(*found, turned ? right : left, turned ? left : right) == "");
    }
  }
}

TEST_CASE("drafts: a reference goes through the mapping that links it", "[app][drafts]") {
  Project project;
  const Value &left = project.collection("erp", "Employee"), &right = project.collection("app", "employees");
  const Value mapped(Array{Object{{"name", "departments"},
                                  {"left", Object{{"connection", "erp"}, {"collection", "Department"}}},
                                  {"right", Object{{"connection", "app"}, {"collection", "departments"}}}}});
  const auto found = project.propose(left, right, Object{{"mappings", mapped}});
  REQUIRE(found.ok());
  CHECK(found->string_or("source").find("{ \"department\", \"department_id\", t.ref \"departments\" }") !=
        std::string::npos);
  CHECK(project.refused(*found, left, right, {"departments"}) == "");
}

TEST_CASE("drafts: a mapping after the pattern of another loads", "[app][drafts]") {
  Project project;
  const Value &left = project.collection("erp", "Employee"), &right = project.collection("app", "employees");
  const auto pattern = project.propose(left, right, Object{{"name", "employees"}});
  REQUIRE(pattern.ok());
  for (const auto& [connection, name] :
       {std::pair("lake", "employees"), std::pair("pg", "employees"),
        std::pair("vault", "dec15105-0000-4000-8000-000000000002"), std::pair("shop", "res.partner")}) {
    const Value& other = project.collection(connection, name);
    const auto found = project.propose(
        left, other,
        Object{{"name", "others"}, {"like", Object{{"name", "employees"}, {"text", pattern->string_or("source")}}}});
    REQUIRE(found.ok());
    INFO(found->string_or("source"));
    CHECK(project.refused(*found, left, other, {"employees"}) == "");
    CHECK(found->string_or("source").find("t.ref(\"employees\"") ==
          std::string::npos);  // its own records, not those of the pattern
  }
}

}  // namespace tidewire::app
