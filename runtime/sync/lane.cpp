#include "sync/lane.h"

#include <algorithm>

namespace tidewire::sync {

bool Owners::claim(const SideKey& key) {
  const bool free = keys_.owned.insert(key).second;
  uses_ += free ? 1 : 0;
  return free;
}

void Owners::release(const SideKey& key) {
  uses_ -= keys_.owned.erase(key);
  const auto [first, last] = keys_.waiting.equal_range(key);
  std::vector<std::function<void()>> free;
  for (auto it = first; it != last; ++it) free.push_back(std::move(it->second));
  keys_.waiting.erase(first, last);
  for (auto& then : free) poster_.post(std::move(then));
}

void Owners::when_free(const SideKey& key, std::function<void()> then) {
  ++uses_;
  keys_.waiting.emplace(key, [this, then = std::move(then)] {
    then();
    --uses_;
  });
}

void OpenCreates::close(Side side, const std::string& intent) {
  doubtful_[side].erase(intent);
  end(side, intent, tries_);
}

void OpenCreates::doubt_after(Side side, const std::string& intent, Duration wait) {
  const auto open = open_[side].find(intent);
  if (open == open_[side].end()) return;
  const std::uint64_t number = open->second;
  ends_[number] = timers_.after(std::max<Duration>(wait, std::chrono::milliseconds(1)), [this, side, intent, number] {
    if (open_[side].contains(intent)) doubtful_[side].insert(intent);
    end(side, intent, number);
    ends_.erase(number);
  });
}

/// Its tries up to this one.
void OpenCreates::end(Side side, const std::string& intent, std::uint64_t last) {
  const auto ended = [&](const Tries& tries) {
    const auto found = tries.find(intent);
    return found != tries.end() && found->second <= last;
  };
  if (ended(open_[side])) open_[side].erase(intent);
  auto& waiting = waiting_[side];
  for (auto it = waiting.begin(); it != waiting.end();) {
    if (ended(it->intents)) it->intents.erase(intent);
    if (it->intents.empty()) {
      poster_.post(std::move(it->then));
      it = waiting.erase(it);
    } else {
      ++it;
    }
  }
}

void OpenCreates::when_closed(Side side, std::function<void()> then) {
  if (open_[side].empty()) {
    poster_.post(std::move(then));
    return;
  }
  waiting_[side].push_back({open_[side], std::move(then)});
}

void StoredCreates::ask(store::Store& store, const std::string& mapping, Side side, Told told) {
  (*reads_)[side].next.push_back(std::move(told));
  if (!(*reads_)[side].under_way) read(reads_, store, mapping, side);
}

void StoredCreates::read(const std::shared_ptr<Sides<Reads>>& reads, store::Store& store, const std::string& mapping, Side side) {
  Reads& mine = (*reads)[side];
  mine.under_way = true;
  store.open_creates(mapping, side, [reads, &store, mapping, side, asked = std::exchange(mine.next, {})](Result<std::vector<store::Intent>> open) {
    for (const Told& told : asked) told(open);
    Reads& now = (*reads)[side];
    now.under_way = false;
    if (!now.next.empty()) read(reads, store, mapping, side);
  });
}

void MatchTurns::enter(const std::string& hash, std::function<void()> then) {
  const auto [queue, first] = queues_.try_emplace(hash);
  if (first) poster_.post(std::move(then));
  else queue->second.push_back(std::move(then));
}

std::size_t MatchTurns::waiting() const {
  std::size_t count = 0;
  for (const auto& [hash, queue] : queues_) count += queue.size();
  return count;
}

void MatchTurns::leave(const std::string& hash) {
  const auto queue = queues_.find(hash);
  if (queue == queues_.end()) return;
  if (queue->second.empty()) {
    queues_.erase(queue);
    return;
  }
  auto next = std::move(queue->second.front());
  queue->second.erase(queue->second.begin());
  poster_.post(std::move(next));
}

}  // namespace tidewire::sync
