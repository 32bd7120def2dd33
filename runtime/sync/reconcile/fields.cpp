// What a link keeps of its fields besides their base (law 9): since when it has them, which mapping it was level with,
// and where the sides may say different things.
#include <algorithm>

#include "sync/merge/canonical.h"
#include "sync/merge/differing.h"
#include "sync/reconcile/reconcile.h"

namespace tidewire::sync {

namespace {

constexpr const char* kScript = "$script";
constexpr const char* kApart = "apart";
constexpr const char* kHeld = "held";  // by the brake, before it has a base
constexpr const char* kOwed = "owed";

}  // namespace

/// Fields added to the mapping since the link was made, and references that are owed (law 22).
bool Reconcile::lacks_base() const {
  return std::any_of(plan_.fields.begin(), plan_.fields.end(), [&](const Field& field) {
    const Value* note = link_.notes.find(field.name);
    const bool owed = note != nullptr && note->bool_or(kOwed, false);
    return field.kind != Field::Kind::kConstant && (owed || !link_.base.contains(field.name)) && !is_ignored(link_, field.name);
  });
}

/// The side has a value there that the other one was never asked about: a first contact ended halfway, or a person let the base
/// be forgotten. A field that came since, one that the brake holds and a reference that is owed begin later (laws 9, 22).
bool Reconcile::is_unmet(const Field& field, Side side) const {
  const bool meets = field.kind != Field::Kind::kConstant && field.when != Field::When::kCreate && flows(field.flow, store::other(side));
  if (link_.id == 0 || !meets || link_.base.contains(field.name) || is_ignored(link_, field.name)) return false;
  const Value* note = link_.notes.find(field.name);
  const bool later = note != nullptr && (note->bool_or(kOwed, false) || note->bool_or(kHeld, false));
  const auto joined = lane_.joined.fields.find(field.name);
  const bool came_since = joined != lane_.joined.fields.end() && joined->second > epoch_;
  return !later && !came_since && !empty_form(field, side, form_of(field, side, record_[side]->fields));
}

/// A resync, or a person who asks for this very record, and more than a decision about one of its fields.
bool Reconcile::reapplies() const {
  if (link_.notes.string_or(kScript) == script_note(*mapper_)) return false;
  const bool decided = std::any_of(known_.conflicts.begin(), known_.conflicts.end(),
                                   [](const store::Conflict& open) { return open.method.has_value(); });
  return options_.reapply || (is_for_person() && !decided) || std::any_of(taken_.begin(), taken_.end(), [](const store::DirtyKey& row) { return row.reason == "resync"; });
}

void Reconcile::note_owed(const Field& field) { link_.notes[field.name][kOwed] = true; }

void Reconcile::note_field(const Decision& decision) {
  const std::string& name = decision.field->name;
  if (decision.kind == Decision::Kind::kHeld && !link_.base.contains(name)) link_.notes[name][kHeld] = true;
  else drop_note(link_, name, kHeld);
  if (decision.kind == Decision::Kind::kOwed) note_owed(*decision.field);
  else drop_note(link_, name, kOwed);
  const bool moved = decision.kind == Decision::Kind::kCopy || decision.kind == Decision::Kind::kResolve ||
                     decision.kind == Decision::Kind::kAgree;
  for (const char* what : {kEntered, kWent}) {
    if (moved) drop_note(link_, name, what);
  }
  if (moved && decision.apart && link_.base.contains(name)) {
    link_.notes[name][kApart] = true;
  } else if (moved) {
    drop_note(link_, name, kApart);
  }
  const Value* note = link_.notes.find(name);
  if (decision.kind == Decision::Kind::kAgree && note != nullptr && note->find("read") != nullptr) drop_form(link_, name);
}

/// Of what one side has got and the other is not to get: it stands, whatever becomes of the write to the other.
void Reconcile::note_written(Side side) {
  for (const Decision& decision : decisions_.fields) {
    const auto& here = decision.to[side];
    const auto& there = decision.to[other(side)];
    if (here && !there) note_field(decision);
  }
}

void Reconcile::note_fields() {
  for (const Decision& decision : decisions_.fields) note_field(decision);
  const bool held = std::any_of(decisions_.fields.begin(), decisions_.fields.end(),
                                [](const Decision& one) { return one.kind == Decision::Kind::kHeld; });
  if (link_.id == 0 || creating_ || (reapplies_ && !held)) link_.notes[kScript] = script_note(*mapper_);
}

/// Nobody is asked about a field that the mapping has no more. True where some were open.
bool Reconcile::close_left_conflicts() {
  const std::size_t before = close_conflicts_.size();
  for (const store::Conflict& open : known_.conflicts) {
    if (!open.field.empty() && plan_.field(open.field) == nullptr) close_conflicts_.push_back(open.field);
  }
  return close_conflicts_.size() > before;
}

}  // namespace tidewire::sync
