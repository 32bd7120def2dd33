#include "sync/canonical.h"

#include <catch2/catch.hpp>

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

TEST_CASE("canonical: an instant does not fit a local time whose zone nobody knows", "[sync]") {
  CHECK_FALSE(sync::convert(Value("2024-12-31T23:30:00Z"), moment("instant"), moment("local")).ok());
}
