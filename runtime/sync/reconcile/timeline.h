// timeline.h — when the steps of a pass began and how long they took, for its operation (law 32).
//
// In the record: began: the pass's first moment, steps: [{step, side, after_us, took_us, error}], in the order of their beginnings; after_us counts
// from `began`, side is of the system that was asked, error the code of a step that failed. A step that is under way still is left out.
// Steps: read (also a search), decide (with what is asked of lookups and judges meanwhile), announce, write.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "store/types.h"

namespace tidewire::sync {

class Timeline {
 public:
  explicit Timeline(Instant began) : began_(began) {}

  /// The step's number, for end().
  std::size_t begin(const char* step, std::optional<store::Side> side, Instant now) {
    steps_.push_back({step, side, now - began_, std::nullopt, {}});
    return steps_.size() - 1;
  }
  void end(std::size_t number, Instant now, const Error* error = nullptr) {
    steps_[number].took = now - began_ - steps_[number].after;
    if (error != nullptr) steps_[number].error = code_name(error->code);
  }

  Instant began() const { return began_; }
  /// Where steps() has it; nullopt for one that is under way still.
  std::optional<std::int64_t> place(std::size_t number) const {
    if (!steps_[number].took) return std::nullopt;
    return std::count_if(steps_.begin(), steps_.begin() + static_cast<std::ptrdiff_t>(number), [](const Step& step) { return step.took.has_value(); });
  }
  Value steps() const {
    Array out;
    for (const Step& step : steps_) {
      if (!step.took) continue;
      Object one{{"step", step.step}, {"after_us", step.after.count()}, {"took_us", step.took->count()}};
      if (step.side) one["side"] = store::side_name(*step.side);
      if (!step.error.empty()) one["error"] = std::string(step.error);
      out.push_back(Value(std::move(one)));
    }
    return Value(std::move(out));
  }

 private:
  struct Step {
    const char* step;
    std::optional<store::Side> side;
    Duration after;
    std::optional<Duration> took;
    std::string_view error;  // "": it went well
  };
  Instant began_;
  std::vector<Step> steps_;
};

}  // namespace tidewire::sync
