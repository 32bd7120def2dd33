// Conflicts by the API: found by what they are, decided alike however many, and with a value that each side spells its own way.
#include <cctype>

#include "api_fixture.h"
#include "store/conflicts.h"

using namespace tidewire;
using namespace tidewire::admin;

namespace {

/// The note is in capitals on the right; "?" cannot be turned.
class Capitals final : public sync::Mapper {
 public:
  Capitals() : plan_(test::World::default_plan()) {
    sync::Field& note = plan_.fields[2];
    note.kind = sync::Field::Kind::kFunction;
    note.function.right = 1;
    note.function.left = 2;
  }
  const sync::Plan& plan() const override { return plan_; }
  const std::string& version() const override { return version_; }
  Result<sync::Outcome> convert(const sync::Field&, sync::Side to, const Value& form, const Value&, std::string_view) override {
    if (form == Value("?")) return make_error(Code::kInvalid, "no capital of '?'");
    std::string text = form.is_string() ? form.as_string() : "";
    for (char& c : text) c = static_cast<char>(to == sync::Side::kRight ? std::toupper(c) : std::tolower(c));
    sync::Outcome out;
    out.kind = sync::Outcome::Kind::kValue;
    out.value = Value(text);
    return out;
  }
  Result<sync::Verdict> resolve(const sync::Field&, std::int64_t, const sync::Dispute&) override { return sync::Verdict{}; }
  Result<std::optional<std::string>> check(const sync::Plan::Check&, const Value&) override { return std::optional<std::string>(); }

 private:
  sync::Plan plan_;
  std::string version_ = "v2";
};

struct Spelt : ApiFixture {
  Spelt() {
    world.engine->put(std::make_shared<Capitals>(), {&world.left, &world.right});
    world.left.insert(Value(Object{{"email", "ada@example.org"}, {"note", "first"}}));
    run_job("{}");
    world.left.edit("L1", "note", Value("left says"));
    world.right.edit("R1", "note", Value("RIGHT SAYS"));
    for (const store::Side side : {store::Side::kLeft, store::Side::kRight}) world.hook(side, side == store::Side::kLeft ? "L1" : "R1");
    world.settle();
    REQUIRE(world.conflicts().size() == 1);
    target = "/api/v1/conflicts/" + std::to_string(world.conflicts().front().id);
  }
  std::string target;
};

/// note and phone are won together, by a person; the left has a new note, the right a new phone.
struct Grouped : ApiFixture {
  Grouped() {
    sync::Plan plan = test::World::default_plan();
    for (const std::size_t i : {std::size_t{1}, std::size_t{2}}) {
      plan.fields[i] = test::World::field(plan.fields[i].name, 0);
      plan.fields[i].group = 0;
    }
    world.engine->put(std::make_shared<test::TableMapper>(std::move(plan), "v2"), {&world.left, &world.right});
    world.left.insert(Value(Object{{"email", "ada@example.org"}, {"note", "first"}, {"phone", "1"}}));
    run_job("{}");
    world.left.edit("L1", "note", Value("left says"));
    world.right.edit("R1", "phone", Value("3"));
    for (const store::Side side : {store::Side::kLeft, store::Side::kRight}) world.hook(side, side == store::Side::kLeft ? "L1" : "R1");
    world.settle();
    REQUIRE(world.conflicts().size() == 2);
    for (const store::Conflict& one : world.conflicts()) {
      if (one.field == "note") target = "/api/v1/conflicts/" + std::to_string(one.id);
    }
  }
  bool shows(const std::string& note, const std::string& phone) {
    return world.left.get("L1", "note") == Value(note) && world.right.get("R1", "note") == Value(note) && world.left.get("L1", "phone") == Value(phone) && world.right.get("R1", "phone") == Value(phone);
  }
  std::string target;
};

/// Conflicts of records that are not linked, straight into the state.
void open_conflicts(ApiFixture& f, const std::string& field, int count) {
  for (int i = 0; i < count; ++i) {
    store::Conflict one;
    one.mapping = "people";
    one.side = store::Side::kLeft;
    one.key = field + std::to_string(i);
    one.field = field;
    one.shown.left = Value("a");
    one.shown.right = Value(i % 2);
    REQUIRE(store::open_conflict(*f.world.database, one, f.world.clock.now()).ok());
  }
}

std::size_t listed(ApiFixture& f, const std::string& query) { return f.get("/api/v1/conflicts?" + query).find("conflicts")->as_array().size(); }

}  // namespace

TEST_CASE("api: a single value is the left side's, and the right gets it as the mapping spells it", "[admin][conflicts]") {
  Spelt f;

  f.post(f.target + "/resolve", R"({"method": "value", "value": "agreed"})", 202);
  f.world.settle();

  CHECK(f.world.left.get("L1", "note") == Value("agreed"));
  CHECK(f.world.right.get("R1", "note") == Value("AGREED"));
  CHECK(f.world.conflicts().empty());
}

TEST_CASE("api: a value that the mapping cannot turn is refused with a request for both, and both may be said", "[admin][conflicts]") {
  Spelt f;

  const Value refused = f.post(f.target + "/resolve", R"({"method": "value", "value": "?"})", 400);
  CHECK(refused.string_or("detail").find("no capital of '?'") != std::string::npos);
  CHECK(refused.string_or("hint").find("'left' and 'right'") != std::string::npos);
  CHECK(f.post("/api/v1/conflicts/resolve", R"({"mapping": "people", "field": "note", "method": "value", "value": "?"})", 400).string_or("code") == "invalid");
  f.world.settle();
  CHECK(f.world.conflicts().size() == 1);

  f.post(f.target + "/resolve", R"({"method": "value", "left": "x", "right": "Y"})", 202);
  f.world.settle();
  CHECK(f.world.left.get("L1", "note") == Value("x"));
  CHECK(f.world.right.get("R1", "note") == Value("Y"));
}

TEST_CASE("api: what each side would have is told before it is decided, and nothing is", "[admin][conflicts]") {
  Spelt f;

  const Value left = f.post(f.target + "/preview", R"({"method": "left"})", 200);
  CHECK(left.string_or("left") == "left says");
  CHECK(left.string_or("right") == "LEFT SAYS");
  CHECK(left.at_path("writes.0.side")->as_string() == "right");
  const Value value = f.post(f.target + "/preview", R"({"method": "value", "value": "agreed"})", 200);
  CHECK(value.string_or("left") == "agreed");
  CHECK(value.string_or("right") == "AGREED");
  const Value skip = f.post(f.target + "/preview", R"({"method": "skip"})", 200);
  CHECK(skip.string_or("right") == "RIGHT SAYS");
  CHECK(skip.find("writes")->as_array().empty());
  CHECK(f.ask("POST", f.target + "/preview", R"({"method": "value", "value": "?"})").status == 400);
  f.world.settle();

  CHECK(f.world.conflicts().size() == 1);
  CHECK_FALSE(f.world.conflicts().front().method);
  CHECK(f.world.right.get("R1", "note") == Value("RIGHT SAYS"));
}

TEST_CASE("api: of alike ones it is told before what each side would have, of so many as are asked for", "[admin][conflicts]") {
  Spelt f;
  open_conflicts(f, "phone", 3);
  const auto would = [&](const std::string& more) { return f.post("/api/v1/conflicts/resolve", R"({"mapping": "people", "dry_run": true, )" + more + "}", 202); };

  const Value note = would(R"("field": "note", "method": "left", "previews": 20)");
  CHECK(note.int_or("would_resolve", -1) == 1);
  REQUIRE(note.find("previews")->as_array().size() == 1);
  CHECK(note.at_path("previews.0.conflict.right")->as_string() == "RIGHT SAYS");
  CHECK(note.at_path("previews.0.then.right")->as_string() == "LEFT SAYS");
  const Value phone = would(R"("field": "phone", "method": "skip", "previews": 2)");
  CHECK(phone.int_or("would_resolve", -1) == 3);
  CHECK(phone.find("previews")->as_array().size() == 2);
  CHECK(would(R"("field": "note", "method": "value", "value": "?", "previews": 1)").at_path("previews.0.error.code")->as_string() == "invalid");
  CHECK(would(R"("field": "note", "method": "left")").find("previews") == nullptr);
  CHECK(f.ask("POST", "/api/v1/conflicts/resolve", R"({"mapping": "people", "method": "left", "dry_run": true, "previews": 51})").status == 400);
  f.world.settle();
  CHECK(listed(f, "") == 4);
}

TEST_CASE("api: conflicts are found by field, kind and record, open ones and those of the past apart", "[admin][conflicts]") {
  Spelt f;
  open_conflicts(f, "phone", 3);

  CHECK(listed(f, "field=note") == 1);
  CHECK(listed(f, "field=phone") == 3);
  CHECK(listed(f, "kind=clash") == 4);
  CHECK(listed(f, "kind=ping_pong") == 0);
  CHECK(listed(f, "mapping=people&key=L1") == 1);
  CHECK(listed(f, "mapping=people&key=R1") == 1);
  CHECK(listed(f, "mapping=people&key=phone2") == 1);
  CHECK(f.ask("GET", "/api/v1/conflicts?key=L1").status == 400);
  CHECK(listed(f, "closed=1") == 0);
  f.post(f.target + "/resolve", R"({"method": "left"})", 202);
  f.world.settle();
  CHECK(listed(f, "closed=1") == 1);
  CHECK(listed(f, "all=1") == 4);
  CHECK(listed(f, "") == 3);
}

TEST_CASE("api: alike ones are found behind any number of others, and all of them are decided", "[admin][conflicts]") {
  ApiFixture f;
  open_conflicts(f, "phone", 3);
  open_conflicts(f, "note", 1100);
  const auto would = [&](const std::string& more) { return f.post("/api/v1/conflicts/resolve", R"({"mapping": "people", "method": "skip", "dry_run": true, )" + more + "}", 202).int_or("would_resolve", -1); };

  CHECK(would(R"("field": "phone")") == 3);
  CHECK(would(R"("field": "note")") == 1100);
  CHECK(would(R"("field": "note", "left_value": "a", "right_value": 1)") == 550);
  const Value done = f.post("/api/v1/conflicts/resolve", R"({"mapping": "people", "field": "note", "method": "skip"})", 202);

  CHECK(done.int_or("resolved", -1) == 1100);
  CHECK(done.int_or("skipped", -1) == 0);
}

TEST_CASE("api: a conflict names the fields that are decided with it, and so does the preview", "[admin][conflicts]") {
  Grouped f;

  CHECK(f.get(f.target).at_path("with.0")->as_string() == "phone");
  CHECK(f.get("/api/v1/conflicts?field=phone").at_path("conflicts.0.with.0")->as_string() == "note");
  const Value then = f.post(f.target + "/preview", R"({"method": "left"})", 200);
  CHECK(then.string_or("right") == "left says");
  CHECK(then.at_path("with.phone.left")->as_string() == "1");
  CHECK(then.at_path("with.phone.right")->as_string() == "1");
  CHECK(f.world.conflicts().size() == 2);

  CHECK(f.post(f.target + "/resolve", R"({"method": "left"})", 202).at_path("with.0")->as_string() == "phone");
  f.world.settle();
  CHECK(f.world.conflicts().empty());
  CHECK(f.shows("left says", "1"));
  CHECK(f.get(f.target).find("with") == nullptr);
}

TEST_CASE("api: of fields that are won together each needs its value", "[admin][conflicts]") {
  Grouped f;

  for (const char* body : {R"({"method": "value", "value": "ours"})", R"({"method": "value", "values": {"note": "ours"}})"}) {
    const Value refused = f.post(f.target + "/resolve", body, 400);
    CHECK(refused.string_or("detail").find("no value is said of phone") != std::string::npos);
    CHECK(refused.string_or("hint").find("note, phone") != std::string::npos);
    CHECK(f.ask("POST", f.target + "/preview", body).status == 400);
  }
  CHECK(f.post(f.target + "/resolve", R"({"method": "value", "values": {"note": "ours", "phone": "4", "email": "e"}})", 400).string_or("detail").find("email") != std::string::npos);
  CHECK(f.ask("POST", f.target + "/resolve", R"({"method": "left", "values": {"note": "ours", "phone": "4"}})").status == 400);
  CHECK(f.ask("POST", f.target + "/resolve", R"({"method": "value", "value": "ours", "values": {"note": "ours", "phone": "4"}})").status == 400);
  CHECK(f.ask("POST", f.target + "/resolve", R"({"method": "value", "right_values": {"note": "ours"}})").status == 400);
  f.world.settle();
  for (const store::Conflict& open : f.world.conflicts()) CHECK_FALSE(open.method);

  f.post(f.target + "/resolve", R"({"method": "value", "values": {"note": "ours", "phone": "4"}})", 202);
  f.world.settle();
  CHECK(f.world.conflicts().empty());
  CHECK(f.shows("ours", "4"));
}

TEST_CASE("api: alike ones take along what is won together with them, and a dry run says so", "[admin][conflicts]") {
  Grouped f;
  const auto alike = [&](const std::string& more) { return f.post("/api/v1/conflicts/resolve", R"({"mapping": "people", "field": "phone", )" + more + "}", 202); };

  CHECK(alike(R"("method": "right", "dry_run": true, "previews": 5)").at_path("previews.0.then.with.note.left")->as_string() == "first");
  CHECK(alike(R"("method": "value", "value": "4", "dry_run": true, "previews": 5)").at_path("previews.0.error.code")->as_string() == "invalid");
  f.world.settle();
  CHECK(f.world.conflicts().size() == 2);

  CHECK(alike(R"("method": "right")").int_or("resolved", -1) == 1);
  f.world.settle();
  CHECK(f.world.conflicts().empty());
  CHECK(f.shows("first", "3"));
}

TEST_CASE("api: which of several records is meant is decided by no side; it can be skipped", "[admin][conflicts]") {
  ApiFixture f;
  f.world.left.insert(Value(Object{{"email", "ada@example.org"}}));
  for (int i = 0; i < 2; ++i) f.world.right.insert(Value(Object{{"email", "ada@example.org"}}));
  f.world.hook(store::Side::kLeft, "L1");
  f.world.settle();
  REQUIRE(f.world.conflicts().size() == 1);
  REQUIRE(f.world.conflicts().front().kind == "ambiguous");
  const std::string target = "/api/v1/conflicts/" + std::to_string(f.world.conflicts().front().id);

  for (const char* method : {"left", "right", "accept"}) {
    const Value refused = f.post(target + "/resolve", std::string(R"({"method": ")") + method + "\"}", 400);
    CHECK(refused.string_or("hint").find("tidewire relink people LEFT RIGHT") != std::string::npos);
    CHECK(refused.string_or("hint").find("`tidewire ignore people L1 --side left`") != std::string::npos);
  }
  CHECK(f.post("/api/v1/conflicts/resolve", R"({"mapping": "people", "method": "left"})", 400).string_or("code") == "invalid");
  CHECK_FALSE(f.world.conflicts().front().method);
  f.post(target + "/resolve", R"({"method": "skip"})", 202);
}

TEST_CASE("api: a pair that waits as a whole says why, and is decided by no side", "[admin][conflicts]") {
  ApiFixture f;
  sync::Plan plan = test::World::default_plan();
  plan.end.left.scope["status"] = Value(Object{{"op", "!="}, {"value", "out"}});
  plan.leave = sync::Plan::Leave::kDelete;
  f.world.engine->put(std::make_shared<test::TableMapper>(std::move(plan), "v2"), {&f.world.left, &f.world.right});
  f.world.left.insert(Value(Object{{"email", "ada@example.org"}, {"phone", "1"}}));
  f.run_job("{}");
  f.world.clock.pass(std::chrono::minutes(5));
  f.world.right.edit("R1", "phone", Value("mine"));
  f.world.left.edit("L1", "status", Value("out"));
  f.world.hook(store::Side::kLeft, "L1");
  f.world.settle(std::chrono::minutes(2));

  const Value shown = f.get("/api/v1/conflicts");
  REQUIRE(shown.find("conflicts")->as_array().size() == 1);
  CHECK(shown.at_path("conflicts.0.kind")->as_string() == "left_scope");
  CHECK(shown.at_path("conflicts.0.error.message")->as_string().find("it is not deleted") != std::string::npos);
  const std::string target = "/api/v1/conflicts/" + std::to_string(f.world.conflicts().front().id);
  const Value refused = f.post(target + "/resolve", R"({"method": "right"})", 400);
  CHECK(refused.string_or("hint").find("bring the one back into the scope") != std::string::npos);
  f.post(target + "/resolve", R"({"method": "skip"})", 202);
}

TEST_CASE("api: a create that something is in the way of says what the system said, and what can be done", "[admin][conflicts]") {
  ApiFixture f;
  f.world.right.write_faults = {test::MemorySide::Fault::kExists, test::MemorySide::Fault::kExists};
  f.world.left.insert(Value(Object{{"email", "ada@example.org"}}));
  f.world.hook(store::Side::kLeft, "L1");
  f.world.settle();
  REQUIRE(f.world.conflicts().size() == 1);
  REQUIRE(f.world.conflicts().front().kind == "key_taken");

  CHECK(f.get("/api/v1/conflicts").at_path("conflicts.0.error.message")->as_string().find("the other side says it exists") == 0);
  const Value refused = f.post("/api/v1/conflicts/" + std::to_string(f.world.conflicts().front().id) + "/resolve", R"({"method": "left"})", 400);
  CHECK(refused.string_or("detail").find("what is in the way of 'L1'") == 0);
  CHECK(refused.string_or("detail").find("the other side says it exists") != std::string::npos);
  CHECK(refused.string_or("hint").find("`tidewire ignore people L1 --side left`") != std::string::npos);
  CHECK(refused.string_or("hint").find("tidewire relink people LEFT RIGHT") != std::string::npos);
  CHECK(refused.string_or("hint").find("make the match unique") == std::string::npos);
}

TEST_CASE("api: a record that is the right side's own is named with its side, as a command takes it", "[admin][conflicts]") {
  ApiFixture f;
  f.world.right.insert(Value(Object{{"email", "ada@example.org"}}));
  for (int i = 0; i < 2; ++i) f.world.left.insert(Value(Object{{"email", "ada@example.org"}}));
  f.world.hook(store::Side::kRight, f.world.only_right());
  f.world.settle();
  REQUIRE(f.world.conflicts().size() == 1);

  const Value refused = f.post("/api/v1/conflicts/" + std::to_string(f.world.conflicts().front().id) + "/resolve", R"({"method": "left"})", 400);

  CHECK(refused.string_or("hint").find("`tidewire ignore people " + f.world.only_right() + " --side right`") != std::string::npos);
}

TEST_CASE("api: null is no decision, and names no mapping", "[admin][conflicts]") {
  Spelt f;
  open_conflicts(f, "phone", 1);

  CHECK(f.ask("POST", f.target + "/resolve", R"({"method": null})").status == 400);
  CHECK(f.ask("POST", "/api/v1/conflicts/resolve", R"({"mapping": null, "method": "right"})").status == 400);
  f.world.settle();

  CHECK(listed(f, "") == 2);
  CHECK_FALSE(f.world.conflicts().front().method);
}

TEST_CASE("api: alike ones that moved or came after the look are left out", "[admin][conflicts]") {
  Spelt f;
  const std::string rule = R"({"mapping": "people", "field": "note", "method": "right")";
  const auto look = [&] { return f.post("/api/v1/conflicts/resolve", rule + R"(, "dry_run": true})", 202).string_or("shown_at"); };
  const auto decide = [&](const std::string& mark) { return f.post("/api/v1/conflicts/resolve", rule + R"(, "shown_at": ")" + mark + "\"}", 202); };
  f.world.clock.pass(std::chrono::minutes(1));
  const std::string mark = look();
  CHECK(mark == f.get(f.target).string_or("shown_at"));

  f.world.left.edit("L1", "note", Value("seen by nobody"));
  f.world.hook(store::Side::kLeft, "L1");
  f.world.settle();
  open_conflicts(f, "note", 2);
  const Value done = decide(mark);
  f.world.settle();

  CHECK(done.int_or("resolved", -1) == 0);
  CHECK(done.int_or("skipped", -1) == 3);
  CHECK(f.world.left.get("L1", "note") == Value("seen by nobody"));
  CHECK(decide(look()).int_or("resolved", -1) == 3);
  CHECK(f.ask("POST", "/api/v1/conflicts/resolve", rule + R"(, "shown_at": "soon"})").status == 400);
}

TEST_CASE("api: the audit trail names who decided, as the conflict does", "[admin][conflicts]") {
  Spelt f;

  CHECK(f.post(f.target + "/resolve", R"({"method": "left", "author": "bob"})", 202).string_or("author") == "bob");

  const Value audit = f.get("/api/v1/audit?author=bob");
  REQUIRE(audit.find("audit")->as_array().size() == 1);
  CHECK(audit.at_path("audit.0.action")->as_string() == "resolve");
  CHECK(audit.at_path("audit.0.subject")->as_string() == "people/L1");
  CHECK(audit.at_path("audit.0.detail.field")->as_string() == "note");
}

TEST_CASE("api: of what a person decides the audit trail has no value, of one field or of several", "[admin][conflicts]") {
  Grouped f;

  f.post(f.target + "/resolve", R"({"method": "value", "values": {"note": "ours", "phone": "0170 1"}, "right_values": {"note": "theirs", "phone": "0170 2"}})", 202);

  const Value audit = f.get("/api/v1/audit?action=resolve");
  const Value* detail = audit.at_path("audit.0.detail");
  REQUIRE(detail != nullptr);
  CHECK(detail->string_or("values_hash").size() == 16);
  CHECK(json::dump(*detail).find("0170") == std::string::npos);
}

TEST_CASE("conflicts by the API: nothing is decided or retried of a mapping that does not run", "[admin]") {
  ApiFixture f;
  insert_left(f, "ada@example.org");
  f.run_job("{}");
  f.make_conflict();
  const std::string target = "/api/v1/conflicts/" + std::to_string(f.world.conflicts().front().id);
  const std::string operation = f.get("/api/v1/operations?kind=conflict").find("operations")->as_array().at(0).string_or("id");
  const std::string kind = f.world.conflicts().front().kind;
  const auto refused = [&](int status, const char* said) {
    const http::Response answers[] = {f.ask("POST", target + "/resolve", R"({"method": "left"})"), f.ask("POST", target + "/resolve", R"({"method": "skip"})"), f.ask("POST", target + "/preview", R"({"method": "left"})"),
                                      f.ask("POST", "/api/v1/conflicts/resolve", R"({"mapping": "people", "method": "accept"})"), f.ask("POST", "/api/v1/retry", R"({"id": ")" + operation + R"("})")};
    for (const http::Response& answer : answers) {
      CHECK(answer.status == status);
      CHECK_THAT(answer.body, Catch::Contains(said));
    }
    CHECK(f.world.conflicts().front().method == std::nullopt);
  };

  f.world.engine->remove("people");
  refused(409, "no file of the project names it");
  refused(409, "tidewire discard people");

  f.mappings_view = *json::parse(R"({"people": {"reload": {"ok": false, "error": {"code": "invalid", "message": "mappings/people.lua:3: no such field"}}}})");
  refused(422, "mappings/people.lua:3: no such field");
  CHECK(f.ask("POST", "/api/v1/conflicts/resolve", R"({"mapping": "peeple", "method": "accept"})").status == 404);
}
