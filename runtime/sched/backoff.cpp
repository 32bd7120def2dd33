#include "sched/backoff.h"

#include <algorithm>

namespace tidewire::sched {
namespace {

Duration ceiling_of(const Backoff& backoff, int attempt) {
  Duration ceiling = std::min(backoff.base, backoff.cap);
  for (int i = 1; i < attempt && ceiling < backoff.cap; ++i) {
    ceiling = ceiling > backoff.cap / 2 ? backoff.cap : ceiling * 2;
    if (ceiling <= Duration::zero()) break;
  }
  return std::max(ceiling, Duration::zero());
}

Duration share_of(Duration whole, Random& random) {
  return Duration(static_cast<std::int64_t>(static_cast<double>(whole.count()) * random.unit()));
}

}  // namespace

Duration delay(const Backoff& backoff, int attempt, std::optional<Duration> retry_after, Random& random) {
  if (!retry_after) return share_of(ceiling_of(backoff, attempt), random);
  const Duration asked = std::clamp(*retry_after, Duration::zero(), kLongestAsked);
  return asked + share_of(std::max(asked / 10, backoff.base), random);
}

}  // namespace tidewire::sched
