#include "base/decimal.h"

#include <catch2/catch.hpp>
#include <limits>

using namespace tidewire;

namespace {

Decimal dec(std::string_view text) { return Decimal::parse(text).value(); }

std::string quotient(std::string_view a, std::string_view b, int scale) {
  return Decimal::divide(dec(a), dec(b), scale).value().text();
}

}  // namespace

TEST_CASE("decimal: reading keeps the scale and writes plain notation", "[base]") {
  CHECK(dec("12.50").text() == "12.50");
  CHECK(dec("-0.05").text() == "-0.05");
  CHECK(dec("+7").text() == "7");
  CHECK(dec(".5").text() == "0.5");
  CHECK(dec("1e3").text() == "1000");
  CHECK(dec("1.50E1").text() == "15.0");
  CHECK(dec("12e-4").text() == "0.0012");
  CHECK(dec("-0").text() == "0");
  CHECK(dec("007").text() == "7");
  CHECK(Decimal().text() == "0");
}

TEST_CASE("decimal: what is no number or too long is refused", "[base]") {
  for (const char* text : {"", "-", ".", "5.", "1e", "1e+-3", "1e-+3", "1 ", "0x1", "NaN", "1,5", "--1", "1e10001", "1e-10001", "1e99999999999"}) {
    INFO(text);
    CHECK_FALSE(Decimal::parse(text).ok());
  }
  CHECK(Decimal::parse(std::string(10'000, '9')).ok());
  CHECK_FALSE(Decimal::parse(std::string(10'001, '9')).ok());
}

TEST_CASE("decimal: arithmetic is exact", "[base]") {
  CHECK((dec("0.1") + dec("0.2")).text() == "0.3");
  CHECK((dec("9223372036854775807") + dec("1")).text() == "9223372036854775808");
  CHECK((dec("1.00") - dec("1")).text() == "0.00");
  CHECK((dec("1.5") - dec("2.25")).text() == "-0.75");
  CHECK((dec("1.19") * dec("-100")).text() == "-119.00");
  CHECK((dec("99999999999999999999") * dec("99999999999999999999")).text() == "9999999999999999999800000000000000000001");
}

TEST_CASE("decimal: a quotient is rounded half to even", "[base]") {
  CHECK(quotient("1", "3", 4) == "0.3333");
  CHECK(quotient("2", "3", 4) == "0.6667");
  CHECK(quotient("1", "8", 2) == "0.12");
  CHECK(quotient("3", "8", 2) == "0.38");
  CHECK(quotient("-1", "8", 2) == "-0.12");
  CHECK(quotient("-3", "8", 2) == "-0.38");
  CHECK(quotient("1", "-2", 0) == "0");
  CHECK(quotient("-3", "2", 0) == "-2");
  CHECK(quotient("1.000", "0.001", 0) == "1000");
  CHECK_FALSE(Decimal::divide(dec("1"), dec("0.00"), 2).ok());
  CHECK_FALSE(Decimal::divide(dec("1"), dec("2"), -1).ok());
}

TEST_CASE("decimal: rounding goes half away from zero and pads", "[base]") {
  CHECK(dec("2.5").round(0).text() == "3");
  CHECK(dec("-2.5").round(0).text() == "-3");
  CHECK(dec("2.4999").round(0).text() == "2");
  CHECK(dec("1.005").round(2).text() == "1.01");
  CHECK(dec("12.5").round(3).text() == "12.500");
  CHECK(dec("1250").round(-2).text() == "1300");
  CHECK(dec("49").round(-2).text() == "0");
  CHECK(dec("1").round(std::numeric_limits<int>::min()).text() == "0");
}

TEST_CASE("decimal: trimming takes zeros after the point only", "[base]") {
  CHECK(dec("12.50").trimmed().text() == "12.5");
  CHECK(dec("100.000").trimmed().text() == "100");
  CHECK(dec("100").trimmed().text() == "100");
  CHECK(dec("0.00").trimmed().text() == "0");
  CHECK(dec("-0.10").trimmed().text() == "-0.1");
}

TEST_CASE("decimal: comparison is by number, not by text", "[base]") {
  CHECK(dec("1.0") == dec("1"));
  CHECK(dec("-0.00") == dec("0"));
  CHECK(dec("0.1") < dec("0.11"));
  CHECK(dec("-2") < dec("-1.5"));
  CHECK(dec("18446744073709551616") > Decimal::from_int(std::numeric_limits<std::int64_t>::max()));
}

TEST_CASE("decimal: values come in and go out without loss", "[base]") {
  CHECK(Decimal::from(Value(std::numeric_limits<std::int64_t>::min()))->text() == "-9223372036854775808");
  CHECK(Decimal::from(DecimalText{"12.50"})->text() == "12.50");
  CHECK(Decimal::from("3")->to_value() == Value(3));
  CHECK(dec("-9223372036854775808").to_value() == Value(std::numeric_limits<std::int64_t>::min()));
  CHECK(dec("9223372036854775808").to_value() == Value(DecimalText{"9223372036854775808"}));
  CHECK(dec("3.00").to_value() == Value(DecimalText{"3.00"}));
  CHECK_FALSE(Decimal::from(Value(true)).ok());
  CHECK_FALSE(Decimal::from(DecimalText{"NaN"}).ok());
}

TEST_CASE("decimal: the number of digits is known well enough to set a limit", "[base]") {
  for (const char* text : {"0", "9", "10", "999999", "1000000", "12345678901234567890"}) {
    const std::size_t real = std::string(text).size();
    CHECK(dec(text).digits() >= real);
    CHECK(dec(text).digits() <= real + 1);
  }
}

TEST_CASE("decimal: copies are independent, moves leave nothing behind", "[base]") {
  Decimal first = dec("1.5");
  Decimal copy = first;

  first = first + dec("1");
  const Decimal moved = std::move(copy);

  CHECK(first.text() == "2.5");
  CHECK(moved.text() == "1.5");
}
