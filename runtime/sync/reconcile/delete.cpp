// Deletes are values (laws 15 to 17): against an unchanged record they travel as the mapping says, against an update the
// updated record is restored unless the mapping says otherwise, and what is gone already is done.
#include <algorithm>

#include "base/text.h"
#include "sync/merge/canonical.h"
#include "sync/merge/rows.h"
#include "sync/reconcile/reconcile.h"

namespace tidewire::sync {

using store::other;
using store::side_name;

/// Positive evidence of a deletion: an event, or another record under the key.
bool Reconcile::told_gone(Side side) const {
  return replaced_[side] || std::any_of(taken_.begin(), taken_.end(), [&](const store::DirtyKey& row) {
           return row.side == side && row.event == "delete";
         });
}

/// A sweep that was whole has not found it; or the brake held its delete, for which one had not, and a person has let it go.
bool Reconcile::was_swept(Side side) const {
  return std::any_of(taken_.begin(), taken_.end(), [&](const store::DirtyKey& row) { return row.side == side && (row.reason == "sweep" || is_let_go(row)); });
}

/// Law 16: while another system answers on either side than the one first met, nothing is deleted: what is missing
/// there was not deleted, and what has the key there is another record.
bool Reconcile::in_another_system(const std::string& what) {
  for (const Side at : {Side::kLeft, Side::kRight}) {
    if (lane_.batcher[at]->endpoint().same_system()) continue;
    const std::string& connection = plan_.end[at].connection;
    stand(store::KeyState::kHeld,
          make_error(Code::kDenied, what + ", but another system answers on " + connection + " than the one first met",
                     "put the address or the database right, or accept the new system with: tidewire check --accept " +
                         connection),
          now());
    return true;
  }
  return false;
}

/// Where absence proves nothing only positive evidence counts.
bool Reconcile::may_be_hidden(Side side) {
  if (told_gone(side) || lane_.capabilities(side).absence_proves_delete) return false;
  stand(store::KeyState::kHeld,
        make_error(Code::kNotFound,
                   "'" + *link_.key[side] + "' reads as missing on " + plan_.end[side].connection +
                       ", which proves nothing there (it may be hidden by row-level security or a view)",
                   "if it was deleted, delete the other record too, or part them with `tidewire unlink`; deletes are "
                   "believed from events on this connection"),
        now());
  return true;
}

/// What one list shows is asked of the whole collection; until then the key is read again now and then, should the list
/// have it.
void Reconcile::ask_for_sweep(Side side) {
  const Duration pause = lane_.ask_sweep ? lane_.ask_sweep(side) : kSweepPause;
  stand(store::KeyState::kBackingOff,
        make_error(Code::kNotFound,
                   "'" + *link_.key[side] + "' reads as missing on " + plan_.end[side].connection +
                       ", and nobody told of a delete",
                   "a sweep looks which records are there; what it misses too is taken for deleted"),
        now() + pause);
}

/// Absence counts only once the settle time is over since the record was seen or made: a replica may not have it yet.
bool Reconcile::was_seen_lately(Side side) {
  const auto& seen = link_.seen_at[side];
  const Duration settle = lane_.capabilities(side).settle;
  if (told_gone(side) || !seen || asked_at_[side] - *seen >= settle) return false;
  stand(store::KeyState::kBackingOff, make_error(Code::kUnavailable, "'" + *link_.key[side] + "' reads as missing shortly after it was seen", "it is read again after the settle time"), *seen + settle);
  return true;
}

void Reconcile::gone(Side side) {
  const bool evidence = told_gone(side);
  const auto& capabilities = lane_.capabilities(side);
  if (deleted_by_us(side) && record_[other(side)]) {
    if (may_be_hidden(side)) return;
    // Our delete went through. The record that it followed left the scope and is still there, or has come back since.
    if (!in_scope(other(side))) return look_after_delete(side);
    return restore(side);
  }
  const bool both_gone = read_[other(side)] && !record_[other(side)];
  if (both_gone && deleted_by_us(side) && !capabilities.guarded_deletes && capabilities.absence_proves_delete) return look_after_delete(side);
  if (in_another_system("'" + *link_.key[side] + "' is missing on " + plan_.end[side].connection)) return;
  if (!evidence && both_gone && told_gone(other(side))) return gone(other(side));
  if (may_be_hidden(side)) return;
  // Before any wait: what goes on under another name is not missing, and what was edited on the other side is for it.
  if (search_renamed(side)) return;
  if (was_seen_lately(side)) return;
  if (!evidence && !was_swept(side) && !options_.dry) return ask_for_sweep(side);
  const Side there = other(side);
  counters_["deletes_seen"] += 1;
  if (!link_.key[there]) return bury(side, "nothing", "skipped");
  const End& end = plan_.end[there];
  if (!flows(plan_.flow, there)) return bury(side, "one-way", "skipped");
  if (!read_[there]) {
    Sides<bool> wanted{false, false};
    wanted[there] = true;
    return read_sides(wanted);
  }
  if (!record_[there] && search_renamed(there)) return;
  if (!record_[there]) {
    if (!options_.dry && search_orphan()) return;  // what was created for one of them may live on
    if (may_be_hidden(there) || was_seen_lately(there)) return;  // a delete of ours that nobody answered may be lost
    return deleted_by_us(there) ? look_after_delete(there) : bury(side, "both", "applied");
  }
  // Where one of the two is outside the scope nothing travels, a delete neither (law 23); back in it, it is met as a stranger.
  if (!in_scope(there)) return bury(there, "left_scope", "skipped");
  if (link_.state == store::LinkState::kFrozen && !plan_.end[side].scope.as_object().empty()) return bury(side, "left_scope", "skipped");
  if (end.deletes == DeletePolicy::kIgnore) return bury(side, "ignore", "skipped");
  ask_if_edited(there, [self = shared_from_this(), side](bool edited) { self->decide_delete(side, edited); });
}

void Reconcile::decide_delete(Side side, bool edited) {
  const Side there = other(side);
  if (edited) return restore(side);
  if (options_.dry || !may_write(there)) {
    note_write(there, plan_.end[there].deletes == DeletePolicy::kSoft ? "soft delete" : "delete", Value(Object{}), "would be deleted");
    return would_write("delete");
  }
  keep_unsure(there);
  brake(side);
}

/// The side has none of the part, or only some of the rows, that both sides agreed on, and nothing of them is changed.
bool Reconcile::is_short(const Field& field, Side side) const {
  const auto base = link_.base.find(field.name);
  if (base == link_.base.end()) return false;
  const Value now = form_of(field, side, record_[side]->fields);
  if (field.kind != Field::Kind::kRows) {
    const auto& parts = plan_.end[side].parts;
    const auto is_of = [&](const std::string& path) { return std::find(parts.begin(), parts.end(), path.substr(0, path.find('.'))) != parts.end(); };
    return std::all_of(field.paths[side].begin(), field.paths[side].end(), is_of) && empty_form(field, side, now);
  }
  const Value& agreed = base->second[side];
  if (!now.is_array() || !agreed.is_array()) return false;
  const auto left = row_names(field, side, now), names = row_names(field, side, agreed);
  Array unchanged;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (std::find(left.begin(), left.end(), names[i]) != left.end()) unchanged.push_back(agreed.as_array()[i]);
  }
  return same_rows(field, side, now, Value(std::move(unchanged)));
}

/// Rows and parts that hold their record fast go before it (belongings/): where a delete of ours came no further, that they are
/// missing is nobody's edit. One that was changed is.
bool Reconcile::went_first(const Field& field, Side side) const { return deleted_by_us(side) && is_short(field, side); }

/// Rows and parts that are records of their own do not come back with the record that a delete of ours took them from: what both
/// sides had of them is noted, for the other record to be made with (merge/decide.cpp).
void Reconcile::note_went(Side side) {
  if (!record_[side] || (!deleted_by_us(side) && !put_back_mark_)) return;
  for (const Field& field : plan_.fields) {
    const bool inside = field.kind == Field::Kind::kRows && !field.paths[side].front().ends_with("[]");
    if (inside || lost_.find(field.name) != nullptr || !is_short(field, side)) continue;
    const store::FieldBase& base = link_.base.at(field.name);
    const Value& agreed = base[side];
    if (same_form(field, side, form_of(field, side, record_[side]->fields), agreed)) continue;
    link_.notes[field.name][kWent][side_tag(side)] = agreed;
    noted_ = true;
  }
}

/// Both records are there after all.
void Reconcile::drop_went() {
  for (const Field& field : plan_.fields) {
    const Value* note = link_.notes.find(field.name);
    if (note == nullptr || note->find(kWent) == nullptr) continue;
    drop_note(link_, field.name, kWent);
    noted_ = true;
  }
}

/// What a write of ours of unknown outcome may have made of the field, the side having had no edit in it (law 28).
bool Reconcile::may_be_ours(const Field& field, Side side) const {
  if (unsure_.contains(field.name) || went_first(field, side)) return true;
  const char* own = side_tag(side);
  const auto base = link_.base.find(field.name);
  return base != link_.base.end() && std::any_of(known_.intents.begin(), known_.intents.end(), [&](const store::Intent& intent) {
    const Value* announced = intent.side == side && is_ours(intent) ? intent.fields.find(field.name) : nullptr;
    const Value* before = announced == nullptr ? nullptr : announced->find(own);
    return before != nullptr && same_form(field, side, *before, base->second[side]) && !shows(intent, field.name, own);
  });
}

/// Deleted with the record all the same, and on record, should it have been somebody's edit (law 12).
void Reconcile::keep_unsure(Side side) {
  Object lost;
  for (const Field& field : plan_.fields) {
    // Of a record that was only found, not linked: what no create of ours has sent.
    const bool theirs = link_.id == 0 && !link_.base.contains(field.name) && !empty_form(field, side, form_of(field, side, record_[side]->fields));
    if (!theirs && (!changed(field, side) || went_first(field, side) || !may_be_ours(field, side))) continue;
    Decision discarded;
    discarded.field = &field;
    discarded.kind = Decision::Kind::kResolve;
    discarded.rule = "deleted: it may be our own write in another form, whose outcome was not known";
    discarded.form[side] = form_of(field, side, record_[side]->fields);
    discarded.to[side] = Value();
    lost[field.name] = field_notes(discarded);
  }
  if (!lost.empty()) earlier_.push_back(Value(std::move(lost)));
}

/// A delete of ours was announced for it and its end is not on record.
bool Reconcile::deleted_by_us(Side side) const {
  return std::any_of(known_.intents.begin(), known_.intents.end(), [&](const store::Intent& intent) { return intent.kind == store::IntentKind::kDelete && intent.side == side && is_about_us(intent); });
}

/// Law 20: before a delete is believed, the record is looked for under another name by its own incarnation.
bool Reconcile::search_renamed(Side side) {
  if (searched_[side] || !lane_.capabilities(side).incarnation || !link_.incarnation[side]) return false;
  searched_[side] = true;
  lane_.batcher[side]->find({{"$incarnation", Value(*link_.incarnation[side]), false}}, heard(side, [this, side](Result<std::vector<Record>> found) { on_renamed(side, std::move(found)); }));
  return true;
}

void Reconcile::on_renamed(Side side, Result<std::vector<Record>> found) {
  if (!found.ok()) return fail(std::move(found).error().context("looking for a new name of '" + *link_.key[side] + "'"));
  std::erase_if(*found, [&](const Record& record) { return record.incarnation != *link_.incarnation[side] || record.key == *link_.key[side]; });
  if (found->size() != 1) return gone(side);
  const SideKey renamed{side, found->front().key};
  if (!claim(renamed)) return finish({Report::End::kBusy, renamed, {}, {}, {}});
  lane_.store.load(lane_.mapping, {renamed}, [self = shared_from_this(), side, record = std::move(found->front())](Result<std::vector<store::Known>> known) mutable { self->take_name(side, std::move(record), std::move(known)); });
}

/// The system finds it by the key that was asked for, and spells that otherwise: it was renamed by what does not count there, by the case
/// of letters. The source of a create is linked as it was announced first.
bool Reconcile::is_spelled_otherwise(Side side) const {
  const auto& record = record_[side];
  if (!read_[side] || !record || !link_.key[side] || record->key == *link_.key[side] || (!linked_ && is_source())) return false;
  return record->incarnation.empty() || !link_.incarnation[side] || record->incarnation == *link_.incarnation[side];
}

void Reconcile::take_spelling(Side side) {
  if (linked_ && link_.id == 0) return changed_while_met(side);
  const SideKey renamed{side, record_[side]->key};
  if (!linked_ && options_.dry) {
    record_[side].reset();
    return nothing_there();
  }
  if (!linked_) {
    again_.push_back({side, renamed.second, "upsert", "again", 0, now()});
    return commit_echo("echo");
  }
  if (!claim(renamed)) return finish({Report::End::kBusy, renamed, {}, {}, {}});
  lane_.store.load(lane_.mapping, {renamed}, [self = shared_from_this(), side](Result<std::vector<store::Known>> known) { self->take_name(side, Record(*self->record_[side]), std::move(known)); });
}

/// The link goes on under the new name, unless another has that: one of a record that was there before, or of this very one.
void Reconcile::take_name(Side side, Record renamed, Result<std::vector<store::Known>> known) {
  if (!known.ok()) return fail(std::move(known).error());
  const auto& holder = known->front().link;
  const std::string name = lane_.mapping + "/" + side_name(side) + "/" + renamed.key;
  if (holder && holder->id != link_.id && holder->state == store::LinkState::kIgnored) {  // nothing but a person ends that
    const std::string heed = "`tidewire heed " + lane_.mapping + " " + shell_word(renamed.key) + " --side " + side_name(side) + "`";
    return stand_whole("two_links", make_error(Code::kInvalid, "'" + *link_.key[side] + "' is '" + renamed.key + "' now, which a person has told to ignore", "one record has two links: " + heed + " takes that back, or `tidewire unlink` '" + *link_.key[side] + "'"), name);
  }
  if (holder && holder->id != link_.id && holder->incarnation[side] != link_.incarnation[side]) {
    again_.push_back({side, renamed.key, "upsert", "again", 0, now()});
    return stand(store::KeyState::kBackingOff, make_error(Code::kStale, "'" + *link_.key[side] + "' is '" + renamed.key + "' now, and what had that name before is still linked", "the link of the record before is ended first"), now() + std::chrono::seconds(1));
  }
  if (holder && holder->id != link_.id) {
    return stand_whole("two_links", make_error(Code::kInvalid, "'" + *link_.key[side] + "' is '" + renamed.key + "' now, which is linked to '" + holder->key[other(side)].value_or("") + "' already", "one record has two links: `tidewire unlink` the wrong one"), name);
  }
  // Of what a create in doubt may have made, found by its match, only what still reads as sent was agreed on (law 25).
  const Side there = other(side);
  if (link_.id == 0 && record_[there] && stamped_with(there, *link_.key[side]).empty()) {
    std::erase_if(link_.base, [&](const auto& one) { const Field* field = plan_.field(one.first); return field != nullptr && changed(*field, there); });
  }
  if (known_.link) former_[side] = link_.key[side];
  sure_ = false;  // until its version has been looked at
  operation_.kind = "rename";
  wake_ = {name};  // what waits for it names it so already
  link_.key[side] = renamed.key;
  record_[side] = std::move(renamed);
  read_[side] = true;
  on_all_read();
}

void Reconcile::announce_delete(Side side) {
  const Side there = other(side);
  const bool soft = deletes_on(there) == DeletePolicy::kSoft;
  deleting_ = true;
  intent_[there] = intent_for(there, soft ? store::IntentKind::kUpdate : store::IntentKind::kDelete);
  intent_[there]->sent = soft ? keep_unmarked(there) : content_read(there);
  fill_operation("delete", "announced");
  store::Commit announcement;
  announcement.announce = {*intent_[there]};
  announcement.operation = operation_;
  // Found in place of the one that the link has: whoever looks after the delete finds by the link which record it was.
  if (known_.link && known_.link->key[there] != link_.key[there]) announcement.link = link_;
  put_announced(std::move(announcement), [self = shared_from_this(), there, soft] {
    if (soft) return self->send_soft_delete(there);
    self->send_delete(there);
  });
}

void Reconcile::send_delete(Side side) {
  const std::string guard = record_[side]->version;
  const bool guarded = lane_.capabilities(side).guarded_deletes && !guard.empty();
  lane_.batcher[side]->endpoint().remove(*link_.key[side], guarded ? std::optional(guard) : std::nullopt, timed("write", side, [this, side](const Result<Answered>& answer) { on_deleted(side, answer.ok() ? Result<void>() : Result<void>(answer.error())); }));
}

void Reconcile::on_deleted(Side side, Result<void> answer, const char* kind, const Value& values) {
  if (answer.ok()) pass(CrashPoint::kDeleteAnswered);
  const bool before = std::any_of(known_.intents.begin(), known_.intents.end(), [&](const store::Intent& intent) { return intent.kind == store::IntentKind::kDelete && intent.side == side; });
  // Another's hand took it away since it was read, or gave it another name (law 20).
  const bool went = !answer.ok() && answer.error().code == Code::kNotFound && !before && !searched_[side] && lane_.capabilities(side).incarnation && link_.incarnation[side];
  replaced_[side] = replaced_[side] || went;
  if (!answer.ok() && (answer.error().code == Code::kStale || went) && merges_++ < 5) {
    if (intent_[side]) close_intents_.push_back(intent_[side]->id);  // surely not applied
    intent_[side].reset();
    record_ = {};  // somebody changed it meanwhile: look again, it may have to be restored
    read_ = {false, false};
    return read_sides({true, true});
  }
  if (!answer.ok() && answer.error().code != Code::kNotFound) {
    if (answer.error().code == Code::kUnknown) renew(side);
    note_write(side, kind, values, answer.error().code == Code::kUnknown ? "unknown" : "refused");
    if (answer.error().code == Code::kBlocked && link_.key[other(side)]) holder_ = lane_.mapping + "/" + side_name(other(side)) + "/" + *link_.key[other(side)];  // whoever lets go of it wakes this
    return fail(std::move(answer).error().context("deleting '" + *link_.key[side] + "' on " + plan_.end[side].connection));
  }
  note_write(side, "delete", Value(Object{}), answer.ok() ? "deleted" : "was gone already");
  // Gone by another's hand, unless an earlier request of ours did it: who deleted it saw what was in it.
  const bool ours = answer.ok() || before;
  if (!ours) return bury(other(side), "delete", "applied");
  counters_["deleted"] += 1;
  look_at_trash(side, record_[side]->fields);
}

/// The write that sets the mark carries none of the parts, so none of them refuses it: they are read once more, as before a hard delete.
void Reconcile::send_soft_delete(Side side) {
  if (plan_.end[side].parts.empty()) return set_mark(side);
  lane_.batcher[side]->read(*link_.key[side], timed("read", side, [self = shared_from_this(), side](Result<std::optional<Record>> found) {
    if (found.ok() && *found && (*found)->version == self->record_[side]->version) return self->set_mark(side);
    Error past = found.ok() ? make_error(Code::kStale, "a part of '" + *self->link_.key[side] + "' changed since it was read") : std::move(found).error();
    self->on_deleted(side, std::move(past), "soft delete");
  }));
}

void Reconcile::set_mark(Side side) {
  const End& end = plan_.end[side];
  Value values{Object{}};
  const bool stamp_time = end.soft_value.find("$now") != nullptr;
  Value mark = end.soft_value;
  if (stamp_time) {
    Type instant, there;
    instant.kind = there.kind = "datetime";
    for (const Field& field : plan_.fields) {
      if (field.paths[side].size() == 1 && field.paths[side].front() == end.soft_field) there = field.type[side];
    }
    const auto spelled = convert(Value(format_instant(now())), instant, there);
    mark = spelled.ok() ? *spelled : Value(format_instant(now()));
  }
  if (auto laid = lay_path(&*record_[side], values, end.soft_field, std::move(mark)); !laid.ok()) return fail(std::move(laid).error());
  const std::string version = record_[side]->version;
  std::optional<std::string> guard;
  if (lane_.capabilities(side).guarded_writes && !version.empty()) guard = version;
  lane_.batcher[side]->update({*link_.key[side], values, guard}, timed("write", side, [self = shared_from_this(), side, values](Result<Record> answer) {
    if (!answer.ok()) {
      Result<void> failed = answer.error();
      return self->on_deleted(side, std::move(failed), "soft delete", values);
    }
    pass(CrashPoint::kSoftDeleteAnswered);
    self->note_write(side, "soft delete", values, "marked as deleted");
    if (answer->modified) self->soft_["marked"] = Value(answer->modified->time_since_epoch().count());
    self->counters_["deleted"] += 1;
    self->bury(other(side), "soft", "applied");
  }));
}

/// The record that was edited while the other copy was deleted lives on: it is created again where it is gone.
void Reconcile::restore(Side side) {
  if (restored_.empty()) restored_ = "it was deleted on the " + std::string(side_name(side)) + (deleted_by_us(side) ? " while out of the scope on the " : " while edited on the ") + side_name(other(side));
  if (!flows(plan_.flow, side)) return bury(side, "one-way", "skipped");
  note_went(other(side));
  honour_intents([self = shared_from_this(), side] { self->begin_generation(side); });
}

/// With a base of its own, which nothing that was announced before may move: what went to the record that is gone is over with
/// it, and what went to the one that lives on must have arrived, or be too late.
void Reconcile::begin_generation(Side side) {
  for (const store::Intent& intent : known_.intents) {
    if (!is_ours(intent)) continue;
    const Instant settled = *intent.requested_at + lane_.capabilities(intent.side).settle;
    if (intent.side == side) settled_.push_back(intent.id);
    else return stand(store::KeyState::kBackingOff, make_error(Code::kUnknown, "an earlier write to '" + *link_.key[intent.side] + "' may still arrive", "the record is made again on the other side after the settle time of the connector"), settled);
  }
  end_landed(side);
  counters_["restored"] += 1;
  const std::int64_t old_id = link_.id;
  if (old_id != 0) operation_.link = old_id;
  link_.generation += 1;
  link_.base.clear();
  link_.key[side].reset();
  link_.incarnation[side].reset();
  link_.version[side].reset();
  link_.tokens[side].clear();
  record_[side].reset();
  for (const store::Intent& intent : known_.intents) {
    if (intent.kind == store::IntentKind::kDelete) settled_.push_back(intent.id);
  }
  key_ = {other(side), *link_.key[other(side)]};
  exists_[side] = false;
  creating_ = true;
  operation_.kind = "restore";
  translate([self = shared_from_this()] { self->look_up([self] { self->decide_now(); }); });
}

/// Ends the link of a record that is gone from `side`; the tombstone keeps the base.
void Reconcile::bury(Side side, const std::string& policy, const std::string& outcome) {
  if (options_.dry) {
    fill_operation("delete", "skipped");
    return finish({Report::End::kDone, {}, {}, operation_, {}});
  }
  link_.state = store::LinkState::kTombstone;
  Object tombstone;
  tombstone["side"] = side_name(side);
  tombstone["policy"] = policy;
  tombstone["at"] = format_instant(now());
  tombstone["operation"] = operation_.id;
  if (policy == "soft") tombstone["soft"] = soft_;
  link_.tombstone = Value(std::move(tombstone));
  for (const Side at : {Side::kLeft, Side::kRight}) {
    if (link_.key[at]) wake_.push_back(lane_.mapping + "/" + side_name(at) + "/" + *link_.key[at]);  // whoever matched it may have it now
  }
  for (const store::Conflict& conflict : known_.conflicts) close_conflicts_.push_back(conflict.field);
  for (const store::Intent& intent : known_.intents) close_intents_.push_back(intent.id);
  for (const Side written : {Side::kLeft, Side::kRight}) {
    if (intent_[written]) close_intents_.push_back(intent_[written]->id);
  }
  fill_operation("delete", outcome);
  counters_[outcome == "applied" ? "applied" : "ignored_deletes"] += rows_taken();
  commit_pass();
}

}  // namespace tidewire::sync
