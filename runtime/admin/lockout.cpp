#include "admin/lockout.h"

#include <algorithm>
#include <utility>
#include <vector>

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
  if (kept_.size() >= kMostKept) forget_old();
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

/// The oldest half, so that a flood of made-up names costs neither memory nor a search at each.
void Lockout::forget_old() {
  std::vector<std::pair<Ticks, std::string>> ages;
  for (const auto& [who, misses] : kept_) ages.emplace_back(misses.last, who);
  const auto middle = ages.begin() + static_cast<std::ptrdiff_t>(ages.size() / 2);
  std::nth_element(ages.begin(), middle, ages.end());
  std::for_each(ages.begin(), middle, [this](const auto& old) { kept_.erase(old.second); });
}

}  // namespace tidewire::admin
