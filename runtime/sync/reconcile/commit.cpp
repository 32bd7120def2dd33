// The end of a pass that went well: base, link, operation, conflicts and the taken changes in one transaction (law 31).
#include <algorithm>

#include "sync/merge/canonical.h"
#include "sync/reconcile/hooks.h"
#include "sync/reconcile/reconcile.h"

namespace tidewire::sync {

using store::other;

namespace {

/// Both sides have what they agreed on.
bool is_at_rest(const Decision& decision) {
  const Field& field = *decision.field;
  return decision.base && same_form(field, Side::kLeft, decision.form.left, decision.base->left) && same_form(field, Side::kRight, decision.form.right, decision.base->right);
}

}  // namespace

/// In order of sight (law 3), whatever the pass makes of it: what it reads later must not be older.
void Reconcile::sight(Side side, const std::string& version) {
  if (version.empty()) return;
  auto& tokens = link_.tokens[side];
  std::erase(tokens, version);  // a token seen again moves to the end
  tokens.push_back(version);
  if (tokens.size() > 8) tokens.erase(tokens.begin());
}

void Reconcile::see(Side side, const Record& record) {
  sight(side, record.version);
  if (!record.version.empty()) link_.version[side] = record.version;
  if (!record.incarnation.empty()) link_.incarnation[side] = record.incarnation;
  link_.seen_at[side] = now();
  note_time(side, record);
}

store::Commit Reconcile::commit_with(store::Commit commit) {
  commit.mapping = lane_.mapping;
  for (const store::DirtyKey& row : taken_) {
    if (row.mapping == lane_.mapping) commit.finished.push_back({row.side, row.key, row.last_seq, row.changes});
  }
  commit.close_intents = close_intents_;
  commit.close_intents.insert(commit.close_intents.end(), void_.begin(), void_.end());
  commit.again = again_;
  commit.open_conflicts = open_conflicts_;
  commit.close_conflict_fields = close_conflicts_;
  commit.counters = counters_;
  commit.wake_children = wake_;
  commit.look_at = look_at_;
  tell_exchanges(commit);
  if (!options_.reversals.empty() && commit.link) move_taken(commit);
  if (deleting_ && link_.state == store::LinkState::kTombstone) commit.brake = {"delete"};
  for (store::Conflict& conflict : commit.open_conflicts) {
    conflict.mapping = lane_.mapping;
    conflict.operation = operation_.id;
    conflict.opened_at = conflict.shown_at = now();
  }
  return commit;
}

/// What one pass answers in the balance: what coalesced into a row is counted as such already.
std::int64_t Reconcile::rows_taken() const {
  return std::count_if(taken_.begin(), taken_.end(), [this](const store::DirtyKey& row) { return row.mapping == lane_.mapping; });
}

/// This pass has to do with a field by which records of the side are matched.
bool Reconcile::matches_otherwise(Side side) const {
  return std::any_of(decisions_.fields.begin(), decisions_.fields.end(), [&](const Decision& decision) {
    const auto& paths = decision.field->paths[side];
    return decision.kind != Decision::Kind::kNothing && std::any_of(plan_.matches.begin(), plan_.matches.end(), [&](const Match& match) {
      return std::any_of(match.pairs.begin(), match.pairs.end(), [&](const Match::Pair& pair) { return std::find(paths.begin(), paths.end(), pair.path[side]) != paths.end(); });
    });
  });
}

/// It comes of a load or a sweep, which look at all others too.
bool Reconcile::is_of_job() const {
  return !taken_.empty() && std::all_of(taken_.begin(), taken_.end(), [](const store::DirtyKey& row) { return row.reason == "job" || row.reason == "resync"; });
}

/// The conflict is on record with these very values: another webhook about it is no news.
bool Reconcile::is_open(const Decision& decision) const {
  return std::any_of(known_.conflicts.begin(), known_.conflicts.end(), [&](const store::Conflict& open) {
    return open.field == decision.field->name && open.kind == decision.conflict_kind && open.shown.left == decision.shows.left.value_or(decision.form.left) && open.shown.right == decision.shows.right.value_or(decision.form.right);
  });
}

/// Fields of which something new is asked, or whose answer could not stand, and what is won together with them: whoever decides one decides all.
std::set<std::string> Reconcile::asked_anew() const {
  std::set<std::string> out;
  for (const Decision& decision : decisions_.fields) {
    const std::string& name = decision.field->name;
    const bool answered = std::any_of(known_.conflicts.begin(), known_.conflicts.end(), [&](const store::Conflict& open) { return open.field == name && is_decided(open); });
    if (decision.kind != Decision::Kind::kConflict || (is_open(decision) && !answered)) continue;
    out.insert(name);
    for (std::string& fellow : won_with(plan_, name)) out.insert(std::move(fellow));
  }
  return out;
}

/// An edit of a side that this mapping does not copy from is one, however often it is looked at; without versions each change
/// that its system tells of counts.
bool Reconcile::shows_new_drift() const {
  return std::any_of(decisions_.fields.begin(), decisions_.fields.end(), [this](const Decision& decision) {
    if (decision.kind != Decision::Kind::kDrift) return false;
    const Side side = decision.field->flow == Flow::kToLeft ? Side::kLeft : Side::kRight;
    if (record_[side] && !record_[side]->version.empty() && known_.link) {
      const auto& seen = known_.link->tokens[side];
      return std::find(seen.begin(), seen.end(), record_[side]->version) == seen.end();
    }
    return std::any_of(taken_.begin(), taken_.end(), [side](const store::DirtyKey& row) { return row.side == side && (row.reason == "webhook" || row.reason == "poll" || row.reason == "listen"); });
  });
}

/// What a person let be goes on waiting; whatever ends it later is not what he said.
bool Reconcile::is_decided(const store::Conflict& open) { return open.method && *open.method != "skip"; }

/// A person has said so just now: told once, with his name.
bool Reconcile::is_skip() const {
  return is_for_person() && std::any_of(decisions_.fields.begin(), decisions_.fields.end(), [](const Decision& one) { return one.skipped; });
}

/// An owed reference is written when its parent links: the key waits for it, shown as such, while all else is committed.
store::DirtyKey Reconcile::owed_row(const Decision& decision) const {
  const Side from = decision.winner.value_or(key_.first);
  store::DirtyKey row;
  row.mapping = lane_.mapping;
  row.side = from;
  row.key = *link_.key[from];
  row.event = "upsert";
  row.reason = "again";
  row.state = store::KeyState::kWaitingFor;
  row.due_at = row.since = now();
  if (decision.owes) row.parent = parent_name(*decision.owes);
  for (const store::DirtyKey& taken : taken_) {
    if (taken.side == row.side && taken.key == row.key && taken.parent == row.parent) row.attempts = taken.attempts;
  }
  return row;
}

/// What came of the decisions about the fields, and what the pass is called for it.
struct Reconcile::Came {
  bool conflict = false, news = false, drift = false,
       owed = false;  // of any field; news: asked of a person for the first time
  bool wrote = false, skips = false;
  bool decided = false;  // there is an operation to tell
  std::string kind, outcome;
};

/// The field waits for a person, who is shown what both sides have and when each was last edited.
void Reconcile::dispute(const Decision& decision, bool anew) {
  const std::string& name = decision.field->name;
  store::Conflict held;
  if (link_.id != 0) held.link = link_.id;
  held.field = name;
  held.kind = decision.conflict_kind;
  held.anew = anew;
  if (const auto base = link_.base.find(name); base != link_.base.end())
    held.base = {base->second.left, base->second.right};
  Value& stamps = link_.stamps[name];
  for (const Side side : {Side::kLeft, Side::kRight}) {
    const Value& form = decision.form[side];
    held.shown[side] = decision.shows[side].value_or(form);
    if (!record_[side] || !record_[side]->modified || kept_stamp(link_, *decision.field, side, form) != nullptr)
      continue;
    stamps[side_tag(side)] = stamp_of(known_.link ? *known_.link : link_, side, *record_[side]);
  }
  open_conflicts_.push_back(std::move(held));
}

/// Base, stamps and conflicts of each field as it was decided.
Reconcile::Came Reconcile::take_decisions() {
  Came came;
  const std::set<std::string> anew = asked_anew();
  for (const Decision& decision : decisions_.fields) {
    const std::string& name = decision.field->name;
    if (decision.closes_conflict) close_conflicts_.push_back(name);
    switch (decision.kind) {
      case Decision::Kind::kConflict:
        came.conflict = true;
        came.news |= anew.contains(name) || doubtful_.contains(name);
        dispute(decision, anew.contains(name));
        continue;
      case Decision::Kind::kOwed:
        came.owed = true;
        for (const Side side : {Side::kLeft, Side::kRight}) keep_stamp(decision, side);  // until it travels (law 11)
        continue;
      case Decision::Kind::kDrift:
        came.drift = true;
        break;
      case Decision::Kind::kAgree:
        link_.base[name] = {decision.form.left, decision.form.right};
        if (decision.closes_conflict) operation_.author = "";
        break;
      default:
        break;
    }
    const bool settled = decision.kind != Decision::Kind::kNothing || is_at_rest(decision);
    if (settled && link_.stamps.find(name) != nullptr) link_.stamps.as_object().erase(name);
  }
  return came;
}

/// Whose word the pass carried out.
void Reconcile::name_author(bool skips) {
  const auto closes = [this](const store::Conflict& open) { return is_decided(open) && std::find(close_conflicts_.begin(), close_conflicts_.end(), open.field) != close_conflicts_.end(); };
  const bool decides = std::any_of(known_.conflicts.begin(), known_.conflicts.end(), closes);
  for (const store::Conflict& open : known_.conflicts) {
    if ((decides ? closes(open) : skips && open.method && !is_decided(open)) && open.author) operation_.author = *open.author;
  }
}

void Reconcile::see_sides() {
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (!record_[side] || intent_[side]) continue;  // what was written has told its own version
    see(side, *record_[side]);
    // The version of a side that differs (drift, a disputed field) guards nothing: it is read before it is written to.
    if (changed(side)) link_.version[side].reset();
  }
}

void Reconcile::name_outcome(Came& came) const {
  came.wrote = !writes_.empty();
  came.decided = came.wrote || came.news || came.skips || made_ || asks_release_ || !earlier_.empty() || deleting_ ||
                 marked_ || operation_.kind == "link" || operation_.kind == "rename" ||
                 link_.state == store::LinkState::kTombstone || !close_conflicts_.empty();
  // One that waits on from before is not what came of this pass.
  const bool no_more = !came.wrote && !came.news && close_conflicts_.empty();
  const bool held = asks_release_ && !came.wrote && !came.conflict;
  came.outcome = decisions_.merged > 0 ? "merged" : "applied";
  if (came.conflict && (came.news || no_more)) came.outcome = "conflict";
  if ((operation_.outcome == "skipped" && !came.wrote) || (came.skips && no_more)) came.outcome = "skipped";
  if (held) came.outcome = "held";
  if (creating_)
    came.kind = "create";
  else if (!close_conflicts_.empty() || (came.skips && no_more))
    came.kind = "resolve";
  else if (came.conflict && !came.wrote)
    came.kind = "conflict";
  else
    came.kind = held ? "hold" : "update";
}

/// Each change taken is one term of the balance.
void Reconcile::count(const Came& came) {
  if (link_.state == store::LinkState::kTombstone) return;
  const bool looked = came.drift && !came.conflict && !came.wrote;
  const std::int64_t drifted = looked && shows_new_drift() ? std::min<std::int64_t>(1, rows_taken()) : 0;
  if (drifted > 0) counters_["drift"] += drifted;
  counters_[came.conflict && !came.wrote ? "conflict" : (came.wrote ? "applied" : "echo")] += rows_taken() - drifted;
  if (came.wrote) counters_[creating_ ? "created" : "updated"] += 1;
  if (decisions_.merged > 0) counters_["auto_merged"] += 1;
  if (came.owed) counters_["owed"] += 1;
}

/// A key waits for one parent at a time: its pass then finds the next that is missing.
void Reconcile::stand_owed(std::vector<store::DirtyKey>& standing) {
  for (const Decision& decision : decisions_.fields) {
    if (decision.kind != Decision::Kind::kOwed) continue;
    store::DirtyKey row = owed_row(decision);
    const bool waits = std::any_of(standing.begin(), standing.end(), [&](const store::DirtyKey& one) {
      return one.side == row.side && one.key == row.key;
    });
    if (waits) continue;
    if (decision.owes) look_at(*decision.owes);
    standing.push_back(std::move(row));
  }
}

/// Those who wait for a record, or for one that matches, look again; a load or a sweep looks at all of them anyway.
void Reconcile::stir(store::Commit& commit) const {
  if (is_of_job()) return;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (!link_.key[side]) continue;
    commit.stirred[side] = true;
    if (!known_.link || link_.state == store::LinkState::kTombstone || matches_otherwise(side))
      commit.moved.emplace_back(side, *link_.key[side]);
  }
}

void Reconcile::commit_pass() {
  Came came = take_decisions();
  note_fields();
  wake_blocked();
  const bool left = close_left_conflicts();
  came.skips = is_skip();
  name_author(came.skips);
  see_sides();
  mark_stamps();
  for (const store::Intent& intent : known_.intents) {
    const bool of_strangers = creating_ && link_.id == 0 && (is_undone(intent) || is_of_another_pair(intent));
    if (of_strangers) end_when_settled(intent);
  }
  if (creating_) see_watched();
  note_parts();
  // A record that was created in its first state is moved on by another pass.
  if (creating_ && !plan_.lifecycle.field.empty()) again_.push_back({key_.first, *link_.key[key_.first], "upsert", "again", 0, now()});
  name_outcome(came);
  fill_operation(came.kind, came.outcome);
  if (is_plain_load(came.outcome)) {
    operation_.job = lane_.load;
    operation_.record = Value(Object{{"load", true}});
  }
  if (options_.dry) {
    if (!came.decided) operation_.id.clear();
    return finish({Report::End::kDone, {}, {}, operation_, {}});
  }
  count(came);
  store_pass(came.decided, left);
}

/// `superseded`: what closes by itself was ended by a newer edit.
void Reconcile::store_pass(bool decided, bool superseded) {
  store::Commit commit;
  link_.mapping = lane_.mapping;
  link_.updated_at = now();
  commit.link = link_;
  note_brake(commit);
  if (!operation_.link) operation_.link = 0;  // of this commit
  if (decided) {
    commit.operation = operation_;
    commit.hooks = hooks_of(plan_, operation_);
    stir(commit);
  } else {
    commit.operation = overtaken();
  }
  stand_owed(commit.standing);
  for (const store::Conflict& open : known_.conflicts) {
    if (is_decided(open)) commit.conflict_said[open.field] = {*open.method, open.author.value_or("")};
  }
  commit.conflict_method = superseded ? "superseded" : "agreed";
  close_intents_.insert(close_intents_.end(), settled_.begin(), settled_.end());
  commit = commit_with(std::move(commit));
  if (!decided || operation_.record.bool_or("load", false)) commit.pass.clear();
  if (!known_.link || stood_whole()) commit.close_conflict_fields.push_back("");  // what hindered that it was met, or went on
  lane_.store.commit(std::move(commit), [self = shared_from_this(), decided](Result<std::int64_t> stored) {
    if (!stored.ok()) {
      self->close_intents_.clear();  // what was announced may be written: the announcement stays
      self->intent_ = {};
      self->forget_results();
      return self->fail(std::move(stored).error().context("storing the result"));
    }
    if (*stored != 0) self->operation_.link = *stored;
    if (!self->wake_.empty() && self->lane_.woke) self->lane_.woke();
    self->tell_asked();
    if (!decided) self->lane_.around.ears.on_echo(self->lane_.mapping, self->key_.first, self->key_.second);
    else self->lane_.around.ears.on_operation(self->operation_);
    if (!decided) self->operation_.id.clear();
    self->finish({Report::End::kDone, {}, {}, self->operation_, {}});
  });
}

/// What was decided is not stored, so the key stands as if it had not been looked at.
void Reconcile::forget_results() {
  open_conflicts_.clear();
  close_conflicts_.clear();
  again_.clear();
  wake_.clear();
  let_go_.clear();
  look_at_.clear();
  counters_.clear();
}

/// Nothing to do: the changes are answered, and the versions seen are remembered so that the next guard fits.
void Reconcile::commit_echo(const std::string& counter) {
  if (options_.dry) {
    operation_.id.clear();
    if (const std::string why = idle_text(counter); !why.empty()) operation_.record["why"] = why;
    return finish({Report::End::kDone, {}, {}, operation_, {}});
  }
  counters_[counter] += rows_taken();
  close_intents_.insert(close_intents_.end(), settled_.begin(), settled_.end());
  store::Commit commit;
  bool news = link_.id != 0 && (!known_.link || known_.link->key != link_.key || known_.link->state != link_.state || !(known_.link->notes == link_.notes) || known_.link->base.size() != link_.base.size() || !close_intents_.empty() || !void_.empty());
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (link_.id == 0 || !record_[side]) continue;
    news = news || link_.version[side] != record_[side]->version || !link_.seen_at[side] || is_restored(side);
    see(side, *record_[side]);
    if (changed(side)) link_.version[side].reset();
  }
  if (news) {
    link_.updated_at = now();
    commit.link = link_;
  }
  commit.operation = overtaken();
  commit.conflict_method = "superseded";
  if (!known_.link && !is_of_job() && !is_for_child() && (counter == "gone" || counter == "filtered")) {
    commit.moved = {key_};
    commit.stirred[key_.first] = true;
  }
  // It never had a counterpart, and may be called otherwise by now: so may what those name that wait for it.
  if (!known_.link && counter == "gone" && !is_for_child()) wake_.push_back(lane_.mapping + "/" + store::side_name(key_.first) + "/" + key_.second);
  wake_blocked();
  commit = commit_with(std::move(commit));
  commit.pass.clear();  // there is no operation to tell of it
  if ((!known_.link && counter == "gone" && !is_for_child()) || stood_whole()) commit.close_conflict_fields.push_back("");
  lane_.store.commit(std::move(commit), [self = shared_from_this()](Result<std::int64_t> stored) {
    if (!stored.ok()) return self->finish({Report::End::kDropped, {}, {}, {}, stored.error()});
    if (!self->wake_.empty() && self->lane_.woke) self->lane_.woke();
    self->tell_asked();
    self->lane_.around.ears.on_echo(self->lane_.mapping, self->key_.first, self->key_.second);
    self->operation_.id.clear();
    self->finish({Report::End::kDone, {}, {}, self->operation_, {}});
  });
}

/// Those that this pass closed, and those that a commit of unknown fate may have closed: the store knows. What is left is in
/// doubt, and may show up until it is settled.
void Reconcile::close_creates() {
  for (const std::string& id : close_intents_) {
    lane_.creates.close(Side::kLeft, id);
    lane_.creates.close(Side::kRight, id);
  }
  for (const Side side : {Side::kLeft, Side::kRight}) {
    std::vector<std::string> left = open_creates_[side];
    std::erase_if(left, [&](const std::string& id) { return std::find(close_intents_.begin(), close_intents_.end(), id) != close_intents_.end(); });
    if (left.empty()) continue;
    // The lane may be gone by then.
    lane_.common->stored_creates.ask(lane_.store, lane_.mapping, side, [common = lane_.common, &clock = lane_.around.clock, settle = lane_.capabilities(side).settle, side, left](const Result<std::vector<store::Intent>>& open) {
      for (const std::string& id : left) {
        if (!open.ok()) {
          common->creates.doubt_after(side, id, settle);
          continue;
        }
        const auto still = std::find_if(open->begin(), open->end(), [&](const store::Intent& one) { return one.id == id; });
        if (still == open->end()) common->creates.close(side, id);
        else common->creates.doubt_after(side, id, still->requested_at.value_or(clock.now()) + settle - clock.now());
      }
    });
  }
}

void Reconcile::finish(Report report) {
  close_creates();
  end_let_through();
  if (put_back_mark_) lane_.creates.close(put_back_mark_->first, put_back_mark_->second);
  if (!turn_.empty()) lane_.turns.leave(turn_);
  for (const SideKey& key : claimed_) lane_.owners.release(key);
  claimed_.clear();
  const bool of_worker = !options_.dry && options_.reversals.empty();
  if (!of_worker && lane_.freed) lane_.freed();
  report.names_kin = coming_.size() > foreseen_.size();
  for (const Reference& parent : foreseen_) report.after.push_back(parent_name(parent));
  auto done = std::move(done_);
  lane_.around.poster.post([done = std::move(done), report = std::move(report)]() mutable { done(std::move(report)); });
}

}  // namespace tidewire::sync
