#include <catch2/catch.hpp>

#include "sql/pool.h"

namespace tidewire::sql {
namespace {

using namespace std::chrono_literals;

/// A server in memory: sessions answer when told to.
struct Server {
  loop::Loop loop;
  int opened = 0, alive = 0;
  bool refuses = false;
  std::vector<Database::Done> asked;
  std::vector<bool*> usable;

  struct Fake final : Session {
    explicit Fake(Server& the_server) : server(the_server) {
      ++server.alive;
      server.usable.push_back(&is_usable);
    }
    ~Fake() override { --server.alive; }
    void open(Opened done) override {
      ++server.opened;
      timer = server.loop.after({}, [this, done] {
        is_usable = !server.refuses;
        server.refuses ? done(make_error(Code::kUnavailable, "refused")) : done({});
      });
    }
    void run(Request, Database::Done done) override { server.asked.push_back(std::move(done)); }
    bool usable() const override { return is_usable; }
    Server& server;
    bool is_usable = false;
    std::unique_ptr<Timer> timer;
  };

  Pool pool(PoolOptions options = {}) {
    return Pool(loop, [this] { return std::make_unique<Fake>(*this); }, options);
  }
  void turn(Duration time = 20ms) {
    const auto end = loop.after(time, [this] { loop.stop(); });
    loop.run();
  }
};

using Outcome = std::optional<Result<std::vector<Rows>>>;
Database::Done into(Outcome& outcome) {
  return [&outcome](Result<std::vector<Rows>> result) { outcome = std::move(result); };
}

TEST_CASE("pool: no more sessions than its limit; who comes later waits", "[sql]") {
  Server server;
  Pool pool = server.pool({.limit = 2});
  Outcome a, b, c;
  const auto first = pool.run({}, into(a)), second = pool.run({}, into(b)), third = pool.run({}, into(c));
  server.turn();
  CHECK(server.opened == 2);
  REQUIRE(server.asked.size() == 2);
  server.asked[0](std::vector<Rows>{});
  server.turn();
  CHECK(a->ok());
  CHECK(server.opened == 2);
  CHECK(server.asked.size() == 3);
}

TEST_CASE("pool: a session that died while idle is replaced before it is asked", "[sql]") {
  Server server;
  Pool pool = server.pool({.limit = 1});
  Outcome a, b;
  const auto first = pool.run({}, into(a));
  server.turn();
  server.asked[0](std::vector<Rows>{});
  server.turn();
  *server.usable[0] = false;
  const auto second = pool.run({}, into(b));
  server.turn();
  CHECK(server.opened == 2);
  CHECK(server.alive == 1);
}

TEST_CASE("pool: a session unused for long is closed", "[sql]") {
  Server server;
  Pool pool = server.pool({.limit = 1, .idle = 5ms});
  Outcome a;
  const auto first = pool.run({}, into(a));
  server.turn();
  server.asked[0](std::vector<Rows>{});
  server.turn(100ms);
  CHECK(server.alive == 0);
}

TEST_CASE("pool: a write without answer in time is unknown, one that was never sent is not", "[sql]") {
  Server server;
  Pool pool = server.pool({.limit = 1});
  Outcome sent, waiting;
  const auto first = pool.run({.statements = {}, .writes = true, .deadline = 30ms}, into(sent));
  const auto second = pool.run({.statements = {}, .writes = true, .deadline = 15ms}, into(waiting));
  server.turn(100ms);
  CHECK(waiting->error().code == Code::kUnavailable);
  CHECK(sent->error().code == Code::kUnknown);
  CHECK(server.alive == 0);
}

TEST_CASE("pool: a refused connection is told, and the place is free again", "[sql]") {
  Server server;
  Pool pool = server.pool({.limit = 1});
  server.refuses = true;
  Outcome a, b;
  const auto first = pool.run({}, into(a));
  server.turn();
  CHECK(a->error().code == Code::kUnavailable);
  server.refuses = false;
  const auto second = pool.run({}, into(b));
  server.turn();
  CHECK(server.asked.size() == 1);
}

TEST_CASE("pool: a call that is dropped takes its session with it", "[sql]") {
  Server server;
  Pool pool = server.pool({.limit = 1});
  Outcome a, b;
  auto first = pool.run({}, into(a));
  const auto second = pool.run({}, into(b));
  server.turn();
  first.reset();
  server.turn();
  CHECK_FALSE(a.has_value());
  CHECK(server.opened == 2);
  CHECK(server.alive == 1);
}

TEST_CASE("pool: closing it ends what waits", "[sql]") {
  Server server;
  Outcome a, b;
  std::unique_ptr<Database::Call> first, second;
  {
    Pool pool = server.pool({.limit = 1});
    first = pool.run({.statements = {}, .writes = true}, into(a));
    second = pool.run({}, into(b));
    server.turn();
  }
  server.turn();
  CHECK(a->error().code == Code::kUnknown);
  CHECK(b->error().code == Code::kCancelled);
  CHECK(server.alive == 0);
}

}  // namespace
}  // namespace tidewire::sql
