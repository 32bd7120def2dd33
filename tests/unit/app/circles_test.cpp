#include <catch2/catch.hpp>

#include "app/circles.h"
#include "base/json.h"

using namespace tidewire;
using Catch::Matchers::Contains;

namespace {

/// A compiled mapping of one field: "erp Item name" <> "app items title".
Value mapping(const std::string& left, const std::string& right, const std::string& flow = "both", const std::string& right_scope = "{}") {
  const auto end = [](const std::string& text, const std::string& scope) {
    const std::size_t first = text.find(' '), second = text.find(' ', first + 1);
    return R"({"connection":")" + text.substr(0, first) + R"(","word":"table","collection":")" + text.substr(first + 1, second - first - 1) + R"(","scope":)" + scope + "}";
  };
  const auto field = [](const std::string& text) { return "[\"" + text.substr(text.rfind(' ') + 1) + "\"]"; };
  return json::parse(R"({"left":)" + end(left, "{}") + R"(,"right":)" + end(right, right_scope) + R"(,"fields":[{"kind":"copy","flow":")" + flow + R"(","left":)" + field(left) + R"(,"right":)" + field(right) + "}]}").value();
}

using Plans = std::map<std::string, Value>;
std::map<std::string, const Value*> pointers(const Plans& plans) {
  std::map<std::string, const Value*> out;
  for (const auto& [name, plan] : plans) out[name] = &plan;
  return out;
}

}  // namespace

TEST_CASE("circles: a field that travels around three systems is told once", "[app]") {
  const Plans plans{{"a", mapping("erp Item name", "app items title")}, {"b", mapping("app items title", "blog posts headline")}, {"c", mapping("blog posts headline", "erp Item name")}};

  const auto found = app::circles(pointers(plans));

  REQUIRE(found.size() == 1);
  CHECK_THAT(found.front(), Contains("the mappings a, b, c lead around in a circle") && Contains("erp.table \"Item\" name"));
}

TEST_CASE("circles: a chain, another field, and a way that ends are none", "[app]") {
  CHECK(app::circles(pointers({{"a", mapping("erp Item name", "app items title")}, {"b", mapping("app items title", "blog posts headline")}})).empty());
  CHECK(app::circles(pointers({{"a", mapping("erp Item name", "app items title")}, {"b", mapping("app items title", "blog posts headline")}, {"c", mapping("blog posts headline", "erp Item code")}})).empty());
  CHECK(app::circles(pointers({{"a", mapping("erp Item name", "app items title", "to_right")}, {"b", mapping("app items title", "blog posts headline", "to_left")}, {"c", mapping("blog posts headline", "erp Item name", "to_right")}})).empty());
  CHECK(app::circles(pointers({{"a", mapping("erp Item name", "app items title", "to_right")}, {"b", mapping("app items title", "blog posts headline", "to_right")}, {"c", mapping("blog posts headline", "erp Item name", "to_right")}})).size() == 1);
}

TEST_CASE("circles: two mappings that write one field are found, unless their records are apart", "[app]") {
  const auto of = [](const std::string& a, const std::string& b) {
    return app::written_twice(pointers({{"customers", mapping("erp Customer name", "app partners name", "to_right", a)}, {"suppliers", mapping("crm Firm name", "app partners name", "to_right", b)}}));
  };

  const auto found = of("{}", "{}");
  REQUIRE(found.size() == 1);
  CHECK_THAT(found.front(), Contains("customers and suppliers both write name of app.table \"partners\""));
  CHECK(of(R"({"kind":{"op":"=","value":"c"}})", R"({"kind":{"op":"=","value":"s"}})").empty());
  CHECK(of(R"({"kind":{"op":"=","value":"c"}})", R"({"kind":{"op":"in","value":["c","s"]}})").size() == 1);
}

namespace {

/// Told of "pg.table public.partners" under two spellings, and of whatever else stands in `more`.
std::vector<std::string> twice(const char* first, const char* second) {
  const Plans plans{{"one", json::parse(first).value()}, {"two", json::parse(second).value()}};
  return app::written_twice(pointers(plans));
}

constexpr const char* kOfTable = R"({"left": {"connection": "crm", "word": "table", "collection": "a"},
  "right": {"connection": "pg", "word": "table", "collection": "partners", "place": "public.partners"},
  "fields": [{"kind": "copy", "flow": "both", "left": ["name"], "right": ["name"], "at": "mappings/two.lua:7"},
             {"kind": "copy", "flow": "to_right", "left": ["gone"], "right": ["archived_at"], "at": "mappings/two.lua:8"}]})";

/// A mapping of another collection, which reaches into that table by `end`, a member of its right side, and a field.
std::string reaching(const std::string& end, const std::string& field) {
  return R"({"left": {"connection": "erp", "word": "doctype", "collection": "Deal"}, "right": {"connection": "pg", "word": "table", "collection": "deals", "place": "public.deals")" + end +
         R"(}, "further": [{"id": "pg.table partners", "connection": "pg", "word": "table", "collection": "partners", "place": "public.partners"}], "fields": [)" + field + "]}";
}

}  // namespace

TEST_CASE("circles: two spellings of one collection are one, and both places are said", "[app]") {
  const auto found = twice(R"({"left": {"connection": "erp", "word": "doctype", "collection": "Customer"}, "right": {"connection": "pg", "word": "table", "collection": "public.partners", "place": "public.partners"},
    "fields": [{"kind": "copy", "flow": "both", "left": ["title"], "right": ["name"], "at": "mappings/one.lua:4"}]})", kOfTable);

  REQUIRE(found.size() == 1);
  CHECK_THAT(found.front(), Contains("the mappings one and two both write name of pg.table \"public.partners\", which is pg.table \"partners\" too, at mappings/one.lua:4 and mappings/two.lua:7: let one of them"));
}

TEST_CASE("circles: a field of a part, a column of rows, a stamp, the mark of a soft delete and a lookup that creates write, too", "[app]") {
  const auto part = [](const char* how) { return reaching(std::string(R"(, "parts": [{"name": "owner", "id": "pg.table partners", "how": ")") + how + R"(", "pick": {"kind": "p"}}])", R"({"kind": "copy", "flow": "both", "left": ["owner"], "right": ["owner.name"], "at": "mappings/one.lua:5"})"); };
  for (const char* how : {"via", "column"}) {
    const auto found = twice(part(how).c_str(), kOfTable);
    REQUIRE(found.size() == 1);
    CHECK_THAT(found.front(), Contains("both write name of pg.table \"partners\", at mappings/one.lua:5 and mappings/two.lua:7"));
  }
  const auto rows = twice(reaching(R"(, "children": [{"id": "pg.table partners", "path": "partners[]", "parent": "deal"}])",
                                   R"({"kind": "rows", "flow": "both", "left": ["list"], "right": ["partners[]"], "at": "mappings/one.lua:5", "rows": [{"kind": "copy", "flow": "both", "left": ["who"], "right": ["name"], "at": "mappings/one.lua:6"}]})").c_str(), kOfTable);
  REQUIRE(rows.size() == 1);
  CHECK_THAT(rows.front(), Contains("mappings/one.lua:6 (in rows) and mappings/two.lua:7"));

  const auto own = twice(R"({"left": {"connection": "erp", "word": "doctype", "collection": "Customer"}, "right": {"connection": "pg", "word": "table", "collection": "partners", "place": "public.partners",
    "stamps": [{"field": "name", "at": "mappings/one.lua:9"}], "soft_field": "archived_at", "soft_at": "mappings/one.lua:10"}, "fields": []})", kOfTable);
  REQUIRE(own.size() == 1);
  CHECK_THAT(own.front(), Contains("both write name, archived_at") && Contains("mappings/one.lua:9 (a stamp) and mappings/two.lua:7") && Contains("mappings/one.lua:10 (the mark of a soft delete) and mappings/two.lua:8"));

  const auto lookup = [](const char* missing) { return reaching("", std::string(R"({"kind": "find", "flow": "to_right", "left": ["who"], "right": ["partner"], "at": "mappings/one.lua:5", "find": {"id": "pg.table partners", "side": "right", "by": "name", "take": "id", "missing": ")") + missing + "\"}}"); };
  const auto made = twice(lookup("create").c_str(), kOfTable);
  REQUIRE(made.size() == 1);
  CHECK_THAT(made.front(), Contains("mappings/one.lua:5 (a lookup that creates)"));
  CHECK(twice(lookup("dead").c_str(), kOfTable).empty());
  const auto alike = twice(lookup("create").c_str(), lookup("create").c_str());  // both write who it is, neither what the other makes
  REQUIRE(alike.size() == 1);
  CHECK_THAT(alike.front(), Contains("both write partner of") && !Contains("lookup"));
}

TEST_CASE("circles: parts that pick other records, and rows of other parents, are apart", "[app]") {
  const std::string scoped = [] {
    std::string text = kOfTable;
    return text.replace(text.find(R"("place")"), 0, R"("scope": {"kind": {"op": "=", "value": "q"}}, )");
  }();
  const auto part = reaching(R"(, "parts": [{"name": "owner", "id": "pg.table partners", "how": "column", "pick": {"kind": "p"}}])", R"({"kind": "copy", "flow": "both", "left": ["owner"], "right": ["owner.name"]})");
  CHECK(twice(part.c_str(), scoped.c_str()).empty());

  const auto rows = [](const char* kind) {
    return reaching(std::string(R"(, "scope": {"kind": {"op": "=", "value": ")") + kind + R"("}}, "children": [{"id": "pg.table partners", "path": "partners[]", "parent": "deal"}])",
                    R"({"kind": "rows", "flow": "to_right", "left": ["list"], "right": ["partners[]"], "rows": [{"kind": "copy", "flow": "to_right", "left": ["who"], "right": ["name"]}]})");
  };
  CHECK(twice(rows("a").c_str(), rows("b").c_str()).empty());
  CHECK(twice(rows("a").c_str(), rows("a").c_str()).size() == 1);
}

TEST_CASE("circles: a way through a part and another spelling is followed", "[app]") {
  const Plans plans{{"a", json::parse(reaching(R"(, "parts": [{"name": "owner", "id": "pg.table partners", "how": "via"}])", R"({"kind": "copy", "flow": "both", "left": ["owner"], "right": ["owner.name"]})")).value()},
                    {"b", json::parse(kOfTable).value()},
                    {"c", mapping("crm a name", "erp Deal owner")}};
  Plans spelt = plans;
  spelt["c"]["right"]["word"] = "doctype";

  CHECK(app::circles(pointers(spelt)).size() == 1);
}
