// fresh.h — records that a page of a poll or a load has shown, for the passes that it causes: a read made at that moment, which
// need not be made again (law 2).
//
// In memory only, some at a time, each used once: what is not here is read. Whether one may be used is the pass's to say.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "sync/ports.h"

namespace tidewire::sync {

class FreshRecords {
 public:
  struct Shown {
    Record record;
    Instant asked_at{};  // of the page
  };
  void put(Side side, Record record, Instant asked_at) {
    const Key key{side, record.key};
    if (!shown_.contains(key)) order_.push_back(key);
    shown_[key] = {std::move(record), asked_at};
    while (order_.size() > kMost) {
      shown_.erase(order_.front());
      order_.pop_front();
    }
  }
  /// Whether a page that was asked for after `read_at` has shown it.
  bool shown_since(Side side, const std::string& key, Instant read_at) const {
    const auto found = shown_.find({side, key});
    return found != shown_.end() && found->second.asked_at > read_at;
  }
  /// Nothing of one that its page could not show ("$unread" is among its fields, as the connector says it): it is read, and answers for itself.
  std::optional<Shown> take(Side side, const std::string& key) {
    const auto found = shown_.find({side, key});
    if (found == shown_.end()) return std::nullopt;
    std::optional<Shown> out(std::move(found->second));
    shown_.erase(found);
    if (out->record.fields.find("$unread") != nullptr) return std::nullopt;
    return out;
  }

 private:
  using Key = std::pair<Side, std::string>;
  static constexpr std::size_t kMost = 2000;
  std::map<Key, Shown> shown_;
  std::deque<Key> order_;  // as they came; those taken stay until their turn
};

}  // namespace tidewire::sync
