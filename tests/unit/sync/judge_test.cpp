#include <catch2/catch.hpp>

#include "base/json.h"
#include "support/people.h"

using namespace tidewire;
using sync::Side;
using test::Pair;
using test::World;

namespace {

sync::Plan judged(const std::string& fallback = "manual", std::optional<std::int64_t> rule = {}) {
  sync::Plan plan = World::default_plan();
  plan.judge = sync::JudgeAt{"http://judge.example/decide", std::chrono::seconds(10), fallback};
  plan.fields[1].strategy = "webhook";
  plan.fields[1].strategy_function = rule;
  return plan;
}

/// A pair whose phone was edited on both sides, not told of yet.
struct Disputed : Pair {
  explicit Disputed(sync::Plan plan = judged()) : Pair(std::move(plan)) {
    world.left.edit(left, "phone", Value("left"));
    world.right.edit(right, "phone", Value("right"));
  }
  void tell() {
    world.hook(Side::kLeft, left);
    world.hook(Side::kRight, right);
    world.settle();
  }
  std::string phone(Side side) { return (side == Side::kLeft ? world.left.get(left, "phone") : world.right.get(right, "phone")).as_string(); }
};

}  // namespace

TEST_CASE("judge: is asked of a dispute with base and both values, and its answer decides", "[sync][judge]") {
  Disputed it;
  it.world.judge.answer = Value(Object{{"winner", Value("right")}});

  it.tell();

  REQUIRE(it.world.judge.asked.size() == 1);
  const Value& question = it.world.judge.asked.front();
  CHECK(question.string_or("mapping") == "people");
  CHECK(question.string_or("field") == "phone");
  CHECK(question.string_or("left_key") == it.left);
  CHECK(question.string_or("right_key") == it.right);
  CHECK(question.string_or("left") == "left");
  CHECK(question.string_or("right") == "right");
  CHECK(*question.at_path("base.left") == Value("1"));
  CHECK(question.string_or("id") == it.world.judge.ids.front());
  CHECK(it.world.judge.urls.front() == "http://judge.example/decide");
  CHECK(it.phone(Side::kLeft) == "right");
  CHECK(it.phone(Side::kRight) == "right");
  REQUIRE(it.world.ears.operations.size() == 1);
  const Value& told = *it.world.ears.operations.front().record.at_path("fields.phone");
  CHECK(told.string_or("rule") == "webhook: right wins");
  CHECK(*told.at_path("judged.phone.answer.winner") == Value("right"));
}

TEST_CASE("judge: an edit of one side asks nobody", "[sync][judge]") {
  Pair it(judged());
  it.world.left.edit(it.left, "phone", Value("2"));

  it.world.hook(Side::kLeft, it.left);
  it.world.settle();

  CHECK(it.world.judge.asked.empty());
  CHECK(it.world.right.get(it.right, "phone") == Value("2"));
}

TEST_CASE("judge: a value of its own goes to both sides", "[sync][judge]") {
  Disputed it;
  it.world.judge.answer = Value(Object{{"value", Value("both")}});

  it.tell();

  CHECK(it.phone(Side::kLeft) == "both");
  CHECK(it.phone(Side::kRight) == "both");
}

TEST_CASE("judge: the answer is stored before it is used, and holds after a refused write", "[sync][judge]") {
  Disputed it;
  it.world.right.before_write = [&] {
    it.world.right.edit(it.right, "email", Value("late@example.org"));
    it.world.judge.answer = Value(Object{{"winner", Value("right")}});  // it would say otherwise now
  };

  it.tell();

  CHECK(it.world.right.stale == 1);
  CHECK(it.world.judge.asked.size() == 1);
  CHECK(it.phone(Side::kRight) == "left");
  CHECK(it.world.left.get(it.left, "email") == Value("late@example.org"));
}

TEST_CASE("judge: after a crash between answer and write it is not asked again", "[sync][judge]") {
  Disputed it;
  it.world.right.write_faults = {test::MemorySide::Fault::kRefuse};
  it.world.hook(Side::kLeft, it.left);
  it.world.hook(Side::kRight, it.right);
  it.world.settle(std::chrono::milliseconds(50));
  test::restart(it.world, judged());

  it.world.settle(std::chrono::minutes(5));

  CHECK(it.world.judge.asked.size() == 1);
  CHECK(it.phone(Side::kRight) == "left");
}

namespace {

/// A copy of the left's phone leaves, the process dies before its answer, and the right's phone is edited.
struct Doubted : Pair {
  explicit Doubted(Value answer) : Pair(judged()) {
    world.judge.answer = std::move(answer);
    world.right.write_faults = {test::MemorySide::Fault::kSilent};
    world.left.edit(left, "phone", Value("left"));
    world.hook(Side::kLeft, left);
    world.settle();
    world.right.edit(right, "phone", Value("right"));
    test::restart(world, judged());
    world.settle(std::chrono::minutes(5));
  }
};

}  // namespace

TEST_CASE("judge: an edit that may be on top of a copy of unknown outcome is judged, and the side she names wins", "[sync][judge]") {
  Doubted it(Value(Object{{"winner", Value("right")}}));

  CHECK(it.world.judge.asked.size() == 1);
  CHECK(it.both_show("phone", "right"));
  CHECK(it.world.conflicts().empty());
}

TEST_CASE("judge: a value that she makes of one that a copy of unknown outcome may be in waits for a person", "[sync][judge]") {
  Doubted it(Value(Object{{"value", Value("both")}}));

  REQUIRE(it.world.conflicts().size() == 1);
  CHECK(it.world.conflicts().front().kind == "unknown_outcome");
  CHECK(it.shown(Side::kLeft, "phone") == "left");
  CHECK(it.shown(Side::kRight, "phone") == "right");
  it.tell(std::chrono::hours(1));
  CHECK(it.world.judge.asked.size() == 1);
}

TEST_CASE("judge: that a copy was refused is on record before she is asked", "[sync][judge]") {
  Pair it(judged());
  it.world.judge.answer = make_error(Code::kCancelled, "the process ends before she says anything");
  it.world.left.edit(it.left, "phone", Value("left"));
  it.world.right.before_write = [&] { it.world.right.edit(it.right, "phone", Value("right")); };
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();
  REQUIRE(it.world.right.stale == 1);
  REQUIRE_FALSE(it.world.judge.asked.empty());
  it.world.judge.answer = Value(Object{{"value", Value("both")}});
  test::restart(it.world, judged());

  it.world.settle(std::chrono::minutes(5));

  CHECK(it.both_show("phone", "both"));
  CHECK(it.world.conflicts().empty());
}

TEST_CASE("judge: without an answer the fallback decides and says so", "[sync][judge]") {
  Disputed it(judged("right", 3));
  it.world.judge.answer = make_error(Code::kUnavailable, "judge.example answered 503");

  it.tell();

  CHECK(it.phone(Side::kLeft) == "right");
  const Value& told = *it.world.ears.operations.front().record.at_path("fields.phone");
  CHECK(told.string_or("rule") == "webhook: judge.example answered 503; right: right wins");
}

TEST_CASE("judge: an answer that decides nothing counts as none", "[sync][judge]") {
  for (const char* answer : {R"({"winner":"nobody"})", R"({"left":1})", R"("left")", R"({})"}) {
    Disputed it;
    it.world.judge.answer = *json::parse(answer);

    it.tell();

    CHECK(it.phone(Side::kLeft) == "left");
    CHECK(it.phone(Side::kRight) == "right");
    REQUIRE(it.world.conflicts().size() == 1);
  }
}

TEST_CASE("judge: what is left to a person waits as a conflict, and is not asked again until a value changes", "[sync][judge]") {
  Disputed it;
  it.world.judge.answer = Value(Object{{"winner", Value("manual")}});
  it.tell();
  REQUIRE(it.world.conflicts().size() == 1);

  it.tell();
  it.world.hook(Side::kRight, it.right);
  it.world.settle(std::chrono::hours(30));
  CHECK(it.world.judge.asked.size() == 1);

  it.world.judge.answer = Value(Object{{"winner", Value("erp")}});
  it.world.left.edit(it.left, "phone", Value("newer"));
  it.tell();

  CHECK(it.world.judge.asked.size() == 2);
  CHECK(it.world.conflicts().empty());
  CHECK(it.phone(Side::kRight) == "newer");
}

TEST_CASE("judge: with fallback wait the record waits and asks again", "[sync][judge]") {
  Disputed it(judged("wait"));
  it.world.judge.answer = make_error(Code::kUnavailable, "judge.example gave no answer");
  it.tell();
  CHECK(it.phone(Side::kRight) == "right");
  CHECK(it.world.conflicts().empty());
  CHECK(it.world.counts().backing_off > 0);

  it.world.judge.answer = Value(Object{{"winner", Value("left")}});
  it.world.settle(std::chrono::minutes(2));

  CHECK(it.phone(Side::kRight) == "left");
}

TEST_CASE("judge: an unguarded record is read again after the answer", "[sync][judge]") {
  Disputed it;
  it.world.right.able.guarded_writes = false;
  it.world.judge.on_ask = [&] { it.world.right.edit(it.right, "email", Value("meanwhile@example.org")); };

  it.tell();
  it.world.settle(std::chrono::minutes(3));

  CHECK(it.phone(Side::kRight) == "left");
  CHECK(it.world.right.get(it.right, "email") == Value("meanwhile@example.org"));
  CHECK(it.world.left.get(it.left, "email") == Value("meanwhile@example.org"));
}

TEST_CASE("judge: a group is asked about once, and won together", "[sync][judge]") {
  sync::Plan plan = judged();
  plan.fields[1].group = plan.fields[2].group = 0;
  plan.fields[2].strategy = "webhook";
  plan.fields[2].strategy_function.reset();
  Pair it(plan);
  it.world.left.edit(it.left, "phone", Value("left"));
  it.world.right.edit(it.right, "note", Value("right"));
  it.world.judge.answer = Value(Object{{"winner", Value("left")}});

  it.world.hook(Side::kLeft, it.left);
  it.world.hook(Side::kRight, it.right);
  it.world.settle();

  REQUIRE(it.world.judge.asked.size() == 1);
  CHECK(it.world.judge.asked.front().find("group") != nullptr);
  CHECK(it.world.right.get(it.right, "phone") == Value("left"));
  CHECK(it.world.right.get(it.right, "note") == Value("n"));
}

TEST_CASE("judge: a dry run asks nobody", "[sync][judge]") {
  Disputed it;
  std::string outcome;
  it.world.engine->try_key("people", Side::kLeft, it.left, [&](sync::Report report) { outcome = report.operation.record.at_path("fields.phone")->string_or("rule"); });
  it.world.settle();

  CHECK(it.world.judge.asked.empty());
  CHECK(outcome == "webhook: is to be asked");
}

TEST_CASE("judge: what it said of a person is forgotten with the person", "[sync][judge]") {
  Disputed it;
  it.tell();
  const auto kept = [&] {
    std::size_t count = 0;
    it.world.store.kv_list("judge people", [&](Result<std::map<std::string, Value>> answers) { count = answers->size(); });
    it.world.timers.run_posted();
    return count;
  };
  CHECK(kept() == 1);

  it.world.engine->forget("people", {Side::kRight, it.right}, "ann", [](Result<std::map<std::string, std::int64_t>> done) { CHECK(done.ok()); });
  it.world.settle();

  CHECK(kept() == 0);
}
