// breaker.h — stops asking a remote that does not answer, and finds out gently when it does again.
//
// One per connection. Without it an outage turns thousands of waiting keys into thousands of timeouts and then dead
// letters; with it they wait, uncounted, behind a single probe, whose own key is not charged either.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"

namespace tidewire::sched {

class CircuitBreaker {
 public:
  struct Options {
    int failures = 5;                                   // in a row, that open it
    Duration pause = std::chrono::seconds(10);          // before the first probe; doubles with each probe that fails
    Duration longest_pause = std::chrono::minutes(15);
    Duration denied_pause = std::chrono::minutes(1);    // the same after a denial: a proxy's hiccup heals, wrong credentials seldom do
  };
  enum class State { kClosed, kOpen, kHalfOpen };

  /// The right to make one request. Its outcome is told with it, so that the late answer of a request from before the
  /// breaker opened is not taken for the probe's.
  struct Permit {
    std::uint64_t era = 0;
  };

  CircuitBreaker(Options options, const Clock& clock);
  explicit CircuitBreaker(const Clock& clock) : CircuitBreaker(Options(), clock) {}

  /// A permit, or nullopt while open or while the probe of half-open is under way. Every permit must be given to
  /// exactly one of the three below.
  [[nodiscard]] std::optional<Permit> admit();
  void succeeded(Permit permit);
  /// kUnavailable and kUnknown count; kDenied opens at once (tell a denial of a single record as succeeded: the remote
  /// answered). kCancelled, kScript, kBudget and kCorrupt say nothing about the remote; any other code is an answer.
  /// A time the remote itself names is obeyed, cut to kLongestAsked.
  void failed(Permit permit, const Error& error);
  /// The request was never made or its outcome says nothing.
  void abandoned(Permit permit);

  /// A person changed something (new credentials): closed, all counts forgotten.
  void reset();
  /// A person asks: the next request is the probe, though the pause is not over. A time that the remote itself named is obeyed all the same.
  void hurry();

  State state() const;
  /// Why it is not closed ("denied: 401 ..."); empty when closed.
  const std::string& reason() const { return reason_; }
  /// How long to wait before asking again: zero when closed or when the probe may go, a second while it is under way.
  Duration wait() const;

 private:
  void open(Duration pause, const Error& error);
  void close();
  void count(const Error& error);
  void open_longer(const Error& error);

  Options options_;
  const Clock& clock_;
  State state_ = State::kClosed;
  std::uint64_t era_ = 0;
  int failures_ = 0;
  Duration next_pause_;
  Ticks until_{};
  Ticks not_before_{};  // as the remote asked
  bool probing_ = false;
  std::string reason_;
};

}  // namespace tidewire::sched
