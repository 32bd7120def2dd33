// Law 17: where no guard protected a delete, an edit may have come between the read and the request. The system's trash has
// the record as it was deleted; one that differs from what was read is brought back, and it is a delete against an update.
#include <algorithm>

#include "sync/merge/canonical.h"
#include "sync/reconcile/reconcile.h"

namespace tidewire::sync {

using store::other;
using store::side_name;

/// What the mapping knows of the record that is about to be deleted, announced with the delete.
Value Reconcile::content_read(Side side) const {
  Value read{Object{}};
  for (const Field& field : plan_.fields) {
    if (field.kind != Field::Kind::kConstant) lay_form(field, side, form_of(field, side, record_[side]->fields), read);
  }
  return read;
}

/// The look at the trash is repeated, for what the last announcement had read; where it does not say, what both sides agreed on.
void Reconcile::look_after_delete(Side side) {
  deleting_ = deleted_before_ = true;
  Value read{Object{}};
  for (const Field& field : plan_.fields) {
    const auto base = link_.base.find(field.name);
    if (base != link_.base.end()) lay_form(field, side, base->second[side], read);
  }
  for (const store::Intent& intent : known_.intents) {
    if (intent.kind != store::IntentKind::kDelete || intent.side != side || !is_about_us(intent) || !intent.sent.is_object()) continue;
    for (const auto& [name, value] : intent.sent.as_object()) read[name] = value;
  }
  look_at_trash(side, read);
}

/// A delete of ours was announced for a record that never had a link, and it is gone: an edit that came before it is in the
/// trash all the same. False where there was none.
bool Reconcile::look_after_unlinked() {
  const Side side = key_.first, source = other(side);
  const auto open = std::find_if(known_.intents.begin(), known_.intents.end(), [&](const store::Intent& intent) { return intent.kind == store::IntentKind::kDelete && intent.side == side && !intent.link && is_about_us(intent); });
  if (open == known_.intents.end() || lane_.capabilities(side).guarded_deletes) return false;
  const SideKey made_of{source, open->source_key};
  if (!claim(made_of)) {
    finish({Report::End::kBusy, made_of, {}, {}, {}});
    return true;
  }
  link_.key[source] = open->source_key;
  if (!read_[source]) {
    Sides<bool> wanted{false, false};
    wanted[source] = true;
    read_sides(wanted);
    return true;
  }
  link_.incarnation[source] = open->source_incarnation;
  const bool another = record_[source] && open->source_incarnation && !record_[source]->incarnation.empty() && record_[source]->incarnation != *open->source_incarnation;
  if (another) record_[source].reset();
  look_after_delete(side);
  return true;
}

void Reconcile::look_at_trash(Side side, const Value& read) {
  if (lane_.capabilities(side).guarded_deletes) return bury(other(side), "delete", "applied");
  lane_.batcher[side]->endpoint().trash(*link_.key[side], heard(side, [self = shared_from_this(), side, read](Result<std::optional<Record>> copy) {
    if (!copy.ok() && copy.error().code != Code::kDenied && copy.error().code != Code::kInvalid) return self->look_again(std::move(copy).error());
    const Value edits = copy.ok() && *copy ? self->lost_edits(side, read, (*copy)->fields) : Value(Object{});
    if (edits.as_object().empty()) return self->bury(other(side), "delete", "applied");
    self->lost_ = edits;
    if (self->plan_.end[side].delete_wins) return self->bury(other(side), "delete", "applied");
    if (!self->record_[other(side)]) return self->put_back(side);
    self->keep_lost_edit(side);  // the other one has only left the scope
    self->bury(other(side), "delete", "applied");
  }));
}

/// The announced delete stays open: whoever comes next looks into the trash again.
void Reconcile::look_again(Error error) {
  intent_ = {};
  fail(std::move(error).context("looking into the trash for an edit that came before the delete"));
}

/// By field, as the trash has it.
Value Reconcile::lost_edits(Side side, const Value& read, const Value& deleted) const {
  Value edits{Object{}};
  for (const Field& field : plan_.fields) {
    const auto& paths = field.paths[side];
    const bool unknown = deleted_before_ && std::none_of(paths.begin(), paths.end(), [&](const std::string& path) { return read.at_path(path) != nullptr; });  // what was read of it
    // Of parts and of rows that are records of their own the trash has nothing; they were not deleted with it, or are in the trash themselves.
    const bool beside = !paths.empty() && std::all_of(paths.begin(), paths.end(), [&](const std::string& path) {
      const std::size_t dot = path.find('.');
      return (dot != std::string::npos || field.kind == Field::Kind::kRows) && deleted.find(path.substr(0, dot)) == nullptr;
    });
    if (field.kind == Field::Kind::kConstant || unknown || beside) continue;
    const Value then = form_of(field, side, deleted);
    if (!same_form(field, side, form_of(field, side, read), then)) edits[field.name] = then;
  }
  return edits;
}

void Reconcile::put_back(Side side) {
  // What comes back may be told of under a key that nobody knows: it waits for this pass, like the echo of a create.
  const std::string mark = operation_.id;
  lane_.creates.open(side, mark);
  lane_.batcher[side]->endpoint().put_back(*link_.key[side], heard(side, [self = shared_from_this(), side, mark](Result<Record> answer) {
    const bool cannot = !answer.ok() && (answer.error().code == Code::kInvalid || answer.error().code == Code::kBlocked || answer.error().code == Code::kDenied);
    if (answer.ok()) return self->on_put_back(side, mark, std::move(*answer));
    self->lane_.creates.close(side, mark);
    if (!cannot) return self->look_again(std::move(answer).error());
    self->keep_lost_edit(side);
    self->bury(other(side), "delete", "applied");
  }));
}

/// Nobody brings it back by itself: a person has both the delete and the edit.
void Reconcile::keep_lost_edit(Side side) {
  store::Conflict conflict;
  conflict.link = link_.id;
  conflict.kind = "delete_update";
  conflict.shown[side] = lost_;
  open_conflicts_.push_back(std::move(conflict));
}

void Reconcile::on_put_back(Side side, const std::string& mark, Record record) {
  pass(CrashPoint::kPutBackAnswered);
  note_write(side, "put back", Value(Object{}), "it had been edited before it was deleted");
  put_back_mark_ = {side, mark};
  const SideKey key{side, record.key};
  if (record.key == *link_.key[side]) return restore_from(side, std::move(record));
  if (!lane_.owners.claim(key)) {
    intent_ = {};
    return finish({Report::End::kBusy, key, {}, {}, {}});
  }
  claimed_.push_back(key);
  lane_.store.load(lane_.mapping, {key}, [self = shared_from_this(), side, record = std::move(record)](Result<std::vector<store::Known>> known) mutable {
    if (!known.ok()) return self->look_again(std::move(known).error());
    // Somebody met it as a stranger already: the edit lives on there.
    if (known->front().link && known->front().link->key[other(side)]) return self->bury(other(side), "delete", "applied");
    for (const store::DirtyKey& row : known->front().dirty) self->taken_.push_back(row);
    self->restore_from(side, std::move(record));
  });
}

/// A delete against an update from here on: the other side gets it again.
void Reconcile::restore_from(Side side, Record record) {
  for (const Side at : {Side::kLeft, Side::kRight}) {
    if (intent_[at]) settled_.push_back(intent_[at]->id);
    intent_[at].reset();
  }
  deleting_ = false;
  link_.key[side] = record.key;
  link_.tokens[side].clear();
  link_.incarnation[side] = record.incarnation.empty() ? std::nullopt : std::optional(record.incarnation);
  record_[side] = std::move(record);
  read_[side] = true;
  restore(other(side));
}

}  // namespace tidewire::sync
