#include "app/exchanges.h"

#include <algorithm>

namespace tidewire::app {

ExchangeKeeper::Keep ExchangeKeeper::keep_from(std::string_view name) { return name == "none" ? Keep::kNone : (name == "failed" ? Keep::kFailed : Keep::kAll); }

std::shared_ptr<Recording> ExchangeKeeper::begin(const std::set<std::string>& hidden) const {
  return keep_ == Keep::kNone ? nullptr : std::make_shared<Recording>(recorded_bytes(hidden));
}

/// Milliseconds times 2^20 and a count that begins somewhere: also after a restart with a clock set back no two are alike.
std::int64_t ExchangeKeeper::next_id() {
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(clock_.now().time_since_epoch()).count();
  last_id_ = std::max(last_id_ + 1, (static_cast<std::int64_t>(ms) << 20) | static_cast<std::int64_t>(random_.next() & 0xFFFFF));
  return last_id_;
}

Exchanges ExchangeKeeper::kept(const Recording* recording, const Call& call, const std::set<std::string>& hidden) {
  Exchanges out;
  if (recording == nullptr || recording->exchanges().empty() || (!call.failed && (!call.writes || keep_ == Keep::kFailed))) return out;
  const auto& all = recording->exchanges();
  for (auto it = call.writes ? all.begin() : std::prev(all.end()); it != all.end(); ++it) {
    Exchange one = as_kept(std::move(**it), hidden, call.failed, redactor_, call.keys);
    one.id = next_id();
    one.connection = call.connection;
    out.push_back(std::make_shared<const Exchange>(std::move(one)));
  }
  return out;
}

}  // namespace tidewire::app
