// What a person does to links whose records were renamed, or stand.
#include <catch2/catch.hpp>

#include "support/people.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;
using Act = sync::Mending::Act;

namespace {

Result<store::Operation> mend(World& world, Act act, sync::SideKey key, std::optional<sync::SideKey> with = {}) {
  std::optional<Result<store::Operation>> answer;
  world.engine->mend({act, "people", std::move(key), std::move(with), "", "ann"}, [&](Result<store::Operation> done) { answer = std::move(done); });
  world.settle();
  return *answer;
}

/// The left record is called "ada-2" by now, and another link has that name: one record, two links.
struct TwoLinks : Pair {
  std::string wrong;
  TwoLinks() {
    world.settle(std::chrono::minutes(5));
    wrong = world.right.insert(person("other@example.org"));
    store::Commit commit;
    commit.mapping = "people";
    commit.link.emplace();
    commit.link->key = {"ada-2", wrong};
    commit.link->incarnation = {world.left.rows.at(left).incarnation, world.right.rows.at(wrong).incarnation};
    world.store.commit(std::move(commit), [](Result<std::int64_t> stored) { REQUIRE(stored.ok()); });
    world.left.rename(left, "ada-2");
    world.hook(Side::kLeft, left, "delete");
    world.settle();
  }
};

}  // namespace

TEST_CASE("relink: a record that was renamed without a word is linked already", "[sync][mend]") {
  Pair it;
  const std::string right = it.world.right.insert(person("other@example.org"));
  it.world.left.rename(it.left, "ada-2");

  const auto refused = mend(it.world, Act::kRelink, {Side::kLeft, "ada-2"}, sync::SideKey{Side::kRight, right});
  REQUIRE(!refused.ok());
  CHECK(refused.error().message == "people/left/ada-2 is linked already, under its former name '" + it.left + "'");

  it.world.left.rows[it.left] = it.world.left.rows.at("ada-2");  // both are there: two records of one stamp
  CHECK(mend(it.world, Act::kRelink, {Side::kLeft, "ada-2"}, sync::SideKey{Side::kRight, right}).ok());
}

TEST_CASE("ignore: a record that was renamed without a word is linked already", "[sync][mend]") {
  Pair it;
  it.world.left.rename(it.left, "ada-2");

  const auto refused = mend(it.world, Act::kIgnore, {Side::kLeft, "ada-2"});
  REQUIRE(!refused.ok());
  CHECK(refused.error().message == "people/left/ada-2 is linked already, under its former name '" + it.left + "'");
  CHECK(refused.error().hint.find("tidewire unlink people " + it.left + " --side left") != std::string::npos);

  it.world.hook(Side::kLeft, it.left, "delete");
  it.world.settle(std::chrono::minutes(5));
  CHECK(it.known(Side::kLeft, "ada-2").link->key.right == it.right);
}

TEST_CASE("ignore: what is not there, or cannot be read, is ignored all the same", "[sync][mend]") {
  Pair it;
  CHECK(mend(it.world, Act::kIgnore, {Side::kLeft, "nobody"}).ok());
  it.world.left.denied = make_error(Code::kDenied, "no");
  CHECK(mend(it.world, Act::kIgnore, {Side::kLeft, "secret"}).ok());

  CHECK(it.known(Side::kLeft, "nobody").link->state == store::LinkState::kIgnored);
  CHECK(it.known(Side::kLeft, "secret").link->state == store::LinkState::kIgnored);
}

TEST_CASE("unlink: of two links of one record the one that is left goes on at once", "[sync][mend]") {
  TwoLinks it;
  REQUIRE(it.world.counts().conflict == 1);

  REQUIRE(mend(it.world, Act::kUnlink, {Side::kLeft, "ada-2"}).ok());

  CHECK(it.known(Side::kLeft, "ada-2").link->key.right == it.right);
  CHECK(it.world.counts().conflict == 0);
  CHECK(it.world.counts().open_conflicts == 0);
  CHECK(it.world.counts().links == 1);
}

TEST_CASE("unlink: nothing waits for a person about a link that is gone", "[sync][mend]") {
  TwoLinks it;
  REQUIRE(it.world.counts().conflict == 1);

  REQUIRE(mend(it.world, Act::kUnlink, {Side::kRight, it.right}).ok());

  CHECK(it.world.counts().conflict == 0);
  CHECK(it.world.counts().open_conflicts == 0);
}

TEST_CASE("merge: what stood of a record that is set aside stands no longer", "[sync][mend]") {
  Pair it;
  const std::string other = it.world.left.insert(person("ada2@example.org"));
  it.world.hook(Side::kLeft, other);
  it.world.settle();
  it.world.right.rule = [](const std::string&, const Value&) { return std::optional(make_error(Code::kInvalid, "no")); };
  it.world.left.edit(other, "phone", Value("9"));
  it.world.hook(Side::kLeft, other);
  it.world.settle();
  REQUIRE(it.world.counts().dead == 1);

  REQUIRE(mend(it.world, Act::kMerge, {Side::kLeft, it.left}, sync::SideKey{Side::kLeft, other}).ok());

  CHECK(it.world.counts().dead == 0);
}
