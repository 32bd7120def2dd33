// Laws 16 and 20: a file that names other records than its links are of deletes nothing, and copies nothing into them.
#include <catch2/catch.hpp>

#include "support/people.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;

namespace {

/// A linked pair whose file names another collection on the right, where the same key is somebody else's.
struct Moved : Pair {
  MemorySide others{world.timers, world.clock, "S"};
  Moved() {
    others.insert(person("somebody@else.org", "9"), right);
    put("others", others);
    edit(Side::kLeft, "phone", "2");
    world.hook(Side::kLeft, left);
    world.settle(std::chrono::minutes(5));
  }
  ~Moved() { world.engine.reset(); }
  void put(const std::string& collection, MemorySide& there) {
    sync::Plan plan = World::default_plan();
    plan.end.right.collection = collection;
    world.engine->put(std::make_shared<TableMapper>(std::move(plan), "v2"), {&world.left, &there});
    world.settle();
  }
  std::string held() const { return world.engine->status().at("people").held.value_or(""); }
  void accept(bool same) {
    std::optional<Result<void>> done;
    world.engine->accept_ends("people", same, [&](Result<void> accepted) { done = std::move(accepted); });
    world.settle();
    REQUIRE(done);
    CHECK(done->ok());
  }
};

}  // namespace

TEST_CASE("law 16: a file that names another collection than the links are of is held, and nothing is read into either", "[laws][16][20]") {
  Moved it;
  CHECK(it.held() == "its links are of 'people' on app by id, and the file names 'others' on app by id");
  CHECK(it.others.writes == 0);
  CHECK(it.new_writes() == 0);

  SECTION("and whatever is asked of it says so, and what to do") {
    std::optional<Error> mended, looked, verified;
    it.world.engine->mend({sync::Mending::Act::kUnlink, "people", {Side::kLeft, it.left}, {}, "", "ann"}, [&](Result<store::Operation> done) { mended = done.error(); });
    it.world.engine->try_key("people", Side::kLeft, it.left, [&](sync::Report report) { looked = report.error; });
    store::Job verify;
    verify.mapping = "people";
    verify.kind = "verify";
    it.world.engine->jobs().start({verify}, [&](Result<std::string> batch) {
      it.world.engine->jobs().when_ended(*batch, {}, [&](std::vector<store::Job> jobs) { verified = make_error(*code_from_name(jobs.front().summary.at_path("error.code")->as_string()), jobs.front().summary.at_path("error.message")->as_string(), jobs.front().summary.at_path("error.hint")->as_string()); });
    });
    it.world.settle();
    for (const auto& error : {mended, looked, verified}) {
      REQUIRE(error);
      CHECK(error->code == Code::kBlocked);
      CHECK(error->message == "people is held: " + it.held());
      CHECK(error->hint.find("tidewire adopt people --same") != std::string::npos);
    }
  }
  SECTION("until it is put back") {
    it.put("people", it.world.right);
    CHECK(it.held().empty());
    CHECK(it.both_show("phone", "2"));
  }
  SECTION("also over a restart") {
    sync::Plan plan = World::default_plan();
    plan.end.right.collection = "others";
    restart(it.world, std::move(plan));
    it.world.settle();
    CHECK_FALSE(it.held().empty());
    CHECK(it.new_writes() == 0);
  }
  SECTION("also in the moment of a start in which nobody has read what they are of") {
    sync::Plan plan = World::default_plan();
    plan.end.right.collection = "others";
    begin_anew(it.world, std::move(plan));
    it.world.engine->pause("people", false);  // as its file says
    it.world.settle();
    CHECK(it.new_writes() == 0);
    it.world.engine->start(false);
    it.world.settle();
    CHECK_FALSE(it.held().empty());
    CHECK(it.new_writes() == 0);
  }
  SECTION("or a person says that they are the same under another name") {
    it.accept(true);
    it.world.settle();
    CHECK(it.held().empty());
    CHECK(it.others.get(it.right, "phone") == Value("2"));
  }
  SECTION("or that they are others: the links go, and nothing is deleted") {
    it.accept(false);
    CHECK(it.held().empty());
    CHECK(it.world.counts().links == 0);
    it.world.hook(Side::kLeft, it.left);
    it.world.settle();
    CHECK(it.others.rows.size() == 2);
    CHECK(it.others.get(it.right, "phone") == Value("9"));
    CHECK(it.world.left.rows.size() == 1);
  }
}

TEST_CASE("law 16: so is one that names another key; where there are no links it is not", "[laws][16][20]") {
  Pair it;
  World empty;
  sync::Plan plan = World::default_plan();
  plan.end.right.key = {"code"};
  it.world.engine->put(std::make_shared<TableMapper>(plan, "v2"), {&it.world.left, &it.world.right});
  empty.engine->put(std::make_shared<TableMapper>(plan, "v2"), {&empty.left, &empty.right});
  it.world.settle();
  empty.settle();

  CHECK(it.world.engine->status().at("people").held);
  CHECK_FALSE(empty.engine->status().at("people").held);
}

TEST_CASE("law 16: a table under another of its names is no other one; one under the same name may be", "[laws][16][20]") {
  Pair it;
  sync::Plan plan = World::default_plan();
  const auto held = [&](const std::string& collection, const std::string& place) {
    plan.end.right.collection = collection;
    plan.end.right.place = place;
    it.world.engine->put(std::make_shared<TableMapper>(plan, "v2"), {&it.world.left, &it.world.right});
    it.world.settle();
    return it.world.engine->status().at("people").held.value_or("");
  };

  // What was kept before anybody told places goes by its name.
  CHECK(held("people", "public.people").empty());
  CHECK(held("public.people", "public.people").empty());
  CHECK(held("people", "crm.people") == "its links are of 'public.people' on app by id, and the file names 'people' on app by id");
  CHECK(held("people", "public.people").empty());
  CHECK(held("people", "crm.people") == "its links are of 'people' (public.people) on app by id, and the file names 'people' (crm.people) on app by id");

  CHECK(held("people", "public.people").empty());
  plan.name = "persons";
  CHECK(held("public.people", "public.people").empty());
  CHECK(it.world.engine->alike("persons") == std::vector<std::string>{"people"});
}
