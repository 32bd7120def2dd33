// Whether a record was edited since the sides agreed, for who deletes it or its counterpart (laws 15, 23).
#include <algorithm>

#include "sync/merge/canonical.h"
#include "sync/merge/rows.h"
#include "sync/merge/turn.h"
#include "sync/reconcile/questions.h"
#include "sync/reconcile/reconcile.h"

namespace tidewire::sync {

using store::other;
using store::side_name;

namespace {

/// The rows without what they refer to.
Value unnamed(const Field& field, Side side, const Value& form) {
  Array rows = elements_of(form);
  for (Value& row : rows) {
    for (const Field& cell : field.rows) {
      if (cell.kind != Field::Kind::kReference) continue;
      for (const std::string& path : cell.paths[side]) row[path] = Value();
    }
  }
  return Value(std::move(rows));
}

}  // namespace

/// `then` of whether the record was edited since the sides agreed, and false where a delete wins over that. It comes later, with a pass of
/// its own, where that hangs on what a reference names now.
void Reconcile::ask_if_edited(Side side, std::function<void(bool)> then) {
  if (plan_.end[side].delete_wins) return then(false);
  if (auto unread = unread_for_now(side)) return fail(std::move(*unread));
  translate([self = shared_from_this(), side, then = std::move(then)] {
    std::optional<Moved> moved;
    if (self->edited(side, moved)) return then(true);
    if (moved) return self->await_moved(*moved, then);
    then(false);
  });
}

/// Why it is not known whether a file of the record was exchanged: it cannot be read at the moment.
std::optional<Error> Reconcile::unread_for_now(Side side) const {
  for (const Field& field : plan_.fields) {
    if (!record_[side] || !names_files(field, side)) continue;
    auto error = unread_file(field, side, form_of(field, side, record_[side]->fields));
    if (error && disposition(error->code) != Disposition::kDeadLetter) return std::move(*error).context("field '" + field.name + "'");
  }
  return std::nullopt;
}

/// Renamed, its link moves soon, since it is looked at. One that may stay without is given that time, and is an edit then.
void Reconcile::await_moved(const Moved& moved, const std::function<void(bool)>& then) {
  if (!moved.optional) return wait_for(moved.parent);
  const std::string name = parent_name(moved.parent);
  const bool waited = std::any_of(taken_.begin(), taken_.end(), [&](const store::DirtyKey& row) { return row.parent == name; });
  if (waited || options_.dry) return then(true);
  look_at(moved.parent);
  stand(store::KeyState::kBackingOff, make_error(Code::kNotFound, "it names " + name + ", which is not linked: renamed, or named by an edit", "it is deleted if that links within a minute under its new name, else kept"), now() + kRenamePatience, name);
}

/// The reference names what it named when the sides agreed, by the name that this has now: its system wrote that when it was renamed, and
/// it is nobody's edit (law 20). True also where it names what is not linked, which is `moved` then. Translated before.
bool Reconcile::followed(const Field& field, Side side, std::optional<Moved>& moved) const {
  const auto base = link_.base.find(field.name);
  if ((field.kind != Field::Kind::kReference && field.kind != Field::Kind::kRows) || base == link_.base.end()) return false;
  const Situation seen = situation();
  const Side to = other(side);
  const Value form = form_of(field, side, record_[side]->fields);
  const Value& agreed = base->second[to];
  Decisions aside;
  Turner turner(seen, aside);
  std::optional<Moved> unlinked;
  if (field.kind == Field::Kind::kReference) {
    const auto turned = turner.turn(field, to, form);
    if (!turned.ok()) return false;
    if (*turned) return !(*turned)->leave && same_form(field, to, (*turned)->value, agreed);
    if (turner.owed()) unlinked = Moved{*turner.owed(), field.optional_reference};
  } else {
    if (!same_rows(field, side, unnamed(field, side, form), unnamed(field, side, base->second[side]))) return false;
    Array rows;
    for (const Value& row : elements_of(form)) {
      Value& turned = rows.emplace_back(Object{});
      for (const Field& cell : field.rows) {
        if (cell.paths[side].empty() || cell.paths[to].empty()) continue;
        const auto value = turner.turn_cell(cell, to, cell_form(cell, side, row), row, false);
        if (!value.ok()) return false;
        if (*value) lay_cell(cell, to, **value, turned);
      }
    }
    if (!turner.owed()) return same_rows(field, to, Value(std::move(rows)), agreed);
    unlinked = Moved{*turner.owed(), false};
  }
  if (!unlinked) return false;
  if (!moved || moved->optional) moved = std::move(unlinked);
  return true;
}

/// Another form of what we wrote there ourselves is nobody's edit (law 28).
bool Reconcile::is_own_form(const Field& field, Side side) const {
  const Value* note = link_.notes.find(field.name);
  const Value* stored = note == nullptr || note->string_or("side") != side_name(side) ? nullptr : note->find("stored");
  return stored != nullptr && same_form(field, side, form_of(field, side, record_[side]->fields), *stored);
}

/// What differs from the base is that files are gone.
bool Reconcile::has_only_lost_files(const Field& field, Side side) const {
  if (!names_files(field, side)) return false;
  const Value form = form_of(field, side, record_[side]->fields);
  if (is_gone_file(form, field.type[side])) return true;
  const auto base = link_.base.find(field.name);
  if (field.kind != Field::Kind::kRows || base == link_.base.end() || is_entered(link_, field, side, form)) return false;
  const Value& agreed = base->second[side];
  return same_rows(field, side, without_gone_files(field, side, form, agreed), agreed);
}

/// Changed since the sides agreed; a value that they never agreed on was not seen by who deleted the other copy. `moved`: nothing was, but
/// for a reference of which it is not known.
bool Reconcile::edited(Side side, std::optional<Moved>& moved) const {
  const bool changed = record_[side] && std::any_of(plan_.fields.begin(), plan_.fields.end(), [&](const Field& field) {
    if (has_only_lost_files(field, side)) return false;
    return is_unmet(field, side) || (this->changed(field, side) && !is_own_form(field, side) && !may_be_ours(field, side) && !followed(field, side, moved));
  });
  return changed || std::any_of(known_.conflicts.begin(), known_.conflicts.end(), [&](const store::Conflict& open) { return !open.field.empty() && !link_.base.contains(open.field); });
}

}  // namespace tidewire::sync
