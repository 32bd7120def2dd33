// Jobs that are asked for over the API: what they do, say and leave alone.
#include "api_fixture.h"

using namespace tidewire;
using namespace tidewire::admin;

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
  f.world.right.insert(person("emmy@example.org"));

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

TEST_CASE("api: a dry run links nothing and opens no conflict, either", "[admin]") {
  ApiFixture f;
  insert_left(f, "same@example.org");
  f.world.right.insert(person("same@example.org"));
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

TEST_CASE("api: a mapping that a person holds does not stop the others, and alone it is refused", "[admin]") {
  ApiFixture f;
  sync::Plan plan = test::World::default_plan();
  plan.name = "zebras";
  test::MemorySide more_left(f.world.timers, f.world.clock, "M"), more_right(f.world.timers, f.world.clock, "N");
  f.world.engine->put(std::make_shared<test::TableMapper>(plan), {&more_left, &more_right});
  f.world.engine->hold("zebras", "adoption: reported, not accepted", [](Result<void>) {});
  f.world.settle();
  insert_left(f, "ada@example.org");

  const Value job = f.run_job("{}");

  CHECK(job.string_or("state") == "done");
  CHECK(job.find("parts")->as_array().size() == 1);
  CHECK(f.world.right.rows.size() == 1);
  CHECK(f.post("/api/v1/sync", R"({"mapping": "zebras"})", 409).string_or("code") == "blocked");
  CHECK(f.run_job(R"({"dry_run": true})").find("parts")->as_array().size() == 2);
}

TEST_CASE("api: who asks for something of a mapping has its systems asked again at once", "[admin]") {
  ApiFixture f;
  insert_left(f, "ada@example.org");
  f.run_job("{}");
  const auto asked = [&](const char* path, const char* body) {
    f.asked_now.clear();
    f.ask("POST", path, body);
    return f.asked_now;
  };

  CHECK_FALSE(asked("/api/v1/sync", "{}").empty());
  CHECK_FALSE(asked("/api/v1/sync", R"({"mapping": "people", "key": "L1"})").empty());
  CHECK_FALSE(asked("/api/v1/verify", R"({"mapping": "people"})").empty());
  CHECK_FALSE(asked("/api/v1/retry", R"({"mapping": "people"})").empty());
}
