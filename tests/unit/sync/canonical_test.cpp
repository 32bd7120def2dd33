#include "sync/merge/canonical.h"

#include <catch2/catch.hpp>

#include "base/json.h"

using namespace tidewire;

namespace {

sync::Type moment(const std::string& form, const std::string& zone = "") {
  sync::Type type;
  type.kind = "datetime";
  type.form = form;
  type.zone = zone;
  return type;
}

}  // namespace

TEST_CASE("canonical: an instant becomes the site's local time and comes back", "[sync]") {
  const auto there = sync::convert(Value("2024-12-31T23:30:00+00:00"), moment("instant"), moment("local", "Europe/Berlin"));
  REQUIRE(there.ok());
  CHECK(there->as_string().substr(0, 19) == "2025-01-01 00:30:00");

  const auto back = sync::convert(*there, moment("local", "Europe/Berlin"), moment("instant"));
  REQUIRE(back.ok());
  CHECK(*back == Value("2024-12-31T23:30:00Z"));
}

TEST_CASE("canonical: of a second counts what its system keeps", "[sync]") {
  const auto with = [](const char* kind, const char* form, const Value& resolution) {
    return sync::Type::from(Value(Object{{"kind", kind}, {"form", form}, {"zone", "UTC"}, {"resolution", resolution}}));
  };
  const Value micro = json::parse("0.000001").value(), centi = json::parse("1e-02").value();
  const sync::Type fine = with("datetime", "instant", micro), whole = with("datetime", "local", Value(1)), some = with("datetime", "local", centi);
  CHECK(*sync::convert(Value("2024-05-01T10:00:00.987654Z"), fine, whole) == Value("2024-05-01 10:00:00"));
  CHECK(sync::same(*sync::convert(Value("2024-05-01T10:00:00.987654Z"), fine, some), Value("2024-05-01 10:00:00.98"), some));
  CHECK(*sync::convert(Value("2024-05-01 10:00:00"), whole, fine) == Value("2024-05-01T10:00:00Z"));
  CHECK_FALSE(sync::same(Value("2024-05-01T10:00:00.987654Z"), Value("2024-05-01T10:00:00Z"), fine));
  CHECK(sync::same(Value("2024-05-01 10:00:00"), Value("2024-05-01T10:00:00.987654Z"), whole));
  CHECK(*sync::convert(Value("10:00:00.987654"), with("time", "", micro), with("time", "", Value(1))) == Value("10:00:00"));
  CHECK(*sync::convert(Value("10:00:00.5"), with("time", "", micro), with("time", "", centi)) == Value("10:00:00.5"));
  CHECK(*sync::convert(Value("2024-05-01T10:00:00.987654Z"), fine, moment("instant")) == Value("2024-05-01T10:00:00.987654Z"));
}

TEST_CASE("canonical: an instant does not fit a local time whose zone nobody knows", "[sync]") {
  CHECK_FALSE(sync::convert(Value("2024-12-31T23:30:00Z"), moment("instant"), moment("local")).ok());
}

TEST_CASE("canonical: a time becomes the day that its system's clocks showed, an instant that of the date's zone, else of UTC", "[sync]") {
  const sync::Type site = moment("local", "Europe/Berlin"), instant = moment("instant"), day = sync::Type::of("date");
  sync::Type day_there = day;
  day_there.zone = "Europe/Berlin";

  CHECK(*sync::convert(Value("2024-05-01 00:30:00"), site, day) == Value("2024-05-01"));
  CHECK(*sync::convert(Value("2024-04-30T22:30:00Z"), site, day) == Value("2024-05-01"));  // as the base has it
  CHECK(*sync::convert(Value("2024-05-01 00:30:00"), moment("local"), day) == Value("2024-05-01"));
  CHECK(*sync::convert(Value("2024-05-01 00:30:00"), moment("local", "Asia/Kolkata"), day_there) == Value("2024-05-01"));
  CHECK(*sync::convert(Value("2024-04-30T22:30:00Z"), instant, day_there) == Value("2024-05-01"));
  CHECK(*sync::convert(Value("2024-04-30T22:30:00Z"), instant, day) == Value("2024-04-30"));
  CHECK(sync::convert(Value(), site, day)->is_null());
  CHECK_FALSE(sync::convert(Value("infinity"), instant, day_there).ok());
  CHECK_FALSE(sync::convert(Value("2024-05-01"), day_there, instant).ok());
}

TEST_CASE("canonical: elements of a list and of a set are of their own type, of a set each once and in one order", "[sync]") {
  const auto list_of = [](const char* kind, const char* element) { return sync::Type::from(Value(Object{{"kind", kind}, {"of", Value(Object{{"kind", element}})}})); };
  const auto ids = list_of("set", "int");
  const Value mixed(Array{Value("12"), Value(2), Value(*json::parse("12.0")), Value("2")});
  CHECK(*sync::canonical(mixed, ids) == Value(Array{Value(2), Value(12)}));
  CHECK(sync::same(mixed, Value(Array{Value(12), Value(2)}), ids));
  CHECK_FALSE(sync::same(mixed, Value(Array{Value(12)}), ids));
  CHECK(*sync::convert(mixed, ids, list_of("list", "text")) == Value(Array{Value("2"), Value("12")}));
  CHECK(*sync::convert(Value(Array{Value("3"), Value("1")}), list_of("list", "text"), list_of("list", "int")) == Value(Array{Value(3), Value(1)}));

  const auto refused = sync::canonical(Value(Array{Value(1), Value("France")}), ids);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.find("France") != std::string::npos);
  CHECK(*sync::canonical(Value(Array{Value("b"), Value("a"), Value("b")}), sync::Type::of("set")) == Value(Array{Value("a"), Value("b")}));
  CHECK(*sync::canonical(Value(Array{Value("b"), Value("a"), Value("b")}), sync::Type::of("list")) == Value(Array{Value("b"), Value("a"), Value("b")}));

  const auto flags = sync::Type::from(Value(Object{{"kind", "list"}, {"of", Value(Object{{"kind", "bool"}, {"form", "01"}})}}));
  CHECK(*sync::convert(Value(Array{Value(true), Value(false)}), list_of("list", "bool"), flags) == Value(Array{Value(1), Value(0)}));
}

TEST_CASE("canonical: a number counts as its system rounds it, to digits after the point or to hundreds", "[sync]") {
  const auto rounded = [](const char* number, Value scale) { return json::dump(*sync::canonical(*json::parse(number), sync::Type::from(Value(Object{{"kind", "decimal"}, {"scale", std::move(scale)}})))); };
  CHECK(rounded("1234.565", Value(2)) == "1234.57");
  CHECK(rounded("1250", Value(-2)) == "1300");
  CHECK(rounded("-1249.99", Value(-2)) == "-1200");
  CHECK(rounded("14", Value(-1)) == "10");
  CHECK(rounded("1234.565", Value()) == "1234.565");
}

TEST_CASE("canonical: what single precision does not keep of a number is not sent", "[sync]") {
  sync::Type single = sync::Type::of("float");
  const sync::Type whole = single;
  single.form = "single";
  CHECK(*sync::convert(*json::parse("0.123456789012345"), whole, single) == *json::parse("0.12345679"));
  CHECK(*sync::convert(Value(16777217), whole, single) == Value(16777216));
  CHECK(*sync::convert(*json::parse("1e+30"), whole, single) == *sync::canonical(*json::parse("1e30"), single));
  CHECK(*sync::convert(*json::parse("0.1"), single, whole) == *json::parse("0.1"));
  CHECK(sync::same(*json::parse("0.12345679"), *json::parse("0.123456791"), single));
  CHECK(*sync::convert(*json::parse("1e300"), whole, single) == *sync::canonical(*json::parse("1e300"), whole));
  CHECK(*sync::convert(*json::parse("1e-300"), whole, single) == *sync::canonical(*json::parse("1e-300"), whole));
  CHECK(*sync::convert(Value("NaN"), whole, single) == Value("NaN"));
}

TEST_CASE("canonical: a uuid is one in every spelling, and none where its field takes an empty text for nothing", "[sync]") {
  const sync::Type uuid = sync::Type::from(Value(Object{{"kind", "uuid"}, {"empty", "null"}})), text = sync::Type::of("text");
  const Value told("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
  for (const char* other : {"A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}", "A0EEBC999C0B4EF8BB6D6BB9BD380A11", "{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}"}) {
    CHECK(*sync::convert(Value(other), text, uuid) == told);
  }
  CHECK(sync::convert(Value(""), text, uuid)->is_null());
  CHECK(*sync::canonical(Value("{no uuid}"), uuid) == Value("{no uuid}"));
}

TEST_CASE("canonical: a grid has the elements of a list, row by row", "[sync]") {
  const auto list_of = [](Value element) { return sync::Type::from(Value(Object{{"kind", "list"}, {"of", std::move(element)}})); };
  const auto numbers = list_of(Value(Object{{"kind", "decimal"}}));
  const auto times = list_of(Value(Object{{"kind", "datetime"}, {"form", "local"}, {"zone", "Europe/Berlin"}}));
  const Value grid = *json::parse("[[1.50,null],[3,4]]"), moments = *json::parse(R"([["2024-05-01T12:00:00"],["infinity"]])");
  CHECK(sync::same(grid, *json::parse("[[1.5,null],[3.0,4]]"), numbers));
  CHECK_FALSE(sync::same(grid, *json::parse("[[1.5,null],[4,3]]"), numbers));
  CHECK(*sync::canonical(moments, times) == *json::parse(R"([["2024-05-01T10:00:00Z"],["infinity"]])"));
  CHECK(*sync::convert(moments, times, list_of(Value(Object{{"kind", "datetime"}, {"form", "local"}, {"zone", "UTC"}}))) == *json::parse(R"([["2024-05-01 10:00:00"],["infinity"]])"));
  CHECK_FALSE(sync::canonical(*json::parse(R"([["x"]])"), numbers).ok());
  CHECK(*sync::canonical(grid, list_of(Value(Object{{"kind", "json"}}))) == grid);
}

TEST_CASE("canonical: what is no number or no day of a calendar stays where both sides have it, and is refused with what to do elsewhere", "[sync]") {
  sync::Type number = sync::Type::of("decimal"), date = sync::Type::of("date");
  number.form = date.form = "endless";
  for (const char* word : {"NaN", "Infinity", "-Infinity"}) {
    CHECK(*sync::convert(Value(word), number, number) == Value(word));
    CHECK(*sync::convert(Value(word), number, sync::Type::of("float")) == Value(word));
    const auto refused = sync::convert(Value(word), number, sync::Type::of("decimal"));
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().hint == "the field has no such number: put another one there");
  }
  CHECK(*sync::convert(Value("-infinity"), date, date) == Value("-infinity"));
  CHECK_FALSE(sync::convert(Value("infinity"), date, sync::Type::of("date")).ok());
  CHECK_FALSE(sync::canonical(Value("nan"), number).ok());
  CHECK(*sync::convert(Value("infinity"), moment("local", "UTC"), moment("local", "Asia/Tokyo")) == Value("infinity"));
  for (const char* other : {"0044-03-15 BC", "5874897-12-31"}) CHECK(sync::canonical(Value(other), date).error().hint.find("the years 1 to 9999") == 0);
  for (const char* other : {"294276-12-31 23:59:59+00", "0044-03-15 10:00:00+00 BC"}) CHECK(sync::canonical(Value(other), moment("instant")).error().hint.find("the years 1 to 9999") == 0);
  CHECK(sync::canonical(Value("2024-05-011"), date).error().hint.empty());
}

TEST_CASE("canonical: a boolean is nothing where its system has a third value, and false where it has none", "[sync]") {
  sync::Type number = sync::Type::of("bool");
  number.form = "01";
  sync::Type never_null = sync::Type::from(Value(Object{{"kind", "bool"}, {"form", "01"}, {"null_is_false", true}}));
  const sync::Type plain = sync::Type::of("bool");
  CHECK(*sync::convert(Value(), plain, number) == Value());
  CHECK(*sync::convert(Value(), number, plain) == Value());
  CHECK_FALSE(sync::same(Value(), Value(0), number));
  CHECK(sync::empty(Value(), number));
  CHECK(*sync::convert(Value(false), plain, number) == Value(0));
  CHECK(*sync::convert(Value(), plain, never_null) == Value(0));
  CHECK(*sync::convert(Value(), never_null, plain) == Value(false));
  CHECK(sync::same(Value(), Value(0), never_null));
}

TEST_CASE("canonical: bytes are the same in either spelling, and a text keeps the one that it got", "[sync]") {
  sync::Type hexadecimal = sync::Type::of("binary"), encoded = hexadecimal;
  encoded.form = "base64";
  CHECK(*sync::convert(Value("\\x00ff5c"), hexadecimal, encoded) == Value("AP9c"));
  CHECK(*sync::convert(Value("AP9c"), encoded, hexadecimal) == Value("\\x00ff5c"));
  CHECK(*sync::convert(Value("AP9c"), encoded, encoded) == Value("AP9c"));
  CHECK(*sync::convert(Value("AP9c"), encoded, sync::Type::of("text")) == Value("AP9c"));
  CHECK(*sync::convert(Value("AP9c"), encoded, sync::Type::of("json")) == Value("AP9c"));
  CHECK(*sync::convert(Value("AP9c"), sync::Type::of("text"), encoded) == Value("AP9c"));
  CHECK_FALSE(sync::convert(Value("no bytes!"), sync::Type::of("text"), encoded).ok());
  CHECK(sync::convert(Value(), hexadecimal, encoded)->is_null());
}

TEST_CASE("canonical: a date of another era is none of ours, and one with a time of day is its day", "[sync]") {
  const sync::Type date = sync::Type::of("date");
  CHECK(*sync::canonical(Value("2024-05-01"), date) == Value("2024-05-01"));
  CHECK(*sync::canonical(Value("2024-05-01 10:11:12"), date) == Value("2024-05-01"));
  CHECK(*sync::canonical(Value("2024-05-01T10:11:12.5Z"), date) == Value("2024-05-01"));
  CHECK(*sync::canonical(Value("0000-00-00"), date) == Value("0000-00-00"));
  for (const char* other : {"0044-03-15 BC", "0044-03-15 00:00:00 BC", "10000-01-01", "2024-05-011", "2024-05-01 later"}) {
    const auto refused = sync::convert(Value(other), date, date);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().message.find(other) != std::string::npos);
  }
  CHECK_FALSE(sync::convert(Value("0044-03-15T00:00:00 BC"), moment("local", "UTC"), date).ok());
  CHECK_FALSE(sync::convert(Value("0044-03-15 00:00:00+00 BC"), moment("instant"), moment("local", "UTC")).ok());
}
