#include "store/dirty_keys.h"

#include <algorithm>

#include "base/json.h"
#include "store/codec.h"
#include "store/counters.h"
#include "store/links.h"

namespace tidewire::store {
namespace {

constexpr const char* kMerge =
    "UPDATE dirty_keys SET first_seq = min(first_seq, ?1), last_seq = max(last_seq, ?2), changes = changes + ?3, "
    "event = iif(event = 'delete' OR ?4 = 'delete', 'delete', iif(?2 >= last_seq, ?4, event)), "
    // So does a resync that was asked for: only a pass for it, or for a person, looks at what an edit of the mapping
    // says.
    // And what a person has let go of the brake's is let go, also where a sweep still misses it.
    "reason = iif(?2 >= last_seq AND (reason <> 'resync' OR ?5 = 'person') AND NOT (reason = 'person' AND ?5 = 'sweep' AND "
    "ifnull(error ->> 'code' = 'cancelled', 0)), ?5, reason), payload = iif(?2 >= "
    "last_seq, ?6, payload) "
    // No IN of three or more: SQLite would make and drop a table for the list at each run.
    "WHERE mapping = ?7 AND side = ?8 AND key = ?9 AND state <> 'dead' AND state <> 'conflict' AND "
    "state <> 'waiting_for' AND state <> 'would_write' AND priority <= ?10 "
    "AND (state <> 'waiting' OR due_at <= ?11)";

/// Of a row that stands because its record reads as missing: these changes may be what it lacks (law 16).
constexpr const char* kMayLack =
    "CASE state WHEN 'held' THEN ?5 <> 'sweep' AND (error ->> 'code' = 'not_found' OR error ->> 'code' = 'denied') "
    "WHEN 'backing_off' THEN (?4 = 'delete' OR ?5 = 'sweep') AND error ->> 'code' = 'not_found' ELSE 0 END";

enum class Rows { kAny, kThatLackNothing };

/// False, nothing done, where there is no such row or its state or its place in the queue must move first. So the common case
/// of a row that waits touches no index. RETURNING would say which rows lack something, at several times the cost of the update.
Result<bool> merge(Database& database, Rows rows, const std::string& mapping, Side side, std::string_view key,
                   const NewChanges& changes) {
  static const std::string any = kMerge, lack_nothing = any + " AND NOT ifnull(" + kMayLack + ", 0)";
  // An older change than the newest may still be on its way through fan-out: it adds, but does not replace. That one of
  // them told a deletion stays known: Frappe tells a delete first and then, of the same delete, a change.
  const std::int64_t merged = TRY(execute(database, rows == Rows::kAny ? any : lack_nothing, changes.first_seq,
                                          changes.last_seq, changes.count, changes.event, changes.reason, changes.payload,
                                          mapping, side, key, changes.priority, changes.due_at));
  return merged > 0;
}

Result<bool> insert(Database& database, const std::string& mapping, Side side, std::string_view key,
                    const NewChanges& changes, Instant now) {
  const std::int64_t inserted = TRY(execute(
      database,
      "INSERT INTO dirty_keys (mapping, side, key, first_seq, last_seq, changes, event, reason, payload, state, "
      "priority, due_at, attempts, since) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting', ?, ?, 0, ?) "
      "ON CONFLICT DO NOTHING",
      mapping, side, key, changes.first_seq, changes.last_seq, changes.count, changes.event, changes.reason,
      changes.payload, changes.priority, changes.due_at, now));
  return inserted > 0;
}

Result<void> pull_forward(Database& database, const std::string& mapping, Side side, std::string_view key,
                          const NewChanges& changes) {
  TRY(execute(database,
              "UPDATE dirty_keys SET priority = min(priority, ?1), due_at = iif(state = 'waiting', min(due_at, ?2), "
              "due_at) WHERE mapping = ?3 AND side = ?4 AND key = ?5",
              changes.priority, changes.due_at, mapping, side, key));
  return {};
}

/// A row that waits for its parent is looked at: it may name another one by now. If not, it goes on waiting as long as it has.
Result<void> look_for_parent(Database& database, const std::string& mapping, Side side, std::string_view key, Instant due_at) {
  TRY(execute(database,
              "UPDATE dirty_keys SET state = 'waiting', attempts = 0, due_at = ?, error = iif(error ->> 'let_go', error, NULL) WHERE mapping = ? AND side = ? AND key = ? AND state = 'waiting_for'",
              due_at, mapping, side, key));
  return {};
}

/// Law 16: what was told of a record that read as missing may be the evidence that it lacked, or say that it is back.
Result<void> look_once_more(Database& database, const std::string& mapping, Side side, std::string_view key,
                            Instant due_at, Instant now) {
  TRY(execute(
      database,
      "UPDATE dirty_keys SET state = 'waiting', due_at = ?, since = ? WHERE mapping = ? AND side = ? AND key = ?",
      due_at, now, mapping, side, key));
  return {};
}

/// The parent may have linked while this key ran; its wake-up came too early to find it. A key that stands for it once more
/// all the same is looked at ever less often, until it is given up; the parent stays named, so that it is known by then.
Result<void> look_again_if_linked(Database& database, DirtyKey& row, Instant now) {
  const bool given_up = row.state == KeyState::kDead && (!row.error || row.error->find("holder") == nullptr);  // a holder is waited for otherwise
  const int looked = row.attempts - (given_up ? 1 : 0);  // for this parent; giving up is an attempt of its own
  const bool waits = row.state == KeyState::kWaitingFor || (given_up && !row.parent.empty() && looked <= 0);
  if (!waits || !TRY(parent_linked(database, row.parent))) return {};
  row.state = looked <= 0 ? KeyState::kWaiting : KeyState::kBackingOff;
  row.due_at = looked <= 0 ? now : now + std::min<Duration>(std::chrono::seconds(1) * (1 << std::min(looked - 1, 10)), std::chrono::minutes(15));
  row.attempts = std::max(looked, 0) + 1;
  return {};
}

/// Rows of this state that wait again, at once.
Result<std::int64_t> try_again(Database& database, const std::string& mapping, Side side, std::string_view key,
                               std::string_view state, Instant due_at, Instant now) {
  return execute(database,
                 "UPDATE dirty_keys SET state = 'waiting', attempts = 0, due_at = ?, since = ?, parent = NULL "
                 "WHERE mapping = ? AND side = ? AND key = ? AND state = ?",
                 due_at, now, mapping, side, key, state);
}

/// How long a dead letter waits until a change makes it try again: not at all, but where the very same write was given up again and
/// again, so often beyond its attempts, ever longer up to a quarter of an hour, since the change may be that write's own doing.
Duration pause_of(std::int64_t over) {
  return over <= 0 ? Duration{} : std::min<Duration>(std::chrono::seconds(std::int64_t{1} << std::min<std::int64_t>(over, 10)), std::chrono::minutes(15));
}

Result<std::int64_t> revive(Database& database, const std::string& mapping, Side side, std::string_view key, Instant due_at, Instant now) {
  const std::int64_t over = TRY(number(database, "SELECT error ->> '$.failed.over' FROM dirty_keys WHERE mapping = ? AND side = ? AND key = ? AND state = 'dead'", 0, mapping, side, key));
  if (over <= 0) return try_again(database, mapping, side, key, "dead", due_at, now);
  // As one that backs off: no further change pulls it forward.
  return execute(database,
                 "UPDATE dirty_keys SET state = 'backing_off', attempts = 0, due_at = ?, since = ?, parent = NULL "
                 "WHERE mapping = ? AND side = ? AND key = ? AND state = 'dead'",
                 std::max(due_at, now + pause_of(over)), now, mapping, side, key);
}

}  // namespace

Result<void> count_intake(Database& database, const std::string& mapping, const Intake& intake) {
  const std::string scope = mapping_scope(mapping);
  TRY(add_count(database, scope, "received", intake.received));
  TRY(add_count(database, scope, "coalesced", intake.coalesced));
  TRY(add_count(database, scope, "revived", intake.revived));
  return {};
}

Result<void> add_changes(Database& database, const std::string& mapping, Side side, std::string_view key,
                         const NewChanges& changes, Instant now, Intake& intake) {
  intake.received += changes.count;
  if (TRY(merge(database, Rows::kThatLackNothing, mapping, side, key, changes))) {
    intake.coalesced += changes.count;
    return {};
  }
  if (TRY(insert(database, mapping, side, key, changes, now))) {
    intake.coalesced += changes.count - 1;
    return {};
  }
  intake.coalesced += changes.count;
  if (TRY(merge(database, Rows::kAny, mapping, side, key, changes))) return look_once_more(database, mapping, side, key, changes.due_at, now);
  intake.revived += TRY(revive(database, mapping, side, key, changes.due_at, now));
  TRY(try_again(database, mapping, side, key, "conflict", changes.due_at, now));
  TRY(look_for_parent(database, mapping, side, key, changes.due_at));
  TRY(try_again(database, mapping, side, key, "would_write", changes.due_at, now));  // it would write something else by now
  TRY(pull_forward(database, mapping, side, key, changes));
  if (TRY(merge(database, Rows::kThatLackNothing, mapping, side, key, changes))) return {};
  const bool merged = TRY(merge(database, Rows::kAny, mapping, side, key, changes));
  ASSERT(merged, "a key that waits takes changes in");
  return look_once_more(database, mapping, side, key, changes.due_at, now);
}

Result<std::int64_t> next_seq(Database& database) {
  Query query(database, "UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'received' RETURNING seq");
  const bool found = TRY(query.next());
  ASSERT(found, "the schema starts the sequence");
  const std::int64_t seq = query.integer(0);
  TRY(query.next());  // the update itself ends with the last step
  return seq;
}

Result<void> add_marks(Database& database, const std::string& mapping, const std::vector<DirtyMark>& marks,
                       Instant now) {
  if (marks.empty()) return {};
  const std::int64_t seq = TRY(next_seq(database));
  Intake intake;
  for (const DirtyMark& mark : marks) {
    const Instant due_at = mark.due_at == Instant{} ? now : mark.due_at;
    const NewChanges changes{seq, seq, 1, mark.event, mark.reason, std::nullopt, mark.priority, due_at};
    TRY(add_changes(database, mapping, mark.side, mark.key, changes, now, intake));
  }
  return count_intake(database, mapping, intake);
}

Result<void> finish_taken(Database& database, const std::string& mapping, Side side, const std::string& key,
                          std::int64_t last_seq, std::int64_t changes, Instant now) {
  // Both numbers: fan-out may add an older change than the newest, which moves `changes` alone.
  const std::int64_t gone = TRY(execute(
      database, "DELETE FROM dirty_keys WHERE mapping = ? AND side = ? AND key = ? AND last_seq = ? AND changes = ?",
      mapping, side, key, last_seq, changes));
  if (gone > 0) return {};
  const std::int64_t kept = TRY(execute(
      database,
      "UPDATE dirty_keys SET state = 'waiting', due_at = ?1, since = ?1, attempts = 0, error = NULL, parent = NULL, "
      "changes = max(1, changes - ?2), first_seq = min(last_seq, ?3 + 1) WHERE mapping = ?4 AND side = ?5 AND key = ?6",
      now, changes, last_seq, mapping, side, key));
  // What coalesced into the row while it ran is a row of its own after all.
  return add_count(database, mapping_scope(mapping), "coalesced", -kept);
}

Result<void> keep_standing(Database& database, const DirtyKey& row, Instant now) {
  DirtyKey kept = row;
  const bool there = TRY(number(database, "SELECT count(*) FROM dirty_keys WHERE mapping = ? AND side = ? AND key = ?", 0, kept.mapping, kept.side, kept.key)) > 0;
  // A taken row that is gone was answered by a commit that failed and was stored all the same.
  if (!there && kept.last_seq != 0) return {};
  if (!there) TRY(add_count(database, mapping_scope(kept.mapping), "received", 1));
  if (kept.last_seq == 0) kept.first_seq = kept.last_seq = TRY(next_seq(database));
  if (kept.changes == 0) kept.changes = 1;
  TRY(look_again_if_linked(database, kept, now));
  // What came in between wakes it as it would wake it a moment later.
  const Value* over = kept.state == KeyState::kDead && kept.error ? kept.error->at_path("failed.over") : nullptr;
  const Duration pause = pause_of(over != nullptr && over->is_int() ? over->as_int() : 0);
  TRY(execute(database,
              "INSERT INTO dirty_keys (mapping, side, key, first_seq, last_seq, changes, event, reason, payload, "
              "state, priority, "
              "due_at, attempts, error, operation, parent, since) "
              "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17) "
              "ON CONFLICT (mapping, side, key) DO UPDATE SET "
              "state = iif(last_seq = ?5 AND changes = ?6, ?10, iif(?18 > ?17, 'backing_off', 'waiting')), due_at = "
              "iif(last_seq = ?5 AND changes = ?6, ?12, ?18), "
              "attempts = iif(last_seq = ?5 AND changes = ?6, ?13, 0), parent = iif(last_seq = ?5 AND changes = ?6, "
              "?16, NULL), "
              // Who still waits for the same parent has waited since it began to.
              "since = iif((state = ?10 OR (?10 = 'waiting_for' AND parent = ?16)) AND last_seq = ?5 AND changes = ?6, since, ?17), "
              "error = ?14, operation = coalesce(?15, operation)",
              kept.mapping, kept.side, kept.key, kept.first_seq, kept.last_seq, kept.changes, kept.event, kept.reason,
              kept.payload, key_state_name(kept.state), kept.priority, kept.due_at, kept.attempts, dumped(kept.error),
              or_null(kept.operation), or_null(kept.parent), now, now + pause));
  return {};
}

Result<void> wake_waiting_for(Database& database, const std::string& parent, Instant now) {
  TRY(execute(database,
              "UPDATE dirty_keys SET state = 'waiting', due_at = ?1, since = ?1, parent = NULL, attempts = iif(state = 'dead', 0, attempts), error = iif(error ->> 'let_go', error, NULL) "
              "WHERE parent = ?2 AND (state = 'waiting_for' OR state = 'conflict' OR state = 'dead' OR state = 'backing_off')",
              now, parent));
  return {};
}

Result<void> look_at_parent(Database& database, const std::string& parent, Instant now) {
  const auto named = parent_of(parent);
  if (!named || named->key.empty()) return {};
  const std::string mapping(named->mapping), key(named->key);
  const bool stands = TRY(number(database, "SELECT count(*) FROM dirty_keys WHERE mapping = ? AND side = ? AND key = ?", 0, mapping, named->side, key)) > 0;
  if (stands || TRY(find_link(database, mapping, named->side, key))) return {};
  return add_marks(database, mapping, {{named->side, key, "upsert", "child"}}, now);
}

}  // namespace tidewire::store
