#include "base/result.h"

#include <catch2/catch.hpp>
#include <memory>

using namespace tidewire;

namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return make_error(Code::kInvalid, std::to_string(number) + " is odd", "choose an even one");
  return number / 2;
}

Result<int> quarter(int number) { return TRY(half(TRY(half(number)))); }

Result<void> even(int number) {
  TRY(half(number));
  return {};
}

}  // namespace

TEST_CASE("result: every code has a name that leads back to it", "[base]") {
  for (int i = 0; i <= static_cast<int>(Code::kCancelled); ++i) {
    const auto code = static_cast<Code>(i);
    CHECK(code_from_name(code_name(code)) == code);
  }
  CHECK(code_name(Code::kNotFound) == "not_found");
  CHECK_FALSE(code_from_name("oops"));
}

TEST_CASE("result: a code decides what follows", "[base]") {
  CHECK(disposition(Code::kThrottled) == Disposition::kAgain);
  CHECK(disposition(Code::kUnavailable) == Disposition::kAgain);
  CHECK(disposition(Code::kBlocked) == Disposition::kAgain);
  CHECK(disposition(Code::kUnknown) == Disposition::kReadBack);
  CHECK(disposition(Code::kStale) == Disposition::kMergeAgain);
  CHECK(disposition(Code::kScript) == Disposition::kDeadLetter);
  CHECK(disposition(Code::kDenied) == Disposition::kBreaker);
  CHECK(disposition(Code::kCorrupt) == Disposition::kStop);
}

TEST_CASE("result: TRY hands on the value or leaves with the error", "[base]") {
  CHECK(*quarter(12) == 3);
  CHECK(quarter(6).error().message == "3 is odd");
  CHECK(even(4).ok());
  CHECK(even(5).error().hint == "choose an even one");
}

TEST_CASE("result: a message keeps its beginning and its end, however long a value it quotes", "[base]") {
  const Error error = make_error(Code::kInvalid, "'" + std::string(2'000'000, '9') + "' is no number");

  CHECK(error.message.size() == 4096);
  CHECK(error.message.starts_with("'99"));
  CHECK(error.message.find("9…9") != std::string::npos);
  CHECK(error.message.ends_with("9' is no number"));
}

TEST_CASE("result: a value that cannot be copied is moved out", "[base]") {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(7));

  const std::unique_ptr<int> taken = std::move(result).value();

  CHECK(*taken == 7);
}

TEST_CASE("result: context is put before the message and an error is one line", "[base]") {
  Error error = make_error(Code::kDenied, "401\nwrong key", "look at .env");

  error = std::move(error).context("connection erp");

  CHECK(to_string(error) == "denied: connection erp: 401 wrong key (look at .env)");
}
