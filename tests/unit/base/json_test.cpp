#include "base/json.h"

#include <catch2/catch.hpp>
#include <string>

using namespace tidewire;

namespace {

std::string again(std::string_view text) {
  const auto value = json::parse(text);
  return value ? json::dump(*value) : "refused: " + value.error().message;
}

std::string nested(int depth) { return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']'); }

}  // namespace

TEST_CASE("json: of the outermost object only the members asked for are kept", "[base][json]") {
  const std::string text = R"({"a": {"b": [1, "x"], "c": null}, "b": "dropped \u00e9", "d": [{"a": 1}], "a2": 7, "e": 1.50})";

  CHECK(json::parse_members(text, {"a", "e", "nowhere"}).value() == json::parse(R"({"a": {"b": [1, "x"], "c": null}, "e": 1.50})").value());
  CHECK(json::parse_members(text, {}).value() == Value(Object{}));
  CHECK(json::parse_members("[1, 2]", {}).value() == Value(Array{1, 2}));
}

TEST_CASE("json: what is not kept is checked all the same", "[base][json]") {
  for (const char* wrong : {R"({"a": 01})", R"({"a": "\x"})", R"({"a": [1,]})", R"({"a": tru})", R"({"a": {"b" 1}})", R"({"a": "\ud800"})",
                            "{\"a\": \"\xff\"}", "{\"a\": \"\n\"}", R"({"a": 1} x)", R"({"a": )"}) {
    INFO(wrong);
    const auto kept = json::parse(wrong), dropped = json::parse_members(wrong, {});
    REQUIRE(!kept.ok());
    REQUIRE(!dropped.ok());
    CHECK(dropped.error().message == kept.error().message);
  }
}

TEST_CASE("json: a special byte is met wherever it stands in a long string", "[base][json]") {
  for (std::size_t length = 1; length < 40; ++length) {
    for (std::size_t at = 0; at < length; ++at) {
      std::string text(length, '~');
      CHECK(json::parse('"' + text + '"').value() == Value(text));
      text[at] = '\x1f';
      CHECK(!json::parse('"' + text + '"').ok());
      text[at] = '\xff';
      CHECK(!json::parse('"' + text + '"').ok());
      text.replace(at, 1, "\\\"");
      std::string plain(length, '~');
      plain[at] = '"';
      CHECK(json::parse('"' + text + '"').value() == Value(plain));
      plain.replace(at, 1, "\xc3\xa9");
      CHECK(json::parse('"' + plain + '"').value() == Value(plain));
    }
  }
}

TEST_CASE("json: integers to the edges of int64 are ints, the next ones keep their text", "[base][json]") {
  CHECK(json::parse("9223372036854775807")->is_int());
  CHECK(json::parse("-9223372036854775808")->is_int());
  CHECK(json::parse("9223372036854775808")->decimal_text() == "9223372036854775808");
  CHECK(json::parse("-9223372036854775809")->decimal_text() == "-9223372036854775809");
  CHECK(json::parse("-0")->as_int() == 0);
}

TEST_CASE("json: a number with fraction or exponent keeps its text", "[base][json]") {
  for (const std::string text : {"12.50", "1e3", "1.0", "1E+400", "-0.0", "0.1000000000000000055511151231257827021181583404541015625"}) {
    CHECK(json::parse(text)->decimal_text() == text);
    CHECK(again(text) == text);
  }
  const std::string digits(400, '7');
  CHECK(again(digits) == digits);
}

TEST_CASE("json: what is no number is refused", "[base][json]") {
  for (const char* text : {"NaN", "Infinity", "-", "01", "1.", ".5", "1e", "1e+", "+1", "0x10", "-a", "1.e3"}) {
    INFO(text);
    CHECK_FALSE(json::parse(text).ok());
  }
}

TEST_CASE("json: null, empty list, empty object and absent differ", "[base][json]") {
  const Value value = json::parse(R"({"a":null,"b":[],"c":{}})").value();

  CHECK(value.find("a")->is_null());
  CHECK(value.find("b")->is_array());
  CHECK(value.find("c")->is_object());
  CHECK(value.find("d") == nullptr);
  CHECK(json::dump(value) == R"({"a":null,"b":[],"c":{}})");
}

TEST_CASE("json: writing is canonical", "[base][json]") {
  CHECK(again(" { \"b\" : 1 , \"a\" : [ true , false ] } ") == R"({"a":[true,false],"b":1})");
  CHECK(again(R"("\u00e9\/\u001f\n\"\\")") == "\"é/\\u001f\\n\\\"\\\\\"");
  CHECK(again(R"({"é":1,"z":2,"Z":3})") == R"({"Z":3,"z":2,"é":1})");
}

TEST_CASE("json: of a key that comes twice the last wins", "[base][json]") {
  CHECK(again(R"({"a":1,"b":2,"a":3})") == R"({"a":3,"b":2})");
}

TEST_CASE("json: 128 levels are read, 129 are refused", "[base][json]") {
  CHECK(json::parse(nested(128)).ok());
  CHECK(json::parse(nested(129)).error().message == "not JSON: nested deeper than 128 at byte 128");
}

TEST_CASE("json: surrogates come in pairs", "[base][json]") {
  CHECK(again(R"("\ud83d\ude00")") == "\"😀\"");
  for (const char* text : {R"("\ud83d")", R"("\ude00")", R"("\ud83dx")", R"("\ud83d\u0041")", R"("x\ude00\ud83d")"}) {
    INFO(text);
    CHECK(json::parse(text).error().message.find("lone surrogate") != std::string::npos);
  }
}

TEST_CASE("json: bytes that are no UTF-8 are refused where they stand", "[base][json]") {
  CHECK(json::parse("\"ab\xff\"").error().message == "not JSON: invalid UTF-8 at byte 3");
  CHECK_FALSE(json::parse("\"\xc0\x80\"").ok());      // overlong
  CHECK_FALSE(json::parse("\"\xed\xa0\x80\"").ok());  // a surrogate
  CHECK_FALSE(json::parse("\"\xf4\x90\x80\x80\"").ok());
  CHECK(json::parse("\"\xf4\x8f\xbf\xbf\"").ok());
}

TEST_CASE("json: text after the document is refused, a NUL byte too", "[base][json]") {
  CHECK(json::parse("1 2").error().message == "not JSON: text after the end of the document at byte 2");
  CHECK_FALSE(json::parse(std::string_view("1\0", 2)).ok());
  CHECK_FALSE(json::parse(std::string_view("\"a\0\"", 4)).ok());
  CHECK_FALSE(json::parse(std::string_view("[1\0]", 4)).ok());
}

TEST_CASE("json: errors name the byte", "[base][json]") {
  CHECK(json::parse("").error().message == "not JSON: unexpected end at byte 0");
  CHECK(json::parse("{\"a\":").error().message == "not JSON: unexpected end at byte 5");
  CHECK(json::parse("[1,]").error().message == "not JSON: expected a value at byte 3");
  CHECK(json::parse("{\"a\" 1}").error().message == "not JSON: expected ':' at byte 5");
  CHECK(json::parse("{a:1}").error().message == "not JSON: expected a name in quotes at byte 1");
  CHECK(json::parse("[1 2]").error().message == "not JSON: expected ',' or ']' at byte 3");
  CHECK(json::parse("tru").error().message == "not JSON: a word that is no value at byte 0");
  CHECK(json::parse("\"\\x\"").error().message == "not JSON: an unknown escape at byte 2");
  CHECK(json::parse("\"\\u12g4\"").error().message == "not JSON: expected four hex digits at byte 3");
  CHECK(json::parse("\"a\nb\"").error().message == "not JSON: a control character in a string at byte 2");
}

TEST_CASE("json: every prefix of a document is refused", "[base][json]") {
  const std::string text = R"({"a":[1.5e3,"x\u00e9",true,null,{"b":-1}]})";
  REQUIRE(json::parse(text).ok());

  for (std::size_t length = 0; length < text.size(); ++length) CHECK_FALSE(json::parse(text.substr(0, length)).ok());
}

TEST_CASE("json: what is written can be read again, whatever a value holds", "[base][json]") {
  CHECK(json::dump(DecimalText{"NaN"}) == "\"NaN\"");
  CHECK(json::dump(DecimalText{".5"}) == "\".5\"");
  CHECK(json::dump(Value("a\xff" "b")) == "\"a\xEF\xBF\xBD" "b\"");
}

TEST_CASE("json: pretty is indented by two", "[base][json]") {
  CHECK(json::dump_pretty(json::parse(R"({"a":[1,{}],"b":[]})").value()) ==
        "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}");
}
