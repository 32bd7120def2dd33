#include "admin/events.h"

#include <list>

#include "api_fixture.h"

using namespace tidewire;
using namespace tidewire::admin;

namespace {

struct Heard {
  std::string text;
  bool gone = false;
};

class Ear final : public http::Outlet {
 public:
  explicit Ear(Heard& heard) : heard_(heard) {}
  bool write(std::string_view bytes) override {
    if (!heard_.gone) heard_.text += bytes;
    return !heard_.gone;
  }

 private:
  Heard& heard_;
};

bool has(const Heard& heard, const std::string& part) { return heard.text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("events: nothing is kept while nobody looks on", "[admin]") {
  ApiFixture f;
  Events events(f);
  Heard heard;

  events.publish("operation", Value(1));
  CHECK_FALSE(events.wanted());
  events.add(std::make_unique<Ear>(heard), {});
  events.publish("operation", Value(2));

  CHECK(has(heard, "event: operation\ndata: 2\n\n"));
  CHECK_FALSE(has(heard, "data: 1"));
}

TEST_CASE("events: a secret is hidden in texts, and a number stays one", "[admin]") {
  ApiFixture f;
  Events events(f);
  Heard heard;
  events.add(std::make_unique<Ear>(heard), {});

  events.publish("retry", Value(Object{{"error", "key s3cret is unknown"}, {"count", 120240501}}));

  CHECK(has(heard, R"("error":"key [secret X] is unknown")"));
  CHECK(has(heard, R"("count":120240501)"));
}

TEST_CASE("events: a reader that comes back is told what it missed, once", "[admin]") {
  ApiFixture f;
  Events events(f);
  Heard first, second;
  events.add(std::make_unique<Ear>(first), {});
  events.publish("log", Value("a"));
  first.gone = true;
  events.publish("log", Value("b"));
  CHECK(events.readers() == 0);

  events.add(std::make_unique<Ear>(second), {.last = std::stoull(first.text.substr(first.text.find("id: ") + 4))});
  events.publish("log", Value("c"));

  CHECK_FALSE(has(second, "\"a\""));
  CHECK(has(second, "event: log\ndata: \"b\""));
  CHECK(has(second, "\"c\""));
}

TEST_CASE("events: a silent stream beats, and ends after its time so that the reader shows again who it is", "[admin]") {
  ApiFixture f;
  Events events(f);
  Heard heard;
  events.add(std::make_unique<Ear>(heard), {});

  f.world.timers.advance(Events::kBeat);
  CHECK(has(heard, ": still here"));
  f.world.timers.advance(Events::kLongest + Events::kBeat);
  CHECK(events.readers() == 0);
  f.world.timers.advance(Events::kAfter);

  CHECK_FALSE(events.wanted());
}

TEST_CASE("events: a reader of the former process is told all that this one kept", "[admin]") {
  ApiFixture f;
  Events former(f);
  Heard then, first, back;
  former.add(std::make_unique<Ear>(then), {});
  for (int i = 0; i < 3; ++i) former.publish("log", Value(i));
  const auto last = std::stoull(then.text.substr(then.text.rfind("id: ") + 4));
  f.world.clock.pass(std::chrono::seconds(1));
  Events events(f);
  events.add(std::make_unique<Ear>(first), {});
  for (const char* text : {"a", "b", "c", "d"}) events.publish("log", Value(text));

  events.add(std::make_unique<Ear>(back), {.last = last});

  for (const char* text : {"\"a\"", "\"b\"", "\"c\"", "\"d\""}) CHECK(has(back, text));
}

TEST_CASE("events: one user looks on so many times and no more, and leaves room for others", "[admin]") {
  ApiFixture f;
  Events events(f);
  const Caller ada{.role = Role::kViewer, .way = Caller::Way::kLogin, .author = "ada"}, grace{.role = Role::kViewer, .way = Caller::Way::kLogin, .author = "grace"};
  std::list<Heard> ears;
  for (std::size_t i = 0; i < Events::kMostOfOne; ++i) {
    REQUIRE_FALSE(events.refusal(ada));
    events.add(std::make_unique<Ear>(ears.emplace_back()), {.caller = ada});
  }

  const auto refused = events.refusal(ada);
  REQUIRE(refused);
  CHECK(refused->code == Code::kThrottled);
  CHECK(refused->message == "ada looks on 8 times already, as often as one may");
  CHECK(refused->retry_after);
  CHECK_FALSE(events.refusal(grace));
  ears.front().gone = true;  // a page that was closed is none
  CHECK_FALSE(events.refusal(ada));
}

TEST_CASE("events: however many look on from elsewhere, whoever is on the machine may", "[admin]") {
  ApiFixture f;
  Events events(f);
  std::list<Heard> ears;
  const auto user = [](std::size_t i) { return Caller{.role = Role::kViewer, .way = Caller::Way::kLogin, .author = "u" + std::to_string(i)}; };
  for (std::size_t i = 0; i < Events::kMostReaders; ++i) events.add(std::make_unique<Ear>(ears.emplace_back()), {.caller = user(i)});

  REQUIRE(events.refusal(user(99)));
  CHECK(events.refusal(user(99))->message == "too many are looking on already");
  CHECK_FALSE(events.refusal({.role = Role::kAdmin, .way = Caller::Way::kLocal, .author = "uid 0"}));
}
