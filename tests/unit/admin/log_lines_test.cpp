#include "admin/log_lines.h"

#include "api_fixture.h"

using namespace tidewire;
using namespace tidewire::admin;

TEST_CASE("log lines: the newest are kept, so many and so much", "[admin]") {
  LogLines lines;
  for (int i = 0; i < 502; ++i) lines.add("line " + std::to_string(i));

  CHECK(lines.last(1000).size() == LogLines::kMost);
  CHECK(lines.last(1000).front() == "line 2");
  CHECK(lines.last(2) == std::vector<std::string>{"line 500", "line 501"});
  lines.add(std::string(LogLines::kMostBytes, 'x'));
  CHECK(lines.last(1000).size() == 1);
}

TEST_CASE("log lines: whoever may look gets those that were written before", "[admin]") {
  ApiFixture f;
  f.api.log_lines().add("first");
  f.api.log_lines().add("second");

  CHECK(f.get("/api/v1/log").at_path("lines.0")->as_string() == "first");
  CHECK(f.get("/api/v1/log?limit=1").at_path("lines.0")->as_string() == "second");
  CHECK(f.ask("GET", "/api/v1/log?limit=501").status == 400);
}
