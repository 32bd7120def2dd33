#include "admin/lockout.h"

#include <algorithm>

#include "admin/oldest.h"

namespace tidewire::admin {
namespace {

constexpr Duration kForgiven = std::chrono::hours(1);  // after the last miss

}  // namespace

Duration Lockout::wait(const std::string& who) const {
  const auto found = kept_.find(who);
  if (found == kept_.end()) return Duration::zero();
  return std::max(Duration::zero(), std::chrono::ceil<Duration>(found->second.until - clock_.ticks()));
}

void Lockout::tried(const std::string& who) {
  const Ticks now = clock_.ticks();
  if (kept_.size() >= kMostKept) forget_older_half(kept_, [](const Misses& one) { return one.last; });
  Misses& misses = kept_[who];
  if (misses.count > 0 && now - misses.last > kForgiven) misses = {};
  misses.last = now;
  if (++misses.count <= kFree) return;
  const int doublings = std::min(misses.count - kFree - 1, 16);
  misses.until = now + std::min<Duration>(kFirst * (1 << doublings), kLongest);
}

void Lockout::forgiven(const std::string& who) {
  const auto found = kept_.find(who);
  if (found == kept_.end()) return;
  if (--found->second.count <= kFree) found->second.until = {};
}

}  // namespace tidewire::admin
