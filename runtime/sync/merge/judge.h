// judge.h — strategy `webhook`: what a judge outside is asked, and how its answer is read (law 10).
//
// The question and the answer are data, so that an answer is stored before it is used and a decision can be made again from
// its record without asking anybody.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "sync/ports.h"

namespace tidewire::sync {

/// A dispute that waits for the judge.
struct Asked {
  std::string field;  // as Dispute::field
  std::string id;     // the same for the same base and values
  Value question;     // without the keys, which the pass adds
};

/// What came of asking.
struct Judgement {
  std::string id;
  Value answer;       // as it was posted back; null: there is none
  std::string why;    // why there is none: the fallback decides
};
using Judgements = std::map<std::string, Judgement>;  // by Asked::field

/// `group`: the other fields that are won together, {name: {base, left, right}}.
Asked asked_of(const Dispute& dispute, const Value& group);
/// kInvalid where the answer is none: {"winner": "left" | "right" | "manual" or a connection}, {"value": v} in the left's
/// form, {"left": a, "right": b}.
Result<void> check_answer(const Plan& plan, const Value& answer);
/// The side that a checked answer names; nullopt = "manual".
std::optional<Side> winner_of(const Plan& plan, const Value& answer);

}  // namespace tidewire::sync
