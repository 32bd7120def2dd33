// A group of fields that a system took only in part (laws 10, 14): it is not left with what nobody had. What landed of the write is noted
// with the link as not written, the whole group waits for a person, and the next pass puts those fields back to what they were, unless
// it has something else to write there or somebody has edited one of the group since: who did so left it as it was shown. A whole record is not kept so: a field that a side keeps may
// be kept for ever.
#include <algorithm>
#include <map>
#include <utility>

#include "sync/merge/canonical.h"
#include "sync/reconcile/reconcile.h"

namespace tidewire::sync {

using store::other;
using store::side_name;

namespace {

constexpr const char* kLanded = "landed";  // the note of it: {"side", "was", "shows", "with": what goes with it, as it was shown}

bool go_together(const Plan& plan, const Field& a, const Field& b) {
  const bool rows = a.kind == Field::Kind::kRows || b.kind == Field::Kind::kRows;  // each row by itself
  return !plan.whole_record && !rows && a.group >= 0 && a.group == b.group;
}

}  // namespace

/// The field of its group that the side did not take, where this one is a member that it did; nullopt where the group is whole.
std::optional<std::string> Reconcile::in_part(Side side, const Decision& member, const Value& stored, Shown shown) const {
  for (const Decision& decision : decisions_.fields) {
    const bool written = decision.to[side].has_value();
    if (written && go_together(plan_, *decision.field, *member.field) && keeps_its_value(side, decision, stored, shown)) return decision.field->name;
  }
  return std::nullopt;
}

void Reconcile::keep_member(const Field& field, Side side, Value was, const Value& shown) {
  Object with;
  for (const Field& fellow : plan_.fields) {
    if (&fellow != &field && go_together(plan_, field, fellow)) with[fellow.name] = form_of(fellow, side, shown);
  }
  link_.notes[field.name][kLanded] = Value(Object{{"side", side_name(side)}, {"was", std::move(was)}, {"shows", form_of(field, side, shown)}, {"with", Value(std::move(with))}});
  noted_ = true;
}

/// The base stays, and so does what the other side has.
void Reconcile::take_member(Side side, Decision& member, const Value& stored, const std::string& first) {
  if (to_write_[other(side)]) leave_out(member, other(side));
  const Value& before = member.form[side];
  const bool written = member.to[side].has_value();
  if (written) keep_member(*member.field, side, before, stored);
  member.shows[side] = before;
  member.kind = Decision::Kind::kConflict;
  member.closes_conflict = member.closes_conflict && member.by_person;  // the one that is open goes on
  member.discards = false;
  member.rule = "group: '" + first + "', which goes with it, was not accepted: the " + side_name(side) + " side gets back what it had, and all of it waits for a person";
}

/// After an unknown outcome: what shows a part of its group was not written. `written` loses it, and the whole is written again.
void Reconcile::keep_members(const store::Intent& intent, std::set<std::string>& written) {
  const char* before = side_tag(intent.side);
  const auto returns = [&](const std::string& name) { return goes_back(*intent.fields.find(name)); };  // and is no part of what was to be taken
  for (const auto& [name, announced] : intent.fields.as_object()) {
    const Field* kept = plan_.field(name);
    if (kept == nullptr || kept->group < 0 || returns(name) || written.contains(name) || !shows(intent, name, before) || shows(intent, name, "to")) continue;
    std::erase_if(written, [&](const std::string& other_name) {
      const Field& member = *plan_.field(other_name);
      if (!go_together(plan_, *kept, member) || returns(other_name)) return false;
      if (shows(intent, other_name, "to")) keep_member(member, intent.side, *intent.fields.find(other_name)->find(before), record_[intent.side]->fields);
      return true;
    });
  }
}

bool Reconcile::has_members() const {
  if (!link_.notes.is_object()) return false;
  const Object& notes = link_.notes.as_object();
  return std::any_of(notes.begin(), notes.end(), [](const auto& note) { return note.second.find(kLanded) != nullptr; });
}

/// What the side had there before a write of ours that does not count; nullptr where it shows anything else there, or in what goes with it.
const Value* Reconcile::landed(const Field& field, Side side) const {
  const Value* note = link_.notes.find(field.name);
  const Value* member = note == nullptr ? nullptr : note->find(kLanded);
  if (member == nullptr || member->string_or("side") != side_name(side) || is_ignored(link_, field.name)) return nullptr;
  const auto shows = [&](const Field& one, const Value& form) { return same_form(one, side, form_of(one, side, record_[side]->fields), form); };
  if (!shows(field, *member->find("shows"))) return nullptr;
  if (const Value* with = member->find("with"); with != nullptr) {
    for (const auto& [name, form] : with->as_object()) {
      if (const Field* fellow = plan_.field(name); fellow != nullptr && !shows(*fellow, form)) return nullptr;
    }
  }
  return member->find("was");
}

/// Nobody's edit: the pass decides as if the side had what it had.
void Reconcile::pass_over_members() {
  Sides<std::map<const Field*, Value>> had;  // laid when all are looked at, because each is compared with the others
  for (const Field& field : plan_.fields) {
    const Value* note = link_.notes.find(field.name);
    const Value* member = note == nullptr ? nullptr : note->find(kLanded);
    if (member == nullptr) continue;
    const Side side = member->string_or("side") == "left" ? Side::kLeft : Side::kRight;
    if (!record_[side] || members_[side].contains(field.name)) continue;
    if (const Value* was = landed(field, side)) had[side][&field] = *was;
    else end_member(field.name);
  }
  for (const Side side : {Side::kLeft, Side::kRight}) {
    for (const auto& [field, was] : had[side]) {
      lay_form(*field, side, was, record_[side]->fields);
      members_[side].insert(field->name);
    }
  }
}

/// What is written anyway needs no putting back.
Result<void> Reconcile::lay_members() {
  for (Decision& decision : decisions_.fields) {
    const Field& field = *decision.field;
    for (const Side side : {Side::kLeft, Side::kRight}) {
      const bool written = decision.to[side].has_value();
      if (written || !members_[side].contains(field.name)) continue;
      const Value form = form_of(field, side, record_[side]->fields);
      decision.put_back[side] = *link_.notes.find(field.name)->at_path("landed.shows");
      for (const std::string& path : field.paths[side]) {
        const Value* part = field.paths[side].size() == 1 ? &form : form.find(path);
        if (part != nullptr) TRY(lay_path(&*record_[side], decisions_.patch[side], path, *part));
      }
      decision.rule += (decision.rule.empty() ? "the " : "; the ") + std::string(side_name(side)) + " side gets back what it had";
    }
  }
  return {};
}

/// What was to be put back is.
bool Reconcile::shows_members(Side side, const Value& fields) const {
  return std::all_of(decisions_.fields.begin(), decisions_.fields.end(), [&](const Decision& decision) {
    const Field& field = *decision.field;
    const bool written = decision.to[side].has_value();
    return written || !members_[side].contains(field.name) || same_form(field, side, form_of(field, side, fields), form_of(field, side, record_[side]->fields));
  });
}

/// Written again or put back, or kept all the same: then that is what the side has.
void Reconcile::end_members(Side side) {
  for (const std::string& name : std::exchange(members_[side], {})) end_member(name);
}

/// With the record that it landed on.
void Reconcile::end_landed(Side side) {
  for (const Field& field : plan_.fields) {
    const Value* note = link_.notes.find(field.name);
    const Value* member = note == nullptr ? nullptr : note->find(kLanded);
    if (member != nullptr && member->string_or("side") == side_name(side)) end_member(field.name);
  }
}

void Reconcile::end_member(const std::string& name) {
  const Value* note = link_.notes.find(name);
  if (note == nullptr || note->find(kLanded) == nullptr) return;
  link_.notes[name].as_object().erase(kLanded);
  if (link_.notes[name].as_object().empty()) link_.notes.as_object().erase(name);
}

}  // namespace tidewire::sync
