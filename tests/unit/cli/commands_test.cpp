#include <filesystem>
#include <set>

#include <catch2/catch.hpp>

#include "app/files.h"
#include "app/script_program.h"
#include "base/embedded.h"
#include "base/hash.h"
#include "cli/command.h"
#include "cli/conflicting.h"
#include "cli/exit_code.h"
#include "cli/follow.h"
#include "cli/help.h"
#include "cli/install.h"
#include "cli/level.h"
#include "cli/main.h"
#include "cli/new.h"
#include "cli/progress.h"
#include "cli/query.h"
#include "cli/session.h"
#include "cli/standing.h"
#include "cli/story.h"
#include "cli/verify.h"
#include "base/json.h"
#include "base/text.h"

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

TEST_CASE("help: no line is wider than a hundred columns, or than the terminal", "[cli]") {
  const auto widest = [](const std::string& text) {
    std::size_t most = 0;
    for (const std::string& line : split(text, '\n')) most = std::max(most, columns_of(line));
    return most;
  };
  for (const Command& command : commands()) {
    INFO(command.name);
    CHECK(widest(help_of(command, {})) <= 100);
    CHECK(widest(help_of(command, {.width = 80})) <= 80);
  }
  for (const std::string& name : app::connector_kinds("", "")) CHECK(widest(help_of_kind(app::connection_kind(name, "", "").value(), {})) <= 100);
  CHECK(widest(help({})) <= 100);
}

TEST_CASE("install: of --yes no more is promised than it does", "[cli]") {
  const auto end = [](const char* steps, bool apply, bool wrote) { return install_end(Value(Object{{"left", Value(Object{{"steps", *json::parse(steps)}})}}), apply, wrote); };
  const char* sql = R"([{"title": "t", "sql": "create"}])";
  const char* todo = R"([{"title": "t", "todo": "click"}])";
  const char* both = R"([{"title": "t", "request": {}}, {"title": "t", "todo": "click"}])";
  const char* file = R"([{"title": "t", "todo": "save it", "file": {}}, {"title": "t", "request": {}}])";

  CHECK(end("[]", false, false) == "");
  CHECK(end(sql, false, false) == "Nothing was done yet: --yes does it.");
  CHECK(end(sql, true, false) == "done");
  CHECK(end(both, true, false) == "done, but for what is to be done by hand");
  CHECK(end(file, false, false) == "Nothing was done yet: --yes --folder DIR does it.");
  for (const bool apply : {false, true}) CHECK(end(todo, apply, false).find("--yes makes none of them") != std::string::npos);
}

TEST_CASE("new: a project that is made from an example keeps one address, whatever port the example takes", "[cli]") {
  for (const EmbeddedFile& file : embedded_files()) {
    const std::filesystem::path path(file.path);
    if (!file.path.starts_with("examples/") || path.filename() != "tidewire.lua") continue;
    const std::string text = project_text(std::string(file.text()));
    INFO(file.path);
    CHECK(text.find("listen = \"127.0.0.1:8080\",") != std::string::npos);
    CHECK(text.find("127.0.0.1:0") == std::string::npos);
    CHECK(text.size() > file.text().size() / 2);
  }
}

TEST_CASE("files inside the binary: each unpacks to what its digest names", "[cli]") {
  REQUIRE(embedded_file("ui/frame.html") != nullptr);
  for (const EmbeddedFile& file : embedded_files()) {
    INFO(file.path);
    CHECK(sha256_hex(file.text()) == file.sha256_hex);
    CHECK(embedded_file(file.path) == &file);
  }
}

TEST_CASE("help: names every practice server and every kind of connection", "[cli]") {
  const std::string text = help({}), practice = help_of(practice_command(), {});

  for (const EmbeddedFile& file : embedded_files()) {
    const std::filesystem::path path(file.path);
    if (path.extension() != ".lua") continue;
    if (path.parent_path() == "practice") CHECK(practice.find(path.stem().string()) != std::string::npos);
    if (path.parent_path() == "connectors") CHECK(text.find(path.stem().string()) != std::string::npos);
  }
}

TEST_CASE("help: a kind of connection is told with its options, as it declares them", "[cli]") {
  const auto kind = app::connection_kind("notion", "", "");
  REQUIRE(kind.ok());

  const std::string text = help_of_kind(*kind, {});

  for (const Value& one : kind->find("options")->as_array()) CHECK(text.find("\n  " + one.string_or("name")) != std::string::npos);
  CHECK(text.find("required") != std::string::npos);
}

TEST_CASE("standing: what waits for a person is counted, of one mapping or of all", "[cli]") {
  const auto status = json::parse(R"({"mappings": {"a": {"open_conflicts": 1, "dead": 2, "waiting_for": 1, "links": 3, "state": "running"}, "b": {"dead": 1, "held": 1200, "links": 3, "state": "running"}}})");

  CHECK(standing_text(*status) == "1 conflict, 3 dead letters, 1 200 records held by the brake, 1 record without its parent");
  CHECK(standing_text(*status, "b") == "1 dead letter, 1 200 records held by the brake");
  CHECK(standing_text(Value(Object{})) == "");
  CHECK(unknown_lines(*status).empty());
}

TEST_CASE("standing: a mapping that nobody looks at is named, with what lets it go on", "[cli]") {
  const auto status = json::parse(R"({"mappings": {"a": {"paused": true, "state": "paused", "links": 1}, "b": {"held_for": "adoption: reported, not accepted", "state": "paused", "links": 1},
    "c": {"state": "running", "links": 0, "ever_loaded": false}, "f": {"state": "running", "links": 0, "ever_loaded": true}, "d": {"state": "not_loaded", "links": 0},
    "g": {"state": "running", "links": 4, "ever_loaded": false},
    "e": {"held_for": "its links are of 'people' on app by id, and the file names 'others' on app by id", "moved": true, "state": "paused", "links": 1}}})");

  const auto lines = unknown_lines(*status);

  REQUIRE(lines.size() == 5);
  CHECK(lines[0].find("tidewire resume a") != std::string::npos);
  CHECK(lines[1].find("tidewire adopt b --accept") != std::string::npos);
  CHECK(lines[2] == "c has nothing linked yet: `tidewire sync c` is its first load");
  CHECK(lines[3].find("tidewire adopt e --same") != std::string::npos);
  CHECK(lines[4] == "g was never loaded: `tidewire sync g` goes over what was there before");
}

TEST_CASE("standing: a mapping without a file is in no sum, and what lets it go is told", "[cli]") {
  const auto status = json::parse(R"({"mappings": {"a": {"dead": 1, "state": "running"}, "b": {"dead": 2, "open_conflicts": 1, "links": 1204, "held_for": "adoption", "state": "not_loaded", "file_gone": true}}})");

  CHECK(standing_text(*status) == "1 dead letter");
  CHECK(standing_text(*status, "b") == "1 conflict, 2 dead letters");
  CHECK(unknown_lines(*status) == std::vector<std::string>{"b has no file any more, 1 204 pairs and 3 open kept: put the file back, or `tidewire discard b --all --links 1204 --reason WHY` lets it go"});
}

TEST_CASE("verify: no repair is promised for what is in conflict, or a dead letter", "[cli]") {
  CHECK(mendable_text(3, {}) == "; --repair mends them as the mapping says");
  CHECK(mendable_text(3, {.disputed = 3}) == ", in conflict: `tidewire conflicts`");
  CHECK(mendable_text(3, {.dead = 3}) == ", dead letter: mend what refuses it, then `tidewire retry`");
  CHECK(mendable_text(3, {.dead = 1}) == "; 1 of them dead letter: mend what refuses it, then `tidewire retry`; --repair mends the others as the mapping says");
  CHECK(mendable_text(3, {.disputed = 1, .dead = 2}) == "; 1 of them in conflict: `tidewire conflicts`; 2 of them dead letter: mend what refuses it, then `tidewire retry`");
}

TEST_CASE("follow: a mapping that does not run is left out of a job over all, and the command's end says so", "[cli]") {
  const auto status = json::parse(R"({"mappings": {"a": {"state": "running"}, "gone": {"state": "not_loaded"}, "old": {"state": "running", "reload": {"error": {"code": "invalid", "message": "no"}}},
    "away": {"state": "broken", "reload": {"error": {"code": "unavailable", "message": "no answer"}}}}})");

  CHECK(left_out(*status, "").why.size() == 1);
  CHECK(left_out(*status, "").worsened(kOk) == kUnavailable);
  CHECK(left_out(*status, "a").worsened(kAttention) == kAttention);
  Value wrong = *status;
  wrong["mappings"]["bad"] = *json::parse(R"({"state": "broken", "reload": {"error": {"code": "invalid", "message": "line 3"}}})");
  CHECK(left_out(wrong, "").worsened(kFailed) == kConfig);
  CHECK(left_out(Value(Object{}), "").worsened(kAttention) == kAttention);
}

TEST_CASE("help: of help itself is the list of commands, and of no command there is none", "[cli]") {
  CHECK(run({"help", "help", "--json"}) == kOk);
  CHECK(run({"help", "nothing", "--json"}) == kUsage);
}

TEST_CASE("standing: webhooks that were turned away are told by their reason", "[cli]") {
  const auto status = json::parse(R"({"connections": {"app": {"webhooks": {"received": 3}}, "erp": {"webhooks": {"unproved": 2, "malformed": 0, "limited": 1}}, "old": {}}})");

  const auto lines = refused_lines(*status);

  REQUIRE(lines.size() == 2);
  CHECK(lines[0].find("erp: 2 webhooks were refused: without a valid proof") == 0);
  CHECK(lines[1].find("erp: 1 webhook was refused: over the limit") == 0);
  CHECK(refused_lines(Value(Object{})).empty());
}

TEST_CASE("query: a job is called as what asks for it", "[cli]") {
  CHECK(job_word("initial_load") == "sync");
  CHECK(job_word("dry_run") == "dry run");
  CHECK(job_word("verify") == "verify");
}

TEST_CASE("query: a moment is a time or how long ago it was", "[cli]") {
  const Instant now = *parse_instant("2024-05-01T12:00:00Z");

  CHECK(*moment_of("", now) == "");
  CHECK(*moment_of("2024-05-01T10:00:00Z", now) == format_instant(*parse_instant("2024-05-01T10:00:00Z")));
  CHECK(*moment_of("2h", now) == format_instant(*parse_instant("2024-05-01T10:00:00Z")));
  CHECK(moment_of("yesterday", now).error().code == Code::kInvalid);
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

TEST_CASE("exit code: a mapping is refused for its file, or for a system that does not tell what it has", "[cli]") {
  for (const Code code : {Code::kInvalid, Code::kNotFound, Code::kScript, Code::kBlocked}) CHECK(refused_exit_code(code) == kConfig);
  for (const Code code : {Code::kUnavailable, Code::kDenied, Code::kThrottled}) CHECK(refused_exit_code(code) == kUnavailable);
  CHECK(refused_exit_code(std::nullopt) == kConfig);
}

TEST_CASE("exit code: a load is level, to be tried again, or stands for a person", "[cli]") {
  const auto of = [](const char* state, const char* counts) { return exit_of_load(*json::parse(std::string(R"({"state": ")") + state + R"(", "parts": [{"state": "done", "counts": )" + counts + "}]}")); };

  CHECK(of("done", R"({"links": 3})") == kOk);
  CHECK(of("done", R"({"dead": 1})") == kAttention);
  CHECK(of("done", R"({"open_conflicts": 1})") == kAttention);
  CHECK(of("done", R"({"conflict": 1, "open_conflicts": 0, "skipped_conflicts": 1})") == kOk);
  CHECK(of("done", R"({"dead": 1, "backing_off": 1})") == kFailed);
  CHECK(of("failed", "{}") == kFailed);
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

TEST_CASE("session: an answer without a code of ours means what its status does", "[cli]") {
  const auto status_of = [](int status, const std::string& body) {
    http::Response response;
    response.status = status;
    response.body = body;
    return exit_code(error_of(response));
  };

  CHECK(status_of(405, R"({"detail": "method not allowed", "code": "method"})") == kUsage);
  CHECK(status_of(404, "<html>") == kFailed);
  CHECK(status_of(403, "<html>") == kUnavailable);
  CHECK(status_of(503, "<html>") == kUnavailable);
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

  CHECK(part_summary(*part) == "1 200 created; 1 230 pairs now; open: 4 dead letters");
}

TEST_CASE("progress: a conflict of another day is open, not what the job did", "[cli]") {
  const auto part = json::parse(R"({"mapping": "people", "marked": 1, "events": {"updated": 1}, "counts": {"links": 1, "open_conflicts": 1}})");

  CHECK(part_summary(*part) == "1 updated; 1 pair now; open: 1 in conflict");
}

TEST_CASE("progress: where nothing was to be written, it is said", "[cli]") {
  const auto part = json::parse(R"({"mapping": "people", "marked": 6, "events": {"echo": 6}, "counts": {"links": 3}})");

  CHECK(part_summary(*part) == "nothing to write; 3 pairs now");
}

TEST_CASE("progress: where every write failed it is not said that there was none", "[cli]") {
  const auto of = [](const char* events) { return part_summary(*json::parse(std::string(R"({"mapping": "people", "counts": {"links": 3, "dead": 1}, "events": )") + events + "}")); };

  CHECK(of(R"({"dead_letters": 1})") == "nothing written, 1 attempt failed; 3 pairs now; open: 1 dead letter");
  CHECK(of(R"({"dead_letters": 1, "retries": 2})") == "nothing written, 3 attempts failed; 3 pairs now; open: 1 dead letter");
  CHECK(of(R"({"dead_letters": 1, "updated": 1})") == "1 updated; 3 pairs now; open: 1 dead letter");
}

TEST_CASE("progress: a part that did not come to its end says so", "[cli]") {
  const auto of = [](const char* state) { return part_summary(*json::parse(std::string(R"({"mapping": "people", "state": ")") + state + R"(", "events": {}, "counts": {"links": 6}})")); };

  CHECK(of("listing") == "not everything was listed: nothing written; 6 pairs now");
  CHECK(of("working") == "not worked off: nothing written; 6 pairs now");
  CHECK(of("queued") == "not begun: nothing written; 6 pairs now");
  CHECK(of("done") == "nothing to write; 6 pairs now");
}

TEST_CASE("progress: what was not listed to its end has no tick", "[cli]") {
  const auto told = [](const char* state) {
    std::FILE* file = std::tmpfile();
    Terminal out(file);
    Progress(out, Ticks{}).finish(*json::parse(std::string(R"({"parts": [{"mapping": "people", "state": ")") + state + R"(", "events": {}, "counts": {"links": 6}}]})"));
    std::rewind(file);
    std::string text(200, ' ');
    text.resize(std::fread(text.data(), 1, text.size(), file));
    std::fclose(file);
    return text;
  };

  CHECK(told("done").find("✓ people") != std::string::npos);
  CHECK(told("listing").find("! people") != std::string::npos);
  CHECK(told("paused").find("✓") == std::string::npos);
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

TEST_CASE("conflicts: what is proposed is what the API takes: a record as a whole is no question of a side", "[cli]") {
  const auto proposed = [](const char* conflict) { return way_out(*json::parse(conflict)); };

  CHECK(proposed(R"({"id": 4, "link": 2, "field": "phone", "kind": "clash"})") == "`tidewire resolve 4 left|right|value|skip|accept`");
  for (const char* kind : {"key_taken", "ambiguous"}) {
    const std::string text = proposed((std::string(R"({"id": 4, "mapping": "people", "side": "left", "key": "HR 1", "field": "", "kind": ")") + kind + R"(", "error": {"message": "taken"}})").c_str());
    CHECK(text.find("left|right") == std::string::npos);
    CHECK(text.find("taken: ") == 0);
    CHECK(text.find("`tidewire ignore people 'HR 1' --side left`") != std::string::npos);
    CHECK(text.find("`tidewire resolve 4 skip`") != std::string::npos);
  }
  CHECK(proposed(R"({"id": 5, "mapping": "people", "link": 2, "field": "", "kind": "two_links"})") == "`tidewire resolve 5 skip` lets it wait unseen");
}

TEST_CASE("level: what is held, stopped or braked is not level, and is named with what lets it go", "[cli]") {
  const auto of = [](const char* mapping) { return level_of(*json::parse(std::string(R"({"mappings": {"people": )") + mapping + "}}"), true); };

  const Judgement level = of(R"({"state": "running", "links": 3, "ever_loaded": true})");
  CHECK((level.exit == kOk && level.text == "level" && level.lines.empty()));
  const Judgement held = of(R"({"state": "paused", "ever_loaded": true, "held_for": "adoption: reported, not accepted"})");
  CHECK((held.exit == kFailed && held.lines.size() == 1));
  CHECK(held.lines.at(0) == "people is held (adoption: reported, not accepted): `tidewire adopt people --accept` or --drop lets it go");
  CHECK(held.view.at("held").string_or("people") == "adoption: reported, not accepted");
  const Judgement stopped = of(R"({"state": "quarantined", "ever_loaded": true, "quarantined": true})");
  CHECK((stopped.exit == kFailed && stopped.lines.size() == 1));
  CHECK(stopped.view.at("stopped").string_or("people") == "quarantined");
  const Judgement failing = of(R"({"state": "quarantined", "ever_loaded": true, "quarantined": true, "waiting": 2, "backing_off": 1, "dead": 10})");
  CHECK(failing.text == "not level: 10 waiting for a person or a parent (`tidewire status`)");
  const Judgement skipped = of(R"({"state": "running", "ever_loaded": true, "conflict": 1, "open_conflicts": 0, "skipped_conflicts": 1})");
  CHECK((skipped.exit == kOk && skipped.text == "level"));
  const Judgement braked = of(R"({"state": "running", "ever_loaded": true, "braked": [{"field": "full_name>name", "links": 2, "since": "2024-05-01T10:00:00Z"}]})");
  CHECK((braked.exit == kFailed && braked.lines.size() == 1));
  CHECK(braked.lines.at(0).find("`tidewire release people 'full_name>name'` lets it go") != std::string::npos);
  const Judgement drifted = of(R"({"state": "drifted", "ever_loaded": true, "drift": {"code": "unavailable", "message": "the fields changed", "hint": "name it back"}})");
  CHECK((drifted.exit == kUnavailable && drifted.lines.size() == 1));
  CHECK(of(R"({"state": "broken", "reload": {"error": {"code": "invalid", "message": "no"}}})").exit == kConfig);
  CHECK(of(R"({"state": "running", "ever_loaded": false})").lines.at(0) == "people was never loaded: `tidewire sync people` goes over what was there before");
  CHECK(of(R"({"state": "paused", "paused": true, "ever_loaded": true, "waiting": 1})").lines.at(0) == "people is paused, 1 change waits for that: `tidewire resume people` lets it go on");
  CHECK(of(R"({"state": "not_loaded", "file_gone": true, "held_for": "adoption"})").exit == kOk);
}

TEST_CASE("follow: a mapping that a person holds is left out of what writes, and told", "[cli]") {
  const auto status = json::parse(R"({"mappings": {"a": {"state": "running"}, "b": {"state": "paused", "held_for": "adoption: reported, not accepted"}, "c": {"state": "paused", "held_for": "its links are of others", "moved": true}}})");

  CHECK(left_out(*status, "", Work::kWrites).why.size() == 2);
  CHECK(left_out(*status, "", Work::kWrites).worsened(kAttention) == kFailed);
  CHECK(left_out(*status, "").why.size() == 1);
  CHECK(left_out(*status, "b", Work::kWrites).why.empty());
}
