// lockout.h — guessing a password costs time that doubles with each miss.
//
// Counted by user name and by address apart, so that one attacker locks out neither everybody nor, from many addresses,
// gets a free guess each. The delay is told (429 with Retry-After), never slept: a sleeping answer would hold a connection.
// In memory: a restart forgives, but whoever can restart the daemon needs no password.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "base/clock.h"

namespace tidewire::admin {

/// As whom a user's misses are counted.
inline std::string by_name(const std::string& user) { return "user " + user; }

class Lockout {
 public:
  static constexpr int kFree = 5;  // misses without delay
  static constexpr Duration kFirst = std::chrono::seconds(2);
  static constexpr Duration kLongest = std::chrono::minutes(15);
  static constexpr std::size_t kMostKept = 10'000;

  explicit Lockout(const Clock& clock) : clock_(clock) {}

  /// How long this one must not try; zero = go on.
  Duration wait(const std::string& who) const;
  /// A try counts as a miss from its beginning, so that many at once are no free guesses.
  void tried(const std::string& who);
  /// It was right: of this one nothing is held against anybody.
  void succeeded(const std::string& who) { kept_.erase(who); }
  /// It was right: this try was no miss, those before it were.
  void forgiven(const std::string& who);

 private:
  struct Misses {
    int count = 0;
    Ticks until{}, last{};
  };

  const Clock& clock_;
  std::map<std::string, Misses> kept_;
};

}  // namespace tidewire::admin
