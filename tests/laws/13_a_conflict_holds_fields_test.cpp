// Law 13: a conflict holds fields, not records.
#include <map>

#include <catch2/catch.hpp>

#include "support/people.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;

namespace {

/// note waits for a person, phone does not.
struct Disputed : Pair {
  Disputed() {
    edit_both("note", "mine", "yours");
    edit(Side::kLeft, "phone", "2");
    tell();
  }
  std::vector<store::Conflict> closed() {
    std::vector<store::Conflict> out;
    world.store.conflicts("people", true, {}, [&](Result<store::Paged<store::Conflict>> page) { out = page->rows; });
    world.timers.run_posted();
    std::erase_if(out, [](const store::Conflict& one) { return !one.closed_at; });
    return out;
  }
};

}  // namespace

TEST_CASE("law 13: undisputed fields are written and committed", "[laws][13]") {
  Disputed it;

  CHECK(it.both_show("phone", "2"));
  CHECK(it.link().base.at("phone").right == Value("2"));
}

TEST_CASE("law 13: a disputed field keeps its old base and is left out of writes", "[laws][13]") {
  Disputed it;

  CHECK(it.shown(Side::kLeft, "note") == "mine");
  CHECK(it.shown(Side::kRight, "note") == "yours");
  CHECK(it.link().base.at("note").left == Value("n"));
  for (const auto& request : it.requests(Side::kRight, "update")) CHECK(request.values.find("note") == nullptr);
  REQUIRE(it.world.conflicts().size() == 1);
  CHECK(it.world.conflicts().front().base.left == Value("n"));
}

TEST_CASE("law 13: fields edited while another one waits go on travelling", "[laws][13]") {
  Disputed it;
  it.edit(Side::kRight, "email", "ada@new.org");
  it.tell();

  CHECK(it.both_show("email", "ada@new.org"));
  CHECK(it.world.conflicts().size() == 1);
}

TEST_CASE("law 13: later edits refresh the values of the conflict", "[laws][13]") {
  Disputed it;
  it.edit(Side::kRight, "note", "yours again");
  it.tell();

  REQUIRE(it.world.conflicts().size() == 1);
  CHECK(it.world.conflicts().front().shown.right == Value("yours again"));
}

TEST_CASE("law 13: the conflict of a field that is won with others goes on when one of them, or another field, is edited", "[laws][13]") {
  sync::Plan plan = World::default_plan();
  plan.fields = {World::field("email"), World::field("phone", 0), World::field("note", 0)};
  plan.fields[1].group = plan.fields[2].group = 0;
  Pair it(plan);
  it.edit(Side::kLeft, "phone", "2");
  it.edit_both("note", "mine", "yours");
  it.tell();
  const auto ids = [&] {
    std::map<std::string, std::pair<std::int64_t, Instant>> out;
    for (const store::Conflict& open : it.world.conflicts()) out[open.field] = {open.id, open.opened_at};
    return out;
  };
  const auto before = ids();
  REQUIRE(before.size() == 2);
  it.later();
  it.edit(Side::kRight, "note", "yours again");
  it.tell();
  CHECK(ids() == before);
  it.edit(Side::kLeft, "email", "ada@new.org");
  it.tell();

  CHECK(ids() == before);
  CHECK(it.both_show("email", "ada@new.org"));
}

TEST_CASE("law 13: another webhook about it is no news", "[laws][13]") {
  Disputed it;
  it.tell();
  it.tell();

  CHECK(it.world.conflicts().size() == 1);
  CHECK(it.world.ears.operations.size() == 1);
}

TEST_CASE("law 13: if the sides come to agree it closes itself", "[laws][13]") {
  Disputed it;
  it.edit(Side::kRight, "note", "mine");
  it.tell();

  CHECK(it.world.conflicts().empty());
  CHECK(it.link().base.at("note").right == Value("mine"));
}

TEST_CASE("law 13: resolving names the values it was shown, and is refused with the new ones if they changed", "[laws][13]") {
  Disputed it;
  const store::Conflict shown = it.world.conflicts().front();
  it.later();
  it.edit(Side::kLeft, "note", "mine again");
  it.tell();
  std::optional<Code> refused;
  it.world.store.resolve({shown.id, "right", "ann", {}, shown.shown_at}, [&](Result<void> done) { refused = done.ok() ? std::nullopt : std::optional(done.error().code); });
  it.world.timers.run_posted();
  it.world.engine->wake("people");
  it.world.settle();

  CHECK(refused == Code::kStale);
  CHECK(it.shown(Side::kLeft, "note") == "mine again");
  CHECK(it.world.conflicts().front().shown.left == Value("mine again"));
}

TEST_CASE("law 13: an edit between a decision and its pass is asked about anew", "[laws][13]") {
  for (const std::string method : {"left", "right", "value", "accept"}) {
    INFO(method);
    Disputed it;
    const store::Conflict shown = it.world.conflicts().front();
    const bool value = method == "value";
    const auto said = value ? std::optional(Value("ours")) : std::nullopt;
    it.world.store.resolve({shown.id, method, "ann", {said, said}, shown.shown_at}, [](Result<void>) {});
    it.world.timers.run_posted();
    it.later();
    it.edit(Side::kRight, "note", "yours again");
    it.world.engine->wake("people");
    it.world.settle();

    CHECK(it.shown(Side::kLeft, "note") == "mine");
    CHECK(it.shown(Side::kRight, "note") == "yours again");
    REQUIRE(it.world.conflicts().size() == 1);
    CHECK(it.world.conflicts().front().shown.right == Value("yours again"));
    CHECK_FALSE(it.world.conflicts().front().method);

    it.resolve("note", method, Value("ours"), Value("ours"));
    CHECK(it.world.conflicts().empty());
    CHECK(it.shown(Side::kLeft, "note") == (value ? "ours" : method == "right" ? "yours again" : "mine"));
  }
}

TEST_CASE("law 13: a resolution is an operation with an author, written to both systems", "[laws][13]") {
  Disputed it;
  it.resolve("note", "value", Value("ours"), Value("ours"));

  CHECK(it.both_show("note", "ours"));
  CHECK(it.world.conflicts().empty());
  const auto& said = it.world.ears.operations.back();
  CHECK(said.kind == "resolve");
  CHECK(said.author == "ann");
  CHECK(it.decided("note").string_or("left") == "mine");
  CHECK(it.decided("note").string_or("right") == "yours");
}

TEST_CASE("law 13: resolved for a side, the other gets its value", "[laws][13]") {
  Disputed it;
  it.resolve("note", "right");

  CHECK(it.both_show("note", "yours"));
  CHECK(it.closed().front().method == "right");
  CHECK(it.closed().front().said.left == Value("yours"));
  CHECK(it.closed().front().said.right == Value("yours"));
}

TEST_CASE("law 13: accepted as different, both stay and neither travels", "[laws][13]") {
  Disputed it;
  const int writes = it.new_writes();
  it.resolve("note", "accept");
  it.tell();

  CHECK(it.shown(Side::kLeft, "note") == "mine");
  CHECK(it.shown(Side::kRight, "note") == "yours");
  CHECK(it.world.conflicts().empty());
  CHECK(it.new_writes() == writes);

  it.edit(Side::kLeft, "note", "from here on");
  it.tell();
  CHECK(it.both_show("note", "from here on"));
}

TEST_CASE("law 13: skipped, it stays open and both stay as they are, told once", "[laws][13]") {
  Disputed it;
  const int writes = it.new_writes();
  it.resolve("note", "skip");
  REQUIRE(it.world.ears.operations.back().kind == "resolve");
  CHECK(it.world.ears.operations.back().outcome == "skipped");
  CHECK(it.world.ears.operations.back().author == "ann");
  const std::size_t told = it.world.ears.operations.size();
  it.tell();
  it.tell();

  CHECK(it.world.ears.operations.size() == told);
  CHECK(it.new_writes() == writes);
  CHECK(it.link().base.at("note").left == Value("n"));
  REQUIRE(it.world.conflicts().size() == 1);
  CHECK(it.world.conflicts().front().method == "skip");
  CHECK(it.world.counts().open_conflicts == 0);
  CHECK(it.world.counts().skipped_conflicts == 1);
  CHECK_FALSE(it.world.counts().oldest_conflict);
  const store::Job job = run_job(it.world, "verify");
  CHECK(found_in(job, "skipped") == 1);
  CHECK(found_in(job, "differing") == 0);
  CHECK(found_in(job, "accepted") == 0);
}

TEST_CASE("law 13: an edit of what was skipped is asked about anew, and overwrites nothing", "[laws][13]") {
  Disputed it;
  it.resolve("note", "skip");
  it.edit(Side::kLeft, "note", "mine again");
  it.tell();

  CHECK(it.shown(Side::kRight, "note") == "yours");
  REQUIRE(it.world.conflicts().size() == 1);
  CHECK(it.world.conflicts().front().shown.left == Value("mine again"));
  CHECK_FALSE(it.world.conflicts().front().method);
  CHECK(it.world.counts().open_conflicts == 1);
  CHECK(it.world.ears.operations.back().outcome == "conflict");
}

TEST_CASE("law 13: what was skipped closes itself if the sides come to agree", "[laws][13]") {
  Disputed it;
  it.resolve("note", "skip");
  it.edit(Side::kRight, "note", "mine");
  it.tell();

  CHECK(it.world.conflicts().empty());
  CHECK(it.closed().front().method == "agreed");
  CHECK(it.world.counts().skipped_conflicts == 0);
}

TEST_CASE("law 13: a value that both sides show already settles it for good", "[laws][13]") {
  Disputed it;
  it.resolve("note", "value", Value("mine"), Value("yours"));
  CHECK(it.world.conflicts().empty());
  it.edit(Side::kLeft, "phone", "3");
  it.tell();

  CHECK(it.world.conflicts().empty());
  CHECK(it.shown(Side::kLeft, "note") == "mine");
  CHECK(it.shown(Side::kRight, "note") == "yours");
}

TEST_CASE("law 13: of two that are answered at once each has its own answer on record", "[laws][13]") {
  sync::Plan plan = World::default_plan();
  plan.fields[1] = World::field("phone", 0);
  Pair it(plan);
  it.edit_both("note", "mine", "yours");
  it.edit_both("phone", "2", "3");
  it.tell();
  for (const store::Conflict& open : it.world.conflicts()) it.world.store.resolve({open.id, open.field == "note" ? "left" : "right", open.field == "note" ? "ann" : "bob", {}, open.shown_at}, [](Result<void>) {});
  it.world.timers.run_posted();
  it.world.engine->wake("people");
  it.world.settle();

  CHECK(it.both_show("note", "mine"));
  CHECK(it.both_show("phone", "3"));
  std::map<std::string, std::string> said;
  it.world.store.conflicts("people", true, {}, [&](Result<store::Paged<store::Conflict>> page) {
    for (const store::Conflict& one : page->rows) said[one.field] = one.method.value_or("") + " " + one.author.value_or("");
  });
  it.world.timers.run_posted();
  CHECK(said == std::map<std::string, std::string>{{"note", "left ann"}, {"phone", "right bob"}});
}

TEST_CASE("law 13: what is decided or written beside a conflict that waits on was done, and is no conflict", "[laws][13][32]") {
  sync::Plan plan = World::default_plan();
  plan.fields[0] = World::field("email", 0);
  Pair it(plan);
  it.edit_both("note", "mine", "yours");
  it.edit_both("email", "a@example.org", "b@example.org");
  it.tell();
  REQUIRE(it.world.ears.operations.size() == 1);
  CHECK(it.world.ears.operations.back().outcome == "conflict");

  it.resolve("note", "left");
  CHECK(it.world.ears.operations.back().kind == "resolve");
  CHECK(it.world.ears.operations.back().outcome == "applied");
  it.edit(Side::kLeft, "phone", "2");
  it.tell();
  CHECK(it.world.ears.operations.back().kind == "update");
  CHECK(it.world.ears.operations.back().outcome == "applied");
  it.edit(Side::kRight, "email", "c@example.org");
  it.tell();

  CHECK(it.world.ears.operations.back().outcome == "conflict");
  CHECK(it.world.conflicts().size() == 1);
}

TEST_CASE("law 13: what a person has decided holds for a record that is gone by then and is made again", "[laws][13][15]") {
  for (const char* method : {"left", "right", "value", "accept"}) {
    INFO(method);
    Pair it;
    it.edit_both("note", "a", "b");
    it.tell();
    REQUIRE(it.world.conflicts().size() == 1);
    it.edit(Side::kLeft, "phone", "2");  // an edit, so the delete does not count
    it.world.right.erase(it.right);
    it.resolve("note", method, Value("c"), Value("c"));
    it.world.hook(Side::kRight, it.right, "delete");
    it.world.settle(std::chrono::minutes(5));

    REQUIRE(it.world.right.rows.size() == 1);
    const Value said = Value(method == std::string("right") ? "b" : (method == std::string("value") ? "c" : "a"));
    CHECK(it.world.left.get(it.left, "note") == said);
    CHECK(it.world.right.get(it.world.only_right(), "note") == said);
    CHECK(it.world.right.get(it.world.only_right(), "phone") == Value("2"));
    CHECK(it.world.conflicts().empty());
  }
}
