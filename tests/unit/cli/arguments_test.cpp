#include "cli/arguments.h"

#include <catch2/catch.hpp>

using namespace tidewire;
using namespace tidewire::cli;

namespace {

const Syntax kSyntax{{{"--limit", "N", ""}, {"--failed", "", ""}, {"--help", "", ""}}, 0, 1, false, false};

Result<Arguments> parse(std::vector<std::string> words, const Syntax& syntax = kSyntax) { return Arguments::parse(words, syntax); }

std::string refusal(std::vector<std::string> words, const Syntax& syntax = kSyntax) {
  const auto parsed = parse(std::move(words), syntax);
  REQUIRE_FALSE(parsed.ok());
  CHECK(parsed.error().code == Code::kInvalid);
  return parsed.error().message;
}

}  // namespace

TEST_CASE("arguments: options stand before, between and after words", "[cli]") {
  const auto parsed = parse({"--failed", "people", "--limit", "5"});

  REQUIRE(parsed.ok());
  CHECK(parsed->has("--failed"));
  CHECK(parsed->words() == std::vector<std::string>{"people"});
  CHECK(parsed->number("--limit").value() == 5);
}

TEST_CASE("arguments: a value may follow an equals sign, and begin with a dash", "[cli]") {
  CHECK(parse({"--limit=7"})->number("--limit").value() == 7);
  CHECK(parse({"--limit", "-7"})->get("--limit") == "-7");
}

TEST_CASE("arguments: what is empty is refused: a variable that is not set must not mean everything", "[cli]") {
  CHECK(refusal({"--limit="}) == "--limit is empty");
  CHECK(refusal({"--limit", ""}) == "--limit is empty");
  CHECK(refusal({"", "--failed"}) == "a word of the command is empty");
}

TEST_CASE("arguments: the last of an option given twice counts", "[cli]") { CHECK(parse({"--limit", "1", "--limit", "2"})->get("--limit") == "2"); }

TEST_CASE("arguments: what is not known is refused with a suggestion", "[cli]") {
  CHECK(refusal({"--failde"}) == "unknown option --failde (did you mean '--failed'?)");
  CHECK(refusal({"-x"}) == "unknown option -x");
}

TEST_CASE("arguments: a value that is missing, or where none belongs, is refused", "[cli]") {
  CHECK(refusal({"--limit"}) == "--limit needs a value: --limit N");
  CHECK(refusal({"--failed=yes"}) == "--failed takes no value");
}

TEST_CASE("arguments: too few and too many words are refused, but not where help is asked for", "[cli]") {
  Syntax two = kSyntax;
  two.least_words = two.most_words = 2;

  CHECK(refusal({"a", "b", "c"}, two) == "'c' is one word too many");
  CHECK(refusal({"a"}, two) == "something is missing after the command");
  CHECK(parse({"-h"}, two).ok());
}

TEST_CASE("arguments: a number must be one", "[cli]") {
  for (const char* text : {"x", "1x", "-1", "99999999999999999999"}) CHECK_FALSE(parse({std::string("--limit=") + text})->number("--limit").ok());
  CHECK(parse({})->number("--limit", 20).value() == 20);
}

TEST_CASE("arguments: a minus before a digit is a word, and what follows -- always is", "[cli]") {
  CHECK(parse({"-5"})->words() == std::vector<std::string>{"-5"});
  CHECK(parse({"--", "--failed"})->words() == std::vector<std::string>{"--failed"});
}

TEST_CASE("arguments: what follows -- can be somebody else's", "[cli]") {
  Syntax syntax = kSyntax;
  syntax.rest = true;

  const auto parsed = parse({"file.lua", "--", "--failed", "x"}, syntax);

  CHECK(parsed->words() == std::vector<std::string>{"file.lua"});
  CHECK(parsed->rest() == std::vector<std::string>{"--failed", "x"});
  CHECK_FALSE(parsed->has("--failed"));
}

TEST_CASE("arguments: free options are collected by name", "[cli]") {
  Syntax syntax = kSyntax;
  syntax.free_options = true;

  const auto parsed = parse({"frappe", "--port", "0", "--legacy", "--zone=Europe/Berlin", "--limit", "3"}, syntax);

  CHECK(Value(parsed->free_options()) == Value(Object{{"port", "0"}, {"legacy", true}, {"zone", "Europe/Berlin"}}));
  CHECK(parsed->get("--limit") == "3");
}
