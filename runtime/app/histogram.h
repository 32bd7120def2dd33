// histogram.h — how often something took how long: for /metrics, where the buckets of all that is measured are the same.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/clock.h"
#include "base/value.h"

namespace tidewire::app {

class Histogram {
 public:
  void add(Duration took) {
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(took).count();
    ++counts_[static_cast<std::size_t>(std::lower_bound(kBounds.begin(), kBounds.end(), ms) - kBounds.begin())];
    sum_us_ += took.count();
  }
  /// {bounds_ms, counts, sum_us}, as admin::Exposition::histogram takes it.
  Value view() const { return Value(Object{{"bounds_ms", Value(Array(kBounds.begin(), kBounds.end()))}, {"counts", Value(Array(counts_.begin(), counts_.end()))}, {"sum_us", sum_us_}}); }

 private:
  // From a commit to the disk to a change that waited for a person's retry.
  static constexpr std::array<std::int64_t, 11> kBounds{1, 5, 20, 50, 100, 250, 1000, 5000, 30'000, 300'000, 3'600'000};
  std::array<std::int64_t, kBounds.size() + 1> counts_{};
  std::int64_t sum_us_ = 0;
};

}  // namespace tidewire::app
