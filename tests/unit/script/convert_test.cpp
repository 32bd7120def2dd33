#include <catch2/catch.hpp>

#include "base/json.h"
#include "harness.h"

using namespace tidewire;
using test::ScriptHarness;
using Catch::Matchers::Contains;

namespace {

/// What a Value reads as after a way through a script.
Value through_lua(const Value& value) {
  ScriptHarness harness;
  auto script = harness.load("return { function(x) return x end }");
  auto result = script->call(1, {value});
  INFO((result.ok() ? "" : to_string(result.error())));
  REQUIRE(result.ok());
  return std::move(result).value();
}

}  // namespace

TEST_CASE("convert: values come back as they went", "[script]") {
  for (const char* text : {"null", "true", "0", "-1", "9007199254740992", "-9007199254740992", "9007199254740993", "9223372036854775807",
                           "-9223372036854775808", "18446744073709551616", "12.50", "0.1", "\"\"", "\"a\\u0000b\"", "[]", "{}", "[null,1,null]",
                           "{\"a\":null}", "{\"a\":[],\"b\":{},\"c\":[{}]}", "[[1],[[]]]"}) {
    INFO(text);
    REQUIRE(json::dump(through_lua(json::parse(text).value())) == text);
  }
}

TEST_CASE("convert: a whole number within 2^53 is a Lua number, whatever its spelling", "[script]") {
  ScriptHarness harness;
  auto script = harness.load("return { function(x) return type(x) .. ' ' .. tostring(x) end }");
  const auto shown = [&](const char* text) { return script->call(1, {json::parse(text).value()}).value().as_string(); };

  REQUIRE(shown("5") == "number 5");
  REQUIRE(shown("5.00") == "number 5");
  REQUIRE(shown("1e3") == "number 1000");
  REQUIRE(shown("12.50") == "userdata 12.50");
  REQUIRE(shown("9007199254740993") == "userdata 9007199254740993");
  REQUIRE(shown("1e400").starts_with("userdata 1000"));
}

TEST_CASE("convert: numbers of Lua become ints or exact decimals", "[script]") {
  ScriptHarness harness;
  REQUIRE(harness.value("return { 1, -0.0, 0.1, 1.5, 1e20, 2^53 }").value() ==
          Value(Array{1, 0, DecimalText{"0.1"}, DecimalText{"1.5"}, DecimalText{"1e+20"}, std::int64_t{9007199254740992}}));
  REQUIRE_THAT(harness.error("return { a = { 1, 0/0 } }").message, Contains("a[2]: a number that is not a number"));
  REQUIRE_THAT(harness.error("return 1/0").message, Contains("an infinite number"));
}

TEST_CASE("convert: lists and objects are told apart", "[script]") {
  ScriptHarness harness;
  REQUIRE(harness.value("return { list = { 1, 2 }, empty = {}, map = { x = 1 } }").value() ==
          Value(Object{{"list", Array{1, 2}}, {"empty", Object{}}, {"map", Object{{"x", 1}}}}));
  REQUIRE_THAT(harness.error("return { a = { 1, x = 2 } }").message, Contains("a: a list with the key 'x' in it"));
  REQUIRE_THAT(harness.error("return { [2] = 1 }").message, Contains("the key 2 is neither text nor part of a list"));
  REQUIRE_THAT(harness.error("return { 1, nil, nil, nil, nil, 6 }").message, Contains("6 but holes"));
  REQUIRE_THAT(harness.error("return { [true] = 1 }").message, Contains("key of type boolean"));
}

TEST_CASE("convert: what is no data is refused, naming where", "[script]") {
  ScriptHarness harness;
  auto script = harness.load("return { function() return { a = { b = { 1, function() end } } } end, function() return coroutine.create(function() end) end }");

  auto failed = script->call(1, {});
  REQUIRE(failed.error().code == Code::kScript);
  REQUIRE_THAT(failed.error().message, Contains("a.b[2]: a function is no data"));
  REQUIRE_THAT(script->call(2, {}).error().message, Contains("a thread is no data"));
  REQUIRE_THAT(harness.error("return { name = '\\255' }").message, Contains("name: a text that is no UTF-8"));
}

TEST_CASE("convert: cycles and shared bombs end", "[script]") {
  ScriptHarness harness;
  REQUIRE_THAT(harness.error("local t = {} t.t = t return t").message, Contains("contains itself"));
  harness.options.budget.memory = 4u << 20;
  const Error bomb = harness.error("local t = { 1 } for i = 1, 60 do t = { t, t } end return t");
  REQUIRE(bomb.code == Code::kBudget);
}

TEST_CASE("convert: nesting is limited both ways", "[script]") {
  const std::string deep = std::string(128, '[') + std::string(128, ']');
  REQUIRE(json::dump(through_lua(json::parse(deep).value())) == deep);

  ScriptHarness harness;
  REQUIRE(harness.error("local t = {} for i = 1, 126 do t = { t } end return t").message.empty());
  REQUIRE_THAT(harness.error("local t = {} for i = 1, 130 do t = { t } end return t").message, Contains("nested deeper than 128"));
}

TEST_CASE("convert: functions of a script's data are numbered and placed", "[script]") {
  ScriptHarness harness;
  auto script = harness.load("local f = function() return 'f' end\nreturn {\n  one = f, again = f,\n  two = function() return 'two' end }");

  const Value& data = script->data();
  REQUIRE(data.find("one")->string_or("at") == "main.lua:1");
  REQUIRE(data.find("two")->string_or("at") == "main.lua:4");
  REQUIRE(script::function_number(*data.find("one")) == script::function_number(*data.find("again")));
  REQUIRE(script->call(*script::function_number(*data.find("two")), {}).value() == Value("two"));
  REQUIRE_FALSE(script::function_number(Value(3)));
}

TEST_CASE("convert: the functions of a script have the same numbers however often it is read", "[script]") {
  std::string text = "return {\n";
  for (const char* name : {"delta", "alpha", "golf", "bravo", "echo", "foxtrot", "hotel", "charlie", "juliet", "india"}) text += std::string("  ") + name + " = { f = function() return '" + name + "' end },\n";
  text += "}";
  ScriptHarness first;
  const auto script = first.load(text);
  CHECK(script::function_number(*script->data().at_path("alpha.f")) == 1);
  for (int i = 0; i < 10; ++i) {
    ScriptHarness another;
    CHECK(another.load(text)->data() == script->data());
  }
  for (const auto& [name, member] : script->data().as_object()) CHECK(script->call(*script::function_number(*member.find("f")), {}).value() == Value(name));
}

TEST_CASE("convert: null is a value that explains itself", "[script]") {
  ScriptHarness harness;
  auto script = harness.load("return { function(t) return tostring(t.a) end, function(t) return t.a.b end }");
  const Value argument = Object{{"a", nullptr}};

  REQUIRE(script->call(1, {argument}).value() == Value("null"));
  REQUIRE_THAT(script->call(2, {argument}).error().message, Contains("main.lua:1: null has no field 'b'"));
}

TEST_CASE("convert: decimals compare with each other by value", "[script]") {
  ScriptHarness harness;
  auto script = harness.load("return { function(a, b) return { a == b, a < b, a <= b } end, function(a) return a < 1 end }");
  const auto compared = [&](const char* a, const char* b) { return script->call(1, {DecimalText{a}, DecimalText{b}}).value(); };

  REQUIRE(compared("1.50", "1.5") == Value(Array{true, false, true}));
  REQUIRE(compared("1.5", "18446744073709551616") == Value(Array{false, true, true}));
  REQUIRE_THAT(script->call(2, {DecimalText{"1.5"}}).error().message, Contains("attempt to compare") || Contains("write dec(...)"));
}
