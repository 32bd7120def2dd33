#include "store_fixture.h"

using namespace tidewire;
using namespace tidewire::store;

namespace {

/// Its first write never comes to its work, as where the transaction cannot begin.
struct RefusesFirst final : Executor {
  RefusesFirst(Executor& executor, Poster& poster) : executor(executor), poster(poster) {}
  void write(Work work, Done done) override {
    if (std::exchange(refused, true)) return executor.write(std::move(work), std::move(done));
    poster.post([done = std::move(done)] { done(make_error(Code::kUnavailable, "the file is locked")); });
  }
  void read(Work work, Done done) override { executor.read(std::move(work), std::move(done)); }
  Executor& executor;
  Poster& poster;
  bool refused = false;
};

}  // namespace

TEST_CASE("inbox: what comes after a transaction that could not begin is stored and answered", "[store][inbox]") {
  StoreFixture f;
  RefusesFirst executor(f.executor, f.timers);
  Store store(executor, f.clock);
  std::vector<std::string> answers;
  const auto put = [&](const std::string& key, std::function<void()> then) {
    store.put({change(key)}, [&answers, key, then = std::move(then)](Result<std::int64_t> stored) {
      answers.push_back(key + (stored.ok() ? " stored" : " refused"));
      then();
    });
  };
  // Who is refused may come again at once, while others of the group are still to be told.
  put("a", [&] { put("a again", [] {}); });
  put("b", [] {});
  f.timers.run_posted();
  put("c", [] {});
  f.timers.run_posted();

  CHECK(answers == std::vector<std::string>{"a refused", "b refused", "a again stored", "c stored"});
}

TEST_CASE("inbox: a change is stored once per delivery id within a day", "[store][inbox]") {
  StoreFixture f;

  CHECK(f.put({change("E1", "d1")}) == 1);
  CHECK(f.put({change("E1", "d1")}) == 0);
  f.clock.pass(std::chrono::hours(23));
  CHECK(f.put({change("E1", "d1")}) == 0);
  f.clock.pass(std::chrono::hours(1));
  CHECK(f.put({change("E1", "d1")}) == 1);
  CHECK(f.put({change("E1", "d1")}) == 0);

  CHECK(f.summary().connections["erp"]["repeated"] == 3);
}

TEST_CASE("inbox: one delivery may carry many changes", "[store][inbox]") {
  StoreFixture f;

  CHECK(f.put({change("E1", "d1"), change("E2", "d1")}) == 2);
  CHECK(f.put({change("E1", "d1"), change("E2", "d1")}) == 0);
}

TEST_CASE("inbox: the same delivery id of another connection is another delivery", "[store][inbox]") {
  StoreFixture f;
  Change other_connection = change("E1", "d1");
  other_connection.connection = "app";

  CHECK(f.put({change("E1", "d1"), other_connection}) == 2);
}

TEST_CASE("inbox: changes without a delivery id are never duplicates", "[store][inbox]") {
  StoreFixture f;

  CHECK(f.put({change("E1"), change("E1")}) == 2);
  CHECK(f.put({change("E1")}) == 1);
}

TEST_CASE("inbox: fan-out moves every change into the mappings that want it", "[store][inbox]") {
  StoreFixture f;
  f.put({change("E1"), change("E2"), change("E1")});
  const Route second{"staff", Side::kRight, "erp", "Employee"};

  const FanOut done = f.fan_out({employees_left(), second});

  CHECK(done.seen == 3);
  CHECK_FALSE(done.more);
  CHECK(done.marked == std::map<std::string, std::int64_t>{{"employees", 3}, {"staff", 3}});
  const auto rows = f.take("employees");
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].key == "E1");
  CHECK(rows[0].side == Side::kLeft);
  CHECK(rows[0].changes == 2);
  CHECK(rows[0].first_seq == 1);
  CHECK(rows[0].last_seq == 3);
  CHECK(rows[0].reason == "webhook");
  CHECK(f.take("staff").front().side == Side::kRight);
}

TEST_CASE("inbox: fan-out goes on where it stopped and never looks back", "[store][inbox]") {
  StoreFixture f;
  f.put({change("E1"), change("E2"), change("E3")});

  CHECK(f.fan_out({employees_left()}, 2).more);
  const FanOut rest = f.fan_out({employees_left()}, 2);
  CHECK(rest.seen == 1);
  CHECK_FALSE(rest.more);
  CHECK(f.fan_out({employees_left()}, 2).seen == 0);

  CHECK(f.take("employees").size() == 3);
  CHECK(f.summary().not_fanned_out == 0);
}

TEST_CASE("inbox: fan-out counts what it saw, merged, left out and could not read", "[store][inbox]") {
  StoreFixture f;
  Change unparsed = change("");
  unparsed.event = "unparsed";
  Change unwanted = change("X1");
  unwanted.collection = "Note";
  f.put({change("E1"), change("E1"), unparsed, unwanted});
  f.fan_out({employees_left()});
  f.put({change("E1")});
  CHECK(f.summary().not_fanned_out == 1);
  f.fan_out({employees_left()});

  const Summary summary = f.summary();
  const std::map<std::string, std::int64_t> connection{{"received", 5}, {"filtered", 1}, {"unparsed", 1}};
  CHECK(summary.connections.at("erp") == connection);
  const std::map<std::string, std::int64_t> mapping{{"received", 3}, {"coalesced", 2}};
  CHECK(summary.mappings.at("employees").counters == mapping);
}

TEST_CASE("inbox: what told a deletion is kept when a change of the same key follows", "[store][inbox]") {
  StoreFixture f;
  Change deleted = change("E1");
  deleted.event = "delete";
  f.put({deleted, change("E1")});
  f.fan_out({employees_left()});
  REQUIRE(f.row("employees", Side::kLeft, "E1")->event == "delete");

  f.put({change("E1")});
  f.fan_out({employees_left()});

  CHECK(f.row("employees", Side::kLeft, "E1")->event == "delete");
  CHECK(f.row("employees", Side::kLeft, "E1")->changes == 3);
}

TEST_CASE("inbox: the newest change of a key gives event, reason and payload", "[store][inbox]") {
  StoreFixture f;
  Change first = change("E1"), second = change("E1");
  first.payload = R"({"a":1})";
  second.event = "delete";
  second.source = "listen";
  f.put({first, second});
  f.fan_out({employees_left()});

  const auto row = f.row("employees", Side::kLeft, "E1");
  REQUIRE(row);
  CHECK(row->event == "delete");
  CHECK(row->reason == "listen");
  CHECK_FALSE(row->payload);
}

TEST_CASE("inbox: a change received before a mark but fanned out after it adds without replacing", "[store][inbox]") {
  StoreFixture f;
  f.put({change("E1")});
  f.mark("employees", {{Side::kLeft, "E1", "delete", "sweep"}});
  const auto before = f.row("employees", Side::kLeft, "E1");

  f.fan_out({employees_left()});

  const auto row = f.row("employees", Side::kLeft, "E1");
  REQUIRE(row);
  CHECK(row->event == "delete");
  CHECK(row->last_seq == before->last_seq);
  CHECK(row->first_seq == 1);
  CHECK(row->changes == 2);
}

TEST_CASE("inbox: what a job or sweep brings waits behind what is live", "[store][inbox]") {
  StoreFixture f;
  Change swept = change("E1");
  swept.source = "sweep";
  f.put({swept});
  f.fan_out({employees_left()});
  CHECK(f.row("employees", Side::kLeft, "E1")->priority == 1);

  f.put({change("E1")});
  f.fan_out({employees_left()});

  CHECK(f.row("employees", Side::kLeft, "E1")->priority == 0);
}

TEST_CASE("inbox: polled changes and their cursor are stored together", "[store][inbox]") {
  StoreFixture f;
  f.ask<void>([&](auto done) {
    f.store.put_polled("employees", {{Side::kLeft, "E1"}, {Side::kLeft, "E1"}}, Side::kLeft, Object{{"since", 7}},
                       done);
  });

  const auto cursor = f.ask<std::optional<Value>>([&](auto done) { f.store.cursor("employees", Side::kLeft, done); });
  CHECK(cursor == Value(Object{{"since", 7}}));
  const auto row = f.row("employees", Side::kLeft, "E1");
  CHECK(row->changes == 2);
  CHECK(row->reason == "poll");
  CHECK(f.counter("employees", "received") == 2);
  CHECK(f.counter("employees", "coalesced") == 1);
}

TEST_CASE("inbox: a page of a job stores its marks and its progress together", "[store][inbox]") {
  StoreFixture f;
  Job job;
  job.id = "j1";
  job.mapping = "employees";
  job.kind = "initial_load";
  job.state = "running";
  job.cursor = Value("page 2");
  job.done = 1;
  DirtyMark mark{Side::kRight, "R1", "upsert", "job"};
  mark.priority = 1;
  mark.due_at = f.clock.now() + std::chrono::minutes(1);

  f.ask<void>([&](auto done) { f.store.put_job_page({job, {mark}, {}}, done); });

  CHECK(f.row("employees", Side::kRight, "R1")->due_at == mark.due_at);
  const auto jobs = f.ask<std::vector<Job>>([&](auto done) { f.store.jobs("", true, done); });
  REQUIRE(jobs.size() == 1);
  CHECK(jobs[0].cursor == Value("page 2"));
}
