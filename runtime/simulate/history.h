// history.h — what people do in one simulated run, drawn from the seed before it begins.
//
// An act names a thing (a person, an order: whatever the record stands for), never a key, because the engine's own creates
// give keys that nobody knows beforehand; so leaving an act out does not turn the others into something else.
#pragma once

#include <string>
#include <vector>

#include "simulate/profile.h"

namespace tidewire::simulate {

struct Act {
  enum class Kind { kCreate, kCreateBoth, kEdit, kEditBoth, kDelete, kRecreate, kRekey, kReuse, kRename, kResolve, kPoll, kSweep, kJump, kGrow, kScope, kAway, kPart, kMend, kRetry, kDiscard, kEmpty, kPin, kHandOn, kRevise, kName, kRetype, kRevert };
  Duration at{};  // since the beginning
  Kind kind = Kind::kEdit;
  Side side = Side::kLeft;
  int thing = 0;
  std::string field;
  std::uint64_t number = 0;  // for what is left to chance in it
};

/// Several of street, city and zip at once.
inline constexpr const char* kAddress = "address";

/// The fields of the built-in mapping that people edit, and kAddress where the profile is about groups.
const std::vector<std::string>& edited_fields(const Profile& profile);
std::vector<Act> draw_history(std::uint64_t seed, const Profile& profile);
std::string describe(const Act& act);

}  // namespace tidewire::simulate
