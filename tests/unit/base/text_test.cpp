#include "base/text.h"

#include <catch2/catch.hpp>
#include <limits>

using namespace tidewire;

TEST_CASE("text: split keeps empty parts and join is its inverse", "[base]") {
  CHECK(split("", ',') == std::vector<std::string>{""});
  CHECK(split(",a,", ',') == std::vector<std::string>{"", "a", ""});
  CHECK(join(split("a.b.c", '.'), ".") == "a.b.c");
}

TEST_CASE("text: trim takes ASCII blanks off both ends", "[base]") {
  CHECK(trim(" \t a b\r\n") == "a b");
  CHECK(trim("  ").empty());
}

TEST_CASE("text: a word for a shell is bare where it may be, else quoted", "[base]") {
  CHECK(shell_word("HR-EMP/0001@example.org") == "HR-EMP/0001@example.org");
  CHECK(shell_word("Anna Schmidt") == "'Anna Schmidt'");
  CHECK(shell_word("Ada's $HOME") == "'Ada'\\''s $HOME'");
  CHECK(shell_word("") == "''");
}

TEST_CASE("text: format grows as needed", "[base]") {
  CHECK(format("%s-%d", std::string(5000, 'x').c_str(), 7).size() == 5002);
}

TEST_CASE("text: fold makes names comparable across case and composition", "[base]") {
  CHECK(fold("ÄÖÜ ß") == "äöü ß");
  CHECK(fold("ŁÓDŹ Ÿ Š") == "łódź ÿ š");
  CHECK(fold("ΟΔΥΣΣΕΎΣ") == fold("οδυσσεύς"));
  CHECK(fold("ЁЖИК Їжак") == "ёжик їжак");
  CHECK(fold("Ame\u0301lie") == fold("AMÉLIE"));
  CHECK(fold("\u0418\u0306") == "й");
  CHECK(fold("x\u0301") == "x\u0301");
  CHECK(fold("\u0301") == "\u0301");
  CHECK(fold("A\xff" "B") == "a\xff" "b");
  CHECK(fold("×÷") == "×÷");
}

TEST_CASE("text: UTF-8 is checked strictly", "[base]") {
  CHECK(valid_utf8("aé€😀"));
  CHECK_FALSE(valid_utf8("\xc3"));
  CHECK_FALSE(valid_utf8("\xed\xa0\x80"));
  CHECK_FALSE(valid_utf8("\xe0\x80\x80"));
  CHECK(code_points("aé€😀") == 4);
}

TEST_CASE("text: shortening cuts at a code point and stays within the limit", "[base]") {
  CHECK(shortened("short", 5) == "short");
  CHECK(shortened("ééééé", 8) == "éé…");
  CHECK(shortened("ééééé", 2) == "é");
  CHECK(shortened("abc", 0).empty());
  CHECK(without_middle("short", 5) == "short");
  CHECK(without_middle("the beginning and the end", 16) == "the begin… end");
  CHECK(without_middle("éééééééééé", 16) == "éééé…éé");
}

TEST_CASE("text: a near word is suggested, a far one is not", "[base]") {
  const std::vector<std::string> words{"timeout", "headers", "max_bytes", "id"};

  CHECK(suggestion("timout", words) == " (did you mean 'timeout'?)");
  CHECK(suggestion("tiemout", words) == " (did you mean 'timeout'?)");
  CHECK(suggestion("tiemotu", words) == " (did you mean 'timeout'?)");  // two swaps are two slips, not four
  CHECK(suggestion("Headers", words) == " (did you mean 'headers'?)");
  CHECK(suggestion("maxbites", words) == " (did you mean 'max_bytes'?)");
  CHECK(suggestion("ok", words).empty());
  CHECK(suggestion("password", words).empty());
  CHECK(suggestion("", words).empty());
}

TEST_CASE("text: of a short word more must be right than wrong", "[base]") {
  const std::vector<std::string> words{"erp", "app", "cache", "kind"};

  CHECK(suggestion("aap", words) == " (did you mean 'app'?)");
  CHECK(suggestion("cash", words) == " (did you mean 'cache'?)");
  CHECK(suggestion("Kind", words) == " (did you mean 'kind'?)");
  CHECK(suggestion("arm", words).empty());
  CHECK(suggestion("odp", words).empty());
  CHECK(suggestion("find", words) == " (did you mean 'kind'?)");
  CHECK(suggestion("fine", words).empty());
  CHECK(suggestion("er", std::vector<std::string>{"ep"}).empty());
}

TEST_CASE("text: numbers are grouped by thousands", "[base]") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1234567) == "1 234 567");
  CHECK(grouped(-123456) == "-123 456");
  CHECK(grouped(std::numeric_limits<std::int64_t>::min()) == "-9 223 372 036 854 775 808");
}
