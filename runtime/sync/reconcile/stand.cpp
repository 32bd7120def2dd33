// The end of a pass that did not get through: its key is left standing with the reason, to be tried again or to wait for somebody.
#include <algorithm>

#include "sched/backoff.h"
#include "sync/reconcile/hooks.h"
#include "sync/reconcile/reconcile.h"
#include "sync/redaction.h"

namespace tidewire::sync {

namespace {

constexpr Duration kLongestOutage = std::chrono::hours(24 * 7);

/// The parent that the row has waited for; who holds a value of it (reconcile/holder.cpp) is none.
std::string awaits(const store::DirtyKey& row) {
  const bool blocked = row.error && row.error->string_or("code") == code_name(Code::kBlocked);
  return blocked ? "" : row.parent;
}

Value error_value(const Error& error) {
  Object out;
  out["code"] = code_name(error.code);
  out["message"] = error.message;
  if (!error.hint.empty()) out["hint"] = error.hint;
  return Value(std::move(out));
}

}  // namespace

/// What the pass meant to write, as it is told; null where it did not come so far.
Value Reconcile::meant() const {
  if (!decisions_.writes(Side::kLeft) && !decisions_.writes(Side::kRight)) return Value();
  return hashed(Value(Object{{"left", decisions_.patch.left}, {"right", decisions_.patch.right}}));
}

/// How often in a row the very same write has failed like this, whatever changes came in between: a write that is refused may move
/// its record all the same, and what its system tells of that is no new change. Who is asked by a person begins anew.
std::int64_t Reconcile::failed_alike(const Error& error) const {
  const Value meant = this->meant();
  std::int64_t times = 0;
  for (const store::DirtyKey& row : taken_) {
    if (meant.is_null() || row.reason == "person") return 0;
    const Value* failed = row.error ? row.error->find("failed") : nullptr;
    if (failed == nullptr || *failed->find("meant") != meant || failed->string_or("code") != code_name(error.code)) continue;
    times = std::max(times, failed->int_or("times", 0));
  }
  return times;
}

/// The connection's trouble, not the key's: it costs the key no attempt. A denial or a missing answer counts against the key
/// unless it closed the whole connection; and the last attempt is not used up while the system answers nobody, since a
/// short retry would be over before the breaker has seen enough. A system that is away for longer than any outage is away for ever.
bool Reconcile::connection_trouble(const Error& error) const {
  if (error.code == Code::kThrottled) return true;
  if (error.code != Code::kDenied && error.code != Code::kUnavailable) return false;
  const auto tried = std::max_element(taken_.begin(), taken_.end(), [](const store::DirtyKey& one, const store::DirtyKey& two) { return one.attempts < two.attempts; });
  if (error.code == Code::kUnavailable && tried != taken_.end() && tried->state == store::KeyState::kBackingOff && now() - tried->since > kLongestOutage) return false;
  const bool last = tried != taken_.end() && std::max<std::int64_t>(tried->attempts, failed_alike(error)) + 1 >= plan_.max_attempts;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    const Endpoint& endpoint = lane_.batcher[side]->endpoint();
    if (endpoint.blocked()) return true;
    if (last && error.code == Code::kUnavailable && endpoint.silent_since(tried->since)) return true;
  }
  return false;
}

/// The one place where a failure becomes a state of the key (base/result.h, Disposition).
void Reconcile::fail(Error error) {
  if (options_.dry) {
    fill_operation("look", "stopped");
    return finish({Report::End::kDone, {}, {}, operation_, error});
  }
  if (error.code == Code::kCancelled || error.code == Code::kCorrupt) return finish({Report::End::kDropped, {}, {}, {}, error});
  int attempts = 0;
  for (const store::DirtyKey& row : taken_) attempts = std::max(attempts, awaits(row).empty() ? row.attempts : 0);  // looks for a parent are none
  const bool paused = connection_trouble(error) || holder_moves_;
  const bool hopeless = disposition(error.code) == Disposition::kDeadLetter;
  if (hopeless || (!paused && std::max<std::int64_t>(attempts, failed_alike(error)) + 1 >= plan_.max_attempts)) {
    // Nobody told of it, and who waits for it says so.
    if (is_for_child() && !linked_) return commit_echo("gone");
    return stand(store::KeyState::kDead, std::move(error), now(), holder_);
  }
  if (holder_moves_) return stand(store::KeyState::kBackingOff, std::move(error), now() + holder_pause(), holder_);
  sched::Backoff backoff;
  backoff.base = plan_.retry_base;
  const auto wait = sched::delay(backoff, attempts + 1, error.retry_after, lane_.around.random);
  stand(store::KeyState::kBackingOff, std::move(error), now() + wait, holder_);
}

/// A linked pair that waits for a person as a whole, and not for one of its fields (law 13).
void Reconcile::stand_whole(const char* kind, Error error, const std::string& parent) {
  store::Conflict conflict;
  if (link_.id != 0) {
    conflict.link = link_.id;
  } else {
    conflict.side = key_.first;
    conflict.key = key_.second;
  }
  conflict.kind = kind;
  open_conflicts_.push_back(std::move(conflict));
  stand(store::KeyState::kConflict, std::move(error), now(), parent);
}

/// It did before: a pass that comes to its end has overcome that.
bool Reconcile::stood_whole() const {
  return std::any_of(known_.conflicts.begin(), known_.conflicts.end(), [](const store::Conflict& open) { return open.kind == "left_scope" || open.kind == "two_links"; });
}

/// A dry run leaves nothing standing: it says what would.
void Reconcile::stop(store::KeyState state, const Error& error) {
  fill_operation("look", "stopped");
  Report report{Report::End::kDone, {}, {}, operation_, error};
  if (state == store::KeyState::kConflict) report.conflict = open_conflicts_.back().kind;
  finish(std::move(report));
}

/// How the failure counts.
struct Reconcile::Failing {
  bool attempt = false;  // it used one up
  Value notes;           // of the very same write: how often in a row it failed alike; null where none was meant
};

Reconcile::Failing Reconcile::failing(store::KeyState state, const Error& error) const {
  // Only a sweep looks again for what is not there.
  const bool looked_for =
      state == store::KeyState::kBackingOff && (linked_ || is_source()) && error.code == Code::kNotFound;
  const bool paused = connection_trouble(error) || state == store::KeyState::kWaitingFor || looked_for || holder_moves_;
  Failing out{!paused && state != store::KeyState::kWouldWrite, Value()};
  if (const Value meant = this->meant(); !meant.is_null()) {
    const std::int64_t times = failed_alike(error) + (paused ? 0 : 1);
    const std::int64_t over = times - (disposition(error.code) == Disposition::kDeadLetter ? 1 : plan_.max_attempts);
    out.notes = Value(Object{{"meant", meant},
                             {"code", code_name(error.code)},
                             {"times", times},
                             {"over", std::max<std::int64_t>(over, 0)}});
  }
  return out;
}

/// The row as the pass leaves it; `parent` and `due_at` are set already.
store::DirtyKey Reconcile::standing(store::DirtyKey row, store::KeyState state, const Error& error,
                                    const Failing& failing) const {
  const bool goes_on = state == store::KeyState::kWaitingFor || state == store::KeyState::kBackingOff;
  const bool fails = state == store::KeyState::kBackingOff || state == store::KeyState::kDead;
  const bool let_go = goes_on && is_let_go(row);
  const Value* before = row.error ? row.error->find("failed") : nullptr;
  const Value failed = failing.notes.is_null() && before != nullptr ? *before : failing.notes;
  Value why = error_value(error);
  if (!holder_.empty()) why["holder"] = holder_;
  if (!failed.is_null() && fails) why["failed"] = failed;
  if (state == store::KeyState::kWouldWrite) why["would_write"] = true;
  if (let_go) why[kLetGo] = true;
  if (older_ && (!believed_ || state == store::KeyState::kBackingOff))
    why[kOlder] = Value(older_->time_since_epoch().count());
  row.state = state;
  row.error = std::move(why);
  row.operation = operation_.id;
  row.since = now();
  return row;
}

/// Who was told once that it waits for a person is not told again by each look at it.
bool Reconcile::told_already(store::KeyState state) const {
  return state == store::KeyState::kConflict &&
         std::any_of(known_.conflicts.begin(), known_.conflicts.end(), [this](const store::Conflict& open) {
           const store::Conflict& asked = open_conflicts_.back();
           return open.field == asked.field && open.kind == asked.kind && open.shown == asked.shown;
         });
}

void Reconcile::stand(store::KeyState state, Error error, Instant due, const std::string& parent) {
  ASSERT(state != store::KeyState::kConflict || !open_conflicts_.empty(), "what waits for a person is in the list of conflicts");
  if (options_.dry) return stop(state, error);
  if (rows_moved_ && taken_.empty()) state = store::KeyState::kBackingOff;  // another pass is due under the new name, and tells of it
  const bool in_doubt = error.code == Code::kUnknown;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (!in_doubt && intent_[side] && !intent_[side]->in_doubt && state != store::KeyState::kHeld)
      close_intents_.push_back(intent_[side]->id);
  }
  // What is taken back answers no change, so no key stands for it: without this nobody would look what became of the request.
  if (in_doubt && taken_.empty()) again_.push_back({key_.first, link_.key[key_.first].value_or(key_.second), "upsert", "again", 0, due});
  const bool would_write = state == store::KeyState::kWouldWrite;  // recorded already, and no error
  const bool dead = state == store::KeyState::kDead, held = state == store::KeyState::kHeld;
  const bool recorded = dead || held || state == store::KeyState::kConflict;
  if (recorded) {
    fill_operation(dead ? "dead" : (held ? "hold" : "conflict"), dead ? "dead" : (held ? "held" : "conflict"));
    operation_.record["error"] = error_value(error);
  }
  const Failing counts = failing(state, error);
  const auto moved = moved_alone();
  store::Commit commit = commit_with({});
  commit.finished.clear();
  commit.wake_children.clear();  // nothing was linked: who waits for it would wake it in turn, without a pause
  commit.link = moved;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (in_doubt && intent_[side] && renewed_[side]) commit.announce.push_back(*intent_[side]);
  }
  // Marked anew by its own pass, a key would not stand but wait, due at once.
  std::erase_if(commit.again, [this](const store::DirtyMark& mark) {
    return std::any_of(taken_.begin(), taken_.end(), [&](const store::DirtyKey& row) { return row.side == mark.side && row.key == mark.key; });
  });
  for (store::DirtyKey row : taken_) {
    if (would_write && !commit.standing.empty()) {  // one row says it for the pair
      commit.finished.push_back({row.side, row.key, row.last_seq, row.changes});
      continue;
    }
    row.due_at = due;
    if (awaits(row) != (holder_.empty() ? parent : "")) row.attempts = 0;  // looks for a parent are counted for it alone
    row.attempts += counts.attempt ? 1 : 0;
    row.parent = parent;
    commit.standing.push_back(standing(std::move(row), state, error, counts));
  }
  move_rows(moved, commit);
  if (!options_.reversals.empty() && moved) move_taken(commit);
  if (notes_older_ && !believed_) count_older(commit);
  if (recorded || would_write)
    commit.operation = operation_;
  else if (moved) commit.operation = told_moved(*moved);
  if (commit.operation && !told_already(state)) commit.hooks = hooks_of(plan_, *commit.operation);
  if (dead) commit.counters["dead_letters"] += 1;
  if (state == store::KeyState::kBackingOff) commit.counters["retries"] += 1;
  store_standing(std::move(commit), error, recorded || would_write ? std::nullopt : std::optional(due));
}

/// `again`: when it is tried, where that is all there is to tell.
void Reconcile::store_standing(store::Commit commit, const Error& error, std::optional<Instant> again) {
  const auto told = commit.operation;
  const bool woke = !commit.wake_children.empty();
  lane_.store.commit(std::move(commit), [self = shared_from_this(), told, woke, error,
                                         again](Result<std::int64_t> stored) {
    if (!stored.ok()) {
      self->close_intents_.clear();
      return self->finish({Report::End::kDropped, {}, {}, {}, std::move(stored).error().context("storing why the key stands")});
    }
    if (told) self->lane_.around.ears.on_operation(*told);
    if (woke && self->lane_.woke) self->lane_.woke();
    if (again)
      self->lane_.around.ears.on_retry(self->lane_.mapping, self->key_.first, self->key_.second, error, *again);
    self->tell_asked();
    self->finish({Report::End::kStanding, {}, {}, self->operation_, error});
  });
}

}  // namespace tidewire::sync
