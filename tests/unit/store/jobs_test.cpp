#include "store_fixture.h"

using namespace tidewire;
using namespace tidewire::store;

namespace {

Job job_of(const std::string& id, const std::string& batch, int position, const std::string& state = "queued") {
  Job job;
  job.id = id;
  job.batch = batch;
  job.position = position;
  job.mapping = "employees";
  job.kind = "verify";
  job.state = state;
  return job;
}

void commit_link(StoreFixture& f, Link link) {
  Commit commit{.mapping = "employees"};
  commit.link = std::move(link);
  f.commit(std::move(commit));
}

std::vector<Link> links(StoreFixture& f, LinkFilter filter) {
  return f.ask<Paged<Link>>([&](auto done) { f.store.find_links(filter, {}, done); }).rows;
}

}  // namespace

TEST_CASE("jobs: a batch is found by its own and by each job's id, in order", "[store][jobs]") {
  StoreFixture f;
  f.ask<void>([&](auto done) { f.store.save_jobs({job_of("j1", "j1", 0), job_of("j2", "j1", 1), job_of("j3", "j3", 0)}, done); });

  for (const char* id : {"j1", "j2"}) {
    const auto batch = f.ask<std::vector<Job>>([&](auto done) { f.store.batch(id, done); });
    REQUIRE(batch.size() == 2);
    CHECK(batch[0].id == "j1");
    CHECK(batch[1].id == "j2");
  }
  CHECK(f.ask<std::vector<Job>>([&](auto done) { f.store.batch("none", done); }).empty());
}

TEST_CASE("jobs: batches come newest first in pages, each whole", "[store][jobs]") {
  StoreFixture f;
  f.ask<void>([&](auto done) { f.store.save_jobs({job_of("j1", "j1", 0, "done"), job_of("j2", "j1", 1, "running"), job_of("j3", "j3", 0, "done"), job_of("j4", "j4", 0, "done")}, done); });
  using Batches = Paged<std::vector<Job>>;

  const auto first = f.ask<Batches>([&](auto done) { f.store.batches(false, {2, ""}, done); });
  REQUIRE(first.rows.size() == 2);
  CHECK(first.rows[0].front().id == "j4");
  CHECK(first.rows[1].front().id == "j3");
  const auto second = f.ask<Batches>([&](auto done) { f.store.batches(false, {2, first.next}, done); });
  REQUIRE(second.rows.size() == 1);
  CHECK(second.rows[0].size() == 2);
  CHECK(second.next.empty());
  const auto open = f.ask<Batches>([&](auto done) { f.store.batches(true, {2, ""}, done); });
  REQUIRE(open.rows.size() == 1);
  CHECK(open.rows[0].size() == 2);
}

TEST_CASE("jobs: findings come with the page that found them, and are paged by kind", "[store][jobs]") {
  StoreFixture f;
  const Finding one{"differing", {"L1", "R1"}, Object{{"a", 1}}, 0}, other{"left_only", {"L2", std::nullopt}, Object{}, 0};
  f.ask<void>([&](auto done) { f.store.put_job_page({job_of("j1", "j1", 0), {}, {one, other}}, done); });
  f.ask<void>([&](auto done) { f.store.put_job_page({job_of("j1", "j1", 0), {}, {one}}, done); });

  auto page = f.ask<Paged<Finding>>([&](auto done) { f.store.findings("j1", "", {2, ""}, done); });
  REQUIRE(page.rows.size() == 2);
  CHECK(page.rows[1].key.left == "L2");
  CHECK_FALSE(page.rows[1].key.right);
  page = f.ask<Paged<Finding>>([&](auto done) { f.store.findings("j1", "", {2, page.next}, done); });
  CHECK(page.rows.size() == 1);
  CHECK(f.ask<Paged<Finding>>([&](auto done) { f.store.findings("j1", "differing", {10, ""}, done); }).rows.size() == 2);
}

TEST_CASE("jobs: ended ones are pruned by age with what they found, open ones never", "[store][jobs]") {
  StoreFixture f;
  const Finding finding{"differing", {}, Object{}, 0};
  f.ask<void>([&](auto done) { f.store.put_job_page({job_of("old", "old", 0, "done"), {}, {finding}}, done); });
  f.ask<void>([&](auto done) { f.store.put_job_page({job_of("open", "open", 0, "paused"), {}, {finding}}, done); });
  f.clock.pass(std::chrono::hours(48));

  for (int i = 0; i < 3; ++i) f.ask<bool>([&](auto done) { f.store.prune(std::chrono::hours(24), done); });

  const auto left = f.ask<std::vector<Job>>([&](auto done) { f.store.jobs("", false, done); });
  REQUIRE(left.size() == 1);
  CHECK(left[0].id == "open");
  CHECK(f.ask<Paged<Finding>>([&](auto done) { f.store.findings("old", "", {10, ""}, done); }).rows.empty());
}

TEST_CASE("backlog: counts backfill that is due, live changes pass it, and dropping leaves what others asked for", "[store][jobs]") {
  StoreFixture f;
  f.mark("employees", {{Side::kLeft, "a", "upsert", "job", 1}, {Side::kLeft, "b", "upsert", "job", 1}, {Side::kLeft, "live"}});
  f.mark("employees", {{Side::kLeft, "b"}});  // a webhook came for it too

  CHECK(f.ask<std::int64_t>([&](auto done) { f.store.backlog("employees", done); }) == 1);
  CHECK(f.ask<std::vector<DirtyKey>>([&](auto done) { f.store.take_live("employees", 10, done); }).size() == 2);
  CHECK(f.ask<std::int64_t>([&](auto done) { f.store.drop_backfill("employees", false, done); }) == 1);
  CHECK(f.take("employees").size() == 2);
  CHECK(f.counter("employees", "discarded") == 1);
}

TEST_CASE("backlog: with a moment, live keys that stood so by then count, and later ones do not", "[store][jobs]") {
  StoreFixture f;
  f.mark("employees", {{Side::kLeft, "a", "upsert", "job", 1}, {Side::kLeft, "b", "upsert", "job", 1}});
  const Instant gone_over = f.clock.now();
  f.clock.pass(std::chrono::seconds(1));
  f.mark("employees", {{Side::kLeft, "b"}});  // a poll has met it too
  f.mark("employees", {{Side::kLeft, "later"}});

  CHECK(f.ask<std::int64_t>([&](auto done) { f.store.backlog("employees", gone_over, done); }) == 2);
}

TEST_CASE("would_write: a new change looks again, and so does being let", "[store][dirty]") {
  StoreFixture f;
  f.mark("employees", {{Side::kLeft, "a"}, {Side::kLeft, "b"}});
  for (const DirtyKey& row : f.take("employees")) f.stand(row, KeyState::kWouldWrite);
  CHECK(f.take("employees").empty());
  CHECK(f.summary().mappings["employees"].would_write == 2);

  f.mark("employees", {{Side::kLeft, "a"}});
  CHECK(f.take("employees").size() == 1);
  CHECK(f.ask<std::int64_t>([&](auto done) { f.store.release_would_write("employees", done); }) == 1);
  CHECK(f.take("employees").size() == 2);
}

TEST_CASE("links: are listed by state, key, age and trouble", "[store][links]") {
  StoreFixture f;
  commit_link(f, link_of("L1", "R1"));
  Link ignored = link_of("L2", "R2");
  ignored.state = LinkState::kIgnored;
  commit_link(f, ignored);
  f.clock.pass(std::chrono::hours(2));
  commit_link(f, link_of("L3", "R3"));
  f.mark("employees", {{Side::kRight, "R3"}});
  DirtyKey row = f.take("employees").front();
  row.error = Value(Object{{"code", "invalid"}});
  f.stand(row, KeyState::kDead);

  CHECK(links(f, {}).size() == 3);
  CHECK(links(f, {.mapping = "other"}).empty());
  REQUIRE(links(f, {.mapping = "employees", .key = "R1"}).size() == 1);
  CHECK(links(f, {.mapping = "employees", .key = "R1"}).front().key.left == "L1");
  CHECK(links(f, {.state = LinkState::kIgnored}).size() == 1);
  CHECK(links(f, {.older = f.clock.now() - std::chrono::hours(1)}).size() == 2);
  REQUIRE(links(f, {.error = true}).size() == 1);
  CHECK(links(f, {.error = true}).front().key.right == "R3");

  f.mark("employees", {{Side::kLeft, "L1"}});
  CHECK(links(f, {.error = true}).size() == 1);  // it waits, nothing is wrong with it
  DirtyKey failing = f.take("employees").front();
  failing.error = Value(Object{{"code", "unavailable"}});
  f.stand(failing, KeyState::kBackingOff);
  CHECK(links(f, {.error = true}).size() == 2);
}

TEST_CASE("links: a removed one hands its history to its keys, and nothing waits under its number", "[store][links]") {
  StoreFixture f;
  Commit commit{.mapping = "employees"};
  commit.link = link_of("L1", "R1");
  commit.operation = Operation{};
  commit.operation->id = "0190-op";
  commit.operation->mapping = "employees";
  commit.operation->link = 0;
  commit.operation->key = {"L1", "R1"};
  Conflict conflict;
  conflict.link = 0;
  conflict.field = "phone";
  commit.open_conflicts = {conflict};
  const std::int64_t id = f.commit(std::move(commit));

  Commit removal{.mapping = "employees"};
  removal.remove_link = id;
  removal.audit = AuditEntry{"ann", "unlink", "employees/left/L1", Object{}};
  f.commit(std::move(removal));

  CHECK(f.ask<Paged<Operation>>([&](auto done) { f.store.operations({.mapping = "employees", .key = "L1"}, {}, done); }).rows.size() == 1);
  CHECK(f.ask<Paged<Conflict>>([&](auto done) { f.store.conflicts("employees", false, {}, done); }).rows.empty());
  CHECK(f.ask<Paged<Value>>([&](auto done) { f.store.audit_log({}, {10, ""}, done); }).rows.front().string_or("author") == "ann");
}
