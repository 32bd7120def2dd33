// A record that was renamed (law 20): its link has the new name at once, also where what was edited with it has to wait. Others name it so
// already, and what it waits for may be one of them.
#include <algorithm>

#include "sync/reconcile/reconcile.h"

namespace tidewire::sync {

using store::side_name;

/// What waits, or was given up, under the name before is answered with what came under the new one. What only came to wait there may be
/// of a record that has the name since, and is left (law 4); a change would have roused those that rest.
void Reconcile::take_former_rows(Side side, const std::vector<store::DirtyKey>& rows) {
  if (options_.dry || !options_.reversals.empty()) return;
  for (const store::DirtyKey& row : rows) {
    const bool rests = row.state == store::KeyState::kDead || row.state == store::KeyState::kConflict || row.state == store::KeyState::kWaitingFor || row.state == store::KeyState::kWouldWrite;
    if (!rests || row.side != side || row.key != former_[side]) continue;
    store::DirtyKey& mine = taken_.emplace_back(row);
    mine.event = "upsert";  // that the name went is no delete
    mine.attempts = row.state == store::KeyState::kDead ? 0 : row.attempts;
  }
}

/// The link is stored under its new name before the pass has come to its end: what was taken under the one before leaves with it, because no
/// link is found there any more, should the process die. A pass of the new name answers it: this one, where it comes of that. A revert answers
/// nothing, and takes what stood there along.
void Reconcile::move_taken(store::Commit& commit) {
  const bool reverts = !options_.reversals.empty();
  std::vector<store::DirtyKey>& rows = reverts ? known_.dirty : taken_;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (!former_[side] || !commit.link->key[side] || commit.link->key[side] == former_[side]) continue;
    const std::string& name = *commit.link->key[side];
    const bool there = std::any_of(rows.begin(), rows.end(), [&](const store::DirtyKey& row) { return row.side == side && row.key == name; });
    std::erase_if(rows, [&](const store::DirtyKey& row) {
      if (row.side != side || row.key != *former_[side]) return false;
      commit.finished.push_back({row.side, row.key, row.last_seq, row.changes});
      commit.counters["echo"] += 1;
      if (!there) commit.again.push_back({side, name, "upsert", row.reason, row.priority, now()});
      rows_moved_ |= !reverts;
      return true;
    });
  }
}

/// The link as the state has it, but for the new name; nullopt where it has that already, or the rename is not believed.
std::optional<store::Link> Reconcile::moved_alone() const {
  const auto& in_state = stored_ ? stored_ : known_.link;
  if (!sure_ || older_ || !in_state || in_state->id != link_.id) return std::nullopt;
  std::optional<store::Link> moved;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (!former_[side] || !link_.key[side] || in_state->key[side] != former_[side]) continue;
    if (!moved) moved = in_state;
    moved->key[side] = link_.key[side];
  }
  return moved;
}

store::Operation Reconcile::told_moved(const store::Link& moved) const {
  store::Operation told;
  told.id = lane_.ids.next();
  told.at = now();
  told.mapping = lane_.mapping;
  told.link = moved.id;
  told.key = moved.key;
  told.kind = "rename";
  told.outcome = "applied";
  told.script = mapper_->version();
  told.record = Value(Object{{"taken", Value(Array{})}, {"writes", Value(Array{})}, {"fields", Value(Object{})}});
  return told;
}

/// What stands goes on standing under the new name, where its link is found.
void Reconcile::move_rows(const std::optional<store::Link>& moved, store::Commit& commit) const {
  const auto& in_state = moved ? moved : stored_;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    const bool has_new = former_[side] && in_state && in_state->key[side] && in_state->key[side] != former_[side];
    if (!has_new) continue;
    const std::string& name = *in_state->key[side];
    if (moved) commit.wake_children.push_back(lane_.mapping + "/" + side_name(side) + "/" + name);
    const bool there = std::any_of(commit.standing.begin(), commit.standing.end(), [&](const store::DirtyKey& row) { return row.side == side && row.key == name; });
    for (store::DirtyKey& row : commit.standing) {
      if (row.side != side || row.key != *former_[side]) continue;
      commit.finished.push_back({row.side, row.key, row.last_seq, row.changes});
      commit.counters["echo"] += 1;
      row.key = there ? "" : name;
      row.event = "upsert";
      row.first_seq = row.last_seq = row.changes = 0;  // a row of its own
    }
    std::erase_if(commit.standing, [](const store::DirtyKey& row) { return row.key.empty(); });
  }
}

}  // namespace tidewire::sync
