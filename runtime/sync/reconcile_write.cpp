// Every write is announced: inputs and result are committed before the request leaves (law 12), and what comes back is
// taken into the base only as far as this write carried it (law 28).
#include <algorithm>

#include "base/crash_point.h"
#include "base/json.h"
#include "sync/canonical.h"
#include "sync/lifecycle.h"
#include "sync/reconcile.h"
#include "sync/stamp.h"

namespace tidewire::sync {

using store::other;
using store::side_name;

/// The base of a field that both sides get, when only `side` has it: the other side's input, so that what remains is an
/// ordinary copy from `side`, and an edit of the other side in between counts once (law 12).
Value Reconcile::half_written(const Decision& decision, Side side) const {
  const auto& carried = side == Side::kLeft ? decision.right_as_left : decision.left_as_right;
  const Value& own = side == Side::kLeft ? decision.left : decision.right;
  const Value mine = carried ? *carried : own;
  if (side == Side::kLeft) return Value(Object{{"l", mine}, {"r", decision.right}});
  return Value(Object{{"l", decision.left}, {"r", mine}});
}

store::Intent Reconcile::intent_for(Side side, store::IntentKind kind) const {
  store::Intent intent;
  intent.id = lane_.ids.next();
  intent.mapping = lane_.mapping;
  if (link_.id != 0) intent.link = link_.id;
  intent.kind = kind;
  intent.side = side;
  const auto& source = link_.key[other(side)];
  intent.source_key = source ? *source : key_.second;
  intent.source_incarnation = link_.incarnation[other(side)];
  if (record_[other(side)] && !record_[other(side)]->version.empty()) intent.source_version = record_[other(side)]->version;
  intent.target_key = link_.key[side];
  if (record_[side] && !record_[side]->version.empty()) intent.guard = record_[side]->version;
  else intent.guard = link_.version[side];
  intent.sent = decisions_.patch[side];
  for (const Decision& decision : decisions_.fields) {
    const auto& to = side == Side::kLeft ? decision.to_left : decision.to_right;
    if (!to) continue;
    Object announced;
    announced["l"] = decision.left;
    announced["r"] = decision.right;
    announced["to"] = *to;
    const bool both = decision.to_left && decision.to_right;
    // The right is written first: where the left shows its result, both have it.
    if (both) announced["base"] = side == Side::kRight ? half_written(decision, side) : Value(Object{{"l", *decision.to_left}, {"r", *decision.to_right}});
    intent.fields[decision.field->name] = Value(std::move(announced));
  }
  if (kind == store::IntentKind::kCreate && !turn_.empty()) intent.match_hash = turn_;
  intent.operation = operation_.id;
  intent.created_at = now();
  intent.requested_at = now();  // from here on the request may have left
  return intent;
}

void Reconcile::announce() {
  to_write_ = {decisions_.writes(Side::kLeft), decisions_.writes(Side::kRight)};
  if (!to_write_.left && !to_write_.right) return commit_pass();
  if (options_.dry) {
    for (const Side side : {Side::kLeft, Side::kRight}) {
      if (to_write_[side]) note_write(side, "update", decisions_.patch[side], "would be written");
    }
    fill_operation("update", "skipped");
    return finish({Report::End::kDone, {}, {}, operation_, {}});
  }
  if (keep_to_reading() || read_before_writing()) return;
  for (const store::Intent& doubt : known_.intents) {
    // Law 26: where no guard protects the record, a first write that arrives late would land on top of a second one.
    const bool may_land = is_ours(doubt) && to_write_[doubt.side] && !lane_.capabilities(doubt.side).guarded_writes;
    if (!may_land) continue;
    const Instant settled = *doubt.requested_at + lane_.capabilities(doubt.side).settle;
    if (asked_at_[doubt.side] < settled) return stand(store::KeyState::kBackingOff, make_error(Code::kUnknown, "an earlier write of unknown outcome may still arrive", "nothing is written to this record until the settle time of the connector has passed"), settled);
  }
  std::vector<store::Intent> intents;
  bool discards = false;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (!to_write_[side]) continue;
    store::Intent intent = intent_for(side, store::IntentKind::kUpdate);
    if (intent_[side]) intent.id = intent_[side]->id;
    intent_[side] = std::move(intent);
    intents.push_back(*intent_[side]);
  }
  for (const Decision& decision : decisions_.fields) discards |= decision.discards;
  std::optional<store::Operation> early;
  if (discards) {
    const bool by_person = std::any_of(known_.conflicts.begin(), known_.conflicts.end(), [](const store::Conflict& open) { return open.method.has_value(); });
    fill_operation(by_person ? "resolve" : "update", "announced");  // an edit is about to be overwritten: both values are on record first
    early = operation_;
  }
  store::Commit commit;
  commit.mapping = lane_.mapping;
  commit.announce = std::move(intents);
  commit.operation = std::move(early);
  // What is known not to have landed goes first: what is written next would look like its result.
  commit.close_intents = close_intents_;
  commit.close_intents.insert(commit.close_intents.end(), void_.begin(), void_.end());
  lane_.store.commit(std::move(commit), timed("announce", std::nullopt, [this](Result<std::int64_t> stored) {
    if (!stored.ok()) return fail(std::move(stored).error());
    write_next();
  }));
}

void Reconcile::write_next() {
  const Side side = to_write_.right ? Side::kRight : Side::kLeft;
  if (!to_write_[side]) return commit_pass();
  std::optional<std::string> guard;
  if (lane_.capabilities(side).guarded_writes) guard = intent_[side]->guard;
  Value patch = decisions_.patch[side];
  const auto verb = take_verb(plan_, side, decisions_, patch);
  const Done<Record> done = timed("write", side, [this, side](Result<Record> answer) { on_written(side, std::move(answer)); });
  if (!verb) return lane_.batcher[side]->update({*link_.key[side], std::move(patch), std::move(guard)}, done);
  if (patch.as_object().empty()) return lane_.batcher[side]->endpoint().act(*link_.key[side], *verb, std::move(guard), done);
  // The values first, while the state still takes them; the verb is guarded by what that write left.
  lane_.batcher[side]->endpoint().update(*link_.key[side], std::move(patch), std::move(guard), [self = shared_from_this(), side, verb = *verb, done](Result<Record> answer) {
    if (!answer.ok()) return done(std::move(answer));
    const bool guarded = self->lane_.capabilities(side).guarded_writes && !answer->version.empty();
    self->lane_.batcher[side]->endpoint().act(*self->link_.key[side], verb, guarded ? std::optional(answer->version) : std::nullopt, done);
  });
}

void Reconcile::on_written(Side side, Result<Record> answer) {
  if (answer.ok()) pass(creating_ ? CrashPoint::kCreateAnswered : CrashPoint::kUpdateAnswered);
  if (answer.ok()) return confirm(side, std::move(*answer));
  Error error = std::move(answer).error();
  const bool gone_or_moved = error.code == Code::kStale || (error.code == Code::kNotFound && !creating_);
  if (gone_or_moved && merges_++ < 5) {
    for (const Side at : {Side::kLeft, Side::kRight}) {
      if (intent_[at] && to_write_[at]) close_intents_.push_back(intent_[at]->id);  // refused, or not sent at all
      intent_[at].reset();
    }
    record_ = {};
    read_ = {false, false};
    keep_discards();
    decisions_ = {};
    return read_sides({true, true});
  }
  error = std::move(error).context(std::string(creating_ ? "creating in " : "writing '" + link_.key[side].value_or("") + "' to ") + plan_.end[side].collection + " on " + plan_.end[side].connection);
  if (error.code == Code::kUnknown && !creating_) return read_back(side, std::move(error));
  fail(std::move(error));
}

/// What lost before a guard refused stays on record, and what was written to the other side already (laws 12, 32).
void Reconcile::keep_discards() {
  Object lost;
  for (const Decision& decision : decisions_.fields) {
    const bool written = (decision.to_left && !to_write_.left) || (decision.to_right && !to_write_.right);
    if (decision.discards || written) lost[decision.field->name] = field_notes(decision);
  }
  if (!lost.empty()) earlier_.push_back(Value(std::move(lost)));
}

/// Law 26: after an unknown outcome the system is asked, never assumed.
void Reconcile::read_back(Side side, Error error) {
  lane_.batcher[side]->read(*link_.key[side], timed("read", side, [self = shared_from_this(), side, error = std::move(error)](Result<std::optional<Record>> found) {
    if (!found.ok() || !*found) return self->fail(error);
    bool as_meant = true;
    for (const Decision& decision : self->decisions_.fields) {
      const auto& to = side == Side::kLeft ? decision.to_left : decision.to_right;
      if (to) as_meant = as_meant && same_form(*decision.field, side, form_of(*decision.field, side, (*found)->fields), *to);
    }
    as_meant = as_meant && shows_stamps(self->plan_, side, self->decisions_.patch[side], **found);
    if (self->takes_mark_off_ && side == *self->marked_)
      as_meant = as_meant && self->is_unmarked(side, self->soft_, (*found)->fields);
    if (!as_meant) return self->fail(error);
    self->note_write(side, "update", self->decisions_.patch[side], "answer lost; read back as sent");
    self->take_answer(side, **found, (*found)->fields, true);
  }));
}

/// What a connector answers may be what it was sent, not what is stored: then only a read under our own version counts.
void Reconcile::confirm(Side side, Record answer) {
  note_write(side, creating_ ? "create" : "update", decisions_.patch[side], "written");
  if (lane_.capabilities(side).answer == Capabilities::Answer::kStored) {
    const Value stored = answer.fields;
    return take_answer(side, answer, stored, true);
  }
  const std::string key = answer.key;  // a copy: the capture below may be moved from before the argument is read
  lane_.batcher[side]->read(key, timed("read", side, [self = shared_from_this(), side, answer = std::move(answer)](Result<std::optional<Record>> found) {
    const bool readable = found.ok() && *found;
    const bool ours = readable && !answer.version.empty() && (*found)->version == answer.version;
    if (ours) return self->take_answer(side, **found, (*found)->fields, true);
    if (readable && answer.version.empty()) {
      if (!self->creating_ && self->shows_more(side, (*found)->fields)) {
        self->again_.push_back({side, answer.key, "upsert", "again", 0, self->now()});
        self->link_.version[side].reset();
        (*found)->version.clear();  // somebody's edit is in it, which this version must not guard
      }
      return self->take_answer(side, **found, (*found)->fields, false);
    }
    // Somebody wrote after us, or it cannot be read now: what was sent stands until the next pass compares.
    Record as_sent = answer;
    self->again_.push_back({side, as_sent.key, "upsert", "again", 0, self->now()});
    self->take_answer(side, as_sent, self->decisions_.patch[side], false);
  }));
}

/// Whether fields that the write did not carry show something else than what was decided on.
bool Reconcile::shows_more(Side side, const Value& fields) const {
  return std::any_of(decisions_.fields.begin(), decisions_.fields.end(), [&](const Decision& decision) {
    const Field& field = *decision.field;
    const bool carried = (side == Side::kLeft ? decision.to_left : decision.to_right).has_value();
    const bool compared = decision.kind != Decision::Kind::kOwed && decision.kind != Decision::Kind::kHeld && field.kind != Field::Kind::kConstant && !is_ignored(link_, field.name);
    return !carried && compared && !same_form(field, side, form_of(field, side, fields), side == Side::kLeft ? decision.left : decision.right);
  });
}

void Reconcile::take_answer(Side side, const Record& answer, const Value& stored, bool sure) {
  bool stored_otherwise = false;
  for (Decision& decision : decisions_.fields) {
    const auto& to = side == Side::kLeft ? decision.to_left : decision.to_right;
    if (!to) continue;
    const Field& field = *decision.field;
    const Value found = form_of(field, side, stored);
    const Value& before = side == Side::kLeft ? decision.left : decision.right;
    store::FieldBase base{decision.left, decision.right};
    if (decision.to_left) base.left = *decision.to_left;
    if (decision.to_right) base.right = *decision.to_right;
    Value& mine = side == Side::kLeft ? base.left : base.right;
    const bool half = decision.to_left && decision.to_right && to_write_[other(side)];
    if (half) {
      const Value shared = half_written(decision, side);
      base = {*shared.find("l"), *shared.find("r")};
    } else if (same_form(field, side, found, *to)) {
      mine = sure ? found : *to;
    } else if (sure && !creating_ && same_form(field, side, found, before)) {
      decision.kind = Decision::Kind::kConflict;  // law 14: answered with success, reads back as before
      decision.conflict_kind = "not_accepted";
      decision.rule = "the " + std::string(side_name(side)) + " system answered success but kept its value (read-only, computed or no right to the field)";
      continue;
    } else if (sure) {
      const Value* note = link_.notes.find(field.name);
      const Value* earlier = note == nullptr ? nullptr : note->find("stored");
      if (earlier != nullptr && note->string_or("side") != side_name(side)) {
        decision.kind = Decision::Kind::kConflict;
        decision.conflict_kind = "ping_pong";
        decision.rule = "both systems rewrite what the other one stores";
        continue;
      }
      Object remembered;
      remembered["sent"] = *to;
      remembered["stored"] = found;
      remembered["side"] = side_name(side);
      link_.notes[field.name] = Value(std::move(remembered));
      stored_otherwise = true;  // mine stays what was sent: the difference is a change and goes back once
    }
    link_.base[field.name] = std::move(base);
  }
  for (const Field& field : plan_.fields) {
    if (!sure || field.kind == Field::Kind::kConstant || is_ignored(link_, field.name)) continue;
    const auto base = link_.base.find(field.name);
    const Value shown = form_of(field, side, stored);
    if (base == link_.base.end()) {
      // What the system itself made of the new record (a number, a computed name) is still to be told to the other side.
      stored_otherwise |= creating_ && flows(field.flow, other(side)) && !empty_form(field, side, shown);
      continue;
    }
    const Value& agreed = side == Side::kLeft ? base->second.left : base->second.right;
    stored_otherwise |= !same_form(field, side, shown, agreed);
  }
  stored_otherwise |= sure && !creating_ && shows_more(side, stored);
  if (stored_otherwise) again_.push_back({side, answer.key, "upsert", "again", 0, now()});
  link_.key[side] = answer.key;
  note_stamps(plan_, side, decisions_.patch[side], link_);
  see(side, answer);
  after_write(side);
}

void Reconcile::after_write(Side side) {
  to_write_[side] = false;
  if (intent_[side]) close_intents_.push_back(intent_[side]->id);
  for (const store::Intent& earlier : known_.intents) {
    if (is_ours(earlier) && earlier.side == side && lane_.capabilities(side).guarded_writes) close_intents_.push_back(earlier.id);  // its guard is used up
  }
  if (!creating_ && (to_write_.left || to_write_.right)) {
    // Each side is committed by itself as soon as it is known written, and on record even if the other side then refuses.
    fill_operation("update", "applied");
    store::Commit commit;
    commit.mapping = lane_.mapping;
    commit.link = link_;
    // Of a computed value the base is the other side's input: the version just written guards nothing until both have it.
    const bool half = std::any_of(decisions_.fields.begin(), decisions_.fields.end(), [](const Decision& decision) { return decision.to_left && decision.to_right; });
    if (half) commit.link->version[side].reset();
    commit.operation = operation_;
    commit.close_intents = {intent_[side]->id};
    if (auto& next = intent_[other(side)]) {
      next->link = link_.id;  // announced before a first contact had a link: found by it from here on
      commit.announce = {*next};
    }
    lane_.store.commit(std::move(commit), [self = shared_from_this()](Result<std::int64_t> stored) {
      if (!stored.ok()) {
        self->close_intents_.clear();  // written, but not in the base: the announcement must stay
        self->intent_ = {};
        return self->fail(std::move(stored).error());
      }
      self->link_.id = *stored;
      pass(CrashPoint::kOneSideStored);
      self->write_next();
    });
    return;
  }
  commit_pass();
}

}  // namespace tidewire::sync
