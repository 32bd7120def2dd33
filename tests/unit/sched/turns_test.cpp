#include "sched/turns.h"

#include <string>

#include <catch2/catch.hpp>

using namespace tidewire::sched;

namespace {

constexpr auto kLive = Rank::Kind::kLive;
constexpr auto kPages = Rank::Kind::kPages;

std::string all_of(Turns<char>& turns) {
  std::string out;
  while (auto next = turns.pop()) out += *next;
  return out;
}

}  // namespace

TEST_CASE("turns: the smaller priority goes first, those alike in their order", "[sched]") {
  Turns<char> turns;
  turns.push({kLive, 5}, 'x');
  turns.push({kLive, 1}, 'a');
  turns.push({kLive, 5}, 'y');
  turns.push({kLive, 1}, 'b');

  CHECK(turns.size() == 4);
  CHECK(all_of(turns) == "abxy");
  CHECK(turns.empty());
}

TEST_CASE("turns: questions go before live changes, live changes before a job's pages, whatever the priority", "[sched]") {
  Turns<char> turns;
  turns.push({kPages, -10}, 'p');
  turns.push({kLive, 99}, 'l');
  turns.push({}, 'q');

  CHECK(all_of(turns) == "qlp");
}

TEST_CASE("turns: however many better ones come, the oldest gets one turn in eight", "[sched]") {
  Turns<char> turns;
  turns.push({kPages, 0}, 'p');
  turns.push({kPages, 0}, 'p');
  std::string taken;
  for (int i = 0; i < 24; ++i) {
    turns.push({kLive, 0}, 'l');
    taken += *turns.pop();
  }

  CHECK(taken == "lllllll" "p" "lllllll" "p" "llllllll");
}

TEST_CASE("turns: nobody waits, nobody goes", "[sched]") {
  Turns<char> turns;

  CHECK_FALSE(turns.pop());
}
