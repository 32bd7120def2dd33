// Paths of earlier services: they take what the route takes that they stand for, and look as it does.
#include "api_fixture.h"

using namespace tidewire;
using namespace tidewire::admin;

TEST_CASE("aliases: the body is the route's own and counts", "[admin]") {
  ApiFixture f;
  f.world.left.insert(Value(Object{{"email", "ada@example.org"}}));

  const std::string id = f.post("/api/sync/people", R"({"dry_run": true})", 202).string_or("job");
  f.world.settle();

  CHECK(f.get("/api/v1/jobs/" + id).string_or("kind") == "dry_run");
  CHECK(f.world.right.rows.empty());
  for (const char* target : {"/api/sync/people", "/api/sync/reset/people", "/sync/retry-failed"}) {
    INFO(target);
    CHECK(f.ask("POST", target, R"({"dri_run":tru)").status == 400);
    CHECK(f.ask("POST", target, "[]").status == 400);
  }
  CHECK(f.ask("POST", "/api/sync/people", R"({"mapping": "others"})").status == 400);
  CHECK(f.post("/sync/retry-failed", "", 200).int_or("retried", -1) == 0);
  CHECK(f.ask("POST", "/sync/retry-failed", R"({"mapping": "nobody"})").status == 404);
}

TEST_CASE("aliases: members of the caller's own are ignored, those of the route count", "[admin]") {
  ApiFixture f;
  f.world.left.insert(Value(Object{{"email", "ada@example.org"}}));
  for (const store::Side side : {store::Side::kLeft, store::Side::kRight}) f.world.store.set_cursor("people", side, Value("here"), [](Result<void>) {});
  f.world.settle();

  const std::string id = f.post("/api/sync/people", R"({"source": "cron", "batch": {"size": 50}, "dry_run": true})", 202).string_or("job");
  f.world.settle();
  CHECK(f.get("/api/v1/jobs/" + id).string_or("kind") == "dry_run");
  f.post("/api/sync/reset/people", R"({"reset_by": "ops", "side": "left"})", 200);
  CHECK(f.get("/api/v1/cursors").at_path("cursors.0.side")->as_string() == "right");
  CHECK(f.post("/sync/retry-failed", R"({"max_retries": 3})", 200).int_or("retried", -1) == 0);
  CHECK(f.ask("POST", "/api/datasources/erp/test", R"({"timeout": 5})").status == 200);
}

TEST_CASE("aliases: a known member is checked, and so is one in another spelling", "[admin]") {
  ApiFixture f;

  CHECK(f.ask("POST", "/api/sync/people", R"({"dry_run": "yes", "source": "cron"})").status == 400);
  CHECK(f.ask("POST", "/api/sync/reset/people", R"({"side": "both"})").status == 400);
  for (const char* name : {"dryRun", "dry-run", "DRY_RUN"}) {
    const Value refused = f.post("/api/sync/people", std::string("{\"") + name + "\": true}", 400);
    CHECK(refused.string_or("detail").starts_with(std::string("unknown key '") + name + "'"));
  }
}

TEST_CASE("aliases: the routes that they stand for refuse what they do not know", "[admin]") {
  ApiFixture f;

  for (const char* target : {"/api/v1/sync", "/api/v1/retry", "/api/v1/cursors/people/reset", "/api/v1/connections/erp/test", "/api/v1/conflicts/1/resolve"}) {
    INFO(target);
    CHECK(f.post(target, R"({"from_whom": "an earlier service", "method": "left"})", 400).string_or("detail").find("unknown key 'from_whom'") == 0);
  }
}

TEST_CASE("aliases: a conflict is decided in the words of an earlier service, and one that is neither's is refused with those there are", "[admin][conflicts]") {
  ApiFixture f;
  f.world.left.insert(Value(Object{{"email", "ada@example.org"}}));
  f.run_job("{}");
  f.make_conflict();
  const std::string target = "/api/sync/people/resolve/" + std::to_string(f.world.conflicts().front().id);

  const Value refused = f.post(target, R"({"strategy": "source_win"})", 400);
  CHECK(refused.string_or("detail") == "unknown strategy 'source_win' (did you mean 'source_wins'?)");
  CHECK(refused.string_or("hint").find("manual, right, skip, source_wins, target_wins") != std::string::npos);
  CHECK(f.post(target, R"({"strategy": 7})", 400).string_or("detail") == "unknown strategy '7'");
  CHECK(f.post(target, R"({"strategy": "manual"})", 400).string_or("detail").find("needs 'value'") != std::string::npos);
  CHECK(f.ask("POST", "/api/v1/conflicts/1/resolve", R"({"strategy": "source_wins"})").status == 400);
  CHECK_FALSE(f.world.conflicts().front().method);

  CHECK(f.post(target, R"({"strategy": "target_wins", "resolved_by": "ann"})", 202).string_or("method") == "right");
}

TEST_CASE("aliases: a cursor is taken back on the side that is said", "[admin]") {
  ApiFixture f;
  for (const store::Side side : {store::Side::kLeft, store::Side::kRight}) f.world.store.set_cursor("people", side, Value("here"), [](Result<void>) {});
  f.world.settle();

  f.post("/api/sync/reset/people", R"({"side": "left"})", 200);

  const Value cursors = f.get("/api/v1/cursors");
  REQUIRE(cursors.find("cursors")->as_array().size() == 1);
  CHECK(cursors.at_path("cursors.0.side")->as_string() == "right");
}

TEST_CASE("aliases: a conflict of another mapping is not found", "[admin][conflicts]") {
  ApiFixture f;
  f.world.left.insert(Value(Object{{"email", "ada@example.org"}}));
  f.run_job("{}");
  f.make_conflict();
  const std::string id = std::to_string(f.world.conflicts().front().id);

  CHECK(f.post("/api/sync/others/resolve/" + id, R"({"method": "left"})", 404).string_or("code") == "not_found");
  CHECK_FALSE(f.world.conflicts().front().method);
  CHECK(f.ask("POST", "/api/sync/people/resolve/" + id, R"({"method": "left", "resolved_by": "ann", "comment": ""})").status == 202);
}

TEST_CASE("aliases: conflicts are asked for and decided by a job of their mapping, too", "[admin][conflicts][jobs]") {
  ApiFixture f;
  f.world.left.insert(Value(Object{{"email", "ada@example.org"}}));
  const Value job = f.run_job("{}");
  f.make_conflict();
  const std::string id = std::to_string(f.world.conflicts().front().id), batch = job.string_or("id"), part = job.at_path("parts.0.job")->as_string();
  store::Job other;
  other.id = "01890000-0000-7000-8000-000000000001";
  other.mapping = "others";
  other.kind = "verify";
  other.state = "done";
  f.world.store.save_job(other, [](Result<void>) {});
  f.world.settle();

  for (const std::string& named : {std::string("people"), batch, part}) {
    INFO(named);
    CHECK(f.get("/api/sync/" + named + "/conflicts").find("conflicts")->as_array().size() == 1);
  }
  CHECK(f.get("/api/v1/conflicts?job=" + part).find("conflicts")->as_array().size() == 1);
  CHECK(f.get("/api/sync/" + other.id + "/conflicts").find("conflicts")->as_array().empty());
  const std::string nobodys = "01890000-0000-7000-8000-00000000ffff";
  CHECK(f.body_of(f.ask("GET", "/api/sync/" + nobodys + "/conflicts"), 404).string_or("detail") == "no job " + nobodys);

  CHECK(f.post("/api/sync/" + other.id + "/resolve/" + id, R"({"strategy": "source_wins"})", 404).string_or("hint") == "it is of people");
  CHECK(f.post("/api/sync/" + nobodys + "/resolve/" + id, R"({"strategy": "source_wins"})", 404).string_or("detail") == "no job " + nobodys);
  CHECK_FALSE(f.world.conflicts().front().method);
  CHECK(f.post("/api/sync/" + batch + "/resolve/" + id, R"({"strategy": "source_wins"})", 202).string_or("method") == "left");
}
