#include "sched/limiter.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.h"
#include "sched/backoff.h"

namespace tidewire::sched {
namespace {

constexpr double kLongestWait = 86'400;  // seconds; keeps the conversion to microseconds defined
constexpr double kRounding = 1e-9;       // of a token: 0.1 ten times is one

double seconds_of(Ticks::duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

Result<Rate> parse_rate(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view unit = slash == std::string_view::npos ? std::string_view() : text.substr(slash + 1);
  const double seconds = unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : 0;
  std::int64_t count = 0;
  const char* last = text.data() + std::min(slash, text.size());
  const auto [end, failed] = std::from_chars(text.data(), last, count);
  if (seconds == 0 || failed != std::errc() || end != last || count <= 0) {
    return make_error(Code::kInvalid, "'" + shortened(text, 40) + "' is no rate", "write a number per s, m or h: 20/s, 600/m, 10000/h");
  }
  const double per_second = static_cast<double>(count) / seconds;
  return Rate{per_second, std::max(1.0, per_second / 4)};
}

TokenBucket::TokenBucket(double rate_per_second, double burst, const Clock& clock)
    : rate_(rate_per_second), burst_(std::max(burst, 1.0)), clock_(clock), held_(burst_), since_(clock.ticks()), paused_until_(since_) {
  ASSERT(rate_ > 0, "a bucket fills");
}

double TokenBucket::tokens() const {
  return std::min(burst_, held_ + std::max(0.0, seconds_of(clock_.ticks() - since_)) * rate_);
}

bool TokenBucket::try_take(double n) {
  if (clock_.ticks() < paused_until_) return false;
  const double available = tokens();
  if (available + kRounding < std::min(n, burst_)) return false;
  held_ = available - n;
  since_ = clock_.ticks();
  return true;
}

Duration TokenBucket::wait(double n) const {
  const double missing = std::min(n, burst_) - tokens();
  const double filling = missing > kRounding ? missing / rate_ : 0;
  const double paused = std::max(0.0, seconds_of(paused_until_ - clock_.ticks()));
  return Duration(static_cast<std::int64_t>(std::ceil(std::min(std::max(filling, paused), kLongestWait) * 1e6)));
}

void TokenBucket::pause(Duration duration) {
  paused_until_ = std::max(paused_until_, clock_.ticks() + std::min(duration, kLongestAsked));
}

}  // namespace tidewire::sched
