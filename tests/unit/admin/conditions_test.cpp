#include "admin/conditions.h"

#include "admin/health.h"
#include "api_fixture.h"
#include "support/people.h"

using namespace tidewire;
using namespace tidewire::admin;

namespace {

store::Summary counts_of(const std::function<void(store::Summary::Mapping&)>& set) {
  store::Summary summary;
  set(summary.mappings["people"]);
  return summary;
}

/// Ids of what stands.
std::vector<std::string> ids(ApiFixture& f, const store::Summary& summary = {}, const std::map<std::string, std::int64_t>& unannounced = {}) {
  std::vector<std::string> found;
  for (const Condition& one : standing(f, summary, AlertRules{}, unannounced).conditions) found.push_back(one.id());
  return found;
}

using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE("conditions: where all is well nothing stands", "[admin][alerts]") {
  ApiFixture f;
  f.mappings_view = Object{{"people", Value(Object{{"reload", Value(Object{{"ok", true}})}, {"quarantined", false}, {"paused", false}})}};

  REQUIRE(ids(f).empty());
}

TEST_CASE("conditions: a queue and a conflict stand once they are older than said", "[admin][alerts]") {
  ApiFixture f;
  const Instant now = f.world.clock.now();

  REQUIRE(ids(f, counts_of([&](auto& counts) { counts.oldest_waiting = now - std::chrono::minutes(9); counts.waiting = 2; })).empty());
  REQUIRE(ids(f, counts_of([&](auto& counts) { counts.oldest_waiting = now - std::chrono::minutes(11); counts.waiting = 2; })) == Ids{"queue people"});
  REQUIRE(ids(f, counts_of([&](auto& counts) { counts.oldest_conflict = now - std::chrono::minutes(59); counts.open_conflicts = 1; })).empty());
  REQUIRE(ids(f, counts_of([&](auto& counts) { counts.oldest_conflict = now - std::chrono::minutes(61); counts.open_conflicts = 1; })) == Ids{"conflict people"});
}

TEST_CASE("conditions: what waits for a mapping that was paused, or for its yes, is no queue", "[admin][alerts]") {
  ApiFixture f;
  const auto summary = counts_of([&](auto& counts) { counts.oldest_waiting = f.world.clock.now() - std::chrono::hours(1); counts.waiting = 2; counts.dead = 1; });
  REQUIRE(ids(f, summary) == Ids{"queue people", "dead people"});

  SECTION("paused") {
    f.mappings_view = Object{{"people", Value(Object{{"paused", true}})}};
    CHECK(ids(f, summary) == Ids{"paused people", "dead people"});
  }
  SECTION("held") {
    f.mappings_view = Object{{"people", Value(Object{})}};
    f.world.engine->hold("people", "adoption: reported, not accepted", [](Result<void>) {});
    f.world.settle();
    CHECK(ids(f, summary) == Ids{"held people", "dead people"});
  }
  CHECK(health(f, summary, true).ok());
}

TEST_CASE("conditions: a mapping that its systems do not fit any more stands, and health says that it has drifted", "[admin][alerts]") {
  ApiFixture f;
  f.mappings_view = Object{{"people", Value(Object{{"version", "1"}, {"drift", Value(Object{{"message", "'Scan' is no field of T"}})}})}};

  const auto found = standing(f, store::Summary{}, AlertRules{}, {}).conditions;
  REQUIRE(found.size() == 1);
  CHECK(found[0].id() == "mapping people");
  CHECK(found[0].text == "The mapping people has drifted and stands still: 'Scan' is no field of T");
  CHECK(health(f, store::Summary{}, true).problems == std::vector<std::string>{"mapping people has drifted: 'Scan' is no field of T"});
}

TEST_CASE("conditions: a queue counts what is tried again, too", "[admin][alerts]") {
  ApiFixture f;
  const auto summary = counts_of([&](auto& counts) { counts.oldest_waiting = f.world.clock.now() - std::chrono::hours(1); counts.backing_off = 3; });

  const auto found = standing(f, summary, AlertRules{}, {}).conditions;
  REQUIRE(found.size() == 1);
  CHECK(found[0].text == "3 changes of people wait, the oldest for 1h.");
}

TEST_CASE("conditions: of a certificate it is told that it ends, and that it ended", "[admin][alerts]") {
  ApiFixture f;
  const auto told = [&](Duration from_now) {
    f.process_view = Object{{"tls", Value(Object{{"valid_until", Value(format_instant(f.world.clock.now() + from_now))}})}};
    const auto found = standing(f, store::Summary{}, AlertRules{}, {}).conditions;
    return found.empty() ? std::string() : found[0].text.substr(0, found[0].text.find(" at "));
  };

  CHECK(told(std::chrono::hours(24 * 300)).empty());
  CHECK(told(std::chrono::hours(24)) == "The listener's certificate ends");
  CHECK(told(-std::chrono::hours(24)) == "The listener's certificate ended");
}

TEST_CASE("conditions: a job whose system is away stands for as long as it waits", "[admin][alerts]") {
  ApiFixture f;
  f.world.left.denied = make_error(Code::kUnavailable, "503 of the left");
  test::start_job(f.world, "sweep");
  f.world.settle();

  REQUIRE(ids(f) == Ids{"job people"});
  const Condition stands = standing(f, store::Summary{}, AlertRules{}, {}).conditions.front();
  CHECK(stands.text.find("503 of the left") != std::string::npos);
  CHECK(stands.wait == AlertRules{}.queue);
  f.world.left.denied.reset();
  f.world.settle(std::chrono::minutes(5));
  REQUIRE(ids(f).empty());
}

TEST_CASE("conditions: dead letters and what the brake holds stand at once", "[admin][alerts]") {
  ApiFixture f;

  const auto summary = counts_of([](auto& counts) { counts.dead = 1; counts.held = 5; });
  REQUIRE(ids(f, summary) == Ids{"dead people", "brake people"});
  CHECK(standing(f, summary, AlertRules{}, {}).conditions.front().text == "1 dead letter of people: a change that could not be made.");
}

TEST_CASE("conditions: of a mapping that was removed nothing stands but what waits for it", "[admin][alerts]") {
  ApiFixture f;
  store::Summary summary;
  summary.mappings["gone"].dead = 7;
  summary.mappings["gone"].waiting = 1601;
  REQUIRE(ids(f, summary).empty());

  summary.mappings["gone"].oldest_waiting = f.world.clock.now() - std::chrono::minutes(11);
  REQUIRE(ids(f, summary) == Ids{"queue gone"});
  CHECK(standing(f, summary, AlertRules{}, {}).conditions.front().advice.find("tidewire discard gone --all") != std::string::npos);
  // One that does not load is told of as such.
  f.mappings_view["gone"] = Value(Object{{"reload", Value(Object{{"ok", false}})}});
  REQUIRE(ids(f, summary) == Ids{"mapping gone"});
}

TEST_CASE("conditions: a connection that fails stands, one that a person paused does not", "[admin][alerts]") {
  ApiFixture f;
  f.connections_view = Object{{"erp", Value(Object{{"state", "paused"}, {"reason", "401"}})}, {"app", Value(Object{{"state", "paused"}, {"paused_until", "2024-05-01T12:00:00Z"}})}, {"new", Value(Object{{"state", "unknown"}})}};

  const Standing found = standing(f, store::Summary{}, AlertRules{}, {});

  REQUIRE(found.conditions.size() == 1);
  REQUIRE(found.conditions.front().text == "The connection erp fails: 401");
  REQUIRE(found.unknown.contains("connection new"));
}

TEST_CASE("conditions: a mapping that does not load, is stopped, or is paused", "[admin][alerts]") {
  ApiFixture f;
  const Value broken(Object{{"reload", Value(Object{{"ok", false}, {"error", Value(Object{{"message", "a.lua:3: oh"}})}})}});
  f.mappings_view = Object{{"a", broken}, {"b", Value(Object{{"quarantined", true}})}, {"c", Value(Object{{"paused", true}})}};

  const Standing found = standing(f, store::Summary{}, AlertRules{}, {});

  REQUIRE(found.conditions.size() == 3);
  REQUIRE(found.conditions[0].text == "The mapping a cannot be loaded and does not run: a.lua:3: oh");
  REQUIRE(found.conditions[1].id() == "mapping b");
  REQUIRE(found.conditions[2].id() == "paused c");
  REQUIRE(found.conditions[2].wait == std::chrono::hours(24));
  CHECK(found.conditions[2].text == "The mapping c is paused for more than 1d; its changes wait.");
}

TEST_CASE("conditions: little room on the disk, and a state that cannot be written", "[admin][alerts]") {
  ApiFixture f;
  f.process_view["store"]["disk_free"] = std::int64_t{999'000'000};
  REQUIRE(ids(f) == Ids{"disk"});

  f.process_view["store"]["healthy"] = false;
  REQUIRE(ids(f) == Ids{"state", "disk"});
}

TEST_CASE("conditions: a copy of the state that cannot be made stands", "[admin][alerts]") {
  ApiFixture f;
  f.process_view["backups"] = Value(Object{{"last", "2024-05-01T03:00:00Z"}});
  REQUIRE(ids(f).empty());

  f.process_view["backups"]["error"] = "no room";
  REQUIRE(ids(f) == Ids{"backup"});
}

TEST_CASE("conditions: changes that polls alone found stand from the number said on", "[admin][alerts]") {
  ApiFixture f;

  REQUIRE(ids(f, {}, {{"erp Employee", 9}}).empty());
  const Standing found = standing(f, store::Summary{}, AlertRules{}, {{"erp Employee", 14}});
  REQUIRE(found.conditions.size() == 1);
  REQUIRE(found.conditions.front().text == "The poll found 14 changes of erp Employee that no webhook announced.");
  AlertRules never;
  never.webhooks.reset();
  REQUIRE(standing(f, store::Summary{}, never, {{"erp Employee", 14}}).conditions.empty());
}

TEST_CASE("conditions: many webhooks that are refused stand where some came before and none has since", "[admin][alerts]") {
  ApiFixture f;
  const auto at = [&](Duration ago) { return Value(format_instant(f.clock().now() - ago)); };
  const auto told = [&](Value webhooks) {
    f.connections_view = Object{{"erp", Value(Object{{"state", "ok"}, {"webhooks", std::move(webhooks)}})}};
    return ids(f);
  };
  const auto hour = std::chrono::hours(1);

  CHECK(told(Object{{"last", at(2 * hour)}, {"many_refused", at(hour)}}) == Ids{"webhooks erp"});
  CHECK(told(Object{{"last", at(hour)}, {"many_refused", at(2 * hour)}}).empty());
  CHECK(told(Object{{"many_refused", at(hour)}}).empty());
  CHECK(told(Object{{"last", at(hour)}}).empty());
  CHECK(told(Object{{"last", at(30 * hour)}, {"many_refused", at(25 * hour)}}).empty());
}

TEST_CASE("conditions: an alert names the mapping and side, or the connection and collection, that its subject names", "[admin][alerts]") {
  const auto subject = [](const std::string& kind, const std::string& about) {
    const store::Alert alert = alert_about({kind, about, "text", "advice", std::nullopt, 0});
    return alert.mapping + "|" + (alert.side ? store::side_name(*alert.side) : "") + "|" + alert.connection + "|" + alert.collection;
  };

  CHECK(subject("queue", "people") == "people|||");
  CHECK(subject("poll", "people left") == "people|left||");
  CHECK(subject("connection", "erp") == "||erp|");
  CHECK(subject("webhooks", "erp Sales Order") == "||erp|Sales Order");
  CHECK(subject("disk", "") == "|||");
}
