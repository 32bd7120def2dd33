#include <catch2/catch.hpp>

#include <map>

#include "support/fake_clock.h"
#include "support/memory_side.h"
#include "sync/batcher.h"

namespace tidewire::sync {
namespace {

struct Writes {
  test::FakeClock clock;
  test::ManualTimers timers{clock};
  test::MemorySide side{timers, clock, "S"};
  std::vector<std::optional<Result<Record>>> answers;

  void update(Batcher& batcher, const std::string& key, const std::string& value, std::optional<std::string> guard = {}) {
    const std::size_t place = answers.size();
    answers.emplace_back();
    batcher.update({key, Value(Object{{"phone", Value(value)}}), std::move(guard)}, [this, place](Result<Record> answer) { answers[place] = std::move(answer); });
  }
};

TEST_CASE("batcher: updates of one turn leave as one call, each with its own guard and answer", "[sync]") {
  Writes it;
  it.side.able.bulk_update = 100;
  Batcher batcher(it.side, it.timers);
  const auto a = it.side.insert(Value(Object{})), b = it.side.insert(Value(Object{})), c = it.side.insert(Value(Object{}));

  it.update(batcher, a, "1", "1");
  it.update(batcher, b, "2", "999");
  it.update(batcher, "nobody", "3");
  it.update(batcher, c, "4");
  it.timers.run_posted();

  CHECK(it.side.update_calls == 1);
  CHECK((*it.answers[0])->fields.string_or("phone") == "1");
  CHECK(it.answers[1]->error().code == Code::kStale);
  CHECK(it.answers[2]->error().code == Code::kNotFound);
  CHECK((*it.answers[3])->key == c);
}

TEST_CASE("batcher: where the system takes one at a time each update is a call of its own", "[sync]") {
  Writes it;
  Batcher batcher(it.side, it.timers);
  const auto a = it.side.insert(Value(Object{})), b = it.side.insert(Value(Object{}));

  it.update(batcher, a, "1");
  it.update(batcher, b, "2");
  it.timers.run_posted();

  CHECK(it.side.update_calls == 0);
  CHECK(it.side.get(a, "phone") == Value("1"));
  CHECK(it.side.get(b, "phone") == Value("2"));
}

TEST_CASE("batcher: one search that is refused costs the others nothing", "[sync]") {
  Writes it;
  it.side.refused = "b";
  Batcher batcher(it.side, it.timers);
  it.side.insert(Value(Object{{"email", Value("a")}}));
  std::map<std::string, Result<std::vector<Record>>> found;
  for (const char* email : {"a", "b", "c"}) {
    batcher.find({{"email", Value(email), false}}, [&found, email](Result<std::vector<Record>> records) { found.emplace(email, std::move(records)); });
  }
  it.timers.run_posted();

  REQUIRE(found.size() == 3);
  REQUIRE(found.at("a").ok());
  CHECK(found.at("a")->size() == 1);
  CHECK(found.at("b").error().code == Code::kInvalid);
  CHECK(found.at("c").ok());
}

TEST_CASE("batcher: creates of a load wait for a full call, or until no more are on their way; others leave at once", "[sync]") {
  Writes it;
  it.side.able.bulk_create = 3;
  Batcher batcher(it.side, it.timers);
  bool more = true;
  batcher.gather_while([&] { return more; });
  const auto create = [&](bool patient) {
    batcher.create({Value(Object{}), {}}, [](Result<Record>) {}, patient);
    it.timers.run_posted();
  };

  create(true);
  create(true);
  CHECK(it.side.create_calls == 0);
  create(true);
  CHECK(it.side.create_calls == 1);
  CHECK(it.side.creates == 3);
  create(true);
  CHECK(batcher.waiting_creates() == 1);
  more = false;
  batcher.look();
  it.timers.run_posted();
  CHECK(it.side.create_calls == 2);
  more = true;
  create(true);
  create(false);
  CHECK(it.side.create_calls == 3);
  CHECK(it.side.creates == 6);
}

}  // namespace
}  // namespace tidewire::sync
