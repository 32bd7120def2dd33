#include <catch2/catch.hpp>

#include <sstream>

#include "base/json.h"
#include "lua_suite.h"

using namespace tidewire;
using Catch::Matchers::Contains;

namespace {

std::string language_file(const std::string& name) { return test::file_text(test::source_folder() / "tests/lua/language" / name); }

/// A file of a project under its host chunk.
Result<std::unique_ptr<script::Script>> load_file(test::LuaWorld& world, const std::string& kind, const std::string& path, const std::string& text,
                                                  Value argument, bool with_text = true) {
  script::Options options = world.options(kind == "project" ? bindings::Profile::kProject : bindings::Profile::kPure);
  options.main_path = path;
  options.main_text = text;
  options.host = "tidewire.host." + kind;
  if (with_text) argument["text"] = text;
  options.host_argument = std::move(argument);
  return script::Script::load(std::move(options));
}

Value project_argument() { return Object{{"kinds", Array{"frappe", "supabase"}}}; }
Value mapping_argument() { return json::parse(language_file("argument.json")).value(); }

struct ErrorCase {
  std::string wanted, text;
};

/// "=== message" and the file that deserves it, again and again.
std::vector<ErrorCase> error_cases(const std::string& name) {
  std::vector<ErrorCase> cases;
  std::istringstream lines(language_file(name));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("=== ")) cases.push_back({line.substr(4), ""});
    else if (!cases.empty()) cases.back().text += line + "\n";
  }
  return cases;
}

bool has_line(const std::string& message, const std::string& wanted) {
  std::istringstream lines(message);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(wanted)) return true;
  return false;
}

void check_errors(const std::string& kind, const std::string& path, const Value& argument) {
  test::LuaWorld world;
  const auto cases = error_cases(kind + "_errors.txt");
  REQUIRE(cases.size() >= 20);
  for (const ErrorCase& one : cases) {
    const auto loaded = load_file(world, kind, path, one.text, argument);
    INFO(one.text << "wanted: " << one.wanted << "\ngot:    " << (loaded.ok() ? "nothing" : loaded.error().message));
    CHECK_FALSE(loaded.ok());
    if (!loaded.ok()) CHECK(has_line(loaded.error().message, one.wanted));
  }
}

const Value& field_named(const Value& plan, const std::string& name) {
  for (const Value& field : plan.find("fields")->as_array())
    if (field.string_or("name") == name) return field;
  static const Value none;
  FAIL("no field " << name);
  return none;
}

}  // namespace

TEST_CASE("language: a slip in tidewire.lua is named with line and suggestion", "[language]") {
  check_errors("project", "tidewire.lua", project_argument());
}

TEST_CASE("language: a slip in a mapping is named with line and suggestion", "[language]") {
  check_errors("mapping", "mappings/employees.lua", mapping_argument());
}

TEST_CASE("language: the project file of the guide is read as written", "[language]") {
  test::LuaWorld world;
  Value argument = project_argument();
  argument["environment"] = "staging";

  auto loaded = load_file(world, "project", "tidewire.lua", language_file("project.txt"), argument);

  REQUIRE(loaded.ok());
  const Value& data = (*loaded)->data();
  const Value* erp = data.find("connections")->find("erp");
  REQUIRE(erp->string_or("kind") == "frappe");
  REQUIRE(json::dump(*erp->find("config")->find("api_key")) == R"({"$secret":"ERP_KEY"})");
  REQUIRE(json::dump(*erp->find("config")->find("url")) == R"({"$env":"ERP_URL"})");
  REQUIRE(data.bool_or("dry_run", false));
  REQUIRE(data.find("defaults")->string_or("sweep") == "daily 03:00 Europe/Berlin");
}

TEST_CASE("language: an environment that does not exist is named with a suggestion", "[language]") {
  test::LuaWorld world;
  Value argument = project_argument();
  argument["environment"] = "stagging";
  const auto loaded = load_file(world, "project", "tidewire.lua", language_file("project.txt"), argument);
  REQUIRE_FALSE(loaded.ok());
  REQUIRE_THAT(loaded.error().message, Contains("there is no environment 'stagging' (did you mean 'staging'?)"));
}

TEST_CASE("language: the mapping of the guide is read as written, its functions answer by number", "[language]") {
  test::LuaWorld world;
  auto loaded = load_file(world, "mapping", "mappings/employees.lua", language_file("employees.txt"), mapping_argument());
  if (!loaded.ok()) FAIL(loaded.error().message);
  script::Script& script = **loaded;
  const Value& plan = script.data().find("mappings")->as_array().front();

  REQUIRE(plan.string_or("name") == "employees");
  REQUIRE(plan.string_or("direction") == "both");
  REQUIRE(plan.string_or("leave") == "unlink");
  REQUIRE(json::dump(*plan.find("left")->find("scope")) ==
          R"({"company":{"op":"=","value":"ACME"},"status":{"op":"in","value":["Active","Inactive","Left"]}})");
  REQUIRE(plan.find("right")->string_or("deletes") == "soft");
  REQUIRE(json::dump(*plan.find("right")->find("soft_value")) == R"({"$now":true})");
  REQUIRE(plan.find("matches")->as_array().size() == 2);
  REQUIRE_FALSE(plan.bool_or("incomplete", true));
  const Value& phone = field_named(plan, "cell_number>phone");
  REQUIRE(phone.string_or("at") == "mappings/employees.lua:16");
  const auto number = script::function_number(*phone.find("to_right"));
  const auto turned = script.call(*number, {Value("07700 900123"), Object{}, Object{{"op", "update"}}});
  REQUIRE(json::dump(*turned) == R"({"kind":"value","value":"+447700900123"})");
  REQUIRE(json::dump(*script.call(*number, {Value(), Object{}, Object{}})) == R"({"kind":"value","value":null})");
  // Its own tests are of numbers as short as +1.
  for (const char* side : {"left", "right"}) {
    const Value& said = *plan.find("tests")->as_array()[1].find("base")->find(side);
    const Value& own = *said.find(std::string(side) == "left" ? "cell_number" : "phone");
    CHECK(json::dump(*script.call(*script::function_number(*phone.find(std::string(side) == "left" ? "to_right" : "to_left")), {own, Object{}, Object{}})) == R"({"kind":"value","value":"+1"})");
  }
  REQUIRE(field_named(plan, "department>department_id").string_or("reference") == "departments");
  REQUIRE(field_named(plan, "company>org_id").find("find")->string_or("id") == "app.table organizations");
  const Value& education = field_named(plan, "education>employee_education[]");
  REQUIRE(json::dump(*education.find("order")) == R"({"right":"idx"})");
  REQUIRE(json::dump(*plan.find("further")->as_array().back().find("fields")) == R"(["employee_id","id","school","year","degree","idx"])");
  const auto check = script::function_number(*plan.find("checks")->as_array().front().find("function"));
  REQUIRE(json::dump(*script.call(*check, {Value("0123")})) == R"("a phone without country code")");
  REQUIRE(script.call(*check, {Value("+49123")})->is_null());
}

TEST_CASE("language: what the guide shows is read as shown", "[language]") {
  test::LuaWorld world;
  const std::string guide = test::file_text(test::source_folder() / "scripts/tidewire/README.md");
  const std::string open = "```lua\n-- ";
  int blocks = 0;

  for (std::size_t at = guide.find(open); at != std::string::npos; at = guide.find(open, at + 1)) {
    const std::size_t start = at + 7;
    const std::string text = guide.substr(start, guide.find("```", start) - start);
    const std::string path = text.substr(3, text.find('\n') - 3);
    const bool project = path == "tidewire.lua", mapping = path.starts_with("mappings/") && !path.starts_with("mappings/shared/");
    if (!project && !mapping) continue;
    Value argument = project ? project_argument() : mapping_argument();
    argument["describe"] = Value();
    const auto loaded = load_file(world, project ? "project" : "mapping", path, text, argument);
    INFO(path << ": " << (loaded.ok() ? "" : loaded.error().message));
    CHECK(loaded.ok());
    ++blocks;
  }

  REQUIRE(blocks >= 3);
}

TEST_CASE("language: without the file's text an error names the file and the nearest line known", "[language]") {
  test::LuaWorld world;
  const std::string text = "return mapping {\n  left = erp.doctype \"Employee\",\n  right = app.table \"employees\",\n  feilds = {},\n}\n";
  const auto loaded = load_file(world, "mapping", "mappings/employees.lua", text, mapping_argument(), false);
  REQUIRE_FALSE(loaded.ok());
  REQUIRE_THAT(loaded.error().message, Contains("mappings/employees.lua:1: unknown key 'feilds'"));
}

TEST_CASE("language: several slips are told at once, without lines of the library", "[language]") {
  test::LuaWorld world;
  const std::string text = "return mapping {\n  left = erp.doctype \"Employee\", right = app.table \"employees\",\n  feilds = {},\n  derection = 1,\n}\n";
  const auto loaded = load_file(world, "mapping", "mappings/employees.lua", text, mapping_argument());
  REQUIRE(has_line(loaded.error().message, "mappings/employees.lua:3: unknown key 'feilds'"));
  REQUIRE(has_line(loaded.error().message, "mappings/employees.lua:4: unknown key 'derection'"));
  REQUIRE_THAT(loaded.error().message, !Contains("tidewire/"));
}

TEST_CASE("language: an error inside a mapping's function names its line", "[language]") {
  test::LuaWorld world;
  const std::string text = "return mapping {\n  left = erp.doctype \"Employee\", right = app.table \"employees\", direction = \"erp_to_app\",\n"
                           "  match = { by.fields { { \"company_email\", \"email\" } } },\n"
                           "  fields = { { \"first_name\", \"first_name\", function(value, record)\n    return record.frist_name\n  end } },\n}\n";
  auto loaded = load_file(world, "mapping", "mappings/employees.lua", text, mapping_argument());
  if (!loaded.ok()) FAIL(loaded.error().message);
  const Value& field = (*loaded)->data().find("mappings")->as_array().front().find("fields")->as_array().front();
  const auto answer = (*loaded)->call(*script::function_number(*field.find("to_right")), {Value("Ada"), Object{{"first_name", "Ada"}}, Object{}});
  REQUIRE_FALSE(answer.ok());
  REQUIRE_THAT(answer.error().message, Contains("mappings/employees.lua:5: a record of erp has no field 'frist_name' here (did you mean 'first_name'?)"));
}
