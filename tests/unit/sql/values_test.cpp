#include <catch2/catch.hpp>

#include "base/json.h"
#include "sql/mysql_values.h"
#include "sql/postgres_values.h"
#include "sql/sqlstate.h"

namespace tidewire::sql {
namespace {

std::string shown(unsigned type, std::string_view text) { return json::dump(postgres_value(type, text)); }
std::string sent(const Value& value) { return postgres_parameter(value)->value(); }

std::string doubled(const std::string& text) {
  std::string out;
  for (const char sign : text) out += sign == '\'' ? "''" : std::string(1, sign);
  return out;
}

TEST_CASE("values: PostgreSQL's numbers keep their digits", "[sql]") {
  CHECK(shown(20, "9223372036854775807") == "9223372036854775807");
  CHECK(shown(1700, "12345678901234567890.500") == "12345678901234567890.500");
  CHECK(shown(701, "1e+308") == "1e+308");
  CHECK(postgres_value(1700, "NaN") == Value("NaN"));
  CHECK(postgres_value(701, "-Infinity") == Value("-Infinity"));
}

TEST_CASE("values: PostgreSQL's times are UTC whatever the session's zone", "[sql]") {
  CHECK(postgres_value(1184, "2026-01-01 23:34:05.120000+02") == Value("2026-01-01T21:34:05.12Z"));
  CHECK(postgres_value(1184, "infinity") == Value("infinity"));
  CHECK(postgres_value(1184, "0044-03-15 00:00:00+00 BC") == Value("0044-03-15 00:00:00+00 BC"));
  CHECK(postgres_value(1114, "2026-01-01 23:34:05.1") == Value("2026-01-01T23:34:05.1"));
}

TEST_CASE("values: arrays are lists of any depth, with null and quotes; what does not count from 1 stays its text", "[sql]") {
  CHECK(shown(1009, R"({a,"b,c","q\"\\",NULL,"NULL",""})") == R"(["a","b,c","q\"\\",null,"NULL",""])");
  CHECK(shown(1007, "{{1,2},{3,NULL}}") == "[[1,2],[3,null]]");
  CHECK(shown(1231, "[0:1]={1.50,2}") == "\"[0:1]={1.50,2}\"");
  CHECK(shown(3807, R"({"{\"a\": [1.0]}"})") == R"([{"a":[1.0]}])");
  CHECK(shown(1009, "{}") == "[]");
  CHECK(postgres_value(1009, "{a,") == Value("{a,"));
}

TEST_CASE("values: a document that is not read says why, and is no text", "[sql]") {
  const std::string deep = std::string(300, '[') + std::string(300, ']');
  CHECK(postgres_value(3802, deep).string_or("$unread").find("nested deeper") != std::string::npos);
  CHECK_FALSE(mysql_value(MysqlForm::kJson, R"({"a":"\ud800"})").string_or("$unread").empty());
  CHECK(postgres_value(114, R"("{")") == Value("{"));
}

TEST_CASE("values: documents are read, other types are text", "[sql]") {
  CHECK(shown(3802, R"({"a": 1.10, "b": null})") == R"({"a":1.10,"b":null})");
  CHECK(postgres_value(17, "\\x00ff") == Value("\\x00ff"));
  CHECK(postgres_value(16, "f") == Value(false));
}

TEST_CASE("values: parameters go as PostgreSQL reads them", "[sql]") {
  CHECK_FALSE(postgres_parameter(Value()).value().has_value());
  CHECK(sent(Value(DecimalText{"0.10"})) == "0.10");
  CHECK(sent(Value(Array{Value("a\"\\"), Value(), Value(Array{}), Value(1)})) == R"({"a\"\\",NULL,{},"1"})");
  CHECK(sent(Value(Object{{"a", Value(true)}})) == R"({"a":true})");
  CHECK(postgres_parameter(Value(std::string("a\0b", 3))).error().code == Code::kInvalid);
}

TEST_CASE("values: an array that was written reads back the same", "[sql]") {
  const Value list(Array{Value("{}"), Value("NULL"), Value(), Value(" a,b "), Value("")});
  CHECK(postgres_value(1009, sent(list)) == list);
}

TEST_CASE("values: MariaDB's parameters are written into the text, quoted places left alone", "[sql]") {
  const auto text = [](std::string_view sql, std::vector<Value> parameters) { return mysql_text(sql, parameters, doubled); };
  CHECK(*text("select ?, '?', `?`, \"?\" /* ? */ -- ?\n, ?", {Value(1), Value("it's")}) == "select 1, '?', `?`, \"?\" /* ? */ -- ?\n, 'it''s'");
  CHECK(*text("?,?,?", {Value(), Value(true), Value(DecimalText{"1.50"})}) == "NULL,1,1.50");
  const std::string large = "602" + std::string(98, '0'), small = "0." + std::string(89, '0') + "16";
  CHECK(*text("?,?,?", {Value(DecimalText{large}), Value(DecimalText{small}), Value(DecimalText{"-" + small})}) == "'" + large + "','" + small + "','-" + small + "'");
  CHECK(*text("?", {Value(DecimalText{"-12345678901234567890123456789012345.123456789012345678901234567890"})}) == "'-12345678901234567890123456789012345.123456789012345678901234567890'");
  CHECK(*text("?", {Value(DecimalText{"12345678901234567890.123456789012345678901234567890"})}) == "12345678901234567890.123456789012345678901234567890");
  CHECK(*text("'it\\'s ?', ?", {Value(DecimalText{"1e3"})}) == "'it\\'s ?', '1e3'");
  CHECK(text("?", {}).error().code == Code::kInvalid);
  CHECK(text("", {Value(1)}).error().code == Code::kInvalid);
}

TEST_CASE("values: MariaDB's answers keep digits and bytes", "[sql]") {
  CHECK(json::dump(mysql_value(MysqlForm::kNumber, "18446744073709551615")) == "18446744073709551615");
  CHECK(json::dump(mysql_value(MysqlForm::kNumber, "1.50")) == "1.50");
  CHECK(mysql_value(MysqlForm::kBinary, std::string_view("\0\xff", 2)) == Value("\\x00ff"));
  CHECK(mysql_value(MysqlForm::kText, "0000-00-00") == Value("0000-00-00"));
}

TEST_CASE("values: an error of a database says what follows", "[sql]") {
  CHECK(code_of_sqlstate("23505") == Code::kInvalid);
  CHECK(code_of_sqlstate("40P01") == Code::kUnavailable);
  CHECK(code_of_sqlstate("57014") == Code::kUnavailable);
  CHECK(code_of_sqlstate("42501") == Code::kDenied);
  CHECK(code_of_sqlstate("25006") == Code::kUnavailable);
  CHECK(is_outdated_plan("0A000", "RevalidateCachedQuery"));
  CHECK_FALSE(is_outdated_plan("0A000", "transformInsertStmt"));
  CHECK_FALSE(is_outdated_plan("42804", "transformAssignedExpr"));
  CHECK(code_of_mysql(1062, true) == Code::kInvalid);
  CHECK(code_of_mysql(1213, true) == Code::kUnavailable);
  CHECK(code_of_mysql(2013, true) == Code::kUnknown);
  CHECK(code_of_mysql(1412, true) == Code::kUnavailable);
  CHECK(code_of_mysql(2013, false) == Code::kUnavailable);
  CHECK(code_of_mysql(1045, false) == Code::kDenied);
}

}  // namespace
}  // namespace tidewire::sql
