#include "store_fixture.h"

using namespace tidewire;
using namespace tidewire::store;

namespace {

std::optional<Value> kv(StoreFixture& f, const std::string& key) {
  return f.ask<std::optional<Value>>([&](auto done) { f.store.kv_get("connection erp", key, done); });
}

void kv_set(StoreFixture& f, const std::string& key, Value value, std::optional<Duration> ttl = {}) {
  f.ask<void>([&](auto done) { f.store.kv_set("connection erp", key, std::move(value), ttl, done); });
}

}  // namespace

TEST_CASE("kv: a value is what was set last, per namespace", "[store][kv]") {
  StoreFixture f;
  CHECK_FALSE(kv(f, "token"));
  kv_set(f, "token", Value(nullptr));
  CHECK(kv(f, "token") == Value(nullptr));
  kv_set(f, "token", Object{{"a", DecimalText{"1.50"}}});

  CHECK(kv(f, "token") == Value(Object{{"a", DecimalText{"1.50"}}}));
  CHECK_FALSE(f.ask<std::optional<Value>>([&](auto done) { f.store.kv_get("connection app", "token", done); }));
  f.ask<void>([&](auto done) { f.store.kv_remove("connection erp", "token", done); });
  CHECK_FALSE(kv(f, "token"));
}

TEST_CASE("kv: a value with an end is gone when it comes", "[store][kv]") {
  StoreFixture f;
  kv_set(f, "short", 1, std::chrono::seconds(10));
  kv_set(f, "long", 2);
  f.clock.pass(std::chrono::seconds(9));
  CHECK(kv(f, "short") == Value(1));
  f.clock.pass(std::chrono::seconds(1));

  CHECK_FALSE(kv(f, "short"));
  const auto all = f.ask<std::map<std::string, Value>>([&](auto done) { f.store.kv_list("connection erp", done); });
  CHECK(all == std::map<std::string, Value>{{"long", Value(2)}});
}

TEST_CASE("cursors: set, read and reset per mapping and side", "[store][cursors]") {
  StoreFixture f;
  const auto cursor = [&](Side side) {
    return f.ask<std::optional<Value>>([&](auto done) { f.store.cursor("employees", side, done); });
  };
  f.ask<void>([&](auto done) { f.store.set_cursor("employees", Side::kLeft, Value("c1"), done); });
  CHECK(cursor(Side::kLeft) == Value("c1"));
  CHECK_FALSE(cursor(Side::kRight));
  f.ask<void>([&](auto done) { f.store.set_cursor("employees", Side::kLeft, std::nullopt, done); });
  CHECK_FALSE(cursor(Side::kLeft));
}

TEST_CASE("jobs: saved by id, listed newest first, open ones apart", "[store][jobs]") {
  StoreFixture f;
  const auto save = [&](std::string id, std::string state) {
    Job job;
    job.id = std::move(id);
    job.mapping = "employees";
    job.kind = "sweep";
    job.state = std::move(state);
    job.summary = Object{{"applied", 3}};
    f.ask<void>([&](auto done) { f.store.save_job(job, done); });
  };
  save("j1", "running");
  const Instant created = f.clock.now();
  f.clock.pass(std::chrono::minutes(1));
  save("j2", "queued");
  save("j1", "done");

  const auto all = f.ask<std::vector<Job>>([&](auto done) { f.store.jobs("employees", false, done); });
  REQUIRE(all.size() == 2);
  CHECK(all[0].id == "j2");
  CHECK(all[1].state == "done");
  CHECK(all[1].created_at == created);
  CHECK(all[1].updated_at == f.clock.now());
  CHECK(all[1].summary == Value(Object{{"applied", 3}}));
  CHECK(f.ask<std::vector<Job>>([&](auto done) { f.store.jobs("", true, done); }).size() == 1);
  CHECK(f.ask<std::vector<Job>>([&](auto done) { f.store.jobs("departments", false, done); }).empty());
}

TEST_CASE("scripts: a version is kept once and found by its hash", "[store][scripts]") {
  StoreFixture f;
  const auto save = [&](const char* name) {
    f.ask<void>([&](auto done) { f.store.save_script("h1", name, Array{Object{{"path", "a.lua"}}}, done); });
  };
  save("mapping employees");
  save("another");

  const Value script = f.ask<Value>([&](auto done) { f.store.script("h1", done); });
  CHECK(script.string_or("name") == "mapping employees");
  CHECK(f.try_ask<Value>([&](auto done) { f.store.script("h2", done); }).error().code == Code::kNotFound);
}

TEST_CASE("summary: counts every state of every mapping in one answer", "[store][summary]") {
  StoreFixture f;
  f.mark("employees", {{Side::kLeft, "a"},
                       {Side::kLeft, "b"},
                       {Side::kLeft, "c"},
                       {Side::kLeft, "d"},
                       {Side::kLeft, "e"},
                       {Side::kLeft, "f"}});
  const std::map<std::string, KeyState> states{{"b", KeyState::kBackingOff},
                                               {"c", KeyState::kHeld},
                                               {"d", KeyState::kWaitingFor},
                                               {"e", KeyState::kConflict},
                                               {"f", KeyState::kDead}};
  for (const DirtyKey& row : f.take("employees")) {
    if (states.contains(row.key)) f.stand(row, states.at(row.key), std::chrono::hours(1));
  }
  f.ask<void>([&](auto done) { f.store.count("connection erp", {{"throttled", 2}}, done); });

  Summary summary = f.summary();
  const Summary::Mapping& mapping = summary.mappings["employees"];
  CHECK(mapping.waiting == 1);
  CHECK(mapping.backing_off == 1);
  CHECK(mapping.held == 1);
  CHECK(mapping.waiting_for == 1);
  CHECK(mapping.conflict == 1);
  CHECK(mapping.dead == 1);
  CHECK(mapping.oldest_waiting == f.clock.now());
  CHECK(mapping.oldest_waiting_for == f.clock.now());
  CHECK_FALSE(mapping.last_operation);
  CHECK(summary.connections["erp"]["throttled"] == 2);
}

TEST_CASE("summary: the last success is the newest operation that was applied or merged, or the end of a load that failed nowhere", "[store][summary]") {
  StoreFixture f;
  const auto save = [&](const char* id, const char* kind, std::int64_t failed) {
    Job job;
    job.id = id;
    job.mapping = "employees";
    job.kind = kind;
    job.state = "done";
    job.failed = failed;
    f.ask<void>([&](auto done) { f.store.save_job(job, done); });
  };
  int number = 0;
  const auto operated = [&](const char* outcome) {
    Commit commit;
    commit.mapping = "employees";
    commit.operation = Operation{};
    commit.operation->id = "018f0000-0000-7000-8000-00000000" + std::to_string(1000 + ++number);
    commit.operation->at = f.clock.now();
    commit.operation->mapping = "employees";
    commit.operation->kind = "update";
    commit.operation->outcome = outcome;
    f.commit(commit);
    f.clock.pass(std::chrono::minutes(1));
  };
  const auto last = [&] { return f.summary().mappings["employees"].last_success; };

  operated("dead");
  CHECK_FALSE(last());
  save("j1", "initial_load", 0);
  const Instant loaded = f.clock.now();
  CHECK(last() == loaded);
  f.clock.pass(std::chrono::minutes(1));
  save("j2", "resync", 1);
  save("j3", "dry_run", 0);
  CHECK(last() == loaded);

  const Instant applied = f.clock.now();
  operated("applied");
  operated("conflict");
  CHECK(last() == applied);
  const Instant merged = f.clock.now();
  operated("merged");
  operated("dead");
  CHECK(last() == merged);
  for (int i = 0; i < 1000; ++i) operated("dead");
  CHECK(last() == loaded);
  CHECK(f.summary().mappings["employees"].last_operation == f.clock.now() - std::chrono::minutes(1));
}

TEST_CASE("summary: a key that backs off is behind since it first failed, however late its next try", "[store][summary]") {
  StoreFixture f;
  f.mark("employees", {{Side::kLeft, "a"}});
  const Instant failed = f.clock.now();
  f.stand(f.take("employees").front(), KeyState::kBackingOff, std::chrono::minutes(1));
  f.clock.pass(std::chrono::minutes(1));
  f.stand(f.take("employees").front(), KeyState::kBackingOff, std::chrono::hours(1));
  f.clock.pass(std::chrono::minutes(10));
  CHECK(f.summary().mappings["employees"].oldest_waiting == failed);

  f.mark("employees", {{Side::kLeft, "b"}});
  CHECK(f.summary().mappings["employees"].oldest_waiting == failed);
}

TEST_CASE("summary: drift is open until a complete comparison does not find it", "[store][summary]") {
  StoreFixture f;
  const auto drift = [&] { return f.summary().mappings["notices"].open_drift; };
  const auto verified = [&](const std::string& id, const std::string& state, Value summary) {
    Job job;
    job.id = job.batch = id;
    job.mapping = "notices";
    job.kind = "verify";
    job.state = state;
    job.summary = std::move(summary);
    f.ask<void>([&](auto done) { f.store.save_job(job, done); });
  };
  f.ask<void>([&](auto done) { f.store.count("mapping notices", {{"drift", 3}}, done); });
  CHECK(drift() == 3);

  verified("j1", "done", Object{{"before", Object{{"drift", 3}}}, {"found", Object{{"drift", 1}, {"accepted", 5}}}});
  CHECK(drift() == 1);

  f.ask<void>([&](auto done) { f.store.count("mapping notices", {{"drift", 1}}, done); });
  CHECK(drift() == 2);

  verified("j2", "failed", Object{{"before", Object{{"drift", 4}}}});
  CHECK(drift() == 2);
  verified("j3", "done", Object{{"before", Object{{"drift", 4}}}});
  CHECK(drift() == 0);
}

TEST_CASE("summary: what waits for its parent is behind, too", "[store][summary]") {
  StoreFixture f;
  CHECK_FALSE(f.summary().mappings["employees"].behind_since());
  f.mark("employees", {{Side::kLeft, "a"}, {Side::kLeft, "b"}});
  const Instant began = f.clock.now();
  const auto rows = f.take("employees");
  f.stand(rows[0], KeyState::kWaitingFor);
  f.clock.pass(std::chrono::minutes(10));
  f.stand(rows[1], KeyState::kBackingOff, std::chrono::hours(1));

  const Summary summary = f.summary();
  CHECK(summary.mappings.at("employees").behind_since() == began);
  CHECK(summary.mappings.at("employees").oldest_waiting == f.clock.now());
}
