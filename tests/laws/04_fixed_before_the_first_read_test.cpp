// Law 4: a reconcile takes the changes of its key up to a sequence number fixed before its first read.
#include <catch2/catch.hpp>

#include "support/people.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;

namespace {

/// The phone was written to the right, and is to be taken back; a person edits on the left while the mapping rests.
struct TakenBack : Pair {
  Value options;
  TakenBack(const std::string& field, const std::string& value) {
    later();
    options = Object{{"since", format_instant(world.clock.now())}, {"apply", true}};
    edit(Side::kLeft, "phone", "2");
    tell();
    world.engine->pause("people", true);
    edit(Side::kLeft, field, value);
    tell();
  }
  void go_on() {
    world.engine->pause("people", false);
    world.settle();
  }
};

}  // namespace

TEST_CASE("law 4: a change that arrives while the answer of the read is on its way stays and causes another pass", "[laws][4]") {
  Pair it;
  it.world.left.after_read = [&] {
    it.edit(Side::kLeft, "phone", "late");  // after the read was answered: this pass cannot see it
    it.world.store.mark("people", {{Side::kLeft, it.left, "upsert", "webhook", 0, {}}}, [](Result<void> stored) { CHECK(stored.ok()); });
    it.world.engine->wake("people");
  };
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();

  CHECK(it.both_show("phone", "late"));
}

TEST_CASE("law 4: the commit removes exactly what was taken, even where what came later looks the same", "[laws][4]") {
  Pair it;
  int passes = 0;
  it.world.left.after_read = [&] {
    ++passes;
    it.world.hook(Side::kLeft, it.left);
  };
  const std::size_t reads = it.requests(Side::kLeft, "read").size();
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();

  CHECK(passes == 1);
  CHECK(it.requests(Side::kLeft, "read").size() - reads == 2);  // one for each
  CHECK(it.world.counts().waiting == 0);
}

TEST_CASE("law 4: a change that arrives while the write is under way stays", "[laws][4]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "2");
  it.world.right.before_write = [&] {
    it.edit(Side::kLeft, "phone", "3");
    it.world.store.mark("people", {{Side::kLeft, it.left, "upsert", "poll", 0, {}}}, [](Result<void>) {});
  };
  it.tell();

  CHECK(it.both_show("phone", "3"));
}

TEST_CASE("law 4: N waiting changes of one key are one reconcile", "[laws][4]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "2");
  for (int i = 0; i < 50; ++i) it.world.store.mark("people", {{Side::kLeft, it.left, "upsert", "poll", 0, {}}}, [](Result<void>) {});
  it.world.timers.run_posted();
  it.world.engine->wake("people");
  it.world.settle();

  CHECK(it.new_writes() == 1);
  REQUIRE(it.world.ears.operations.size() == 1);
  CHECK(it.world.ears.operations.front().changes == 50);
}

TEST_CASE("law 4: two edits 100 ms apart, the last value arrives", "[laws][4]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "2");
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(std::chrono::milliseconds(100));
  it.edit(Side::kLeft, "phone", "3");
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();

  CHECK(it.both_show("phone", "3"));
}

TEST_CASE("law 4: a revert takes no change with it: what was edited beside its fields travels", "[laws][4][13]") {
  TakenBack it("note", "later");

  run_job(it.world, "revert", it.options);
  CHECK(it.shown(Side::kRight, "phone") == "1");
  it.go_on();

  CHECK(it.both_show("note", "later"));
  CHECK(it.shown(Side::kRight, "phone") == "1");
}

TEST_CASE("law 4: nor does it write where the field was edited on the other side since", "[laws][4]") {
  TakenBack it("phone", "3");

  const store::Job job = run_job(it.world, "revert", it.options);
  CHECK(found_in(job, "refused") == 1);
  CHECK(it.shown(Side::kRight, "phone") == "2");
  it.go_on();

  CHECK(it.both_show("phone", "3"));
}

TEST_CASE("law 9: what was taken back stays so under an edited mapping, until somebody edits it", "[laws][9][13]") {
  TakenBack it("note", "later");
  run_job(it.world, "revert", it.options);
  it.go_on();

  it.world.engine->put(std::make_shared<TableMapper>(World::default_plan(), "v2"), {&it.world.left, &it.world.right});
  std::int64_t differing = -1;
  it.world.engine->count_differing("people", [&](Result<std::int64_t> count) { differing = count.ok() ? *count : -2; });
  it.world.settle();
  CHECK(differing == 0);
  run_job(it.world, "resync", Object{{"all", true}});
  CHECK(it.shown(Side::kLeft, "phone") == "2");
  CHECK(it.shown(Side::kRight, "phone") == "1");

  it.edit(Side::kLeft, "phone", "3");
  it.tell();
  CHECK(it.both_show("phone", "3"));
}
