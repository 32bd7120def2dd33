#include <set>

#include <catch2/catch.hpp>

#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/help.h"
#include "cli/progress.h"
#include "cli/query.h"
#include "cli/session.h"
#include "cli/story.h"
#include "base/json.h"

using namespace tidewire;
using namespace tidewire::cli;

TEST_CASE("help: tells every command once, but the hidden ones", "[cli]") {
  const std::string text = help({});
  std::set<std::string> names;

  for (const Command& command : commands()) {
    CHECK(names.insert(command.name).second);
    CHECK((text.find(std::string("\n  ") + command.name + " ") != std::string::npos) == !command.hidden);
  }
}

TEST_CASE("help: a command's own help names its options and no option twice", "[cli]") {
  for (const Command& command : commands()) {
    const std::string text = help_of(command, {});
    std::set<std::string> names;
    for (const Option& option : common_options()) names.insert(option.name);
    for (const Option& option : command.syntax.options) {
      CHECK(text.find(option.name) != std::string::npos);
      CHECK(names.insert(option.name).second);
    }
  }
}

TEST_CASE("exit code: every kind of error has its own, and opening a project blames the files", "[cli]") {
  CHECK(exit_code(make_error(Code::kInvalid, "")) == kUsage);
  CHECK(exit_code(make_error(Code::kNotFound, "")) == kFailed);
  CHECK(exit_code(make_error(Code::kUnavailable, "")) == kUnavailable);
  CHECK(exit_code(make_error(Code::kScript, "")) == kConfig);
  CHECK(opening_exit_code(make_error(Code::kInvalid, "")) == kConfig);
  CHECK(opening_exit_code(make_error(Code::kNotFound, "")) == kConfig);
  CHECK(opening_exit_code(make_error(Code::kCorrupt, "")) == kUnavailable);
}

TEST_CASE("query: parameters are encoded and empty ones left out", "[cli]") {
  CHECK(Target("/a").add("x", "").add("key", "A B/ü").add("y", "1").text() == "/a?key=A%20B%2F%C3%BC&y=1");
  CHECK(segment("a/b") == "a%2Fb");
}

TEST_CASE("session: a problem answer is the error it tells of", "[cli]") {
  http::Response response;
  response.status = 412;
  response.body = R"({"detail": "it moved", "code": "stale", "hint": "look again"})";

  const Error error = error_of(response);

  CHECK(error.code == Code::kStale);
  CHECK(error.message == "it moved");
  CHECK(error.hint == "look again");
}

TEST_CASE("session: an answer that is no problem document is unavailable", "[cli]") {
  http::Response response;
  response.status = 502;
  response.body = "<html>";

  CHECK(error_of(response).code == Code::kUnavailable);
}

TEST_CASE("progress: the bar fills from empty to full", "[cli]") {
  CHECK(bar(0, 10, 4) == "░░░░");
  CHECK(bar(5, 10, 4) == "██░░");
  CHECK(bar(10, 10, 4) == "████");
  CHECK(bar(12, 10, 4) == "████");
  CHECK(bar(0, 0, 2) == "░░");
}

TEST_CASE("progress: a part is told with what happened, and nothing that did not", "[cli]") {
  const auto part = json::parse(R"({"mapping": "people", "marked": 1234, "events": {"created": 1200, "echo": 30}, "counts": {"links": 1230, "dead": 4, "waiting": 0}})");

  CHECK(part_summary(*part) == "1 200 created; 1 230 pairs now; open: 4 given up");
}

TEST_CASE("progress: a conflict of another day is open, not what the job did", "[cli]") {
  const auto part = json::parse(R"({"mapping": "people", "marked": 1, "events": {"updated": 1}, "counts": {"links": 1, "open_conflicts": 1}})");

  CHECK(part_summary(*part) == "1 updated; 1 pair now; open: 1 in conflict");
}

TEST_CASE("progress: where nothing was to be written, it is said", "[cli]") {
  const auto part = json::parse(R"({"mapping": "people", "marked": 6, "events": {"echo": 6}, "counts": {"links": 3}})");

  CHECK(part_summary(*part) == "nothing to write; 3 pairs now");
}

TEST_CASE("progress: a part that looks is told with what it found", "[cli]") {
  const auto part = json::parse(R"({"mapping": "people", "marked": 0, "looked_at": 1234, "found": {"differing": 3, "missing_left": 1}})");

  CHECK(part_summary(*part) == "1 234 records of both sides looked at, 3 differing, 1 missing left");
}

TEST_CASE("story: a write is told field by field, old and new, with the rule", "[cli]") {
  const auto operation = json::parse(R"({"left_key": "HR-1", "right_key": "7", "record": {
    "writes": [{"side": "right", "connection": "app", "kind": "update", "key": "7", "values": {"phone": "+2"}, "outcome": "written"}],
    "fields": {"phone": {"decision": "copy", "rule": "only left changed", "left": "+2", "right": "+1", "to_right": "+2"},
               "note": {"decision": "conflict", "rule": "manual", "left": "a", "right": null}}}})");

  CHECK(keys_of(*operation) == "HR-1 <> 7");
  CHECK(gist(*operation) == "update in app: phone");
  CHECK(story(*operation, {}) ==
        "  update in app 7  written\n"
        "    phone  +1  →  +2  only left changed\n"
        "    note  conflict  left a  right null  manual\n");
}

TEST_CASE("story: what was created is told without an old value, from the values sent where nothing was decided", "[cli]") {
  const auto operation = json::parse(R"({"left_key": "HR-1", "record": {"fields": {},
    "writes": [{"side": "right", "connection": "app", "kind": "create", "values": {"phone": "+2"}, "outcome": "would be created"}]}})");

  CHECK(keys_of(*operation) == "HR-1 <> –");
  CHECK(story(*operation, {}) == "  create in app  would be created\n    phone  +2\n");
}

TEST_CASE("story: an error is told with its hint", "[cli]") {
  const auto operation = json::parse(R"({"record": {"error": {"code": "script", "message": "boom", "hint": "look"}}})");

  CHECK(gist(*operation) == "boom");
  CHECK(story(*operation, {}) == "  script  boom\n  hint: look\n");
}
