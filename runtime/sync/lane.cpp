#include "sync/lane.h"

#include <algorithm>

namespace tidewire::sync {

void Owners::release(const SideKey& key) {
  owned_.erase(key);
  const auto [first, last] = waiting_.equal_range(key);
  std::vector<std::function<void()>> free;
  for (auto it = first; it != last; ++it) free.push_back(std::move(it->second));
  waiting_.erase(first, last);
  for (auto& then : free) poster_.post(std::move(then));
}

void OpenCreates::close(Side side, const std::string& intent) {
  open_[side].erase(intent);
  auto& waiting = waiting_[side];
  for (auto it = waiting.begin(); it != waiting.end();) {
    it->intents.erase(intent);
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

void MatchTurns::enter(const std::string& hash, std::function<void()> then) {
  const auto [queue, first] = queues_.try_emplace(hash);
  if (first) poster_.post(std::move(then));
  else queue->second.push_back(std::move(then));
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
