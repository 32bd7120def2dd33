#include "admin/conditions.h"
#include "admin/gate.h"
#include "admin/schema.h"
#include "api_fixture.h"

using namespace tidewire;
using namespace tidewire::admin;

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

TEST_CASE("api: a neighbour is told why the health is bad, a proxy's client and whoever asks from elsewhere are not", "[admin]") {
  ApiFixture f;
  f.process_view["store"] = Value(Object{{"healthy", false}, {"trouble", "disk full"}});
  const auto told = [&](const http::Request& asked) { return f.send(asked).body.find("disk full") != std::string::npos; };
  http::Request request;
  request.target = "/health";
  request.peer = "127.0.0.1";
  request.headers.set("Host", "localhost:8080");
  CHECK(told(request));
  request.target = "/api/v1/status";
  CHECK(f.send(request).status == 401);
  request.target = "/health";

  SECTION("through a proxy") { request.headers.set("X-Forwarded-For", "203.0.113.9"); }
  SECTION("from elsewhere") { request.peer = "192.0.2.1"; }
  SECTION("by a name that a page had pointed here") { request.headers.set("Host", "evil.example"); }

  CHECK_FALSE(told(request));
  request.target = "/api/v1/operations";
  request.headers.set("Host", "evil.example");
  CHECK(f.send(request).status == 421);
}

TEST_CASE("api: a proxy that speaks through a Unix socket is no administrator", "[admin]") {
  ApiFixture f;
  http::Request request;
  request.target = "/api/v1/operations";
  request.peer = "unix";
  request.headers.set("Host", "localhost:8080");
  CHECK(f.send(request).status == 200);

  request.headers.set("X-Forwarded-For", "203.0.113.9");

  CHECK(f.send(request).status == 401);
  CHECK(sender_of(request) == "203.0.113.9");
}

TEST_CASE("api: who says something wrong is no neighbour", "[admin]") {
  ApiFixture f;
  f.process_view["store"] = Value(Object{{"healthy", false}, {"trouble", "disk full"}});
  http::Request request;
  request.target = "/health";
  request.peer = "127.0.0.1";
  request.headers.set("Host", "localhost:8080");

  SECTION("a token that is none") { request.headers.set("Authorization", "Bearer bad"); }
  SECTION("an empty one") { request.headers.set("Authorization", "Bearer"); }
  SECTION("a login that has ended") { request.headers.set("Cookie", "tidewire_session=bad"); }

  CHECK(f.send(request).body.find("disk full") == std::string::npos);
  request.target = "/api/v1/status";
  CHECK(f.send(request).status == 401);
}

TEST_CASE("api: what is no mark of a page is refused, and what is no flag", "[admin]") {
  ApiFixture f;

  for (const char* list : {"conflicts", "audit", "links", "changes", "webhooks", "alerts", "notices", "dead-letters", "jobs/none/findings", "mappings/people/versions", "operations", "jobs", "operations?text=ada", "operations?mapping=people&key=L1"}) {
    INFO(list);
    for (const char* after : {"garbage", "1x", "-1", "99999999999999999999", "[1,2]"}) {
      const std::string target = "/api/v1/" + std::string(list) + (std::string(list).find('?') == std::string::npos ? "?" : "&") + "after=" + after;
      CHECK(f.body_of(f.ask("GET", target), 400).string_or("detail").starts_with("'after' is "));
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

TEST_CASE("api: a method that the path does not take is a problem of its own, which names those it takes", "[admin]") {
  ApiFixture f;

  const auto response = f.ask("DELETE", "/api/v1/jobs");

  REQUIRE(response.headers.find("Allow") != nullptr);
  CHECK(response.headers.find("Allow")->find("GET") != std::string::npos);
  const Value body = f.body_of(response, 405);
  CHECK(body.string_or("code") == "method");
  CHECK(body.string_or("type") == "/docs/problems#method");
  CHECK(body.string_or("hint").find("GET") != std::string::npos);
  CHECK(f.ask("GET", "/docs/problems", "", "203.0.113.7").body.find("id=\"method\"") != std::string::npos);
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
  const std::string keys = f.post("/api/v1/revert", R"({"mapping": "people", "since": "2h", "dry_run": true})", 400).string_or("hint");
  CHECK(keys.find("apply") != std::string::npos);
  CHECK(f.post("/api/v1/revert", "{}", 400).string_or("hint") == keys);
}

TEST_CASE("api: a body that is no JSON object is refused", "[admin]") {
  ApiFixture f;

  CHECK(f.ask("POST", "/api/v1/sync", "[1]").status == 400);
  CHECK(f.ask("POST", "/api/v1/sync", "{").status == 400);
  CHECK(f.ask("POST", "/api/v1/sync", R"({"limit": -1})").status == 400);
  CHECK(f.ask("POST", "/api/v1/sync", R"({"side": "up"})").status == 400);
  // What is empty must not mean all.
  for (const auto& [path, body] : std::vector<std::pair<const char*, const char*>>{
           {"sync", R"({"mapping": "people", "key": ""})"}, {"sync", R"({"mapping": ""})"}, {"verify", R"({"mapping": ""})"}, {"retry", R"({"mapping": "", "all": true})"},
           {"revert", R"({"mapping": "people", "since": "2h", "key": ""})"}, {"links/ignore", R"({"mapping": "people", "key": "L1", "field": ""})"}, {"release", R"({"mapping": "people", "field": ""})"},
           {"tokens", R"({"name": "ci", "expires_in": ""})"}}) {
    INFO(path << " " << body);
    CHECK(f.ask("POST", std::string("/api/v1/") + path, body).status == 400);
  }
  CHECK(f.ask("GET", "/api/v1/operations?limit=0").status == 400);
  CHECK(f.ask("GET", "/api/v1/operations?limit=x").status == 400);
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
  const Value whole = f.get("/api/v1/operations/" + id);
  CHECK(whole.string_or("kind") == "create");
  REQUIRE(whole.at_path("agreed.phone.right") != nullptr);  // a load keeps no values of its rows: the link has them
  CHECK(*whole.at_path("agreed.phone.right") == Value("1"));
}

TEST_CASE("api: the mark of a page goes with its own list and filters", "[admin]") {
  ApiFixture f;
  for (const char* email : {"a@x", "b@x", "c@x"}) insert_left(f, email);
  f.run_job("{}");
  for (int i = 0; i < 3; ++i) f.post("/api/v1/cursors/people/reset", "{}", 200);
  const auto mark_of = [&](const std::string& list) { return f.get(list + (list.find('?') == std::string::npos ? "?" : "&") + "limit=1").string_or("next"); };
  const std::string of_audit = mark_of("/api/v1/audit"), of_links = mark_of("/api/v1/links?mapping=people");
  REQUIRE_FALSE(of_audit.empty());
  REQUIRE_FALSE(of_links.empty());

  CHECK(f.get("/api/v1/links?limit=2&after=" + of_links + "&mapping=people").find("links")->as_array().size() == 2);
  for (const std::string& foreign : {"/api/v1/links?mapping=people&after=" + of_audit, "/api/v1/audit?after=" + of_links, "/api/v1/links?after=" + of_links, "/api/v1/links?mapping=people&state=live&after=" + of_links}) {
    INFO(foreign);
    CHECK(f.body_of(f.ask("GET", foreign), 400).string_or("detail") == "'after' is a mark of another list, or of other filters");
  }
}

TEST_CASE("api: a list that is narrowed by what there is not says so", "[admin]") {
  ApiFixture f;
  f.mappings_view = Object{{"people", Value(Object{})}};
  f.connections_view = Object{{"erp", Value(Object{})}};
  const auto refused = [&](const std::string& target, int status, const std::string& words) {
    const auto answer = f.ask("GET", "/api/v1/" + target);
    INFO(target << " " << answer.body);
    CHECK(answer.status == status);
    CHECK(answer.body.find(words) != std::string::npos);
  };

  refused("operations?mapping=peeple", 404, "did you mean 'people'");
  refused("operations?outcome=aplied", 400, "did you mean 'applied'");
  refused("operations?kind=bogus", 400, "create, update");
  refused("links?mapping=peeple", 404, "did you mean 'people'");
  refused("dead-letters?mapping=peeple", 404, "did you mean 'people'");
  refused("changes?connection=erb", 404, "did you mean 'erp'");
  refused("webhooks?event=upsertt", 400, "did you mean 'upsert'");
  refused("changes?source=bogus", 400, "webhook, listen");
  refused("changes?mapping=peeple", 404, "did you mean 'people'");
  refused("webhooks?mapping=people&side=up", 400, "left");
  refused("changes?side=left", 400, "name the mapping too");
  refused("conflicts?mapping=peeple", 404, "did you mean 'people'");
  refused("conflicts?kind=clasch", 400, "did you mean 'clash'");
  refused("alerts?mapping=peeple", 404, "did you mean 'people'");
  refused("alerts?connection=erb", 404, "did you mean 'erp'");
  refused("alerts?kind=bogus", 400, "mapping, poll");
  refused("notices?about=erb", 404, "did you mean 'erp'");
  refused("cursors?mapping=peeple", 404, "did you mean 'people'");
  refused("audit?action=resolv", 400, "did you mean 'resolve'");
  refused("audit?action=bogus", 400, "accept_system, acknowledge, adopt");
  refused("mappings/peeple/versions", 404, "did you mean 'people'");
  refused("jobs/xyz/findings", 404, "no job xyz");
  for (const char* right : {"operations?mapping=people&outcome=dead", "links?mapping=people", "changes?connection=erp&event=delete", "dead-letters?mapping=people", "changes?mapping=people&side=left", "conflicts?mapping=people&kind=clash", "alerts?mapping=people&kind=dead", "notices?about=people", "notices?about=erp", "cursors?mapping=people", "cursors", "audit?action=resolve", "audit?action=unlink", "audit?author=nobody", "mappings/people/versions"}) CHECK(f.ask("GET", std::string("/api/v1/") + right).status == 200);
}

TEST_CASE("api: what is to be done with a mapping that there is not is refused, and says which may be meant", "[admin]") {
  ApiFixture f;
  const auto refused = [&](const std::string& target, const std::string& body) {
    const auto answer = f.ask("POST", "/api/v1/" + target, body);
    INFO(target << " " << answer.body);
    CHECK(answer.status == 404);
    CHECK(answer.body.find("did you mean 'people'") != std::string::npos);
  };

  f.mappings_view = Object{{"people", Value(Object{})}};

  refused("discard", R"({"mapping": "peeple", "side": "left", "key": "1", "reason": "gone"})");
  refused("conflicts/resolve", R"({"mapping": "peeple", "method": "left"})");
  refused("conflicts/resolve", R"({"mapping": "peeple", "method": "left", "dry_run": true})");
  refused("mappings/peeple/discard", R"({"reason": "gone"})");
  refused("retry", R"({"mapping": "peeple"})");
  CHECK(f.post("/api/v1/conflicts/resolve", R"({"mapping": "people", "method": "left"})", 202).int_or("resolved", -1) == 0);
}

TEST_CASE("api: of a mapping whose file does not load it is told why, wherever something is to be done with it", "[admin]") {
  ApiFixture f;
  f.mappings_view = *json::parse(R"({"broken": {"reload": {"ok": false, "error": {"message": "mappings/broken.lua:3: no such field", "hint": "look there"}}}})");
  const auto refused = [&](const http::Response& answer) {
    INFO(answer.body);
    CHECK(answer.status == 422);
    CHECK(answer.body.find("mapping 'broken' does not run: mappings/broken.lua:3: no such field") != std::string::npos);
    CHECK(answer.body.find("look there") != std::string::npos);
  };

  refused(f.ask("POST", "/api/v1/sync", R"({"mapping": "broken"})"));
  refused(f.ask("POST", "/api/v1/verify", R"({"mapping": "broken"})"));
  refused(f.ask("GET", "/api/v1/explain?mapping=broken&key=1"));
  refused(f.ask("POST", "/api/v1/links/unlink", R"({"mapping": "broken", "key": "1"})"));
  refused(f.ask("POST", "/trigger/broken"));
}

TEST_CASE("api: a mapping that a system keeps from being read is no file that is wrong", "[admin]") {
  ApiFixture f;
  f.mappings_view = *json::parse(R"({"away": {"reload": {"ok": false, "error": {"code": "unavailable", "message": "erp does not answer"}}}})");

  CHECK(f.ask("POST", "/api/v1/sync", R"({"mapping": "away"})").status == 503);
}

TEST_CASE("api: where no mapping runs, the first is told with what is wrong in it", "[admin]") {
  ApiFixture f;
  f.world.engine->remove("people");
  REQUIRE(f.world.engine->mappings().empty());

  CHECK(f.ask("POST", "/api/v1/sync", "{}").status == 404);
  CHECK(f.ask("POST", "/api/v1/verify", "{}").body.find("no mapping is loaded") != std::string::npos);

  f.mappings_view = *json::parse(R"({"broken": {"reload": {"ok": false, "error": {"code": "invalid", "message": "mappings/broken.lua:3: no such field", "hint": "look there"}}}, "fine": {"reload": {"ok": true}}})");
  for (const char* path : {"/api/v1/sync", "/api/v1/verify"}) {
    const auto answer = f.ask("POST", path, "{}");
    CHECK(answer.status == 422);
    CHECK(answer.body.find("no mapping runs: broken: mappings/broken.lua:3: no such field") != std::string::npos);
    CHECK(answer.body.find("look there") != std::string::npos);
  }
}

TEST_CASE("api: a mapping whose file is there and of which nothing is stored is known", "[admin]") {
  ApiFixture f;
  f.files = {"fresh"};

  CHECK(f.ask("GET", "/api/v1/links?mapping=fresh").status == 200);
  CHECK(f.ask("GET", "/api/v1/links?mapping=frish").body.find("did you mean 'fresh'") != std::string::npos);
}

TEST_CASE("api: a mapping that no file names is told as that, and goes with its links only where their number is said", "[admin]") {
  ApiFixture f;
  f.files = {"staff", "kept"};
  for (const std::string name : {"renamed", "listed", "left", "kept", "people"}) {
    store::Link link;
    link.mapping = name;
    link.key = {"L77", "R77"};
    f.store().commit({.mapping = name, .link = link}, [](Result<std::int64_t> stored) { CHECK(stored.ok()); });
  }
  f.store().kv_set(store::kHomes, "listed", Value("staff"), std::nullopt, [](Result<void>) {});
  f.store().kv_set(store::kHomes, "left", Value(""), std::nullopt, [](Result<void>) {});
  f.world.timers.run_posted();

  const Value status = f.get("/api/v1/status");
  const auto gone = [&](const char* name) { return status.at_path(std::string("mappings.") + name)->bool_or("file_gone", false); };
  CHECK(gone("renamed"));
  CHECK(gone("left"));
  CHECK_FALSE(gone("listed"));  // its file is there: it does not load, or nobody has read it
  CHECK_FALSE(gone("kept"));
  CHECK_FALSE(gone("people"));  // it runs

  CHECK(f.post("/api/v1/mappings/renamed/discard", R"({"reason": "moved"})", 200).int_or("links", -1) == 0);
  CHECK(f.get("/api/v1/status").at_path("mappings.renamed.links")->as_int() == 1);
  CHECK(f.post("/api/v1/mappings/renamed/discard", R"({"reason": "moved", "links": 1})", 200).int_or("links", -1) == 1);
  CHECK(f.get("/api/v1/status").at_path("mappings.renamed") == nullptr);
}

TEST_CASE("api: what was received is narrowed to a mapping and to a side of it, also to one that left the project", "[admin]") {
  ApiFixture f;
  const auto& end = f.world.engine->plan("people")->end;
  const auto put = [&](const std::string& connection, const std::string& collection, const std::string& key) {
    f.store().put({store::Change{.connection = connection, .collection = collection, .key = key, .source = "webhook", .payload = {}, .delivery_id = {}}}, [](Result<std::int64_t> stored) { CHECK(stored.ok()); });
    f.world.timers.run_posted();
  };
  put(end.left.connection, end.left.collection, "L1");
  put(end.right.connection, end.right.collection, "R1");
  put(end.left.connection, "of another mapping", "X1");
  f.store().kv_set("ends", "former", Value(Object{{"left", Value(Object{{"connection", end.left.connection}, {"collection", "of another mapping"}})}}), std::nullopt, [](Result<void> kept) { CHECK(kept.ok()); });
  f.store().count("mapping former", {{"applied", 1}}, [](Result<void> counted) { CHECK(counted.ok()); });
  f.world.timers.run_posted();
  const auto keys = [&](const std::string& target, const char* rows) {
    std::string found;
    const Value page = f.get("/api/v1/" + target);
    for (const Value& row : page.find(rows)->as_array()) found += row.string_or("key") + " ";
    return found;
  };

  CHECK(keys("changes?mapping=people", "changes") == "R1 L1 ");
  CHECK(keys("webhooks?mapping=people&side=left", "webhooks") == "L1 ");
  CHECK(keys("changes?mapping=people&side=right&key=L1", "changes").empty());
  CHECK(keys("changes?mapping=former", "changes") == "X1 ");
  CHECK(keys("changes?mapping=former&side=right", "changes").empty());
}

TEST_CASE("api: a mapping and a connection that left the project are listed as long as the state knows them", "[admin]") {
  ApiFixture f;
  f.store().count("mapping former", {{"applied", 1}}, [](Result<void> counted) { CHECK(counted.ok()); });
  f.store().count("connection former", {{"received", 1}}, [](Result<void> counted) { CHECK(counted.ok()); });
  f.world.timers.run_posted();

  CHECK(f.ask("GET", "/api/v1/operations?mapping=former&outcome=dead").status == 200);
  CHECK(f.ask("GET", "/api/v1/changes?connection=former").status == 200);
  CHECK(f.ask("GET", "/api/v1/changes?connection=other").status == 404);
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
