#include "cli/table.h"

#include <catch2/catch.hpp>

using namespace tidewire::cli;

TEST_CASE("table: columns are aligned, numbers to the right, no blanks at the end", "[cli]") {
  Table table({{"name"}, {"count", true}, {"note"}});
  table.add({"Zoë", "7", "x"});
  table.add({"Müller & Co", "1234", ""});

  CHECK(table.text({}) ==
        "name         count  note\n"
        "Zoë              7  x\n"
        "Müller & Co   1234\n");
}

TEST_CASE("table: a column with nothing in it is left out", "[cli]") {
  Table table({{"a"}, {"b"}, {"c"}});
  table.add({"1", "", "3"});

  CHECK(table.text({}) == "a  c\n1  3\n");
}

TEST_CASE("table: without titles there is no title line", "[cli]") {
  Table table({{""}, {""}});
  table.add({"a", "b"});

  CHECK(table.text({}) == "a  b\n");
}

TEST_CASE("table: the widest column is cut where the terminal is narrow", "[cli]") {
  Table table({{"id"}, {"text"}});
  table.add({"1", "a text that is much too long for it"});

  CHECK(table.text({false, 20}) == "id  text\n1   a text that is …\n");
}

TEST_CASE("table: a column that is to be copied is never cut", "[cli]") {
  Table table({{"text"}, {"id", false, true}});
  table.add({"a text that is too long", "0123456789abcdef"});

  CHECK(table.text({false, 26}) == "text      id\na text …  0123456789abcdef\n");
}

TEST_CASE("table: where nothing is cut, one long cell does not blank out the others", "[cli]") {
  Table table({{"key"}, {"note"}});
  table.add({std::string(300, 'k'), "x"});
  table.add({"short", "y"});

  CHECK(table.text({}) == "key" + std::string(79, ' ') + "note\n" + std::string(300, 'k') + "  x\nshort" + std::string(77, ' ') + "y\n");
}

TEST_CASE("table: a cell that nobody can read is cut where nothing else is, one that is to be copied is not", "[cli]") {
  Table table({{"key"}, {"mark", false, true}});
  table.add({std::string(100'000, 'k'), std::string(600, 'm')});

  CHECK(table.text({}) == "key" + std::string(79, ' ') + "mark\n" + std::string(499, 'k') + "…  " + std::string(600, 'm') + "\n");
}

TEST_CASE("table: colours do not count as width", "[cli]") {
  Table table({{"a"}, {"b"}});
  table.add({Cell("x", Style::kBad), "1"});
  table.add({"long", "2"});

  CHECK(table.text({true, 0}).find("\033[31mx\033[0m     1\n") != std::string::npos);
}

TEST_CASE("table: a cell with a line end stays on its line", "[cli]") {
  Table table({{"a"}});
  table.add({"x\ny"});

  CHECK(table.text({}) == "a\nx⏎y\n");
}
