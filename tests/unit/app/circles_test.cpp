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
