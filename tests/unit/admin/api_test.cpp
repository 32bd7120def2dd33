#include "admin/conditions.h"
#include "admin/schema.h"
#include "api_fixture.h"

using namespace tidewire;
using namespace tidewire::admin;

namespace {

std::string person(const char* email) { return std::string("{\"email\":\"") + email + "\",\"phone\":\"1\"}"; }

void insert_left(ApiFixture& f, const char* email) { f.world.left.insert(*json::parse(person(email))); }

}  // namespace

TEST_CASE("api: ping answers anybody", "[admin]") {
  ApiFixture f;

  CHECK(f.ask("GET", "/ping", "", "203.0.113.9").status == 200);
}

TEST_CASE("api: what shows records is for the socket and for this process alone", "[admin]") {
  ApiFixture f;

  CHECK(f.ask("GET", "/api/v1/operations").status == 200);
  CHECK(f.ask("GET", "/api/v1/operations", "", "local").status == 200);
  CHECK(f.ask("GET", "/api/v1/operations", "", "127.0.0.1").status == 401);
  CHECK(f.ask("POST", "/api/v1/sync", "{}", "127.0.0.1").status == 401);
  CHECK(f.ask("GET", "/api/v1/nothing", "", "203.0.113.9").status == 401);
}

TEST_CASE("api: a neighbour may see the status, a proxy's client and a web page may not", "[admin]") {
  ApiFixture f;
  http::Request request;
  request.target = "/api/v1/status";
  request.peer = "127.0.0.1";
  request.headers.set("Host", "localhost:8080");
  CHECK(f.send(request).status == 200);

  SECTION("through a proxy") { request.headers.set("X-Forwarded-For", "203.0.113.9"); }
  SECTION("from elsewhere") { request.peer = "192.0.2.1"; }

  CHECK(f.send(request).status == 401);
  request.headers.set("Host", "evil.example");
  CHECK(f.send(request).status == 421);
}

TEST_CASE("api: who says something wrong is no neighbour", "[admin]") {
  ApiFixture f;
  http::Request request;
  request.target = "/api/v1/status";
  request.peer = "127.0.0.1";
  request.headers.set("Host", "localhost:8080");

  SECTION("a token that is none") { request.headers.set("Authorization", "Bearer bad"); }
  SECTION("an empty one") { request.headers.set("Authorization", "Bearer"); }
  SECTION("a login that has ended") { request.headers.set("Cookie", "tidewire_session=bad"); }

  CHECK(f.send(request).status == 401);
}

TEST_CASE("api: what is no mark of a page is refused, and what is no flag", "[admin]") {
  ApiFixture f;

  for (const char* list : {"conflicts", "audit", "links", "changes", "webhooks", "alerts", "notices", "dead-letters", "jobs/none/findings", "mappings/people/versions", "operations", "jobs", "operations?text=ada", "operations?mapping=people&key=L1"}) {
    INFO(list);
    for (const char* after : {"garbage", "1x", "-1", "99999999999999999999", "[1,2]"}) {
      const std::string target = "/api/v1/" + std::string(list) + (std::string(list).find('?') == std::string::npos ? "?" : "&") + "after=" + after;
      CHECK(f.body_of(f.ask("GET", target), 400).string_or("detail") == std::string("'after' is no mark of a page: ") + after);
    }
  }
  CHECK(f.ask("GET", "/api/v1/operations?failed=maybe").status == 400);
  CHECK(f.ask("GET", "/api/v1/operations?failed=false").status == 200);
}

TEST_CASE("api: an unknown path and a wrong method say so", "[admin]") {
  ApiFixture f;

  CHECK(f.ask("GET", "/nothing").status == 404);
  CHECK(f.ask("POST", "/health").status == 405);
}

TEST_CASE("api: a failure is a problem document with its code", "[admin]") {
  ApiFixture f;

  const auto response = f.ask("GET", "/api/v1/operations/none");

  CHECK(*response.headers.find("Content-Type") == "application/problem+json");
  const Value body = f.body_of(response, 404);
  CHECK(body.string_or("type") == "/docs/problems#not_found");
  CHECK(body.string_or("code") == "not_found");
  CHECK(body.int_or("status", 0) == 404);
  CHECK(body.string_or("title") == "Not Found");
  CHECK_FALSE(body.string_or("detail").empty());
}

TEST_CASE("api: every type of a problem is told of on the page that it names", "[admin]") {
  ApiFixture f;
  const std::string page = f.ask("GET", "/docs/problems", "", "203.0.113.7").body;
  const Array& types = schemas().at_path("Problem.properties.type.enum")->as_array();

  for (int code = 0; code <= static_cast<int>(Code::kCancelled); ++code) {
    const std::string type = problem_type(static_cast<Code>(code));
    INFO(type);
    CHECK(page.find("id=\"" + type.substr(type.find('#') + 1) + "\"") != std::string::npos);
    CHECK(std::count(types.begin(), types.end(), Value(type)) == 1);
  }
}

TEST_CASE("api: a misspelt key of a body is refused with a suggestion", "[admin]") {
  ApiFixture f;

  const Value body = f.post("/api/v1/sync", R"({"dryrun": true})", 400);

  CHECK(body.string_or("detail") == "unknown key 'dryrun' (did you mean 'dry_run'?)");
}

TEST_CASE("api: a body that is no JSON object is refused", "[admin]") {
  ApiFixture f;

  CHECK(f.ask("POST", "/api/v1/sync", "[1]").status == 400);
  CHECK(f.ask("POST", "/api/v1/sync", "{").status == 400);
  CHECK(f.ask("POST", "/api/v1/sync", R"({"limit": -1})").status == 400);
  CHECK(f.ask("POST", "/api/v1/sync", R"({"side": "up"})").status == 400);
  CHECK(f.ask("GET", "/api/v1/operations?limit=0").status == 400);
  CHECK(f.ask("GET", "/api/v1/operations?limit=x").status == 400);
}

TEST_CASE("api: a sync is a job that ends with what it did", "[admin]") {
  ApiFixture f;
  insert_left(f, "ada@example.org");
  insert_left(f, "grace@example.org");

  const Value job = f.run_job("{}");

  CHECK(job.string_or("state") == "done");
  REQUIRE(job.find("parts")->as_array().size() == 1);
  const Value& part = job.find("parts")->as_array()[0];
  CHECK(part.string_or("mapping") == "people");
  CHECK(part.string_or("state") == "done");
  CHECK(part.int_or("marked", 0) >= 2);
  CHECK(part.at_path("events.created")->as_int() == 2);
  CHECK(part.at_path("counts.links")->as_int() == 2);
  CHECK(f.world.right.rows.size() == 2);
}

TEST_CASE("api: a dry run tells the writes and makes none, here or there", "[admin]") {
  ApiFixture f;
  insert_left(f, "ada@example.org");

  const Value job = f.run_job(R"({"dry_run": true})");

  CHECK(job.string_or("state") == "done");
  CHECK(job.int_or("looked_at", 0) == 1);
  CHECK(job.at_path("found.creates")->as_int() == 1);
  REQUIRE(job.find("writes")->as_array().size() == 1);
  const Value& found = job.find("writes")->as_array()[0];
  CHECK(found.string_or("left_key") == "L1");
  CHECK(found.at_path("record.writes.0.values.email")->as_string() == "ada@example.org");
  CHECK(f.world.writes() == 0);
  CHECK(f.world.counts().links == 0);
  CHECK(f.get("/api/v1/operations").find("operations")->as_array().empty());
}

TEST_CASE("api: a dry run meets a pair from both sides and tells it once", "[admin]") {
  ApiFixture f;
  insert_left(f, "ada@example.org");
  f.run_job("{}");
  f.world.left.edit("L1", "phone", Value("2"));

  const Value job = f.run_job(R"({"dry_run": true})");

  CHECK(job.int_or("looked_at", 0) == 2);
  CHECK(job.at_path("found.updates")->as_int() == 1);
  CHECK(job.find("writes")->as_array().size() == 1);
}

TEST_CASE("api: one key is worked off alone, by the side's own key", "[admin]") {
  ApiFixture f;
  insert_left(f, "ada@example.org");
  insert_left(f, "grace@example.org");

  const Value job = f.run_job(R"({"mapping": "people", "key": "L2"})");

  CHECK(job.string_or("state") == "done");
  REQUIRE(f.world.right.rows.size() == 1);
  CHECK(f.world.right.get(f.world.only_right(), "email") == Value("grace@example.org"));
}

TEST_CASE("api: a direction is said in the mapping's words or by its connections", "[admin]") {
  ApiFixture f;
  insert_left(f, "ada@example.org");
  f.world.right.insert(*json::parse(person("emmy@example.org")));

  SECTION("words") { f.run_job(R"({"direction": "left_to_right"})"); }
  SECTION("connections") { f.run_job(R"({"direction": "erp_to_app"})"); }

  CHECK(f.world.right.rows.size() == 2);
  CHECK(f.world.left.rows.size() == 1);
}

TEST_CASE("api: a direction that is none names those there are", "[admin]") {
  ApiFixture f;

  const Value body = f.post("/api/v1/sync", R"({"direction": "up"})", 400);

  CHECK(body.string_or("hint") == "both, left_to_right, right_to_left, erp_to_app or app_to_erp");
}

TEST_CASE("api: a mapping that is not loaded is not found, with the one that was meant", "[admin]") {
  ApiFixture f;

  const Value body = f.post("/api/v1/sync", R"({"mapping": "poeple"})", 404);

  CHECK(body.string_or("detail") == "no mapping 'poeple' is loaded (did you mean 'people'?)");
}

TEST_CASE("api: a job nobody knows is not found", "[admin]") {
  ApiFixture f;

  CHECK(f.ask("GET", "/api/v1/jobs/none").status == 404);
}

TEST_CASE("api: operations are filtered and come in pages", "[admin]") {
  ApiFixture f;
  for (const char* email : {"a@x", "b@x", "c@x"}) insert_left(f, email);
  f.run_job("{}");

  const Value first = f.get("/api/v1/operations?limit=2");
  const Value second = f.get("/api/v1/operations?limit=2&after=" + first.string_or("next"));

  CHECK(first.find("operations")->as_array().size() == 2);
  CHECK(second.find("operations")->as_array().size() == 1);
  CHECK(second.find("next") == nullptr);
  CHECK(f.get("/api/v1/operations?failed=1").find("operations")->as_array().empty());
  CHECK(f.get("/api/v1/operations?mapping=people&key=L1").find("operations")->as_array().size() == 1);
  const std::string id = first.find("operations")->as_array()[0].string_or("id");
  CHECK(f.get("/api/v1/operations/" + id).string_or("kind") == "create");
}

TEST_CASE("api: a conflict is listed with both values and the keys, and resolved by a person", "[admin]") {
  ApiFixture f;
  insert_left(f, "ada@example.org");
  f.run_job("{}");
  f.make_conflict();
  const Value page = f.get("/api/v1/conflicts");
  const Array& rows = page.find("conflicts")->as_array();
  REQUIRE(rows.size() == 1);
  const Value& conflict = rows[0];
  CHECK(conflict.string_or("field") == "note");
  CHECK(conflict.string_or("left") == "left says");
  CHECK(conflict.string_or("right") == "right says");
  CHECK(conflict.string_or("left_key") == "L1");
  const std::string target = "/api/v1/conflicts/" + std::to_string(conflict.int_or("id", 0)) + "/resolve";

  f.post(target, R"({"method": "value", "value": "agreed", "shown_at": ")" + conflict.string_or("shown_at") + "\"}", 202);
  f.world.settle();

  CHECK(f.get("/api/v1/conflicts").find("conflicts")->as_array().empty());
  CHECK(f.world.left.get("L1", "note") == Value("agreed"));
  CHECK(f.world.right.get(f.world.only_right(), "note") == Value("agreed"));
  const Value closed = f.get("/api/v1/conflicts?all=1").find("conflicts")->as_array()[0];
  CHECK(closed.string_or("author") == "uid 1000");
}

TEST_CASE("api: a decision on values that moved is refused with the new ones", "[admin]") {
  ApiFixture f;
  insert_left(f, "ada@example.org");
  f.run_job("{}");
  f.make_conflict();
  const std::int64_t id = f.get("/api/v1/conflicts").find("conflicts")->as_array()[0].int_or("id", 0);

  const Value body = f.post("/api/v1/conflicts/" + std::to_string(id) + "/resolve", R"({"method": "left", "shown_at": "2020-01-01T00:00:00Z"})", 412);

  CHECK(body.string_or("type") == "/docs/problems#stale");
  CHECK(body.string_or("code") == "stale");
  CHECK(body.at_path("conflict.right")->as_string() == "right says");
  CHECK(f.world.conflicts().size() == 1);
}

TEST_CASE("api: a resolution that says too little or too much is refused", "[admin]") {
  ApiFixture f;
  insert_left(f, "ada@example.org");
  f.run_job("{}");
  f.make_conflict();
  const std::string target = "/api/v1/conflicts/1/resolve";

  CHECK(f.ask("POST", target, R"({})").status == 400);
  CHECK(f.ask("POST", target, R"({"method": "value"})").status == 400);
  CHECK(f.ask("POST", target, R"({"method": "value", "left": 1})").status == 400);
  CHECK(f.ask("POST", target, R"({"method": "left", "value": 1})").status == 400);
  CHECK(f.ask("POST", "/api/v1/conflicts/77/resolve", R"({"method": "left"})").status == 404);
  CHECK(f.ask("POST", "/api/v1/conflicts/x/resolve", R"({"method": "left"})").status == 404);
}

TEST_CASE("api: a dead letter is listed with its error, and lives again by a retry", "[admin]") {
  ApiFixture f;
  insert_left(f, "ada@example.org");
  f.world.left.able.bulk_read = 1;
  store::DirtyKey dead;
  dead.mapping = "people";
  dead.side = store::Side::kLeft;
  dead.key = "L1";
  dead.state = store::KeyState::kDead;
  dead.changes = 1;
  dead.error = Value(Object{{"code", "script"}, {"message", "boom"}});
  store::Commit commit;
  commit.mapping = "people";
  commit.standing.push_back(dead);
  f.world.store.commit(std::move(commit), [](Result<std::int64_t> done) { REQUIRE(done.ok()); });
  f.world.settle();
  const Value page = f.get("/api/v1/dead-letters?state=dead");
  REQUIRE(page.find("keys")->as_array().size() == 1);
  CHECK(page.at_path("keys.0.error.message")->as_string() == "boom");
  CHECK(f.get("/api/v1/dead-letters?mapping=people&key=L1").find("keys")->as_array().size() == 1);
  CHECK(f.get("/api/v1/dead-letters?mapping=people&key=L2").find("keys")->as_array().empty());

  SECTION("by mapping") { CHECK(f.post("/api/v1/retry", R"({"mapping": "people"})", 200).int_or("retried", 0) == 1); }
  SECTION("by key") { CHECK(f.post("/api/v1/retry", R"({"mapping": "people", "side": "left", "key": "L1"})", 200).int_or("retried", 0) == 1); }
  SECTION("all") { CHECK(f.post("/api/v1/retry", R"({"all": true})", 200).int_or("retried", 0) == 1); }
  f.world.settle();

  CHECK(f.get("/api/v1/dead-letters").find("keys")->as_array().empty());
  CHECK(f.world.right.rows.size() == 1);
}

TEST_CASE("api: a retry that names nothing is refused", "[admin]") {
  ApiFixture f;

  CHECK(f.ask("POST", "/api/v1/retry", "{}").status == 400);
  CHECK(f.ask("POST", "/api/v1/retry", R"({"mapping": "people", "key": "L1"})").status == 400);
  CHECK(f.ask("POST", "/api/v1/retry", R"({"all": true, "side": "left", "key": "L1"})").status == 400);
  CHECK(f.ask("POST", "/api/v1/retry", R"({"id": "none"})").status == 404);
}

TEST_CASE("api: check passes on whether to connect", "[admin]") {
  ApiFixture f;

  CHECK(f.post("/api/v1/check", R"({"connect": true})", 200).bool_or("asked_to_connect", false));
  CHECK_FALSE(f.post("/api/v1/check", "", 200).bool_or("asked_to_connect", true));
}

TEST_CASE("api: status joins what is loaded, what is stored and what runs", "[admin]") {
  ApiFixture f;
  f.mappings_view = Object{{"people", Value(Object{{"file", "mappings/people.lua"}})}, {"broken", Value(Object{{"file", "mappings/broken.lua"}})}};
  insert_left(f, "ada@example.org");
  f.run_job("{}");

  const Value status = f.get("/api/v1/status");

  CHECK(status.string_or("health") == "ok");
  CHECK(status.at_path("mappings.people.links")->as_int() == 1);
  CHECK(status.at_path("mappings.people.state")->as_string() == "running");
  CHECK(status.at_path("mappings.people.file")->as_string() == "mappings/people.lua");
  CHECK(status.at_path("mappings.broken.state")->as_string() == "broken");
  CHECK(status.at_path("connections.erp.kind")->as_string() == "frappe");
}

TEST_CASE("api: a callback that comes after its end touches nothing", "[admin]") {
  auto f = std::make_unique<ApiFixture>();
  auto api = std::make_unique<Api>(*f);
  std::optional<http::Response> answer;
  http::Request request;
  request.target = "/health";
  request.peer = "unix";
  api->handle(std::move(request), http::Reply([&](http::Response response) { answer = std::move(response); }));

  api.reset();
  f->world.timers.run_posted();

  REQUIRE(answer);
  CHECK(answer->status == 500);
}

TEST_CASE("api: a dry run links nothing and opens no conflict, either", "[admin]") {
  ApiFixture f;
  insert_left(f, "same@example.org");
  f.world.right.insert(*json::parse(person("same@example.org")));
  insert_left(f, "other@example.org");
  f.world.right.insert(*json::parse(R"({"email": "other@example.org", "phone": "1", "note": "right says"})"));
  f.world.left.edit("L2", "note", Value("left says"));

  const Value job = f.run_job(R"({"dry_run": true})");

  CHECK(job.at_path("found.conflicts")->as_int() == 1);
  CHECK(f.world.writes() == 0);
  CHECK(f.world.counts().links == 0);
  CHECK(f.world.conflicts().empty());
}

TEST_CASE("api: a job counts what happened in its own time", "[admin]") {
  ApiFixture f;
  insert_left(f, "ada@example.org");
  insert_left(f, "grace@example.org");
  f.run_job("{}");
  insert_left(f, "emmy@example.org");

  const Value job = f.run_job("{}");

  CHECK(job.at_path("parts.0.events.created")->as_int() == 1);
  CHECK(job.at_path("parts.0.counts.links")->as_int() == 3);
}

TEST_CASE("api: a part that fails makes the job fail, and leaves the others their turn", "[admin]") {
  ApiFixture f;
  sync::Plan plan = test::World::default_plan();
  plan.name = "zebras";  // after "people"
  test::MemorySide more_left(f.world.timers, f.world.clock, "M"), more_right(f.world.timers, f.world.clock, "N");
  f.world.engine->put(std::make_shared<test::TableMapper>(plan), {&more_left, &more_right});
  f.world.settle();
  insert_left(f, "ada@example.org");
  f.world.engine->pause("people", true);  // so that the first part takes its time
  const std::string id = f.post("/api/v1/sync", "{}", 202).string_or("job");

  f.world.engine->remove("zebras");
  f.world.engine->pause("people", false);
  for (int i = 0; i < 10; ++i) f.world.settle();

  const Value job = f.get("/api/v1/jobs/" + id);
  CHECK(job.string_or("state") == "failed");
  CHECK(job.at_path("parts.0.state")->as_string() == "done");
  CHECK(job.at_path("parts.1.state")->as_string() == "failed");
  CHECK(job.at_path("parts.1.error.code")->as_string() == "not_found");
  CHECK(f.world.right.rows.size() == 1);
}

TEST_CASE("api: what was told is listed with whether it arrived", "[admin][alerts]") {
  ApiFixture f;
  store::Notice notice;
  notice.event = notice.kind = "report";
  notice.title = "report";
  notice.text = "all is level";
  notice.way = "post";
  notice.address = "secret CHAT_HOOK";
  f.world.store.tell({.notices = {{notice, Value(Object{})}}}, [](Result<void> stored) { REQUIRE(stored.ok()); });
  f.world.timers.run_posted();

  const Value one = f.get("/api/v1/notices?missed=1").find("notices")->as_array().at(0);
  CHECK(one.string_or("to") == "secret CHAT_HOOK");
  CHECK(one.string_or("way") == "post");
  CHECK(one.string_or("state") == "waiting");
  CHECK(one.find("about") == nullptr);
  CHECK(one.find("error") == nullptr);
  CHECK(f.get("/api/v1/notices?kind=queue").find("notices")->as_array().empty());
}

TEST_CASE("api: alerts are listed with what they are about, and taken in hand by a person", "[admin][alerts]") {
  ApiFixture f;
  store::Alert alert = alert_about({"webhooks", "erp Employee", "The poll found 14 changes", "Look at the webhooks", std::nullopt, 14});
  alert.since = alert.told_at = f.world.clock.now();
  f.world.store.tell({.alerts = {alert}}, [](Result<void> stored) { REQUIRE(stored.ok()); });
  f.world.timers.run_posted();

  const Value one = f.get("/api/v1/alerts?connection=erp").find("alerts")->as_array().at(0);
  CHECK(one.string_or("kind") == "webhooks");
  CHECK(one.string_or("collection") == "Employee");
  CHECK(one.string_or("hint") == "Look at the webhooks");
  CHECK(one.bool_or("open", false));
  CHECK(one.find("acknowledged_by") == nullptr);

  const std::string target = "/api/v1/alerts/" + std::to_string(one.int_or("id", 0)) + "/acknowledge";
  CHECK(f.post(target, R"({"author": "ada"})", 200).string_or("acknowledged_by") == "ada");
  CHECK(f.get("/api/v1/audit?action=acknowledge").find("audit")->as_array().at(0).string_or("author") == "ada");
  CHECK(f.post("/api/v1/alerts/7000/acknowledge", "{}", 404).string_or("detail") == "no alert 7000");
  CHECK(f.post("/api/v1/alerts/x/acknowledge", "{}", 404).string_or("detail") == "no alert x");
}
