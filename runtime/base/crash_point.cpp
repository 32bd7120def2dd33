#include "base/crash_point.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <string>

namespace tidewire {

namespace detail {
std::atomic<CrashPoint> armed_crash_point{CrashPoint::kNone};
}  // namespace detail

namespace {

constexpr std::array<std::string_view, 46> kNames{
    "migration_in_transaction",  // a new state file, or one of an older program
    "migration_stored",
    "intake_in_transaction",  // a webhook's changes, not yet on disk
    "intake_stored",          // on disk, the 202 not yet sent
    "intake_answered",
    "fan_out_in_transaction",  // received rows on their way into dirty keys
    "fan_out_stored",
    "cursor_in_transaction",  // where a poll begins
    "cursor_stored",
    "poll_in_transaction",  // a page of a poll and its cursor
    "poll_stored",
    "announce_in_transaction",  // what is about to be written
    "announce_stored",          // announced, the request has not left
    "request_sent",             // one that changes something has left, no answer is seen
    "create_answered",          // made, the answer not in the base
    "update_answered",
    "delete_answered",
    "soft_delete_answered",   // marked as deleted
    "mark_off_answered",      // and that taken back
    "restore_answered",       // a deleted record made again, because the other one was edited
    "put_back_answered",      // out of the trash, because an edit was deleted with it
    "refusal_answered",       // success, and the field shows what it was
    "belonging_answered",     // a row or a part written, the others and the record's base not
    "lookup_announced",       // that a missing record is made for a field to name, the request has not left
    "lookup_answered",        // made, the field does not name it yet
    "one_side_stored",        // of a value for both sides
    "commit_in_transaction",  // the end of a pass
    "commit_stored",
    "judge_answered",         // what a judge said, not on record
    "judge_stored",           // on record, not used
    "resolution_in_transaction",  // a person's decision
    "resolution_stored",
    "release_in_transaction",  // a person's word that the brake lets go
    "release_stored",
    "retry_in_transaction",  // a person's wish that a key is tried again
    "retry_stored",
    "job_in_transaction",  // asked for, not begun
    "job_stored",
    "job_page_in_transaction",  // a step of a job and its progress
    "job_page_stored",
    "staged_let_go",  // that it may write is on record, nothing of it is due
    "hook_answered",  // somebody was told, that is not on record
    "hook_in_transaction",
    "hook_stored",
    "forget_in_transaction",
    "forget_stored",
};
static_assert(kNames.size() == static_cast<std::size_t>(CrashPoint::kForgetStored) + 1);

std::atomic<int> passes_left{0};

}  // namespace

void detail::pass_armed_crash_point() {
  if (passes_left.fetch_sub(1) == 1) std::raise(SIGKILL);
}

Result<void> arm_crash_point(std::string_view text) {
  if (text.empty()) return {};
  const std::string_view name = text.substr(0, text.find(':'));
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  int times = 1;
  bool counted = true;
  if (name.size() < text.size()) {
    const std::string_view count = text.substr(name.size() + 1);
    const auto [end, error] = std::from_chars(count.data(), count.data() + count.size(), times);
    counted = error == std::errc() && end == count.data() + count.size() && times > 0;
  }
  if (found == kNames.end() || !counted) {
    std::string names;
    for (const std::string_view one : kNames) names += (names.empty() ? "" : ", ") + std::string(one);
    return make_error(Code::kInvalid, "no crash point '" + std::string(text) + "' (TIDEWIRE_CRASH_AT)", "name or name:n, of: " + names);
  }
  passes_left = times;
  detail::armed_crash_point = static_cast<CrashPoint>(found - kNames.begin());
  return {};
}

}  // namespace tidewire
