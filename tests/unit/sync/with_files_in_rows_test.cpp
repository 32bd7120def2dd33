#include <catch2/catch.hpp>

#include "support/disk.h"
#include "support/people.h"

using namespace tidewire;
using sync::Side;
using test::Disk;
using test::World;

namespace {

sync::Plan plan_with_papers() {
  sync::Plan plan = World::default_plan();
  plan.end.left.deletes = sync::DeletePolicy::kDelete;
  sync::Field papers = World::field("papers"), title = World::field("title"), scan = World::field("scan");
  papers.kind = sync::Field::Kind::kRows;
  title.row_key = true;
  scan.type = {sync::Type::of("file"), sync::Type::of("file")};
  papers.rows = {title, scan};
  plan.fields.push_back(papers);
  return plan;
}

Value paper(const char* title, Value scan) { return Value(Object{{"title", title}, {"scan", std::move(scan)}}); }

/// Records whose rows name files.
struct Papers {
  World world;
  std::shared_ptr<Disk> here = std::make_shared<Disk>(world.timers, "/files/"), there = std::make_shared<Disk>(world.timers, "bucket/");
  sync::Files files{world.store, world.timers, world.clock};
  sync::WithFiles left{world.left, files, {"erp", "erp", here}, {{"scan", false, {"app", "app", there}, "papers"}}};
  sync::WithFiles right{world.right, files, {"app", "app", there}, {{"scan", false, {"erp", "erp", here}, "papers"}}};
  std::string ada, twin;

  Papers() {
    world.engine->put(std::make_shared<test::TableMapper>(plan_with_papers(), "v2"), {&left, &right});
    world.settle();
    here->files["/files/a.png"] = "a";
    Value record = test::person("ada@example.org");
    record["papers"] = Value(Array{paper("passport", "/files/a.png"), paper("diploma", Value())});
    ada = world.left.insert(record);
    tell(Side::kLeft, ada);
    twin = world.only_right();
  }
  ~Papers() {
    world.engine->remove("people");
    world.settle();
  }
  void tell(Side side, const std::string& key, const char* event = "upsert") {
    world.hook(side, key, event);
    world.settle();
  }
  void lose() {
    here->files["/files/b.png"] = "b";
    world.left.edit(ada, "papers", Value(Array{paper("passport", "/files/none.png"), paper("diploma", Value())}));
    tell(Side::kLeft, ada);
  }
};

}  // namespace

TEST_CASE("with files: a file that is gone inside a row is told with its row, and nothing is emptied or written over", "[sync][files]") {
  Papers it;
  REQUIRE(it.there->files.size() == 1);
  const int writes = it.world.writes();

  it.lose();

  const auto dead = test::standing_of(it.world, store::KeyState::kDead);
  REQUIRE(dead.size() == 1);
  const std::string why = dead.front().error->string_or("message");
  CHECK(why.find("'scan' of a row") != std::string::npos);
  CHECK(why.find("'/files/none.png' is not there") != std::string::npos);
  CHECK(it.world.writes() == writes);
}

TEST_CASE("with files: a file that is gone inside a row is no edit of who deletes the other copy, another row is", "[sync][files]") {
  const bool edited = GENERATE(false, true);
  Papers it;
  it.lose();
  if (edited) {
    it.world.left.edit(it.ada, "papers", Value(Array{paper("passport", "/files/none.png"), paper("diploma", "/files/b.png")}));
    it.tell(Side::kLeft, it.ada);
  }

  it.world.right.rows.erase(it.twin);
  it.tell(Side::kRight, it.twin, "delete");
  it.world.settle(std::chrono::minutes(5));

  CHECK(it.world.left.rows.size() == (edited ? 1u : 0u));
}
