#include "base/value.h"

#include <catch2/catch.hpp>
#include <limits>

using namespace tidewire;

TEST_CASE("value: an unsigned number above int64 keeps its digits as a decimal", "[base]") {
  CHECK(Value(std::uint64_t{9223372036854775807u}).as_int() == std::numeric_limits<std::int64_t>::max());
  CHECK(Value(std::uint64_t{9223372036854775808u}).decimal_text() == "9223372036854775808");
}

TEST_CASE("value: equality is exact", "[base]") {
  CHECK_FALSE(Value(1) == Value(DecimalText{"1.0"}));
  CHECK_FALSE(Value(Array{}) == Value(Object{}));
  CHECK_FALSE(Value(Object{{"a", nullptr}}) == Value(Object{}));
  CHECK(Value(Object{{"a", Array{1, "x", true}}}) == Value(Object{{"a", Array{1, "x", true}}}));
}

TEST_CASE("value: a pointer to characters is text, not a truth", "[base]") {
  CHECK(Value("no").is_string());
  CHECK(Value(false).is_bool());
  CHECK(Value().is_null());
}

TEST_CASE("value: a dotted path goes through objects and arrays", "[base]") {
  const Value value = Object{{"meta", Object{{"prices", Array{10, Object{{"net", 7}}}}}}};

  CHECK(value.at_path("meta.prices.1.net")->as_int() == 7);
  CHECK(value.at_path("meta.prices.0")->as_int() == 10);
  CHECK(value.at_path("meta.prices.2") == nullptr);
  CHECK(value.at_path("meta.prices.x") == nullptr);
  CHECK(value.at_path("meta.prices.0.net") == nullptr);
  CHECK(value.at_path("price") == nullptr);
}

TEST_CASE("value: set_path makes objects on the way and replaces what is none", "[base]") {
  Value value;
  value.set_path("title.raw", "A");
  value.set_path("title.raw.deep", 1);
  value["lines"] = Array{1, 2};
  value.set_path("lines.1", 3);
  value.set_path("lines.2", 4);

  CHECK(value == Value(Object{{"title", Object{{"raw", Object{{"deep", 1}}}}}, {"lines", Array{1, 3, 4}}}));
}

TEST_CASE("value: takes_path is false where set_path would replace a value", "[base]") {
  const Value value = Object{{"text", "{}"}, {"nothing", Value()}, {"empty", ""}, {"inner", Object{{"number", 1}}}, {"lines", Array{"a"}}};

  for (const char* path : {"text", "new", "new.a", "nothing.a", "empty.a", "inner.a", "inner.a.b", "lines.0", "lines.1", "lines.1.a"}) {
    INFO(path);
    CHECK(value.takes_path(path));
  }
  for (const char* path : {"text.a", "inner.number.a", "lines.a", "lines.2", "lines.0.a"}) {
    INFO(path);
    CHECK_FALSE(value.takes_path(path));
  }
}

TEST_CASE("value: typed members fall back when missing or of another kind", "[base]") {
  Value value = Object{{"name", "Ada"}, {"age", 36}, {"on", true}};

  CHECK(value.string_or("name") == "Ada");
  CHECK(value.string_or("age", "?") == "?");
  CHECK(value.int_or("age", 0) == 36);
  CHECK(value.int_or("name", 9) == 9);
  CHECK(value.bool_or("on", false));
  CHECK(value.find("name")->as_string() == "Ada");
  CHECK(Value(3).find("name") == nullptr);
}
