// The brake (law 18): what would go to too many records at once waits until a person lets it go; everything else goes on.
//
// Deletes are held key by key, whatever told of them. A field that a change of the mapping writes is held field by field:
// the records' other fields travel as ever.
#include <algorithm>

#include "sync/reconcile/reconcile.h"

namespace tidewire::sync {

namespace {

std::string kind_of(const std::string& field) { return "field " + field; }

}  // namespace

/// A person asks for this pass. What one asked for once, and what was given up or held since, is only taken along.
bool Reconcile::is_for_person() const {
  return std::any_of(taken_.begin(), taken_.end(), [](const store::DirtyKey& row) {
    return row.reason == "person" && (row.state == store::KeyState::kWaiting || row.state == store::KeyState::kBackingOff);
  });
}

/// The brake held its delete, and a person has let it go; whatever it stood for since, a parent that was renamed or a system that was
/// away, it is let go until the pass that it was for has come to an end.
bool Reconcile::is_let_go(const store::DirtyKey& row) {
  if (!row.error || row.error->bool_or(kLetGo, false)) return row.error.has_value();
  const bool held = row.error->string_or("code") == code_name(Code::kCancelled) && row.error->find(kOlder) == nullptr && !row.error->bool_or("would_write", false);
  return held && row.reason == "person" && row.state != store::KeyState::kHeld;
}

/// What a person lets go knows no brake.
bool Reconcile::is_released() const { return !plan_.brake || is_for_person() || std::any_of(taken_.begin(), taken_.end(), is_let_go); }

/// More than max(10, 10 % of the links) in 24 hours, with what others of this mapping are about to do. What may go counts
/// from here on.
bool Reconcile::is_too_many(const store::BrakeCounts& counts, const std::string& kind, std::int64_t gone) {
  const auto logged = counts.kinds.find(kind);
  const std::int64_t so_far = (logged == counts.kinds.end() ? 0 : logged->second) + lane_.let_through[kind];
  if (so_far >= std::max<std::int64_t>(plan_.brake_least, (counts.links + gone) * *plan_.brake / 100)) return true;
  ++lane_.let_through[kind];
  let_through_.push_back(kind);
  return false;
}

/// On record by now, or not done.
void Reconcile::end_let_through() {
  for (const std::string& kind : let_through_) --lane_.let_through[kind];
  let_through_.clear();
}

void Reconcile::brake(Side side) {
  if (is_released()) return announce_delete(side);
  lane_.store.brake_counts(lane_.mapping, kBrakeWindow, [self = shared_from_this(), side](Result<store::BrakeCounts> counts) {
    if (!counts.ok()) return self->fail(std::move(counts).error());
    // A backup does not have what was made after it.
    if (!self->told_gone(side) && self->many_set_back(*counts, 0)) return self->hold_missing(side);
    const std::int64_t deletes = counts->kinds["delete"] + self->lane_.let_through["delete"];
    if (!self->is_too_many(*counts, "delete", deletes)) return self->announce_delete(side);
    self->stand(store::KeyState::kHeld,
                make_error(Code::kCancelled, std::to_string(deletes) + " deletes of this mapping went to the other side within 24 hours; this one is held",
                           "if the deletes are meant, let them go with: tidewire release " + self->lane_.mapping),
                self->now());
  });
}

void Reconcile::hold_missing(Side side) {
  stand(store::KeyState::kHeld,
        make_error(Code::kCancelled, "'" + *link_.key[side] + "' is missing on " + plan_.end[side].connection + ", where many records read older than they did before, or the newest are gone, as if it had been restored from a backup; its delete is held",
                   "look at both sides: `tidewire release " + lane_.mapping + "` deletes it on the other side, too; or make it there again, and it meets its counterpart"),
        now());
}

/// True where the pass goes on once the brake has been asked about fields that only a change of the mapping writes.
bool Reconcile::brake_fields(const std::set<std::string>& fields) {
  const bool known_before = known_.link.has_value();
  if (fields.empty() || brake_asked_ || !known_before || options_.dry || is_released()) return false;
  brake_asked_ = true;
  std::erase_if(lane_.braked, [now = now()](const auto& one) { return one.second <= now; });
  if (std::all_of(fields.begin(), fields.end(), [&](const std::string& name) { return lane_.braked.contains(name); })) {
    braked_ = fields;
    decide_now();
    return true;
  }
  lane_.store.brake_counts(lane_.mapping, kBrakeWindow, [self = shared_from_this(), fields](Result<store::BrakeCounts> counts) {
    if (!counts.ok()) return self->fail(std::move(counts).error());
    for (const std::string& name : fields) {
      if (counts->released.contains(name) || !self->is_too_many(*counts, kind_of(name), 0)) continue;
      self->braked_.insert(name);
      self->asks_release_ |= !counts->held.contains(name) && !self->lane_.braked.contains(name);
      self->lane_.braked[name] = self->now() + kBrakeRemembered;
    }
    self->decide_now();
  });
  return true;
}

/// What this pass tells the brake: fields written or disputed that count, fields held, fields that are level at last.
void Reconcile::note_brake(store::Commit& commit) const {
  if (!known_.link) return;
  for (const Decision& decision : decisions_.fields) {
    const std::string& name = decision.field->name;
    const bool by_edit = known_.link->base.contains(name);  // of the mapping, in a field that both had agreed on
    if (by_edit && !reapplies_) continue;
    if (decision.kind == Decision::Kind::kHeld) commit.hold_fields.push_back(name);
    if ((!link_.base.contains(name) && decision.kind != Decision::Kind::kConflict) || decision.kind == Decision::Kind::kHeld) continue;
    commit.free_fields.push_back(name);
    if (decisions_.adopts.contains(name) && !is_released()) commit.brake.push_back(kind_of(name));
  }
}

}  // namespace tidewire::sync
