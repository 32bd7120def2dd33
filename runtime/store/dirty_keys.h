// dirty_keys.h — rows of dirty_keys inside a transaction that is already open; the verbs are in dirty_keys.cpp too.
//
// The rules of a new change for a row that stands (law 1, 30): it coalesces. waiting stays as it is, and so do backing_off and
// held, unless the record reads as missing and the change may be the evidence that it lacked (law 16). A dead or conflicting
// key tries again at once, and so does one that waits for a parent and one that would write if it might. Only a dead one whose
// error says that the very same write was given up before ({"failed": {"over": times}}) pauses first, ever longer up to a quarter of an
// hour: a refused write may move its record, and what its system tells of that is nobody's edit. The balance counts
// rows: every change is `received`, every one that met an existing row also `coalesced`.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "store/statement.h"
#include "store/types.h"

namespace tidewire::store {

/// Said beside `state = ...` for the planner: neither a parameter nor a list of others implies the words of a partial index.
inline const std::string kStanding = " AND state NOT IN ('waiting', 'backing_off')";

/// What is added to one row: one change or several that coalesced on the way.
struct NewChanges {
  std::int64_t first_seq = 0, last_seq = 0, count = 1;
  std::string_view event, reason;
  std::optional<std::string_view> payload;
  int priority = 0;
  Instant due_at{};
};

/// What happened to the balance of one mapping.
struct Intake {
  std::int64_t received = 0, coalesced = 0, revived = 0;
};
Result<void> count_intake(Database& database, const std::string& mapping, const Intake& intake);

Result<void> add_changes(Database& database, const std::string& mapping, Side side, std::string_view key,
                         const NewChanges& changes, Instant now, Intake& intake);
/// All marks with one number of their own, counted.
Result<void> add_marks(Database& database, const std::string& mapping, const std::vector<DirtyMark>& marks,
                       Instant now);

/// The next number of the sequence of `received`.
Result<std::int64_t> next_seq(Database& database);

/// The row of this key goes if nothing came after what was taken; else it waits with the rest (law 4).
Result<void> finish_taken(Database& database, const std::string& mapping, Side side, const std::string& key,
                          std::int64_t last_seq, std::int64_t changes, Instant now);
/// Stores the row as given, or as waiting and due where a change arrived since it was taken.
Result<void> keep_standing(Database& database, const DirtyKey& row, Instant now);
Result<void> wake_waiting_for(Database& database, const std::string& parent, Instant now);
/// Queues a parent that nothing is known of, for reason "child": a rename may have been told by nobody (law 20). What has a row, in whatever
/// state, or a link is left alone.
Result<void> look_at_parent(Database& database, const std::string& parent, Instant now);

}  // namespace tidewire::store
