#include "simulate/time.h"

#include <algorithm>
#include <vector>

namespace tidewire::simulate {

struct VirtualTime::Pending final : Timer {
  Pending(VirtualTime& owner_in, Key key_in) : owner(owner_in), key(key_in) {}
  ~Pending() override { owner.events_.erase(key); }
  VirtualTime& owner;
  Key key;
};

Instant VirtualTime::truth() const {
  static constexpr Instant kStart = std::chrono::sys_days(std::chrono::year(2024) / 5 / 1) + std::chrono::hours(10);
  return kStart + std::chrono::duration_cast<Duration>(ticks_ - Ticks(std::chrono::hours(1000)));
}

VirtualTime::Key VirtualTime::add(Duration delay, bool engine, std::function<void()> happen) {
  const Key key{ticks_ + std::max(delay, Duration::zero()), ++made_};
  events_[key] = {engine, std::move(happen)};
  return key;
}

std::unique_ptr<Timer> VirtualTime::after(Duration delay, std::function<void()> fire) {
  return std::make_unique<Pending>(*this, add(delay, true, std::move(fire)));
}

VirtualTime::Step VirtualTime::step(Ticks until) {
  if (events_.empty() || events_.begin()->first.first > until) {
    ticks_ = std::max(ticks_, until);
    return Step::kNone;
  }
  auto node = events_.extract(events_.begin());
  ticks_ = std::max(ticks_, node.key().first);
  ++steps_;
  node.mapped().happen();
  return node.mapped().engine ? Step::kEngine : Step::kOutside;
}

void VirtualTime::forget_engine() {
  ++life_;
  std::vector<Event> dropped;  // destroyed after the loop: what a callback holds may cancel timers
  for (auto it = events_.begin(); it != events_.end();) {
    if (it->second.engine) {
      dropped.push_back(std::move(it->second));
      it = events_.erase(it);
    } else {
      ++it;
    }
  }
}

}  // namespace tidewire::simulate
