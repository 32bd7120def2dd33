#include "sched/breaker.h"

#include <algorithm>

#include "sched/backoff.h"

namespace tidewire::sched {
namespace {

constexpr Duration kAskAgain = std::chrono::seconds(1);

Duration asked(const Error& error) { return error.retry_after ? std::min<Duration>(*error.retry_after, kLongestAsked) : Duration::zero(); }

}  // namespace

CircuitBreaker::CircuitBreaker(Options options, const Clock& clock)
    : options_(options), clock_(clock), next_pause_(options.pause) {}

std::optional<CircuitBreaker::Permit> CircuitBreaker::admit() {
  if (state_ == State::kClosed) return Permit{era_};
  if (probing_ || clock_.ticks() < until_) return std::nullopt;
  state_ = State::kHalfOpen;
  probing_ = true;
  return Permit{++era_};
}

void CircuitBreaker::succeeded(Permit permit) {
  if (permit.era != era_) return;
  if (state_ == State::kHalfOpen) {
    close();
  } else {
    failures_ = 0;
  }
}

void CircuitBreaker::failed(Permit permit, const Error& error) {
  if (permit.era != era_) return;
  switch (error.code) {
    case Code::kUnavailable:
    case Code::kUnknown: return count(error);
    case Code::kDenied: next_pause_ = std::max(next_pause_, options_.denied_pause); return open_longer(error);
    case Code::kCancelled:
    case Code::kScript:
    case Code::kBudget:
    case Code::kCorrupt: return abandoned(permit);
    case Code::kInvalid:
    case Code::kNotFound:
    case Code::kThrottled:
    case Code::kBlocked:
    case Code::kStale: return succeeded(permit);
  }
}

void CircuitBreaker::abandoned(Permit permit) {
  if (permit.era == era_) probing_ = false;
}

void CircuitBreaker::count(const Error& error) {
  const bool probe_failed = state_ == State::kHalfOpen;
  if (probe_failed || ++failures_ >= options_.failures) open_longer(error);
}

/// Each time in a row for twice as long.
void CircuitBreaker::open_longer(const Error& error) {
  const Duration pause = std::max(next_pause_, asked(error));
  next_pause_ = std::min(next_pause_ * 2, std::max(options_.longest_pause, options_.pause));
  open(pause, error);
}

void CircuitBreaker::open(Duration pause, const Error& error) {
  state_ = State::kOpen;
  ++era_;
  probing_ = false;
  until_ = clock_.ticks() + pause;
  not_before_ = clock_.ticks() + asked(error);
  reason_ = to_string(error);
}

void CircuitBreaker::close() {
  state_ = State::kClosed;
  ++era_;
  failures_ = 0;
  probing_ = false;
  next_pause_ = options_.pause;
  reason_.clear();
}

void CircuitBreaker::reset() { close(); }

void CircuitBreaker::hurry() { until_ = std::min(until_, std::max(clock_.ticks(), not_before_)); }

CircuitBreaker::State CircuitBreaker::state() const { return state_; }

Duration CircuitBreaker::wait() const {
  if (state_ == State::kClosed) return Duration::zero();
  if (probing_) return kAskAgain;
  return std::max(Duration::zero(), std::chrono::ceil<Duration>(until_ - clock_.ticks()));
}

}  // namespace tidewire::sched
