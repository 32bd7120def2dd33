// Law 26: after an unknown outcome the system is asked, never assumed.
#include <catch2/catch.hpp>

#include "store/restore.h"
#include "support/people.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;
using std::chrono::minutes;
using std::chrono::seconds;
using Fault = MemorySide::Fault;

namespace {

/// A copy of the state that was made before both sides agreed on "5" has become the state.
struct Restored : Pair {
  explicit Restored(bool agreed_since = true) {
    const store::Link copied = link();
    if (agreed_since) {
      edit(Side::kLeft, "tags", "5");
      tell();
      REQUIRE(both_show("tags", "5"));
    }
    later();
    store::Commit back;
    back.mapping = "people";
    back.link = copied;
    world.store.commit(std::move(back), [](Result<std::int64_t> done) { CHECK(done.ok()); });
    world.store.kv_set(store::kStateDrawer, store::kRestoredAt, Value(world.clock.now().time_since_epoch().count()), std::nullopt, [](Result<void> done) { CHECK(done.ok()); });
    world.timers.run_posted();
    restart(world);
    later();
    forget_what_was();
  }
};

}  // namespace

TEST_CASE("law 26: read back equal to what was meant it is a success", "[laws][26]") {
  Pair it;
  it.world.right.write_faults = {Fault::kLoseAnswer};
  it.edit(Side::kLeft, "phone", "2");
  it.tell();

  CHECK(it.both_show("phone", "2"));
  CHECK(it.new_writes() == 1);
  CHECK(it.world.counts().backing_off == 0);
  CHECK(it.link().base.at("phone").right == Value("2"));
}

TEST_CASE("law 26: read back equal to before it is tried again", "[laws][26]") {
  Pair it;
  it.world.right.write_faults = {Fault::kLoseRequest};
  it.edit(Side::kLeft, "phone", "2");
  it.tell(minutes(10));

  CHECK(it.both_show("phone", "2"));
  CHECK(it.new_writes() == 1);
}

TEST_CASE("law 26: else it is merged again: an edit on top of our own write stays", "[laws][26]") {
  Pair it;
  it.world.right.write_faults = {Fault::kLoseAnswer};
  it.world.right.read_faults = {Fault::kRefuse};
  it.edit(Side::kLeft, "phone", "2");
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(std::chrono::milliseconds(1));
  REQUIRE(it.shown(Side::kRight, "phone") == "2");
  it.edit(Side::kRight, "phone", "3");
  it.edit(Side::kRight, "email", "ada@new.org");
  it.world.settle(minutes(10));

  CHECK(it.both_show("phone", "3"));
  CHECK(it.both_show("email", "ada@new.org"));
}

TEST_CASE("law 26: a copied field that is neither input nor result counts as written, the difference as an edit on top, with both values on record", "[laws][26]") {
  Pair it;
  it.world.right.able.guarded_writes = false;
  it.world.right.write_faults = {Fault::kLoseAnswer};
  it.world.right.read_faults = {Fault::kNone, Fault::kRefuse};
  it.edit(Side::kLeft, "phone", "2");
  it.edit(Side::kLeft, "email", "ada@new.org");
  it.tell(std::chrono::milliseconds(1));
  it.edit(Side::kRight, "phone", "3");
  it.tell(minutes(10));

  CHECK(it.both_show("phone", "3"));
  CHECK(it.both_show("email", "ada@new.org"));
}

TEST_CASE("law 26: the value that both had agreed on before is an edit like any other where somebody enters it on top of a winner", "[laws][26]") {
  const bool guarded = GENERATE(true, false);
  CAPTURE(guarded);
  Pair it;
  it.world.right.able.guarded_writes = guarded;
  it.edit(Side::kRight, "phone", "r");
  it.later(seconds(1));
  it.edit(Side::kLeft, "phone", "l");  // the newer one wins
  it.world.right.write_faults = {Fault::kLoseAnswer};
  it.world.right.read_faults = {Fault::kNone, Fault::kRefuse};
  it.tell(std::chrono::milliseconds(1));
  REQUIRE(it.shown(Side::kRight, "phone") == "l");
  it.edit(Side::kRight, "phone", "1");
  it.tell(minutes(10));

  CHECK(it.both_show("phone", "1"));
  CHECK(it.decided("phone").string_or("left") == "l");  // the loser is on record
  it.forget_what_was();
  it.tell(minutes(10));
  CHECK(it.new_writes() == 0);
}

TEST_CASE("law 26: so does one entered where a person's word of unknown outcome went, and it waits for a person until the sides agree", "[laws][26]") {
  const bool arrived = GENERATE(true, false);
  CAPTURE(arrived);
  Pair it;
  it.edit_both("note", "l", "r");
  it.tell();
  REQUIRE(it.world.conflicts().size() == 1);
  it.world.right.write_faults = {arrived ? Fault::kLoseAnswer : Fault::kLoseRequest};
  const store::Conflict asked = it.world.conflicts().front();
  it.world.store.resolve({asked.id, "left", "ann", {}, asked.shown_at}, [](Result<void> done) { CHECK(done.ok()); });
  it.world.timers.run_posted();
  it.world.right.read_faults = {Fault::kNone, Fault::kRefuse};
  it.world.engine->wake("people");
  it.world.settle(std::chrono::milliseconds(1));
  REQUIRE(it.shown(Side::kRight, "note") == (arrived ? "l" : "r"));
  it.edit(Side::kRight, "note", "n");
  it.tell(minutes(10));

  REQUIRE(it.world.conflicts().size() == 1);
  CHECK(it.shown(Side::kLeft, "note") == "l");
  CHECK(it.shown(Side::kRight, "note") == "n");
  CHECK(it.world.conflicts().front().shown.right == Value("n"));
  it.tell(minutes(10));
  CHECK(it.world.conflicts().size() == 1);
  it.edit(Side::kLeft, "note", "n");
  it.tell();
  CHECK(it.world.conflicts().empty());
  CHECK(it.both_show("note", "n"));
}

TEST_CASE("law 26: a computed field that is neither input nor result is a conflict: unknown_outcome", "[laws][26]") {
  Pair it;
  it.edit_both("tags", "a", "b");
  it.world.right.write_faults = {Fault::kLoseAnswer};
  it.world.right.read_faults = {Fault::kNone, Fault::kRefuse};
  it.world.hook(Side::kLeft, it.left);
  it.world.hook(Side::kRight, it.right);
  it.world.settle(std::chrono::milliseconds(1));
  REQUIRE(it.shown(Side::kRight, "tags") == "a+b");
  it.edit(Side::kRight, "tags", "something else");
  it.world.settle(minutes(10));

  REQUIRE(it.world.conflicts().size() == 1);
  CHECK(it.world.conflicts().front().kind == "unknown_outcome");
  CHECK(it.shown(Side::kRight, "tags") == "something else");
  CHECK(it.shown(Side::kLeft, "tags") == "a");
}

TEST_CASE("law 26: without a guard nothing is written to that key until the settle time has passed", "[laws][26]") {
  Pair it;
  it.world.right.able.guarded_writes = false;
  it.world.right.write_faults = {Fault::kLoseRequest};
  it.edit(Side::kLeft, "phone", "2");
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(seconds(50));
  CHECK(it.shown(Side::kRight, "phone") == "1");
  it.edit(Side::kLeft, "phone", "3");  // nor what comes meanwhile
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(seconds(5));
  CHECK(it.shown(Side::kRight, "phone") == "1");

  it.world.settle(minutes(5));
  CHECK(it.both_show("phone", "3"));
}

TEST_CASE("law 26: a first write that lands late does not land on top of the second", "[laws][26]") {
  Pair it;
  it.world.right.able.guarded_writes = false;
  it.world.right.write_faults = {Fault::kLate};
  it.edit(Side::kLeft, "phone", "2");
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(seconds(5));
  it.edit(Side::kLeft, "phone", "3");
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(seconds(20));
  it.world.right.apply_late();
  it.world.settle(minutes(5));

  CHECK(it.both_show("phone", "3"));
}

TEST_CASE("law 26: a read proves \"not written\" only if made after the settle time", "[laws][26]") {
  Pair it;
  it.edit_both("tags", "a", "b");
  it.world.right.able.guarded_writes = false;
  it.world.right.write_faults = {Fault::kLate};
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(seconds(5));
  CHECK(it.shown(Side::kRight, "tags") == "b");  // reads as before
  it.world.right.apply_late();
  it.world.settle(minutes(10));

  CHECK(it.both_show("tags", "a+b"));  // counted once, not "a+a+b"
}

TEST_CASE("law 26: announced values are remembered across a restart", "[laws][26]") {
  Pair it;
  it.world.right.able.guarded_writes = false;
  it.world.right.write_faults = {Fault::kLoseRequest};
  it.edit(Side::kLeft, "phone", "2");
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(seconds(1));
  restart(it.world);
  it.world.settle(seconds(40));
  CHECK(it.shown(Side::kRight, "phone") == "1");

  it.world.settle(minutes(5));
  CHECK(it.both_show("phone", "2"));
}

TEST_CASE("law 26: the settle time begins anew with a restart: the write that was on its way does not land on top of the next", "[laws][26]") {
  Pair it;
  it.world.right.able.guarded_writes = false;
  it.world.right.write_faults = {Fault::kSilent};
  it.edit(Side::kLeft, "phone", "2");
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(seconds(50));
  restart(it.world);
  it.edit(Side::kLeft, "phone", "3");
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(seconds(40));
  CHECK(it.shown(Side::kRight, "phone") == "1");
  it.edit(Side::kRight, "phone", "2");  // it arrives
  it.world.settle(minutes(5));

  CHECK(it.both_show("phone", "3"));
}

TEST_CASE("law 26: after the state was restored from a copy, what is made of both edits and of an older base waits for a person", "[laws][26]") {
  Restored it;
  it.edit(Side::kLeft, "tags", "8");
  it.tell();

  REQUIRE(it.world.conflicts().size() == 1);
  CHECK(it.world.conflicts().front().kind == "unknown_outcome");
  CHECK(it.new_writes() == 0);
  it.edit(Side::kLeft, "tags", "9");  // nor is it counted later
  it.tell(minutes(5));
  CHECK(it.world.conflicts().size() == 1);
  CHECK(it.new_writes() == 0);

  it.resolve("tags", "left");
  CHECK(it.both_show("tags", "9"));
  it.edit_both("tags", "a", "b");
  it.tell();
  CHECK(it.both_show("tags", "a+b"));
}

TEST_CASE("law 26: what both sides show alike is agreed on, and edits from there on count as ever", "[laws][26]") {
  Restored it;
  it.tell();
  it.edit_both("tags", "a", "b");
  it.tell();

  CHECK(it.world.conflicts().empty());
  CHECK(it.both_show("tags", "a+b"));
}

TEST_CASE("law 26: so do those of a record that a resync has compared since", "[laws][26]") {
  const bool compared = GENERATE(true, false);
  CAPTURE(compared);
  Restored it(false);
  if (compared) run_job(it.world, "resync");
  it.later();
  it.edit_both("tags", "a", "b");
  it.tell();

  CHECK(it.world.conflicts().size() == (compared ? 0U : 1U));
  CHECK(it.both_show("tags", "a+b") == compared);
}
