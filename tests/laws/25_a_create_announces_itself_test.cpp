// Law 25: a create announces itself.
#include <catch2/catch.hpp>

#include "support/people.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Fault = MemorySide::Fault;

namespace {

/// A left record about to be created on the right, whose system treats the request as told.
struct Creating {
  World world;
  std::string key;
  explicit Creating(Fault fault = Fault::kNone, sync::Plan plan = World::default_plan()) : world(std::move(plan)) {
    if (fault != Fault::kNone) world.right.write_faults = {fault};
    key = world.left.insert(person("ada@example.org"));
  }
  void tell(Duration span = std::chrono::milliseconds(500)) {
    world.hook(Side::kLeft, key);
    world.settle(span);
  }
  std::size_t asked(const std::string& verb) const {
    return static_cast<std::size_t>(std::count_if(world.right.requests.begin(), world.right.requests.end(), [&](const auto& request) { return request.verb == verb; }));
  }
};

}  // namespace

TEST_CASE("law 25: the intent is committed with its match fields, the values sent, the source's key and incarnation", "[laws][25]") {
  Creating it;
  std::vector<Object> rows;
  it.world.right.after_find = [&] { rows = *it.world.database->query("SELECT * FROM intents", {}); };
  it.tell();

  REQUIRE(rows.size() == 1);
  CHECK(rows.front().at("kind") == Value("create"));
  CHECK(rows.front().at("source_key") == Value(it.key));
  CHECK_FALSE(rows.front().at("source_incarnation").is_null());
  CHECK_FALSE(rows.front().at("match_hash").is_null());
  CHECK(rows.front().at("sent").as_string().find("ada@example.org") != std::string::npos);
}

TEST_CASE("law 25: then the target is searched, then the request leaves, once", "[laws][25]") {
  Creating it;
  it.tell();

  CHECK(it.world.right.finds == 1);
  CHECK(it.asked("create") == 1);
  CHECK(it.world.right.rows.size() == 1);
  CHECK(it.world.counts().links == 1);
}

TEST_CASE("law 25: a create told of twice is made once", "[laws][25]") {
  Creating it;
  it.world.hook(Side::kLeft, it.key);
  it.tell();

  CHECK(it.world.right.creates == 1);
}

TEST_CASE("law 25: a create whose answer was lost is found again, not made twice", "[laws][25]") {
  Creating it(Fault::kLoseAnswer);
  it.tell(minutes(10));

  CHECK(it.world.right.rows.size() == 1);
  CHECK(it.asked("create") == 1);
  CHECK(it.world.counts().links == 1);
}

TEST_CASE("law 25: \"not found\" counts only after the settle time since the unknown outcome", "[laws][25]") {
  Creating it(Fault::kLoseRequest);
  it.tell(seconds(50));
  CHECK(it.asked("create") == 1);
  CHECK(it.world.right.finds >= 2);  // it was looked for

  it.world.settle(minutes(5));
  CHECK(it.asked("create") == 2);
  CHECK(it.world.right.rows.size() == 1);
  CHECK(it.world.counts().links == 1);
}

TEST_CASE("law 25: so it does after a restart", "[laws][25]") {
  Creating it(Fault::kLoseRequest);
  it.tell(seconds(10));
  restart(it.world);
  it.world.settle(seconds(40));
  CHECK(it.asked("create") == 1);

  it.world.settle(minutes(5));
  CHECK(it.asked("create") == 2);
}

namespace {

/// Its passes end, and it says so.
void stop_cleanly(World& world) {
  bool noted = false;
  world.engine->stop([&] {
    world.store.note_clean_stop([&](Result<void> done) { noted = done.ok(); });
  });
  world.timers.run_posted();
  REQUIRE(noted);
}

}  // namespace

TEST_CASE("law 25: a process that ends cleanly before the settle time is over does not begin it anew", "[laws][25][26]") {
  Creating it(Fault::kLoseRequest);
  it.tell(seconds(10));
  for (int run = 0; run < 3; ++run) {
    stop_cleanly(it.world);
    restart(it.world);
    it.world.settle(seconds(40));
  }

  CHECK(it.asked("create") == 2);
  CHECK(it.world.right.rows.size() == 1);
  CHECK(it.world.counts().links == 1);
}

TEST_CASE("law 25: one that is cut off does, whatever those before it did", "[laws][25][26]") {
  Creating it(Fault::kLoseRequest);
  it.tell(seconds(10));
  stop_cleanly(it.world);
  restart(it.world);
  it.world.settle(seconds(20));
  restart(it.world);
  it.world.settle(seconds(40));
  CHECK(it.asked("create") == 1);

  it.world.settle(minutes(5));
  CHECK(it.asked("create") == 2);
}

TEST_CASE("law 25: \"not found\" counts from the restart: a request that was on its way then may arrive as late as any", "[laws][25]") {
  Creating it(Fault::kLateSilent);
  it.tell(seconds(50));
  REQUIRE(it.asked("create") == 1);
  restart(it.world);
  it.world.settle(seconds(40));
  CHECK(it.asked("create") == 1);
  it.world.right.apply_late();
  it.world.settle(minutes(5));

  CHECK(it.asked("create") == 1);
  CHECK(it.world.right.rows.size() == 1);
  CHECK(it.world.counts().links == 1);
}

TEST_CASE("law 25: before every further request the target is searched again", "[laws][25]") {
  Creating it(Fault::kRefuse);
  it.tell(minutes(5));

  CHECK(it.asked("create") == 2);
  CHECK(it.world.right.finds >= 2);
  CHECK(it.world.right.rows.size() == 1);
}

TEST_CASE("law 25: found by the client's key, the values sent become the base", "[laws][25]") {
  sync::Plan plan = World::default_plan();
  plan.assigned_by = sync::Plan::AssignedBy::kLeft;
  Creating it(Fault::kLoseAnswer, plan);
  it.world.right.able.client_keys = true;
  it.tell(std::chrono::milliseconds(1));
  REQUIRE(it.world.right.rows.contains(it.key));
  it.world.right.edit(it.key, "phone", Value("edited there"));  // after the create, before it is found
  it.world.settle(minutes(10));

  CHECK(it.world.left.get(it.key, "phone") == Value("edited there"));  // an edit, no clash
  CHECK(it.world.conflicts().empty());
  CHECK(it.world.right.rows.size() == 1);
}

TEST_CASE("law 25: found otherwise, only fields that still read as sent get a base", "[laws][25]") {
  Creating it(Fault::kLoseAnswer);
  it.tell(std::chrono::milliseconds(1));
  const std::string made = it.world.only_right();
  it.world.right.edit(made, "note", Value("edited there"));
  it.world.settle(minutes(10));

  // Whether it is ours cannot be told: note has no base, and its rule asks a person.
  REQUIRE(it.world.conflicts().size() == 1);
  CHECK(it.world.conflicts().front().field == "note");
  CHECK_FALSE(it.world.conflicts().front().base.left);
}


TEST_CASE("law 25: and what the source shows instead by then is an edit, no clash", "[laws][25]") {
  Creating it(Fault::kLoseAnswer);
  it.tell(std::chrono::milliseconds(1));
  it.world.left.edit(it.key, "note", Value("edited here"));
  it.world.settle(minutes(10));

  CHECK(it.world.conflicts().empty());
  CHECK(it.world.right.get(it.world.only_right(), "note") == Value("edited here"));
  CHECK(it.world.counts().links == 1);
}

TEST_CASE("law 25: nor is what the source showed before the create newer than an edit of what it made", "[laws][25][11]") {
  Creating it(Fault::kLoseAnswer);
  it.tell(std::chrono::milliseconds(1));
  it.world.right.edit(it.world.only_right(), "phone", Value("2"));
  it.world.settle(std::chrono::milliseconds(1));
  it.world.left.edit(it.key, "note", Value("edited here"));  // moves the time of its record
  it.world.settle(minutes(10));

  CHECK(it.world.conflicts().empty());
  CHECK(it.world.left.get(it.key, "phone") == Value("2"));
  CHECK(it.world.right.get(it.world.only_right(), "phone") == Value("2"));
  CHECK(it.world.right.get(it.world.only_right(), "note") == Value("edited here"));
}

TEST_CASE("law 25: answered \"exists\" for an unrelated record it is a conflict: key_taken", "[laws][25]") {
  sync::Plan plan = World::default_plan();
  plan.matches.clear();
  Creating it(Fault::kNone, plan);
  it.world.right.write_faults = {Fault::kExists, Fault::kExists};
  it.tell();

  CHECK(it.world.counts().conflict == 1);
  REQUIRE(it.world.conflicts().size() == 1);
  CHECK(it.world.conflicts().front().kind == "key_taken");
}

TEST_CASE("law 25: what stands in the way and was told to be ignored is named", "[laws][25]") {
  Creating it;
  const std::string ignored = it.world.right.insert(person("ada@example.org"));
  sync::Mending what;
  what.act = sync::Mending::Act::kIgnore;
  what.mapping = "people";
  what.key = {Side::kRight, ignored};
  what.author = "ann";
  it.world.engine->mend(what, [](const Result<store::Operation>& done) { CHECK(done.ok()); });
  it.world.settle();
  it.world.right.write_faults = {Fault::kExists, Fault::kExists};
  it.tell();

  REQUIRE(it.world.conflicts().size() == 1);
  const store::Conflict shown = it.world.conflicts().front();
  CHECK(shown.kind == "key_taken");
  CHECK(shown.shown.right == Value(ignored));
  REQUIRE(shown.error);
  CHECK(shown.error->string_or("message").find("'" + ignored + "' on app fits, but is set aside by `ignore`") == 0);
  CHECK(shown.error->string_or("hint").find("tidewire heed people " + ignored + " --side right") != std::string::npos);
}

TEST_CASE("law 25: what was in the way of a create is not known: it is tried again once a record of that side moves", "[laws][25]") {
  sync::Plan plan = World::default_plan();
  plan.matches.clear();
  Creating it(Fault::kNone, plan);
  it.world.right.write_faults = {Fault::kExists, Fault::kExists};
  it.tell();
  REQUIRE(it.world.conflicts().size() == 1);
  const auto moves = [&] {
    it.world.hook(Side::kRight, it.world.right.insert(person("holder@example.org")));
    it.world.settle(std::chrono::seconds(5));
  };
  moves();
  CHECK(it.world.conflicts().size() == 1);  // not at every edit
  it.world.settle(minutes(1));

  CHECK(it.world.conflicts().empty());
  CHECK(it.world.counts().conflict == 0);
  CHECK(known_of(it.world, Side::kLeft, it.key).link);
}

TEST_CASE("law 25: the echo of our own create is not created back", "[laws][25]") {
  Creating it;
  it.tell();
  it.world.hook(Side::kRight, it.world.only_right());
  it.world.settle();

  CHECK(it.world.left.rows.size() == 1);
  CHECK(it.world.writes() == 1);
  CHECK(it.world.ears.echoes >= 1);
}

TEST_CASE("law 25: the echo that comes before the answer waits for the open create, and is an echo", "[laws][25]") {
  Creating it(Fault::kLoseAnswer);
  it.tell();
  it.world.hook(Side::kRight, it.world.only_right());
  it.world.settle();
  CHECK(it.world.left.rows.size() == 1);
  CHECK(it.world.left.creates == 0);

  it.world.settle(minutes(10));
  CHECK(it.world.left.rows.size() == 1);
  CHECK(it.world.counts().links == 1);
  CHECK(it.world.counts().waiting == 0);
}

TEST_CASE("law 25: an unknown key waits for the creates that were open when it came, and for no later ones", "[laws][25]") {
  Creating it(Fault::kLoseRequest);
  it.tell();  // its create stays open for the settle time
  const std::string stranger = it.world.right.insert(person("stranger@example.org"));
  it.world.hook(Side::kRight, stranger);
  it.world.settle(seconds(20));
  CHECK(it.world.left.rows.size() == 1);

  it.world.settle(minutes(10));
  CHECK(it.world.left.rows.size() == 2);
  CHECK(it.world.right.rows.size() == 2);
}

TEST_CASE("law 25: after a restart too an unknown key waits for open creates", "[laws][25]") {
  Creating it(Fault::kLoseAnswer);
  it.tell();
  restart(it.world);
  it.world.hook(Side::kRight, it.world.only_right());
  it.world.settle(minutes(10));

  CHECK(it.world.left.rows.size() == 1);
  CHECK(it.world.right.rows.size() == 1);
}

namespace {

/// A mapping whose `after` wants to hear of created records.
struct Told {
  World world{plan()};
  static sync::Plan plan() {
    sync::Plan plan = World::default_plan();
    plan.hooks = {{"created", "post", "http://example.org"}};
    return plan;
  }
  std::size_t times() {
    std::vector<store::Hook> due;
    world.store.due_hooks("people", 10, [&](Result<std::vector<store::Hook>> hooks) { due = hooks.value(); });
    world.timers.run_posted();
    return due.size();
  }
  void enter(const Value& fields, std::deque<Fault> faults = {}) {
    world.right.write_faults = std::move(faults);
    world.hook(Side::kLeft, world.left.insert(fields));
    world.settle(std::chrono::milliseconds(1));
  }
};

}  // namespace

TEST_CASE("law 25: who asked to be told of created records is told also where the answer was lost and the record was found", "[laws][25]") {
  Told it;
  it.enter(person("ada@example.org"), {Fault::kLoseAnswer});
  it.world.settle(minutes(5));
  REQUIRE(it.world.counts().links == 1);
  CHECK(it.times() == 1);

  it.world.right.insert(person("bob@example.org"));
  it.enter(person("bob@example.org"));
  it.world.settle(minutes(5));
  REQUIRE(it.world.counts().links == 2);
  CHECK(it.times() == 1);  // that one was there
}

TEST_CASE("law 25: not where somebody entered it while the outcome was open", "[laws][25]") {
  Told it;
  it.enter(person("ada@example.org"), {Fault::kLoseRequest});
  Value theirs = person("ada@example.org", "9");
  theirs["tags"] = "theirs";
  it.world.right.insert(std::move(theirs));
  it.world.settle(minutes(5));

  REQUIRE(it.world.counts().links == 1);
  CHECK(it.times() == 0);
}

TEST_CASE("law 25: and also where a field of the record that was found waits for a person", "[laws][25]") {
  Told it;
  it.enter(person("ada@example.org"), {Fault::kLoseAnswer});
  it.world.right.edit(it.world.only_right(), "note", Value("edited there"));
  it.world.settle(minutes(5));

  REQUIRE(it.world.conflicts().size() == 1);
  CHECK(it.times() == 1);
}

TEST_CASE("law 25: and by the pass that closes the create, where the one that found the record did not end", "[laws][25]") {
  Told it;
  it.enter(person("ada@example.org"), {Fault::kLoseAnswer});
  const std::string made = it.world.only_right();
  it.world.clock.pass(seconds(5));
  it.world.right.edit(made, "phone", Value("2"));  // which wins, and the request to the left is lost
  it.world.left.write_faults = {Fault::kLoseRequest};
  it.world.settle(minutes(5));

  REQUIRE(it.world.counts().links == 1);
  REQUIRE(it.world.left.rows.begin()->second.fields.string_or("phone") == "2");
  CHECK(it.times() == 1);
}

TEST_CASE("law 25: a create that stays in doubt holds an unknown key up for the settle time, not for ever", "[laws][25][30]") {
  Creating it(Fault::kLoseRequest);
  it.world.right.write_faults.assign(50, Fault::kLoseRequest);
  it.tell();
  const std::string stranger = it.world.right.insert(person("stranger@example.org"));
  it.world.hook(Side::kRight, stranger);
  it.world.settle(seconds(50));
  CHECK(it.world.left.rows.size() == 1);
  it.world.settle(seconds(30));
  CHECK(it.world.left.rows.size() == 2);

  SECTION("given up, neither") {
    it.world.settle(hours(10));
    REQUIRE(it.world.counts().dead == 1);
    it.world.hook(Side::kRight, it.world.right.insert(person("other@example.org")));
    it.world.settle();
    CHECK(it.world.left.rows.size() == 3);
  }
  SECTION("after a restart, neither") {
    restart(it.world);
    it.world.hook(Side::kRight, it.world.right.insert(person("other@example.org")));
    it.world.settle(seconds(50));
    CHECK(it.world.left.rows.size() == 2);
    it.world.settle(seconds(30));
    CHECK(it.world.left.rows.size() == 3);
  }
}

TEST_CASE("law 25: what a create in doubt may have made is not taken for another record, however long nobody could tell", "[laws][25]") {
  sync::Plan plan = World::default_plan();
  plan.max_attempts = 1;
  Creating it(Fault::kLoseAnswer, plan);
  it.tell();
  REQUIRE(it.world.counts().dead == 1);
  it.world.left.edit(it.key, "email", Value("new@example.org"));
  it.world.hook(Side::kRight, it.world.only_right());
  it.world.settle(minutes(10));

  CHECK(it.world.left.rows.size() == 1);
  CHECK(it.world.right.rows.size() == 1);
  CHECK(it.world.counts().links == 1);
  CHECK(it.world.right.get(it.world.only_right(), "email") == Value("new@example.org"));
}

TEST_CASE("law 25: with the change that is discarded its create is given up", "[laws][25]") {
  Creating it(Fault::kLoseRequest);
  it.world.right.write_faults.assign(50, Fault::kLoseRequest);
  it.tell();
  it.world.settle(hours(10));
  REQUIRE(it.world.counts().dead == 1);
  const auto open = [&] {
    std::size_t count = 0;
    it.world.store.open_intents("people", [&](Result<std::vector<store::Intent>> intents) { count = intents->size(); });
    it.world.timers.run_posted();
    return count;
  };
  REQUIRE(open() == 1);

  it.world.store.discard("people", Side::kLeft, it.world.left.rows.begin()->first, "", "ann", [](Result<std::int64_t> gone) { CHECK(*gone == 1); });
  it.world.timers.run_posted();

  CHECK(open() == 0);
}

namespace {

/// Announced by a pass that did not end; whether the request left nobody knows.
void announce(World& world, store::IntentKind kind, Side towards, const std::string& source, std::optional<std::string> target = {}) {
  store::Intent intent;
  intent.id = std::string(store::side_name(towards)) + source;
  intent.mapping = "people";
  intent.kind = kind;
  intent.side = towards;
  intent.source_key = source;
  intent.target_key = std::move(target);
  intent.sent = person("ada@example.org");
  for (const auto& [name, value] : intent.sent.as_object()) intent.fields[name] = Value(Object{{"l", value}, {"r", Value()}, {"to", value}});
  if (towards == Side::kRight) intent.match_hash = intent.id;
  intent.operation = intent.id;
  intent.created_at = world.clock.now();
  intent.requested_at = world.clock.now();
  world.store.announce({std::move(intent)}, std::nullopt, [](Result<void> stored) { REQUIRE(stored.ok()); });
  world.timers.run_posted();
}

std::size_t announced(World& world) {
  std::size_t count = 0;
  world.store.open_intents("people", [&](Result<std::vector<store::Intent>> intents) { count = intents->size(); });
  world.timers.run_posted();
  return count;
}

}  // namespace

TEST_CASE("law 25: two records of which each looks like what the create for the other made do not wait for each other", "[laws][25]") {
  World world;
  const std::string left = world.left.insert(person("ada@example.org")), right = world.right.insert(person("ada@example.org"));
  announce(world, store::IntentKind::kCreate, Side::kRight, left);
  announce(world, store::IntentKind::kCreate, Side::kLeft, right);
  restart(world);
  world.settle(minutes(5));  // from here on nobody waits for either, and nobody knows of either
  world.hook(Side::kLeft, left);
  world.hook(Side::kRight, right);
  world.settle(minutes(10));

  CHECK(world.counts().links == 1);
  CHECK(announced(world) == 0);
  CHECK(world.writes() == 0);
}

TEST_CASE("law 25: a create that was announced for a record that was deleted before is closed, though its key was buried", "[laws][25][15]") {
  Creating it;
  it.tell();
  it.world.settle(minutes(5));
  it.world.left.erase(it.key);
  it.world.hook(Side::kLeft, it.key, "delete");
  it.world.settle(minutes(5));
  REQUIRE(it.world.right.rows.empty());
  announce(it.world, store::IntentKind::kCreate, Side::kRight, it.key);
  restart(it.world);
  it.tell(hours(1));

  CHECK(announced(it.world) == 0);
  CHECK(it.world.right.rows.empty());
}

TEST_CASE("law 25: so is a delete that was announced before its record had a link, where the record lives on", "[laws][25][26]") {
  Creating it;
  it.tell();
  announce(it.world, store::IntentKind::kDelete, Side::kRight, "gone", it.world.only_right());
  it.world.hook(Side::kRight, it.world.only_right());
  it.world.settle(minutes(5));

  CHECK(announced(it.world) == 0);
  CHECK(it.world.right.rows.size() == 1);
}
