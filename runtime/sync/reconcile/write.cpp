// Every write is announced: inputs and result are committed before the request leaves (law 12).
#include <algorithm>

#include "base/json.h"
#include "sync/merge/canonical.h"
#include "sync/merge/lifecycle.h"
#include "sync/reconcile/reconcile.h"
#include "sync/merge/stamp.h"

namespace tidewire::sync {

using store::other;
using store::side_name;

/// The base of a field that both sides get, when only `side` has it: the other side's input, so that what remains is an
/// ordinary copy from `side`, and an edit of the other side in between counts once (law 12).
Value Reconcile::half_written(const Decision& decision, Side side) const {
  const auto& carried = decision.across[other(side)];
  const Value& own = decision.form[side];
  const Value mine = carried ? *carried : own;
  if (side == Side::kLeft) return Value(Object{{"l", mine}, {"r", decision.form.right}});
  return Value(Object{{"l", decision.form.left}, {"r", mine}});
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
    const auto& to = decision.to[side];
    const auto& landed = decision.put_back[side];
    if (!to && !landed) continue;
    Object announced;
    announced["l"] = decision.form.left;
    announced["r"] = decision.form.right;
    if (!to) {  // it moves no base
      const char* own = side_tag(side);
      announced["to"] = announced[own];
      announced[own] = *landed;
      announced["back"] = true;
      intent.fields[decision.field->name] = Value(std::move(announced));
      continue;
    }
    announced["to"] = *to;
    const bool both = decision.to.left && decision.to.right;
    // The right is written first: where the left shows its result, both have it. A create makes one of them.
    if (both) announced["base"] = side == Side::kRight || creating_ ? half_written(decision, side) : Value(Object{{"l", *decision.to.left}, {"r", *decision.to.right}});
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
  if (!to_write_.left && !to_write_.right && decisions_.making.empty()) return commit_pass();
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
  for (const Side side : {Side::kLeft, Side::kRight}) {
    const bool twice = to_write_[side] && asked_at_[side] < making_until_[side] && lane_.batcher[side]->endpoint().makes(decisions_.patch[side]);
    if (twice) return stand(store::KeyState::kBackingOff, make_error(Code::kUnknown, "rows or parts of the record that an earlier request was to make may still arrive", "they are looked for again after the settle time of the connector"), making_until_[side]);
  }
  store::Commit announcement;
  bool discards = false;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (!to_write_[side]) continue;
    store::Intent intent = intent_for(side, store::IntentKind::kUpdate);
    if (intent_[side]) intent.id = intent_[side]->id;
    intent_[side] = std::move(intent);
    announcement.announce.push_back(*intent_[side]);
  }
  for (const Decision& decision : decisions_.fields) discards |= decision.discards;
  if (discards) {
    const bool by_person = std::any_of(known_.conflicts.begin(), known_.conflicts.end(), is_decided);
    fill_operation(by_person ? "resolve" : "update", "announced");  // an edit is about to be overwritten: both values are on record first
    announcement.operation = operation_;
  }
  if (keep_stamps() && known_.link) {
    announcement.link = link_;
    announcement.link->notes = known_.link->notes;  // what this pass has looked up is noted with what it makes of it
  }
  put_announced(std::move(announcement), [this] { write_next(); });
}

/// What is known not to have landed goes with the same transaction: what is done next would look like its result, and after a
/// crash it would count as something that we may have done.
void Reconcile::put_announced(store::Commit announcement, std::function<void()> then) {
  announcement.mapping = lane_.mapping;
  if (announcement.link) {
    stored_ = announcement.link;
    move_taken(announcement);
  }
  announcement.close_intents = close_intents_;
  announcement.close_intents.insert(announcement.close_intents.end(), void_.begin(), void_.end());
  lane_.store.commit(std::move(announcement), timed("announce", std::nullopt, [this, then = std::move(then)](Result<std::int64_t> stored) {
    if (!stored.ok()) return fail(std::move(stored).error());
    then();
  }));
}

/// Our own write replaces the stamp under which the edits of its side were seen. Those that it does not end (copies to the other
/// side, winners and what waits for a person) keep theirs, whatever becomes of this pass (law 11). True where there are any.
bool Reconcile::keep_stamps() {
  bool any = false;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (!to_write_[side] || !record_[side]) continue;
    for (const Decision& decision : decisions_.fields) {
      using Kind = Decision::Kind;
      const bool ends = decision.to[side].has_value();
      const bool edited = decision.kind == Kind::kCopy || decision.kind == Kind::kResolve || decision.kind == Kind::kConflict || decision.kind == Kind::kOwed;
      if (!ends && edited) any |= keep_stamp(decision, side);
    }
  }
  return any;
}

/// With the value that it is of, unless an earlier read has shown that already. True where it is news.
bool Reconcile::keep_stamp(const Decision& decision, Side side) {
  const Value& form = decision.form[side];
  const Value* kept = kept_stamp(link_, *decision.field, side, form);
  const bool asked = kept != nullptr && decision.kind == Decision::Kind::kConflict;  // and goes with what the person was asked about
  if (!record_[side] || asked) return false;
  Value stamp = kept != nullptr ? *kept : stamp_of(link_, side, *record_[side]);
  if (stamp.is_null()) return false;
  link_.stamps[decision.field->name][side_tag(side)] = Value(Object{{"at", std::move(stamp)}, {"value", form}});
  return kept == nullptr;
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
    self->lane_.batcher[side]->endpoint().act(*self->link_.key[side], verb, guarded ? std::optional(answer->version) : std::nullopt, [verb, done, earlier = std::move(answer->exchanges)](Result<Record> moved) mutable {
      Exchanges& later = moved.ok() ? moved->exchanges : moved.error().exchanges;
      tidewire::add(earlier, later);
      later = std::move(earlier);
      if (moved.ok()) return done(std::move(moved));
      Error error = std::move(moved).error().context("the values are written, and '" + verb + "' after them is not");
      error.code = Code::kUnknown;  // some of it is written
      done(std::move(error));
    });
  });
}

CrashPoint Reconcile::answered(Side side) const {
  if (creating_) return restored_.empty() ? CrashPoint::kCreateAnswered : CrashPoint::kRestoreAnswered;
  return takes_mark_off_ && side == *marked_ ? CrashPoint::kMarkOffAnswered : CrashPoint::kUpdateAnswered;
}

void Reconcile::on_written(Side side, Result<Record> answer) {
  if (answer.ok()) pass(answered(side));
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
  not_written(side, std::move(error));
}

/// It may have left at any time up to now: between the announcement and the request lie searches, and the calls of a connection
/// that makes them wait. Its doubt is counted from here.
void Reconcile::renew(Side side) {
  if (!intent_[side]) return;
  intent_[side]->requested_at = now();
  renewed_[side] = true;
}

/// What was sent stays on record, also where it was not taken.
void Reconcile::not_written(Side side, Error error) {
  if (error.code == Code::kUnknown) renew(side);
  note_write(side, creating_ ? "create" : "update", decisions_.patch[side], error.code == Code::kUnknown ? "unknown" : "refused");
  if (error.code == Code::kBlocked && !creating_) return ask_for_holder(side, std::move(error));
  fail(std::move(error));
}

/// What lost before a guard refused stays on record, and what was written to the other side already (laws 12, 32).
void Reconcile::keep_discards() {
  Object lost;
  for (const Decision& decision : decisions_.fields) {
    const bool written = (decision.to.left && !to_write_.left) || (decision.to.right && !to_write_.right);
    if (decision.discards || written) lost[decision.field->name] = field_notes(decision);
  }
  if (!lost.empty()) earlier_.push_back(Value(std::move(lost)));
}

/// Law 26: after an unknown outcome the system is asked, never assumed.
void Reconcile::read_back(Side side, Error error) {
  lane_.batcher[side]->read(*link_.key[side], timed("read", side, [self = shared_from_this(), side, error = std::move(error)](Result<std::optional<Record>> found) {
    if (!found.ok() || !*found) return self->not_written(side, error);
    bool as_meant = true;
    for (const Decision& decision : self->decisions_.fields) {
      const auto& to = decision.to[side];
      if (to) as_meant = as_meant && same_form(*decision.field, side, form_of(*decision.field, side, (*found)->fields), *to);
    }
    as_meant = as_meant && self->shows_members(side, (*found)->fields);
    as_meant = as_meant && shows_stamps(self->plan_, side, self->decisions_.patch[side], **found);
    if (self->takes_mark_off_ && side == *self->marked_)
      as_meant = as_meant && self->is_unmarked(side, self->soft_, (*found)->fields);
    if (!as_meant) return self->not_written(side, error);
    self->note_write(side, "update", self->decisions_.patch[side], "answer lost; read back as sent");
    self->take_answer(side, **found, (*found)->fields, Shown::kOurs);
  }));
}

void Reconcile::after_write(Side side) {
  to_write_[side] = false;
  if (intent_[side]) close_intents_.push_back(intent_[side]->id);
  for (const store::Intent& earlier : known_.intents) {
    if (is_ours(earlier) && earlier.side == side && lane_.capabilities(side).guarded_writes && !may_still_make(earlier)) close_intents_.push_back(earlier.id);  // its guard is used up
  }
  if (!creating_ && (to_write_.left || to_write_.right)) {
    // Each side is committed by itself as soon as it is known written, and on record even if the other side then refuses.
    note_written(side);
    fill_operation("update", "applied");
    store::Commit commit;
    commit.mapping = lane_.mapping;
    commit.link = link_;
    move_taken(commit);
    commit.wake_children = wake_;
    // Of a computed value the base is the other side's input: the version just written guards nothing until both have it.
    const bool half = std::any_of(decisions_.fields.begin(), decisions_.fields.end(), [](const Decision& decision) { return decision.to.left && decision.to.right; });
    if (half) commit.link->version[side].reset();
    commit.operation = operation_;
    tell_exchanges(commit);
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
      self->stored_ = self->link_;
      if (!self->wake_.empty() && self->lane_.woke) self->lane_.woke();
      pass(CrashPoint::kOneSideStored);
      self->write_next();
    });
    return;
  }
  commit_pass();
}

}  // namespace tidewire::sync
