// turns.h — who goes next where more wait than may go: what a connection's rate limit and places are given to.
//
// Strict order would let a busy mapping keep another waiting for ever, so every eighth turn is the oldest's, whatever its rank:
// a place in front is most of the turns, never all of them.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace tidewire::sched {

struct Rank {
  enum class Kind {
    kQuestion,  // of a person, or about the connection itself
    kLive,      // a change, or a poll for some
    kPages,     // of a job, which has time
  };
  Kind kind = Kind::kQuestion;
  int priority = 0;  // smaller first
  auto operator<=>(const Rank&) const = default;
};

template <typename T>
class Turns {
 public:
  bool empty() const { return waiting_.empty(); }
  std::size_t size() const { return waiting_.size(); }

  void push(Rank rank, T item) {
    const std::uint64_t number = ++pushed_;
    waiting_.emplace(number, Waiting{rank, std::move(item)});
    order_.emplace(rank, number);
  }

  /// The best rank's oldest, every eighth time the oldest of all; nullopt where nobody waits.
  std::optional<T> pop() {
    if (waiting_.empty()) return std::nullopt;
    const bool oldest = ++popped_ % kOldestEvery == 0;
    const auto found = oldest ? waiting_.begin() : waiting_.find(order_.begin()->second);
    order_.erase({found->second.rank, found->first});
    T item = std::move(found->second.item);
    waiting_.erase(found);
    return item;
  }

 private:
  static constexpr std::uint64_t kOldestEvery = 8;
  struct Waiting {
    Rank rank;
    T item;
  };
  std::map<std::uint64_t, Waiting> waiting_;           // by arrival
  std::set<std::pair<Rank, std::uint64_t>> order_;
  std::uint64_t pushed_ = 0, popped_ = 0;
};

}  // namespace tidewire::sched
