// Law 30: only the worker retries.
#include <catch2/catch.hpp>

#include "support/people.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Fault = MemorySide::Fault;

TEST_CASE("law 30: the target answers 503 for a while: the change is applied once", "[laws][30]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "2");
  it.world.right.write_faults = {Fault::kRefuse, Fault::kRefuse};
  it.tell(minutes(5));

  CHECK(it.both_show("phone", "2"));
  CHECK(it.new_writes() == 1);
  CHECK(it.requests(Side::kRight, "update").size() == 3);
}

TEST_CASE("law 30: 503 for ever ends in dead letters, never in success", "[laws][30]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "3");
  it.world.right.write_faults.assign(50, Fault::kRefuse);
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(hours(5));

  CHECK(it.world.counts().dead == 1);
  CHECK(it.shown(Side::kRight, "phone") == "1");
  CHECK(it.requests(Side::kRight, "update").size() == 8);
  CHECK(operations_of(it.world, "applied").size() == 1);  // the first contact, before
}

TEST_CASE("law 30: a pair that both sides told of is given up once", "[laws][30]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "3");
  it.world.right.write_faults.assign(50, Fault::kRefuse);
  it.tell(hours(5));

  CHECK(standing_of(it.world, store::KeyState::kDead).size() == 2);
  CHECK(it.world.counts().dead == 1);
  CHECK(it.world.counts().dead_rows == 2);  // what adds up with the changes that were received
}

TEST_CASE("law 30: a new change for a dead key tries again, and success closes the dead letter", "[laws][30]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "3");
  it.world.right.write_faults.assign(50, Fault::kRefuse);
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(hours(5));
  REQUIRE(it.world.counts().dead == 1);
  it.world.right.write_faults.clear();
  it.edit(Side::kLeft, "phone", "4");
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();

  CHECK(it.both_show("phone", "4"));
  CHECK(it.world.counts().dead == 0);
}

TEST_CASE("law 30: a write that is refused, and of which its system tells a change all the same, is tried ever less often", "[laws][30]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "3");
  it.world.right.write_faults.assign(500, Fault::kRefuse);
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(hours(5));
  REQUIRE(it.world.counts().dead == 1);
  const std::size_t tried = it.requests(Side::kRight, "update").size();

  for (int i = 0; i < 600; ++i) {
    it.world.hook(Side::kRight, it.right);
    it.world.settle(seconds(1));
  }
  const std::size_t again = it.requests(Side::kRight, "update").size() - tried;
  CHECK(again >= 3);
  CHECK(again <= 12);  // in ten minutes, at once first and after twice as long each time

  it.world.right.write_faults.clear();
  it.edit(Side::kLeft, "phone", "4");
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(minutes(20));
  CHECK(it.both_show("phone", "4"));
  CHECK(it.world.counts().dead == 0);
}

TEST_CASE("law 30: another write of a dead key has all its attempts, and so has one that a person asks for", "[laws][30]") {
  for (const bool person : {false, true}) {
    INFO((person ? "a person" : "another edit"));
    Pair it;
    it.edit(Side::kLeft, "phone", "3");
    it.world.right.write_faults.assign(500, Fault::kRefuse);
    it.world.hook(Side::kLeft, it.left);
    it.world.settle(hours(5));
    REQUIRE(it.world.counts().dead == 1);
    const std::size_t tried = it.requests(Side::kRight, "update").size();

    if (person) {
      it.world.store.retry("people", std::nullopt, [](Result<std::int64_t>) {});
      it.world.timers.run_posted();
      it.world.engine->wake("people");
    } else {
      it.edit(Side::kLeft, "phone", "4");
      it.world.hook(Side::kLeft, it.left);
    }
    it.world.settle(hours(5));

    CHECK(it.requests(Side::kRight, "update").size() == 2 * tried);
  }
}

TEST_CASE("law 30: what was given up of a pair does not use up the attempts of a change on its other side", "[laws][30]") {
  Pair it;
  it.edit(Side::kRight, "phone", "2");
  it.world.left.write_faults.assign(8, MemorySide::Fault::kRefuse);
  it.world.hook(Side::kRight, it.right);
  it.later(hours(1));
  REQUIRE(it.world.counts().dead == 1);

  it.edit(Side::kLeft, "email", "new@example.org");
  it.world.right.write_faults = {MemorySide::Fault::kRefuse};
  it.world.hook(Side::kLeft, it.left);
  it.later();

  CHECK(it.both_show("email", "new@example.org"));
  CHECK(it.both_show("phone", "2"));
  CHECK(it.world.counts().dead == 0);
}

TEST_CASE("law 30: retries are exponential, with full jitter", "[laws][30]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "3");
  it.world.right.write_faults.assign(50, Fault::kRefuse);
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(hours(5));

  const auto tries = it.requests(Side::kRight, "update");
  for (std::size_t i = 1; i < tries.size(); ++i) {
    CHECK(tries[i].at - tries[i - 1].at <= seconds(1 << (i - 1)) + std::chrono::milliseconds(50));
  }
  CHECK(tries.back().at - tries.front().at > seconds(8));
}

TEST_CASE("law 30: what the remote asks for is obeyed: retry_after, and it costs the key no attempt", "[laws][30]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "2");
  it.refuse(Side::kRight, seconds(90));
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(seconds(80));
  CHECK(it.requests(Side::kRight, "update").size() == 1);

  it.world.settle(hours(3));
  CHECK(it.world.counts().dead == 0);
  it.world.right.denied.reset();
  it.world.settle(minutes(5));
  CHECK(it.both_show("phone", "2"));
}

TEST_CASE("law 30: a connection that was tested and let go on is asked at once, whatever pause it had named", "[laws][30]") {
  Pair it;
  it.refuse(Side::kRight, minutes(15));
  it.edit(Side::kLeft, "phone", "2");
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();
  it.world.right.denied.reset();
  it.world.settle(minutes(1));
  REQUIRE(it.shown(Side::kRight, "phone") == "1");
  it.world.engine->try_refused();
  it.world.settle(seconds(1));

  CHECK(it.both_show("phone", "2"));
}

TEST_CASE("law 30: a key that failed for itself keeps its time when a connection is let go on", "[laws][30]") {
  sync::Plan plan = World::default_plan();
  plan.retry_base = minutes(10);
  Pair it(plan);
  it.edit(Side::kLeft, "phone", "2");
  it.world.right.write_faults = {Fault::kRefuse};
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(std::chrono::milliseconds(10));
  REQUIRE(it.requests(Side::kRight, "update").size() == 1);
  it.world.engine->try_refused();
  it.world.settle(std::chrono::milliseconds(10));

  CHECK(it.requests(Side::kRight, "update").size() == 1);
}

TEST_CASE("law 30: while the breaker is open nothing is asked and nothing becomes a dead letter", "[laws][30]") {
  Pair it;
  it.world.right.broken = minutes(1);
  it.edit(Side::kLeft, "phone", "2");
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(hours(1));
  CHECK(it.side(Side::kRight).requests.empty());
  CHECK(it.world.counts().dead == 0);
  CHECK(it.world.counts().waiting == 1);

  it.world.right.broken.reset();
  it.world.settle(minutes(5));
  CHECK(it.both_show("phone", "2"));
}

TEST_CASE("law 30: an outage costs the key that finds it out no attempt once the breaker is open, however few may be used", "[laws][30]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "2");
  it.world.right.write_faults.assign(500, Fault::kRefuse);
  int refused = 0;
  it.world.right.after_read = [&] { it.world.right.broken = seconds(10); };
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(seconds(2));
  for (int probe = 0; probe < 20; ++probe) {  // each is let through, fails and opens the breaker again
    it.world.right.broken.reset();
    it.world.right.after_read = [&] { it.world.right.broken = seconds(10), ++refused; };
    it.world.engine->wake("people");
    it.world.settle(minutes(1));
  }
  CHECK(refused > 10);
  CHECK(it.world.counts().dead == 0);

  if (GENERATE(false, true)) {  // nobody waits for ever
    for (int day = 0; day < 20; ++day) {
      if (day == 6) CHECK(it.world.counts().dead == 0);
      it.world.right.broken.reset();
      it.world.right.after_read = [&] { it.world.right.broken = std::chrono::hours(23); };
      it.world.engine->wake("people");
      it.world.settle(std::chrono::hours(24));
    }
    CHECK(it.world.counts().dead == 1);
    return;
  }
  it.world.right.after_read = nullptr;
  it.world.right.broken.reset();
  it.world.right.write_faults.clear();
  it.world.settle(minutes(20));
  CHECK(it.both_show("phone", "2"));
}

TEST_CASE("law 30: with few attempts the last is kept while the system answers nobody, and used up when it does", "[laws][30]") {
  sync::Plan plan = World::default_plan();
  plan.max_attempts = 2;
  Pair it(plan);
  it.edit(Side::kLeft, "phone", "2");
  it.world.right.write_faults.assign(500, Fault::kRefuse);
  it.world.right.answered = it.world.clock.now();
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(minutes(5));
  CHECK(it.world.counts().dead == 0);
  CHECK(it.requests(Side::kRight, "update").size() > 2);

  it.world.right.answered = it.world.clock.now();  // somebody else was answered meanwhile: it is this record's trouble
  it.world.settle(minutes(5));
  CHECK(it.world.counts().dead == 1);
  CHECK(it.shown(Side::kRight, "phone") == "1");
}

TEST_CASE("law 30: denied on the whole connection opens the breaker, not one dead letter per key", "[laws][30]") {
  World world;
  std::vector<store::DirtyMark> marks;
  for (int i = 0; i < 50; ++i) marks.push_back({Side::kLeft, world.left.insert(person("p" + std::to_string(i) + "@example.org"))});
  world.right.denied = make_error(Code::kDenied, "401");
  world.right.broken = minutes(1);
  world.store.mark("people", std::move(marks), [](Result<void>) {});
  world.timers.run_posted();
  world.engine->wake("people");
  world.settle(hours(10));
  CHECK(world.counts().dead == 0);

  world.right.denied.reset();
  world.right.broken.reset();
  world.settle(minutes(30));
  CHECK(world.right.rows.size() == 50);
}

TEST_CASE("law 30: live changes come before backfill", "[laws][30]") {
  sync::Plan plan = World::default_plan();
  plan.parallel = 1;
  World world(plan);
  std::vector<store::DirtyMark> marks;
  for (int i = 0; i < 20; ++i) marks.push_back({Side::kLeft, world.left.insert(person("b" + std::to_string(i) + "@example.org")), "upsert", "job", 1, {}});
  const std::string live = world.left.insert(person("live@example.org"));
  marks.push_back({Side::kLeft, live, "upsert", "webhook", 0, {}});
  world.store.mark("people", std::move(marks), [](Result<void>) {});
  world.timers.run_posted();
  world.engine->wake("people");
  world.settle(minutes(1));

  REQUIRE(world.right.rows.size() == 21);
  CHECK(world.right.get("R1", "email") == Value("live@example.org"));
}

TEST_CASE("law 30: of two mappings over one collection the keys of the more important one are taken first", "[laws][30]") {
  for (const bool first : {true, false}) {
    Pair it;
    sync::Plan plan = World::default_plan();
    plan.name = "memos";  // before "people" by its name
    plan.fields = {World::field("memo")};
    plan.priority = first ? -1 : 1;
    it.world.engine->put(std::make_shared<TableMapper>(plan), {&it.world.left, &it.world.right});
    it.tell();
    it.forget_what_was();
    it.edit(Side::kLeft, "phone", "2");
    it.edit(Side::kLeft, "memo", "m");
    it.world.hook(Side::kLeft, it.left);
    it.world.settle();

    CHECK(it.both_show("phone", "2"));
    CHECK(it.both_show("memo", "m"));  // nor is the other one forgotten
    REQUIRE(it.requests(Side::kRight, "update").size() >= 2);
    CHECK((it.requests(Side::kRight, "update").front().values.find("memo") != nullptr) == first);
    it.world.engine->remove("memos");
    it.world.settle();
  }
}

TEST_CASE("law 30: invalid, script and budget are dead letters at once", "[laws][30]") {
  for (const Code code : {Code::kInvalid, Code::kScript, Code::kBudget}) {
    Pair it;
    it.world.right.denied = make_error(code, "no");
    it.edit(Side::kLeft, "phone", "2");
    it.world.hook(Side::kLeft, it.left);
    it.world.settle();

    CHECK(it.world.counts().dead == 1);
    CHECK(it.requests(Side::kRight, "update").size() == 1);
    CHECK(operations_of(it.world, "dead").size() == 1);
  }
}

namespace {

/// The system lets no two records have the same phone.
void make_phones_unique(MemorySide& side) {
  side.rule = [&side](const std::string& key, const Value& values) -> std::optional<Error> {
    const Value* wanted = values.find("phone");
    for (const auto& [holder, row] : side.rows) {
      if (wanted != nullptr && holder != key && row.fields.string_or("phone") == wanted->as_string()) return make_error(Code::kBlocked, "23505: phone is taken by " + holder, "swap");
    }
    return std::nullopt;
  };
}

/// Two linked pairs with the phones 1 and 2; a pass at a time, in the order in which they are told of.
struct TwoPairs {
  World world;
  std::string giver, taker;
  static sync::Plan one_at_a_time() {
    sync::Plan plan = World::default_plan();
    plan.parallel = 1;
    return plan;
  }
  TwoPairs() : world(one_at_a_time()) {
    giver = world.left.insert(person("a@example.org", "1"));
    taker = world.left.insert(person("b@example.org", "2"));
    for (const std::string& key : {giver, taker}) world.hook(Side::kLeft, key);
    world.settle();
    make_phones_unique(world.right);
  }
  std::string phone(const std::string& email) const {
    for (const auto& [key, row] : world.right.rows) {
      if (row.fields.string_or("email") == email) return row.fields.string_or("phone");
    }
    return "";
  }
};

}  // namespace

TEST_CASE("law 30: a unique value that one record hands on to another arrives, whichever is written first", "[laws][30]") {
  for (const bool taker_first : {true, false}) {
    TwoPairs it;
    it.world.left.edit(it.giver, "phone", Value("3"));
    it.world.left.edit(it.taker, "phone", Value("1"));
    it.world.hook(Side::kLeft, taker_first ? it.taker : it.giver);
    it.world.hook(Side::kLeft, taker_first ? it.giver : it.taker);
    it.world.settle(minutes(5));

    CHECK(it.phone("a@example.org") == "3");
    CHECK(it.phone("b@example.org") == "1");
    CHECK(it.world.counts().dead == 0);
  }
}

TEST_CASE("law 30: what stays in the way ends in a dead letter that says so, after the attempts that the mapping grants", "[laws][30]") {
  TwoPairs it;
  it.world.left.edit(it.giver, "phone", Value("2"));  // two that swap never get past each other
  it.world.left.edit(it.taker, "phone", Value("1"));
  it.world.right.requests.clear();
  for (const std::string& key : {it.giver, it.taker}) it.world.hook(Side::kLeft, key);
  it.world.settle(hours(5));

  CHECK(it.world.counts().dead == 2);
  CHECK(std::count_if(it.world.right.requests.begin(), it.world.right.requests.end(), [](const MemorySide::Request& request) { return request.verb == "update"; }) == 16);
  for (const store::DirtyKey& key : standing_of(it.world)) {
    REQUIRE(key.error);
    CHECK(key.error->string_or("code") == "blocked");
    CHECK(key.error->string_or("message").find("phone is taken by") != std::string::npos);
    CHECK(key.error->string_or("hint") == "swap");
  }
}

TEST_CASE("law 30: a delete that others still refer to is made when they are gone", "[laws][30][15]") {
  sync::Plan plan = World::default_plan();
  plan.end.right.deletes = sync::DeletePolicy::kDelete;
  Pair it(plan);
  it.later();
  bool referred_to = true;
  it.world.right.rule = [&](const std::string&, const Value&) { return referred_to ? std::optional(make_error(Code::kBlocked, "23503: still referenced")) : std::nullopt; };
  it.erase(Side::kLeft);
  it.world.settle();
  REQUIRE(it.world.right.rows.size() == 1);
  CHECK(it.world.counts().dead == 0);
  referred_to = false;
  it.world.settle(minutes(5));

  CHECK(it.world.right.rows.empty());
  CHECK(it.world.counts().dead == 0);
}

TEST_CASE("law 30: ten poison records delay nobody", "[laws][30]") {
  sync::Plan plan = World::default_plan();
  plan.parallel = 4;
  World world(plan);
  world.right.poison = "poison";
  std::vector<store::DirtyMark> marks;
  for (int i = 0; i < 10; ++i) marks.push_back({Side::kLeft, world.left.insert(person("poison" + std::to_string(i) + "@example.org"))});
  for (int i = 0; i < 40; ++i) marks.push_back({Side::kLeft, world.left.insert(person("p" + std::to_string(i) + "@example.org"))});
  world.store.mark("people", std::move(marks), [](Result<void>) {});
  world.timers.run_posted();
  world.engine->wake("people");
  world.settle(seconds(1));
  CHECK(world.right.rows.size() == 40);

  world.settle(hours(5));
  CHECK(world.counts().dead == 10);
}

TEST_CASE("law 30: a key that stands is not due again because of what its own pass found", "[laws][30][16]") {
  Pair it;
  it.later();
  it.world.left.same = false;  // a database restored behind the connection: the same names, other records
  it.world.left.rows.at(it.left).incarnation = "restored";
  int reads = 0;
  std::function<void()> count = [&] {
    it.world.left.after_read = count;
    if (++reads > 20) it.world.left.broken = hours(1);  // a circle would not end
  };
  count();
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(minutes(5));

  CHECK(it.world.counts().held == 1);
  CHECK(it.requests(Side::kLeft, "read").size() == 1);
  CHECK(it.world.ears.operations.size() == 1);
}

TEST_CASE("law 30: nor because the side that may not be written has to wait", "[laws][30]") {
  sync::Plan plan = World::default_plan();
  plan.read_only.left = true;
  Pair it(plan);
  it.edit(Side::kLeft, "phone", "2");
  it.edit(Side::kRight, "email", "new@example.org");
  int refused = 0;
  std::function<void()> refuse = [&] {
    it.world.right.before_write = refuse;
    it.world.right.denied = make_error(Code::kInvalid, "no");
    it.world.timers.post([&] { it.world.right.denied.reset(); });
    if (++refused > 20) it.world.right.broken = hours(1);
  };
  it.world.right.before_write = refuse;
  it.tell(minutes(5));

  CHECK(it.world.counts().dead >= 1);
  CHECK(it.requests(Side::kRight, "update").size() == 1);
}
