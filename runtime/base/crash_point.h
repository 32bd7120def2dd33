// crash_point.h — places where the process can be made to die, by name: TIDEWIRE_CRASH_AT=name, or name:3 for the third time
// that it is passed. For tests/crash, which walks through all of them.
//
// Only where durability matters: on both sides of each commit that somebody relies on, and between a request, its answer and
// the commit of that. The one global of the program, because what is killed is the process and not an object of it; unarmed
// it costs a load and a branch.
#pragma once

#include <atomic>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace tidewire {

enum class CrashPoint {
  kNone = -1,
  kMigrationInTransaction,
  kMigrationStored,
  kIntakeInTransaction,
  kIntakeStored,
  kIntakeAnswered,
  kFanOutInTransaction,
  kFanOutStored,
  kCursorInTransaction,
  kCursorStored,
  kPollInTransaction,
  kPollStored,
  kAnnounceInTransaction,
  kAnnounceStored,
  kRequestSent,
  kCreateAnswered,
  kUpdateAnswered,
  kDeleteAnswered,
  kSoftDeleteAnswered,
  kMarkOffAnswered,
  kRestoreAnswered,
  kPutBackAnswered,
  kRefusalAnswered,
  kBelongingAnswered,
  kLookupAnnounced,
  kLookupAnswered,
  kOneSideStored,
  kCommitInTransaction,
  kCommitStored,
  kJudgeAnswered,
  kJudgeStored,
  kResolutionInTransaction,
  kResolutionStored,
  kReleaseInTransaction,
  kReleaseStored,
  kRetryInTransaction,
  kRetryStored,
  kJobInTransaction,
  kJobStored,
  kJobPageInTransaction,
  kJobPageStored,
  kStagedLetGo,
  kHookAnswered,
  kHookInTransaction,
  kHookStored,
  kForgetInTransaction,
  kForgetStored,
};

/// Two points around one commit: inside the transaction with all its statements run, and after it is on disk.
using CrashPoints = std::pair<CrashPoint, CrashPoint>;

/// "name" or "name:n" with n from 1; "" arms nothing. kInvalid, its hint naming them all, for another. Once, before any pass().
Result<void> arm_crash_point(std::string_view text);

namespace detail {
extern std::atomic<CrashPoint> armed_crash_point;
void pass_armed_crash_point();
}  // namespace detail

/// For a point that takes work to find.
inline bool is_armed(CrashPoint point) { return detail::armed_crash_point.load(std::memory_order_relaxed) == point; }

/// Kills the process, as `kill -9` does, where this point is armed and passed as often as was said. From any thread.
inline void pass(CrashPoint point) {
  if (is_armed(point) && point != CrashPoint::kNone) [[unlikely]] detail::pass_armed_crash_point();
}

}  // namespace tidewire
