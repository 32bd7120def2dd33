// What comes back from a write is taken into the base only as far as this write carried it (law 28).
#include <algorithm>

#include "sync/merge/canonical.h"
#include "sync/reconcile/reconcile.h"
#include "sync/merge/stamp.h"

namespace tidewire::sync {

using store::other;
using store::side_name;

/// What a connector answers may be what it was sent, not what is stored: then only a read under our own version counts.
void Reconcile::confirm(Side side, Record answer) {
  note_write(side, creating_ ? "create" : "update", decisions_.patch[side], "written");
  if (lane_.capabilities(side).answer == Capabilities::Answer::kStored) {
    const Value stored = answer.fields;
    return take_answer(side, answer, stored, Shown::kOurs);
  }
  const std::string key = answer.key;  // a copy: the capture below may be moved from before the argument is read
  lane_.batcher[side]->read(key, timed("read", side, [self = shared_from_this(), side, answer = std::move(answer)](Result<std::optional<Record>> found) {
    const bool readable = found.ok() && *found;
    const bool ours = readable && !answer.version.empty() && (*found)->version == answer.version;
    if (ours) return self->take_answer(side, **found, (*found)->fields, Shown::kOurs);
    if (readable && answer.version.empty()) {
      if (!self->creating_ && self->shows_more(side, (*found)->fields)) {
        self->again_.push_back({side, answer.key, "upsert", "again", 0, self->now()});
        self->link_.version[side].reset();
        (*found)->version.clear();  // somebody's edit is in it, which this version must not guard
      }
      return self->take_answer(side, **found, (*found)->fields, Shown::kUnversioned);
    }
    // Somebody wrote after us, or it cannot be read now: what was sent stands until the next pass compares.
    self->again_.push_back({side, answer.key, "upsert", "again", 0, self->now()});
    self->take_answer(side, answer, readable ? (*found)->fields : self->decisions_.patch[side], Shown::kLater);
  }));
}

/// Whether fields that the write did not carry show something else than what was decided on.
bool Reconcile::shows_more(Side side, const Value& fields) const {
  return std::any_of(decisions_.fields.begin(), decisions_.fields.end(), [&](const Decision& decision) {
    const Field& field = *decision.field;
    const bool carried = decision.to[side].has_value();
    const bool compared = decision.kind != Decision::Kind::kOwed && decision.kind != Decision::Kind::kHeld && field.kind != Field::Kind::kConstant && !is_ignored(link_, field.name);
    return !carried && compared && !same_form(field, side, form_of(field, side, fields), decision.form[side]);
  });
}

/// What `side` made of our value goes back to the other one once. True where that one answers it with a form of its own.
bool Reconcile::is_ping_pong(const Decision& decision, Side side) const {
  const Value* note = link_.notes.find(decision.field->name);
  if (note == nullptr || note->string_or("side") != side_name(other(side))) return false;
  const auto& both = decision.to[other(side)];
  if (both) return !to_write_[other(side)] && *note->find("sent") == *both;  // one value for both, and the other one has changed it already
  const Value* made = note->find("stored") != nullptr ? note->find("stored") : note->find("read");
  const bool nobody_moved = decision.kind == Decision::Kind::kCopy || decision.by_person;
  return made != nullptr && nobody_moved && same_form(*decision.field, other(side), decision.form[other(side)], *made);
}

/// A person who has decided between two systems that rewrite each other's values gets what they make of the word.
bool Reconcile::takes_any_form(const Decision& decision, const Value& found, const Value& before, Side side, Shown shown) const {
  if (!decision.by_person || (shown != Shown::kOurs && !same_form(*decision.field, side, found, before))) return false;
  return std::any_of(known_.conflicts.begin(), known_.conflicts.end(), [&](const store::Conflict& open) { return open.field == decision.field->name && open.kind == "ping_pong" && open.method; });
}

/// The system answered success, and the field reads as before (law 14).
bool Reconcile::keeps_its_value(Side side, const Decision& decision, const Value& stored, Shown shown) const {
  const Field& field = *decision.field;
  const Value found = form_of(field, side, stored);
  const Value& before = decision.form[side];
  const bool kept = !creating_ && shown != Shown::kLater && same_form(field, side, found, before) && !same_form(field, side, found, *decision.to[side]);
  return kept && !takes_any_form(decision, found, before, side, shown) && !is_ping_pong(decision, side);
}

/// True where the side has another form of the value than it was sent, which is to be compared again.
bool Reconcile::take_field(Side side, Decision& decision, const Value& stored, Shown shown) {
  const Field& field = *decision.field;
  auto& to = decision.to[side];
  const Value found = form_of(field, side, stored);
  const Value& before = decision.form[side];
  // Of a new record what it was before is nothing.
  const bool none = creating_ && shown != Shown::kLater && empty_form(field, side, found) && !empty_form(field, side, *to);
  const bool kept = none || keeps_its_value(side, decision, stored, shown);
  bool as_sent = same_form(field, side, found, *to);
  decision.shows[side] = found;
  if (!as_sent && takes_any_form(decision, found, before, side, shown)) {
    to = found;
    as_sent = decision.apart = true;
  }
  const auto remember = [&](const char* form, bool loses) {
    Object note{{"sent", *to}, {form, found}, {"side", side_name(side)}};
    if (loses) note["loses"] = true;
    note_form(link_, field.name, std::move(note));
  };
  const auto refuse = [&](const char* kind, std::string rule) {
    decision.kind = Decision::Kind::kConflict;
    decision.conflict_kind = kind;
    decision.closes_conflict = decision.closes_conflict && decision.by_person;  // the one that is open goes on
    decision.rule = std::move(rule);
    return false;
  };
  if (!as_sent && is_ping_pong(decision, side)) return refuse("ping_pong", "both systems rewrite what the other one stores");
  if (kept) {
    pass(CrashPoint::kRefusalAnswered);
    remember("read", false);
    if (to_write_[other(side)]) leave_out(decision, other(side));
    return refuse("not_accepted", "the " + std::string(side_name(side)) + " system answered success but kept its value (read-only, computed or no right to the field)");  // law 14
  }
  store::FieldBase base{decision.to.left.value_or(decision.form.left), decision.to.right.value_or(decision.form.right)};
  const bool half = decision.to.left && decision.to.right && (creating_ || to_write_[other(side)]);  // a create writes one side only
  if (half) {
    const Value shared = half_written(decision, side);
    base = {*shared.find("l"), *shared.find("r")};
  } else if (as_sent && shown == Shown::kOurs) {
    base[side] = found;
  }
  link_.base[field.name] = std::move(base);  // of another form it takes what was sent: the difference is a change and goes back once
  if (!as_sent) remember(shown == Shown::kOurs ? "stored" : "read", shown == Shown::kUnversioned);
  else if (const Value* note = link_.notes.find(field.name); note != nullptr && note->find("read") != nullptr) drop_form(link_, field.name);
  return !as_sent || (half && creating_);  // what was made with a person's word has that to tell
}

/// Of a value for both sides that one did not take, the other one keeps what it has.
void Reconcile::leave_out(Decision& decision, Side side) {
  auto& to = decision.to[side];
  if (!to) return;
  to.reset();
  Value& patch = decisions_.patch[side];
  for (const std::string& path : decision.field->paths[side]) {
    const Value* present = record_[side]->fields.at_path(path);
    if (path.find('.') == std::string::npos) patch.as_object().erase(path);
    else patch.set_path(path, present == nullptr ? Value() : *present);
  }
  intent_[side]->fields.as_object().erase(decision.field->name);
  intent_[side]->sent = patch;
  if (!patch.as_object().empty()) return;
  to_write_[side] = false;
  close_intents_.push_back(intent_[side]->id);
  intent_[side].reset();
}

void Reconcile::take_answer(Side side, const Record& answer, const Value& stored, Shown shown) {
  bool stored_otherwise = false;
  end_members(side);
  for (Decision& decision : decisions_.fields) {
    const bool carried = decision.to[side].has_value();
    const bool goes_on = to_write_[other(side)] && decision.to[other(side)];
    const auto first = carried || goes_on ? in_part(side, decision, stored, shown) : std::nullopt;
    if (first && *first != decision.field->name && !(carried && keeps_its_value(side, decision, stored, shown))) {
      take_member(side, decision, stored, *first);
      stored_otherwise = true;
    } else if (carried) {
      stored_otherwise |= take_field(side, decision, stored, shown);
    } else if (creating_ && decision.kind == Decision::Kind::kOwed && shown != Shown::kLater) {
      // What its system fills it with meanwhile is nobody's word (merge/dispute.cpp `perhaps_ours`).
      Value filled = form_of(*decision.field, side, stored);
      if (!empty_form(*decision.field, side, filled)) note_form(link_, decision.field->name, {{"sent", Value()}, {"read", std::move(filled)}, {"side", side_name(side)}, {"loses", true}});
    }
  }
  for (const Field& field : plan_.fields) {
    if (shown != Shown::kOurs || field.kind == Field::Kind::kConstant || is_ignored(link_, field.name)) continue;
    const auto base = link_.base.find(field.name);
    const Value there = form_of(field, side, stored);
    if (base == link_.base.end()) {
      // What the system itself made of the new record (a number, a computed name) is still to be told to the other side.
      stored_otherwise |= creating_ && flows(field.flow, other(side)) && !empty_form(field, side, there);
      continue;
    }
    const Value& agreed = base->second[side];
    stored_otherwise |= !same_form(field, side, there, agreed);
  }
  stored_otherwise |= shown == Shown::kOurs && !creating_ && shows_more(side, stored);
  if (stored_otherwise) again_.push_back({side, answer.key, "upsert", "again", 0, now()});
  link_.key[side] = answer.key;
  if (creating_ && shown != Shown::kLater && !meets(plan_.end[side].scope, stored, plan_, side)) link_.notes[kOutside] = Value(true);
  note_stamps(plan_, side, decisions_.patch[side], link_);
  see(side, answer);
  if (answer.modified) link_.stamps[""][side_tag(side)] = Value(answer.modified->time_since_epoch().count());
  after_write(side);
}

}  // namespace tidewire::sync
