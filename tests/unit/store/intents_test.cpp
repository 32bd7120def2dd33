#include "store_fixture.h"

using namespace tidewire;
using namespace tidewire::store;

namespace {

Intent create_intent(std::string id, std::string source, std::optional<std::string> match = {}) {
  Intent intent;
  intent.id = std::move(id);
  intent.mapping = "employees";
  intent.kind = IntentKind::kCreate;
  intent.side = Side::kRight;
  intent.source_key = std::move(source);
  intent.match_hash = std::move(match);
  intent.operation = "op1";
  return intent;
}

Result<void> try_announce(StoreFixture& f, std::vector<Intent> intents) {
  return f.try_ask<void>([&](auto done) { f.store.announce(std::move(intents), std::nullopt, done); });
}

}  // namespace

TEST_CASE("intents: a create is known by its source, then by its target, until it is closed", "[store][intents]") {
  StoreFixture f;
  Intent intent = create_intent("i1", "E1");
  intent.sent = Object{{"name", "Ada"}};
  REQUIRE(try_announce(f, {intent}).ok());
  intent.requested_at = f.clock.now();
  intent.in_doubt = true;
  intent.target_key = "42";
  REQUIRE(try_announce(f, {intent}).ok());

  const Known source = f.load("employees", Side::kLeft, "E1");
  REQUIRE(source.intents.size() == 1);
  CHECK(source.intents[0].in_doubt);
  CHECK(source.intents[0].requested_at == f.clock.now());
  CHECK(source.intents[0].sent == intent.sent);
  CHECK(f.load("employees", Side::kRight, "42").intents.size() == 1);
  CHECK(f.load("employees", Side::kRight, "E1").intents.empty());
  const auto open = [&](Side side) {
    return f.ask<std::vector<Intent>>([&](auto done) { f.store.open_creates("employees", side, done); });
  };
  CHECK(open(Side::kRight).size() == 1);
  CHECK(open(Side::kLeft).empty());

  f.commit({.mapping = "employees", .close_intents = {"i1"}});
  CHECK(f.load("employees", Side::kLeft, "E1").intents.empty());
}

TEST_CASE("intents: a second create of the same source or match value is stale and names the first",
          "[store][intents]") {
  StoreFixture f;
  REQUIRE(try_announce(f, {create_intent("i1", "E1", "hash")}).ok());

  const Result<void> source = try_announce(f, {create_intent("i2", "E1")});
  const Result<void> match = try_announce(f, {create_intent("i3", "E2", "hash")});

  REQUIRE_FALSE(source.ok());
  CHECK(source.error().code == Code::kStale);
  CHECK(source.error().message.find("i1") != std::string::npos);
  REQUIRE_FALSE(match.ok());
  CHECK(match.error().code == Code::kStale);
  CHECK(match.error().message.find("i1 of E1") != std::string::npos);
  CHECK(try_announce(f, {create_intent("i4", "E3", "other hash"), create_intent("i5", "E4")}).ok());
}

TEST_CASE("intents: an announcement that fails leaves nothing of itself", "[store][intents]") {
  StoreFixture f;
  REQUIRE(try_announce(f, {create_intent("i1", "E1")}).ok());

  CHECK_FALSE(try_announce(f, {create_intent("i2", "E2"), create_intent("i3", "E1")}).ok());

  CHECK(f.ask<std::vector<Intent>>([&](auto done) { f.store.open_intents("", done); }).size() == 1);
}

TEST_CASE("intents: those of a link come with it, also announced by a commit", "[store][intents]") {
  StoreFixture f;
  Intent intent = create_intent("i1", "E1");
  intent.kind = IntentKind::kUpdate;
  intent.link = 0;
  intent.fields = Object{{"phone", Object{{"to", "+1"}}}};

  const std::int64_t id = f.commit({.mapping = "employees", .link = link_of("E1", "42"), .announce = {intent}});

  const Known known = f.load("employees", Side::kRight, "42");
  REQUIRE(known.intents.size() == 1);
  CHECK(known.intents[0].link == id);
  CHECK(known.intents[0].fields == intent.fields);
  CHECK(known.intents[0].kind == IntentKind::kUpdate);
}

TEST_CASE("intents: renewed, what may have left counts from now, and what never left still has not", "[store][intents]") {
  StoreFixture f;
  Intent asked = create_intent("i1", "E1");
  asked.requested_at = f.clock.now();
  Intent later = create_intent("i2", "E2");
  later.requested_at = f.clock.now() + std::chrono::hours(1);  // the clock was set back since
  REQUIRE(try_announce(f, {asked, later, create_intent("i3", "E3")}).ok());
  f.clock.pass(std::chrono::minutes(1));

  CHECK(f.ask<std::int64_t>([&](auto done) { f.store.renew_intents(done); }) == 1);

  CHECK(f.load("employees", Side::kLeft, "E1").intents.front().requested_at == f.clock.now());
  CHECK(f.load("employees", Side::kLeft, "E2").intents.front().requested_at == later.requested_at);
  CHECK_FALSE(f.load("employees", Side::kLeft, "E3").intents.front().requested_at);
}

TEST_CASE("intents: after a clean stop each counts from its own request, once", "[store][intents]") {
  StoreFixture f;
  Intent asked = create_intent("i1", "E1");
  asked.requested_at = f.clock.now();
  REQUIRE(try_announce(f, {asked}).ok());
  const auto renewed = [&] {
    f.clock.pass(std::chrono::minutes(1));
    return f.ask<std::int64_t>([&](auto done) { f.store.renew_intents(done); });
  };
  const auto stop = [&] { f.store.note_clean_stop([](Result<void> noted) { CHECK(noted.ok()); }); };

  stop();
  stop();
  CHECK(renewed() == 0);
  CHECK(f.load("employees", Side::kLeft, "E1").intents.front().requested_at == asked.requested_at);

  CHECK(renewed() == 1);
  CHECK(f.load("employees", Side::kLeft, "E1").intents.front().requested_at == f.clock.now());
}
