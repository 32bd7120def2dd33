#include <set>

#include "api_fixture.h"

using namespace tidewire;
using namespace tidewire::admin;

namespace {

/// One linked pair, L1 and R1, whose phone has travelled from left to right.
struct Linked : ApiFixture {
  Linked() {
    world.left.insert(*json::parse(R"({"email": "ada@example.org", "phone": "1", "note": "n", "tags": "t"})"));
    run_job("{}");
    world.timers.advance(std::chrono::minutes(5));
    since = format_instant(world.clock.now());
    world.left.edit("L1", "phone", Value("2"));
    world.hook(store::Side::kLeft, "L1");
    world.settle();
  }
  /// Until the job of this answer has ended.
  Value finish(const Value& started) {
    for (int i = 0; i < 100; ++i) {
      Value job = get("/api/v1/jobs/" + started.string_or("job"));
      if (job.string_or("state") != "running") return job;
      world.settle();
    }
    FAIL("the job does not end");
    return {};
  }
  std::string since;
};

std::string text_of(const Value& explained, const char* field) {
  for (const Value& one : explained.find("fields")->as_array()) {
    if (one.string_or("field") == field) return one.string_or("text");
  }
  return "";
}

bool holds(const std::string& text, const std::string& words) { return text.find(words) != std::string::npos; }

}  // namespace

TEST_CASE("api: explain tells side, change, rule, time and script of each field", "[admin][explain]") {
  Linked f;

  const Value told = f.get("/api/v1/explain?mapping=people&key=L1");

  const std::string phone = text_of(told, "phone");
  INFO(phone);
  CHECK(holds(phone, "agreed on last: erp \"2\", app \"2\""));
  CHECK(holds(phone, "app got it from erp on 2024-05-01"));
  CHECK(holds(phone, "only left changed"));
  CHECK(holds(phone, "Before, app had \"1\""));
  CHECK(holds(phone, "a webhook told of it"));
  CHECK(holds(text_of(told, "email"), "by a load, which keeps no values of its rows. Part of job "));
  // Two operations with one script version: it is told once, each field names its operation.
  CHECK_FALSE(holds(phone, "Script version"));
  CHECK(holds(phone, "Operation "));
  CHECK(told.string_or("origin") == "All of this: Script version v1.");
  CHECK(holds(text_of(f.get("/api/v1/explain?mapping=people&key=L1&field=phone"), "phone"), "Script version v1"));
  CHECK(f.get("/api/v1/explain?mapping=people&key=R1&field=phone").find("fields")->as_array().size() == 1);
  CHECK(f.ask("GET", "/api/v1/explain?mapping=people&key=L1&field=phon").status == 404);
  CHECK(f.get("/api/v1/explain?mapping=people&key=nobody").string_or("state") == "unknown");
}

TEST_CASE("api: what decided all fields of a record is told once", "[admin][explain]") {
  Linked f;
  f.world.left.edit("L1", "phone", Value("7"));
  f.world.left.edit("L1", "email", Value("ann@example.net"));
  f.world.left.edit("L1", "note", Value("m"));
  f.world.left.edit("L1", "tags", Value("u"));
  f.world.hook(store::Side::kLeft, "L1");
  f.world.settle();

  const Value told = f.get("/api/v1/explain?mapping=people&key=L1");

  const std::string origin = told.string_or("origin");
  INFO(json::dump(told));
  CHECK(holds(origin, "All of this: What it answered: the change in erp L1: a webhook told of it. Script version v1. Operation "));
  for (const Value& field : told.find("fields")->as_array()) {
    for (const char* once : {"What it answered", "Script version", "Operation "}) CHECK_FALSE(holds(field.string_or("text"), once));
    CHECK_FALSE(field.string_or("operation").empty());
  }
}

TEST_CASE("api: of a dead letter explain tells once what it is, and what tries it again", "[admin][explain]") {
  Linked f;
  store::Commit commit;
  commit.mapping = "people";
  commit.standing.emplace_back();
  store::DirtyKey& dead = commit.standing.back();
  dead.mapping = "people";
  dead.key = "L1";
  dead.state = store::KeyState::kDead;
  dead.changes = 1;
  dead.error = Value(Object{{"code", "script"}, {"message", "boom"}});
  dead.operation = "01a0";
  f.world.store.commit(std::move(commit), [](Result<std::int64_t> done) { REQUIRE(done.ok()); });
  f.world.timers.run_posted();

  const Value standing = *f.get("/api/v1/explain?mapping=people&key=L1").find("standing");

  REQUIRE(standing.as_array().size() == 1);
  CHECK(holds(standing.as_array().front().as_string(), "erp L1 is a dead letter since "));
  CHECK(holds(standing.as_array().front().as_string(), ": boom. Mend that, then `tidewire retry --mapping people --side left --key L1` tries it again."));
}

TEST_CASE("api: what a mapping redacts is explained and listed as a hash", "[admin][explain]") {
  Linked f;
  sync::Plan plan = test::World::default_plan();
  for (sync::Field& field : plan.fields) field.redact = field.name == "phone";
  f.world.engine->put(std::make_shared<test::TableMapper>(plan, "v2"), {&f.world.left, &f.world.right});
  f.world.left.edit("L1", "phone", Value("31-4159"));
  f.world.hook(store::Side::kLeft, "L1");
  f.world.settle();
  REQUIRE(f.world.right.get("R1", "phone") == Value("31-4159"));

  for (const char* path : {"/api/v1/explain?mapping=people&key=L1", "/api/v1/links?mapping=people"}) {
    const std::string text = json::dump(f.get(path));
    INFO(text);
    CHECK_FALSE(holds(text, "31-4159"));
    CHECK(holds(text, "sha256:"));
    CHECK(holds(text, "ada@example.org"));
  }

  // Both edit it: their values are shown to who may decide, to nobody else.
  for (sync::Field& field : plan.fields) {
    if (field.name != "phone") continue;
    field = test::World::field("phone", 0);
    field.redact = true;
  }
  f.world.engine->put(std::make_shared<test::TableMapper>(plan, "v3"), {&f.world.left, &f.world.right});
  f.world.left.edit("L1", "phone", Value("31-4160"));
  f.world.right.edit("R1", "phone", Value("31-4161"));
  f.world.hook(store::Side::kLeft, "L1");
  f.world.settle();
  CHECK(holds(json::dump(f.get("/api/v1/conflicts?mapping=people")), "31-4160"));
  const auto asked_as = [&](const std::string& role, const std::string& path) {
    http::Request request{.method = "GET", .target = path, .peer = "127.0.0.1"};
    request.headers.set("Host", "127.0.0.1:8080");
    request.headers.set("Authorization", "Bearer " + f.post("/api/v1/tokens", R"({"name": "ci", "role": ")" + role + "\"}", 201).string_or("token"));
    return f.send(std::move(request));
  };
  for (const char* role : {"viewer", "operator"}) {
    const http::Response shown = asked_as(role, "/api/v1/conflicts?mapping=people");
    INFO(shown.body);
    REQUIRE(shown.status == 200);
    CHECK(holds(shown.body, "\"phone\""));
    CHECK(holds(shown.body, "31-4161") == (role == std::string("operator")));
    CHECK(holds(shown.body, "sha256:") == (role == std::string("viewer")));
  }

  // Nobody knows any more what the mapping hid; who is on the machine itself may read the state file.
  f.world.engine->remove("people");
  for (const char* path : {"/api/v1/conflicts?mapping=people", "/api/v1/links?mapping=people"}) {
    const std::string text = asked_as("admin", path).body;
    INFO(text);
    for (const char* value : {"31-41", "ada@example.org"}) CHECK_FALSE(holds(text, value));
    CHECK(holds(text, "sha256:"));
    CHECK(holds(json::dump(f.get(path)), "31-41"));
  }
}

TEST_CASE("api: explain tells a write that was refused as one, and where the value came from", "[admin][explain]") {
  Linked f;
  sync::Plan plan = test::World::default_plan();
  plan.max_attempts = 1;
  f.world.engine->put(std::make_shared<test::TableMapper>(plan, "v2"), {&f.world.left, &f.world.right});
  f.world.right.write_faults = {test::MemorySide::Fault::kRefuse};
  f.world.left.edit("L1", "email", Value("bad@example.org"));
  f.world.left.edit("L1", "phone", Value("3"));
  f.world.hook(store::Side::kLeft, "L1");
  f.world.settle();

  const Value told = f.get("/api/v1/explain?mapping=people&key=L1");
  const std::string phone = text_of(told, "phone");
  INFO(phone);
  CHECK(holds(phone, "agreed on last: erp \"2\", app \"2\""));
  CHECK(holds(phone, "app got it from erp on 2024-05-01"));
  CHECK(holds(phone, "Before, app had \"1\""));
  CHECK(holds(phone, "it was to become \"3\" in app, by the rule \"only left changed\", and was not written: "));
  CHECK(holds(phone, "was not written: "));
  CHECK(holds(text_of(told, "email"), "by a load, which keeps no values"));
  CHECK(holds(text_of(told, "email"), "it was to become \"bad@example.org\" in app"));
  const Value dead = f.get("/api/v1/operations?failed=1").find("operations")->as_array()[0];
  CHECK(dead.at_path("record.writes.0.outcome")->as_string() == "refused");
  CHECK(dead.at_path("record.writes.0.values.phone")->as_string() == "3");
}

TEST_CASE("api: what was said at the last attempt of a key is told while it is to be tried again", "[admin][explain]") {
  Linked f;
  f.world.right.recorded = true;
  f.world.right.write_faults.assign(20, test::MemorySide::Fault::kRefuse);
  f.world.left.edit("L1", "phone", Value("3"));
  f.world.hook(store::Side::kLeft, "L1");
  f.world.settle();

  const Value keys = f.get("/api/v1/dead-letters?mapping=people&key=L1");
  REQUIRE(keys.find("keys")->as_array().size() == 1);
  CHECK(keys.at_path("keys.0.state")->as_string() == "backing_off");
  const std::string id = keys.at_path("keys.0.operation")->as_string();
  const Value told = f.get("/api/v1/operations/" + id);
  CHECK(told.string_or("kind") == "attempt");
  CHECK(told.string_or("outcome") == "retry");
  CHECK(told.string_or("left_key") + told.string_or("right_key") == "L1R1");
  CHECK(told.at_path("record.taken.0.reason")->as_string() == "webhook");
  CHECK_FALSE(told.at_path("record.error.message")->as_string().empty());
  CHECK_FALSE(told.find("exchanges")->as_array().empty());
  CHECK(holds(f.get("/api/v1/explain?mapping=people&key=L1").at_path("standing.0")->as_string(), "`tidewire op " + id + "`"));
  const Value stored = f.get("/api/v1/operations?mapping=people");
  for (const Value& one : stored.find("operations")->as_array()) CHECK(one.string_or("id") != id);

  f.world.right.write_faults.clear();
  CHECK(f.post("/api/v1/retry", "{\"id\": \"" + id + "\"}", 200).int_or("retried", 0) == 1);
  f.world.settle();

  CHECK(f.ask("GET", "/api/v1/operations/" + id).status == 404);
  CHECK(*f.world.right.rows.begin()->second.fields.find("phone") == Value("3"));
}

TEST_CASE("api: of a deleted record it is told where and until when, and what both sides had", "[admin][explain]") {
  Linked f;
  f.world.settle(std::chrono::minutes(10));
  f.world.left.erase("L1");
  f.world.hook(store::Side::kLeft, "L1", "delete");
  f.world.settle();

  const Value told = f.get("/api/v1/explain?mapping=people&key=R1");

  INFO(told.string_or("text"));
  CHECK(told.string_or("state") == "deleted");
  CHECK(told.string_or("left_key") == "L1");
  CHECK(holds(told.string_or("text"), "erp L1 and app R1 were the same thing until 2024-05-01"));
  CHECK(holds(told.string_or("text"), "when it was deleted in erp"));
  CHECK(told.find("link") == nullptr);
  CHECK(holds(text_of(told, "phone"), "agreed on last: erp \"2\", app \"2\""));
}

TEST_CASE("api: explain tells what was written before the sides were merged again", "[admin][explain]") {
  Linked f;
  f.world.left.edit("L1", "phone", Value("3"));
  f.world.right.edit("R1", "note", Value("m"));
  f.world.left.before_write = [&] { f.world.left.edit("L1", "tags", Value("u")); };  // refuses the second write of the pass
  f.world.hook(store::Side::kLeft, "L1");
  f.world.hook(store::Side::kRight, "R1");
  f.world.settle();
  REQUIRE(f.world.right.get("R1", "phone") == Value("3"));
  REQUIRE(f.world.left.get("L1", "note") == Value("m"));

  const Value told = f.get("/api/v1/explain?mapping=people&key=L1");
  const std::string phone = text_of(told, "phone"), note = text_of(told, "note");
  INFO(phone << "\n" << note);
  CHECK(holds(phone, "app got it from erp on"));
  CHECK(holds(phone, "Before, app had \"2\""));
  CHECK(holds(note, "erp got it from app on"));
  CHECK(holds(note, "Before, erp had \"n\""));
}

TEST_CASE("api: explain tells what a side got back of a group that it took in part", "[admin][explain]") {
  Linked f;
  sync::Plan plan = test::World::default_plan();
  plan.fields[1].group = plan.fields[2].group = 0;
  f.world.engine->put(std::make_shared<test::TableMapper>(plan, "v2"), {&f.world.left, &f.world.right});
  f.world.right.store_as = [](const std::string& field, const Value& value) { return field == "phone" ? Value("2") : value; };
  f.world.left.edit("L1", "phone", Value("3"));
  f.world.left.edit("L1", "note", Value("m"));
  f.world.hook(store::Side::kLeft, "L1");
  f.world.settle();
  REQUIRE(f.world.right.get("R1", "note") == Value("n"));

  const std::string note = text_of(f.get("/api/v1/explain?mapping=people&key=L1"), "note");
  INFO(note);
  CHECK(holds(note, "app got back \"n\", where a write that does not count had left \"m\"."));
  CHECK(holds(note, "it could not be decided: group: 'phone', which goes with it, waits for a person"));
}

TEST_CASE("api: explain tells of an open conflict and of what a person set aside", "[admin][explain]") {
  Linked f;
  f.make_conflict();
  CHECK(holds(text_of(f.get("/api/v1/explain?mapping=people&key=L1"), "note"), "in conflict since"));

  f.post("/api/v1/links/ignore", R"({"mapping": "people", "key": "L1", "field": "note", "author": "ann"})", 200);
  f.world.settle();

  CHECK(holds(text_of(f.get("/api/v1/explain?mapping=people&key=L1"), "note"), "ann told to ignore"));
}

TEST_CASE("api: a difference is ignored and heeded by what either side calls the field, where that is one field's", "[admin][links]") {
  Linked f;
  sync::Plan plan = test::World::default_plan();
  for (sync::Field& field : plan.fields) {
    if (field.name == "phone") field.paths.right = {"mobile"};
    if (field.name == "note") field.paths.left = {"text"};
    if (field.name == "tags") field.paths.right = {"text"};
  }
  f.world.engine->put(std::make_shared<test::TableMapper>(plan), {&f.world.left, &f.world.right});
  const auto ignored = [&] {
    const Value page = f.get("/api/v1/links?mapping=people");
    const Value* first = page.at_path("links.0.ignored.0");
    return first != nullptr && *first == Value("phone");
  };

  f.post("/api/v1/links/ignore", R"({"mapping": "people", "key": "L1", "field": "mobile", "author": "ann"})", 200);
  CHECK(ignored());
  f.post("/api/v1/links/heed", R"({"mapping": "people", "key": "L1", "field": "mobile"})", 200);
  CHECK_FALSE(ignored());
  f.post("/api/v1/links/ignore", R"({"mapping": "people", "key": "L1", "field": "text"})", 404);
  CHECK(f.post("/api/v1/release", R"({"mapping": "people", "field": "mobile"})", 200).int_or("released", -1) == 0);
}

TEST_CASE("api: what is set aside or let go is there, or the name is told to be wrong", "[admin][links]") {
  Linked f;
  f.world.left.insert(*json::parse(R"({"email": "sue@example.org", "phone": "1", "note": "n", "tags": "t"})"));
  const auto refused = [&](const std::string& target, const std::string& body, const std::string& words) {
    const auto answer = f.ask("POST", "/api/v1/" + target, body);
    INFO(target << " " << answer.body);
    CHECK(answer.status == 404);
    CHECK(holds(answer.body, words));
  };

  CHECK(holds(f.ask("GET", "/api/v1/try?mapping=people&key=L9").body, "no record 'L9' in erp.Person"));
  CHECK(f.ask("GET", "/api/v1/try?mapping=people&key=L9").status == 404);
  refused("links/ignore", R"({"mapping": "people", "key": "L9"})", "no record 'L9' in erp.Person");
  refused("links/ignore", R"({"mapping": "people", "key": "L2", "side": "right"})", "no record 'L2' in app.people");
  refused("release", R"({"mapping": "people", "field": "phon"})", "did you mean 'phone'");

  CHECK(f.get("/api/v1/links?mapping=people").find("links")->as_array().size() == 1);
  CHECK(f.post("/api/v1/release", R"({"mapping": "people", "field": "phone"})", 200).int_or("released", -1) == 0);
  f.post("/api/v1/links/ignore", R"({"mapping": "people", "key": "L2"})", 200);
  CHECK(f.get("/api/v1/links?mapping=people&state=ignored").at_path("links.0.left_key")->as_string() == "L2");
}

TEST_CASE("api: a key of which nothing is known is not forgotten, and it is told where was looked", "[admin][links]") {
  Linked f;

  const Value refused = f.body_of(f.ask("POST", "/api/v1/forget", R"({"mapping": "people", "key": "L77"})"), 404);
  CHECK(refused.string_or("detail") == "the state holds nothing of a key 'L77' of people, of neither side");
  CHECK(holds(refused.string_or("hint"), "looked at: links, operations"));
  CHECK(f.body_of(f.ask("POST", "/api/v1/forget", R"({"mapping": "people", "key": "L1", "side": "right"})"), 404).string_or("detail") == "the state holds nothing of a key 'L1' of the right of people");
  CHECK(f.get("/api/v1/audit?action=forget").find("audit")->as_array().empty());
  CHECK(f.get("/api/v1/links?mapping=people&key=L1").find("links")->as_array().size() == 1);
}

TEST_CASE("api: what left nothing but old operations is forgotten, by either key, and again once it is", "[admin][links]") {
  const std::string key = GENERATE("L1", "R1");
  Linked f;
  f.post("/api/v1/links/unlink", R"({"mapping": "people", "key": "L1"})", 200);
  for (const char* left : {R"("left", "key": "L1")", R"("right", "key": "R1")"}) f.ask("POST", "/api/v1/discard", R"({"mapping": "people", "reason": "gone", "side": )" + std::string(left) + "}");
  const std::string who = R"({"mapping": "people", "key": ")" + key + "\"}";

  CHECK(f.post("/api/v1/forget", who, 200).at_path("forgotten.operations")->as_int() > 0);
  CHECK(f.post("/api/v1/forget", who, 200).find("forgotten")->as_object().empty());  // whoever was interrupted asks again
}

TEST_CASE("api: a record of a mapping that runs no more is forgotten, with what was received of it", "[admin][links]") {
  Linked f;
  f.world.engine->remove("people");
  f.world.settle();
  const std::string who = R"({"mapping": "people", "key": "R1"})";
  f.post("/api/v1/links/unlink", who, 404);

  const Value gone = f.post("/api/v1/forget", who, 200);
  CHECK(gone.at_path("forgotten.links")->as_int() == 1);
  CHECK(gone.at_path("forgotten.received")->as_int() > 0);
  CHECK(f.get("/api/v1/links?mapping=people").find("links")->as_array().empty());
  CHECK(f.get("/api/v1/audit?action=forget").find("audit")->as_array().size() == 1);
  CHECK(f.post("/api/v1/forget", who, 200).find("forgotten")->as_object().empty());
  CHECK(holds(f.ask("POST", "/api/v1/forget", R"({"mapping": "peeple", "key": "R1"})").body, "did you mean 'people'"));
}

TEST_CASE("api: a key that both sides have must be said with its side", "[admin][links]") {
  Linked f;
  f.world.right.insert(*json::parse(R"({"email": "other@example.org", "phone": "1", "note": "n", "tags": "t"})"), "L1");
  f.run_job("{}");

  CHECK(f.ask("GET", "/api/v1/explain?mapping=people&key=L1").status == 400);
  CHECK(f.get("/api/v1/explain?mapping=people&key=L1&side=left").string_or("right_key") == "R1");
}

TEST_CASE("api: a key that both sides have is one record where it is one link", "[admin][links]") {
  Linked f;
  const Value ben = *json::parse(R"({"email": "ben@example.org", "phone": "1", "note": "n", "tags": "t"})");
  f.world.left.insert(ben, "3");
  f.world.right.insert(ben, "3");
  f.run_job("{}");

  const Value told = f.get("/api/v1/explain?mapping=people&key=3");
  CHECK(told.string_or("left_key") == "3");
  CHECK(told.string_or("right_key") == "3");
  CHECK(told.string_or("side") == "left");
}

TEST_CASE("api: the history of a key is its own side's where that is said", "[admin][links]") {
  Linked f;
  f.world.right.insert(*json::parse(R"({"email": "eve@example.org", "phone": "1", "note": "n", "tags": "t"})"), "L1");  // the left makes an L2 of it
  f.run_job("{}");
  const auto keys = [&](const std::string& more) {
    std::set<std::string> found;
    const Value page = f.get("/api/v1/operations?mapping=people&key=L1" + more);
    for (const Value& one : page.find("operations")->as_array()) found.insert(one.string_or("left_key"));
    return found;
  };

  CHECK(keys("") == std::set<std::string>{"L1", "L2"});
  CHECK(keys("&key_side=left") == std::set<std::string>{"L1"});
  CHECK(keys("&key_side=right") == std::set<std::string>{"L2"});
  CHECK(f.ask("GET", "/api/v1/operations?mapping=people&key=L1&key_side=both").status == 400);
}

TEST_CASE("api: the conflicts of a key are its own side's where that is said", "[admin][links][conflicts]") {
  Linked f;
  f.world.right.insert(*json::parse(R"({"email": "eve@example.org", "phone": "1", "note": "n", "tags": "t"})"), "L1");  // the left makes an L2 of it
  f.run_job("{}");
  for (const auto& [left, right] : {std::pair{"L1", "R1"}, std::pair{"L2", "L1"}}) {
    f.world.left.edit(left, "note", Value("left says"));
    f.world.right.edit(right, "note", Value("right says"));
    f.world.hook(store::Side::kLeft, left);
    f.world.hook(store::Side::kRight, right);
  }
  f.world.settle();
  const auto keys = [&](const std::string& more) {
    std::set<std::string> found;
    const Value page = f.get("/api/v1/conflicts?mapping=people&key=L1" + more);
    for (const Value& one : page.find("conflicts")->as_array()) found.insert(one.string_or("left_key"));
    return found;
  };

  CHECK(keys("") == std::set<std::string>{"L1", "L2"});
  CHECK(keys("&key_side=left") == std::set<std::string>{"L1"});
  CHECK(keys("&key_side=right") == std::set<std::string>{"L2"});
  CHECK(f.ask("GET", "/api/v1/conflicts?mapping=people&key=L1&key_side=both").status == 400);
}

TEST_CASE("api: explain tells of a record that is linked to nothing no other record's past", "[admin][explain]") {
  Linked f;
  f.world.left.insert(*json::parse(R"({"email": "eve@example.org", "phone": "1", "note": "n", "tags": "t"})"), "R1");  // nobody looked at it yet

  const Value told = f.get("/api/v1/explain?mapping=people&key=R1&side=left&field=phone");
  CHECK(told.string_or("state") == "unknown");
  INFO(text_of(told, "phone"));
  CHECK_FALSE(holds(text_of(told, "phone"), "got it from"));
  CHECK(told.at_path("fields.0.operation") == nullptr);
}

TEST_CASE("api: links are listed with filters and mended by name", "[admin][links]") {
  Linked f;
  Value page = f.get("/api/v1/links?mapping=people&key=R1");
  REQUIRE(page.find("links")->as_array().size() == 1);
  CHECK(page.at_path("links.0.base.phone.left")->as_string() == "2");
  CHECK(f.ask("GET", "/api/v1/links?state=gone").status == 400);

  const Value operation = f.post("/api/v1/links/unlink", R"({"mapping": "people", "key": "R1", "author": "ann"})", 200);
  CHECK(operation.string_or("kind") == "unlink");
  CHECK(operation.string_or("author") == "ann");
  CHECK(f.get("/api/v1/links").find("links")->as_array().empty());
  f.post("/api/v1/links/relink", R"({"mapping": "people", "left": "L1", "right": "R1"})", 200);
  CHECK(f.get("/api/v1/links").find("links")->as_array().size() == 1);
  CHECK(f.post("/api/v1/links/unlink", R"({"mapping": "people", "key": "X"})", 404).string_or("code") == "not_found");
  const Value audit = f.get("/api/v1/audit");
  CHECK(audit.at_path("audit.0.action")->as_string() == "relink");
  CHECK(audit.at_path("audit.1.author")->as_string() == "ann");
}

TEST_CASE("api: try tells every field and writes nothing", "[admin][explain]") {
  Linked f;
  f.world.left.edit("L1", "phone", Value("3"));
  const int writes = f.world.writes();

  const Value tried = f.get("/api/v1/try?mapping=people&key=L1");

  CHECK(tried.at_path("record.fields.phone.to_right")->as_string() == "3");
  CHECK(tried.at_path("record.fields")->as_object().size() == 4);
  CHECK(f.world.writes() == writes);
}

TEST_CASE("api: of a record outside the scope, try and explain say which condition keeps it there", "[admin][explain]") {
  Linked f;
  sync::Plan plan = test::World::default_plan();
  plan.end.left.scope["phone"] = Value(Object{{"op", "in"}, {"value", Value(Array{Value("1"), Value("2")})}});
  f.world.engine->put(std::make_shared<test::TableMapper>(plan), {&f.world.left, &f.world.right});
  const std::string stranger = f.world.left.insert(*json::parse(R"({"email": "sue@example.org", "phone": "3", "note": "n", "tags": "t"})"));
  f.world.left.edit("L1", "phone", Value("3"));
  f.world.hook(store::Side::kLeft, "L1");
  f.world.settle();

  const std::string why = R"(outside the scope of the mapping: erp has "3" in phone, and the scope asks for phone in ["1","2"])";
  for (const std::string& key : {std::string("L1"), stranger}) {
    const Value tried = f.get("/api/v1/try?mapping=people&key=" + key);
    REQUIRE(tried.at_path("record.why") != nullptr);
    CHECK(*tried.at_path("record.why") == Value(why));
    CHECK(holds(f.get("/api/v1/explain?mapping=people&key=" + key).string_or("text"), "it is " + why));
  }
  f.world.left.edit("L1", "phone", Value("2"));
  CHECK(f.get("/api/v1/try?mapping=people&key=L1").at_path("record.why") == nullptr);
}

TEST_CASE("api: verify finds drift, and its findings are paged", "[admin][jobs]") {
  Linked f;
  f.world.right.edit("R1", "phone", Value("drift"));

  const Value job = f.finish(f.post("/api/v1/verify", R"({"mapping": "people"})", 202));

  CHECK(job.string_or("state") == "done");
  CHECK(job.at_path("found.differing")->as_int() == 1);
  CHECK(job.at_path("findings.0.record.fields.phone.right")->as_string() == "drift");
  const Value page = f.get("/api/v1/jobs/" + job.string_or("id") + "/findings?kind=differing");
  CHECK(page.find("findings")->as_array().size() == 1);
}

TEST_CASE("api: revert says first what it would do, and does it when told", "[admin][jobs]") {
  Linked f;
  const std::string body = R"({"mapping": "people", "since": ")" + f.since + R"("})";

  const Value dry = f.finish(f.post("/api/v1/revert", body, 202));
  CHECK(dry.at_path("found.reverted")->as_int() == 1);
  CHECK(f.world.right.get("R1", "phone") == Value("2"));
  const Value done = f.finish(f.post("/api/v1/revert", body.substr(0, body.size() - 1) + R"(, "apply": true, "author": "ann"})", 202));

  CHECK(done.string_or("author") == "ann");
  CHECK(f.world.right.get("R1", "phone") == Value("1"));
  CHECK(holds(text_of(f.get("/api/v1/explain?mapping=people&key=L1"), "phone"), "reverted by ann"));
  CHECK(f.post("/api/v1/revert", R"({"mapping": "people", "since": "soon"})", 400).string_or("code") == "invalid");
}

TEST_CASE("api: adoption holds its mapping until it is accepted", "[admin][jobs]") {
  ApiFixture f;
  f.world.left.insert(*json::parse(R"({"email": "ada@example.org", "phone": "1", "note": "n", "tags": "t"})"));
  const Value started = f.post("/api/v1/adopt", R"({"mapping": "people"})", 202);
  f.world.hook(store::Side::kLeft, "L1");
  f.world.settle();

  CHECK(f.world.writes() == 0);
  CHECK(f.get("/api/v1/jobs/" + started.string_or("job")).at_path("found.left_only")->as_int() == 1);
  const Value held = f.post("/api/v1/sync", R"({"mapping": "people"})", 409);
  CHECK(held.string_or("code") == "blocked");
  CHECK(holds(held.string_or("detail"), "is held"));
  CHECK(holds(f.post("/api/v1/sync", "{}", 409).string_or("detail"), "is held"));
  f.post("/api/v1/adopt", R"({"mapping": "people", "accept": true})", 202);
  for (int i = 0; i < 5; ++i) f.world.settle();

  CHECK(f.world.right.rows.size() == 1);
}

TEST_CASE("api: a mapping whose file names other records than its links are of waits for a word", "[admin][jobs]") {
  ApiFixture f;
  f.world.hook(store::Side::kLeft, f.world.left.insert(*json::parse(R"({"email": "ada@example.org", "phone": "1", "note": "n", "tags": "t"})")));
  f.world.settle();
  CHECK(f.post("/api/v1/adopt", R"({"mapping": "people", "same": true})", 400).string_or("code") == "invalid");
  sync::Plan plan = test::World::default_plan();
  plan.end.right.collection = "others";
  f.world.engine->put(std::make_shared<test::TableMapper>(plan, "v2"), {&f.world.left, &f.world.right});
  f.world.settle();

  CHECK(holds(f.post("/api/v1/sync", "{}", 409).string_or("detail"), "its links are of 'people'"));
  CHECK(holds(f.post("/api/v1/adopt", R"({"mapping": "people"})", 409).string_or("detail"), "the file names 'others'"));
  const Value started = f.post("/api/v1/adopt", R"({"mapping": "people", "anew": true})", 202);
  for (int i = 0; i < 5; ++i) f.world.settle();
  CHECK(f.get("/api/v1/jobs/" + started.string_or("job")).at_path("found.exact")->as_int() == 1);
  CHECK(f.world.counts().links == 0);
  CHECK(holds(f.post("/api/v1/sync", "{}", 409).string_or("detail"), "adoption"));
}

TEST_CASE("api: a job is paused, resumed and cancelled by its id", "[admin][jobs]") {
  ApiFixture f;
  for (int i = 0; i < 10; ++i) f.world.left.insert(*json::parse(R"({"email": "p)" + std::to_string(i) + R"(@example.org", "phone": "1", "note": "n", "tags": "t"})"));
  f.world.engine->pause("people", true);
  const std::string id = f.post("/api/v1/sync", "{}", 202).string_or("job");

  CHECK(f.post("/api/v1/jobs/" + id + "/pause", "{}", 200).string_or("state") == "paused");
  CHECK(f.post("/api/v1/jobs/" + id + "/resume", "{}", 200).string_or("state") == "running");
  CHECK(f.post("/api/v1/jobs/" + id + "/cancel", "{}", 200).string_or("state") == "cancelled");
  CHECK(f.post("/api/v1/jobs/" + id + "/pause", "{}", 400).string_or("code") == "invalid");
  CHECK(f.ask("POST", "/api/v1/jobs/none/pause", "{}").status == 404);
  CHECK(f.get("/api/v1/jobs").at_path("jobs.0.state")->as_string() == "cancelled");
  CHECK(f.get("/api/v1/jobs?open=1").find("jobs")->as_array().empty());
}

TEST_CASE("api: null is no side and no key", "[admin]") {
  Linked f;

  CHECK(f.ask("POST", "/api/v1/discard", R"({"mapping": "people", "side": null, "key": "L1", "reason": "a test"})").status == 400);
  CHECK(f.ask("POST", "/api/v1/links/relink", R"({"mapping": "people", "left": null, "right": null})").status == 400);
  CHECK(f.ask("POST", "/api/v1/tokens", R"({"name": null})").status == 400);
}
