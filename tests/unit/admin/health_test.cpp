#include "admin/health.h"

#include "api_fixture.h"

using namespace tidewire;
using namespace tidewire::admin;

namespace {

store::Summary waiting_since(Instant at) {
  store::Summary summary;
  summary.mappings["people"].waiting = 3;
  summary.mappings["people"].oldest_waiting = at;
  return summary;
}

}  // namespace

TEST_CASE("health: all is well", "[admin]") {
  ApiFixture f;

  const Value body = f.get("/health");

  CHECK(body.string_or("status") == "ok");
  CHECK(body.int_or("uptime_s", 0) == 60);
  CHECK(body.at_path("connections.erp.state")->as_string() == "ok");
}

TEST_CASE("health: what makes it fail is said, and answered 503", "[admin]") {
  ApiFixture f;
  SECTION("the state cannot be written") { f.process_view["store"] = Value(Object{{"healthy", false}, {"trouble", "disk full"}}); }
  SECTION("draining") { f.process_view["draining"] = true; }
  SECTION("a connection fails") { f.connections_view["erp"]["state"] = "failing"; }
  SECTION("a connection is paused") { f.connections_view["erp"]["state"] = "paused"; }
  SECTION("a mapping has never loaded") {
    f.mappings_view = Object{{"people", Value(Object{{"reload", Value(Object{{"ok", false}, {"error", Value(Object{{"message", "no"}})}})}})}};
  }
  SECTION("a script is quarantined") { f.mappings_view = Object{{"people", Value(Object{{"quarantined", true}})}}; }

  const Value body = f.body_of(f.ask("GET", "/health"), 503);

  CHECK(body.string_or("status") == "failing");
  CHECK(body.find("problems")->as_array().size() == 1);
}

TEST_CASE("health: a mapping whose file has a slip while the version before runs is no failure", "[admin]") {
  ApiFixture f;
  f.mappings_view = Object{{"people", Value(Object{{"version", "1"}, {"reload", Value(Object{{"ok", false}})}})}};

  CHECK(f.ask("GET", "/health").status == 200);
}

TEST_CASE("health: a connection nobody asked yet is no failure", "[admin]") {
  ApiFixture f;
  f.connections_view["erp"]["state"] = "unknown";

  CHECK(f.ask("GET", "/health").status == 200);
}

TEST_CASE("health: a key that waits for more than ten minutes is a failure", "[admin]") {
  ApiFixture f;
  const Instant now = f.world.clock.now();

  CHECK(health(f, waiting_since(now - std::chrono::minutes(9)), true).ok());
  const Health late = health(f, waiting_since(now - std::chrono::minutes(11)), true);
  CHECK_FALSE(late.ok());
  CHECK(late.view.at_path("queue.oldest_s")->as_int() == 660);
}

TEST_CASE("health: a key that waits for its parent is behind, and no failure", "[admin]") {
  ApiFixture f;
  store::Summary summary;
  summary.mappings["people"].oldest_waiting_for = f.world.clock.now() - std::chrono::hours(1);

  const Health well = health(f, summary, true);
  CHECK(well.ok());
  CHECK(well.view.at_path("queue.oldest_s")->as_int() == 3600);
}

TEST_CASE("health: keys of a mapping that was removed wait without harm", "[admin]") {
  ApiFixture f;
  store::Summary summary;
  summary.mappings["gone"].waiting = 1;
  summary.mappings["gone"].oldest_waiting = f.world.clock.now() - std::chrono::hours(24);

  CHECK(health(f, summary, true).ok());
}

TEST_CASE("health: a state that cannot be read is a failure", "[admin]") {
  ApiFixture f;

  CHECK_FALSE(health(f, make_error(Code::kUnavailable, "disk I/O error"), true).ok());
}

TEST_CASE("health: strangers share one count a second, who is known gets a fresh one", "[admin]") {
  ApiFixture f;
  const auto inbox = [&](const std::string& peer) {
    const std::string text = f.ask("GET", "/metrics", "", peer).body;
    const auto at = text.find("\ntidewire_inbox_changes ");
    return at == std::string::npos ? std::string() : text.substr(at + 24, text.find('\n', at + 1) - at - 24);
  };
  REQUIRE(inbox("203.0.113.9") == "0");
  store::Change change;
  change.connection = "erp";
  change.collection = "people";
  change.key = "1";
  f.world.store.put({change}, [](auto) {});
  f.world.timers.run_posted();

  CHECK(inbox("203.0.113.9") == "0");
  CHECK(inbox("unix") == "1");
  f.world.clock.pass(std::chrono::seconds(1));
  CHECK(inbox("203.0.113.9") == "1");
}

TEST_CASE("health: a stranger may ask so often, whatever name it asks by; what is sent is not counted", "[admin]") {
  ApiFixture f;
  const auto from = [&](const std::string& method, const std::string& target) {
    http::Request request;
    request.method = method;
    request.target = target;
    request.peer = "203.0.113.9";
    request.headers.set("Host", "anything.example");
    return f.send(std::move(request)).status;
  };

  int limited = 0;
  for (int i = 0; i < 300; ++i) limited += from("GET", "/health") == 429;

  CHECK(limited == 60);
  CHECK(from("GET", "/metrics") == 429);
  CHECK(from("POST", "/trigger/people") != 429);
}

TEST_CASE("health: reasons are not for strangers", "[admin]") {
  ApiFixture f;
  f.connections_view["erp"]["state"] = "failing";
  f.connections_view["erp"]["reason"] = "401 from https://erp.example";

  CHECK(f.ask("GET", "/health").body.find("401 from") != std::string::npos);
  CHECK(f.ask("GET", "/health", "", "203.0.113.9").body.find("401 from") == std::string::npos);
}
