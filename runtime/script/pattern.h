// pattern.h — Lua's patterns, with every step counted.
//
// The library's matcher is C code no hook can stop, and three nested "a-" on a kilobyte of hostile text run for minutes.
// A pattern is compiled to items first, so that matching recurses only as deep as the pattern is long, whatever the
// subject. Limiting steps rather than refusing "bad" patterns keeps all of Lua's syntax.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tidewire::script {

class Pattern {
 public:
  static constexpr int kMostCaptures = 32;
  static constexpr std::ptrdiff_t kPosition = -1;  // a capture of "()"
  static constexpr std::ptrdiff_t kOpen = -2;

  struct Capture {
    std::size_t start = 0;
    std::ptrdiff_t length = kOpen;
  };
  struct Match {
    std::size_t begin = 0, end = 0;
    int captures = 0;
    std::array<Capture, kMostCaptures> capture;
  };
  enum class Outcome { kMatched, kFailed, kTooManySteps };

  /// `text` without a leading '^'. kInvalid: "malformed pattern (...)".
  static Result<Pattern> compile(std::string_view text);

  /// Matches at exactly `at`. `steps` is counted down; at 0 the outcome is kTooManySteps.
  Outcome match_at(std::string_view subject, std::size_t at, Match& match, std::uint64_t& steps) const;
  /// Matches at the first place from `at` on where it can.
  Outcome search(std::string_view subject, std::size_t at, Match& match, std::uint64_t& steps) const;

 private:
  friend class PatternCompiler;
  friend class PatternMatcher;
  using Set = std::array<std::uint64_t, 4>;
  enum class Kind : std::uint8_t { kByte, kAny, kSet, kOpenGroup, kPositionGroup, kCloseGroup, kBack, kBalance, kFrontier, kEnd };
  enum class Repeat : std::uint8_t { kOnce, kMany, kOneOrMore, kFewest, kMaybe };
  struct Item {
    Kind kind;
    Repeat repeat = Repeat::kOnce;
    std::uint16_t operand = 0;  // byte, index of the set, number of the group, or both bytes of a balance
  };
  std::vector<Item> items_;
  std::vector<Set> sets_;
};

}  // namespace tidewire::script
