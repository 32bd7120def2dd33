#include "sync/mend.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "sync/merge/decide.h"

namespace tidewire::sync {

using store::other;
using store::side_name;

namespace {

constexpr std::array kActs{"unlink", "relink", "merge", "ignore", "heed", "reset_base"};

/// A record that was held, or given up, because it reads older than it did (law 3).
bool is_older(const store::DirtyKey& row) {
  const bool stands = row.state == store::KeyState::kDead || row.state == store::KeyState::kHeld;
  return stands && row.error && row.error->find(kOlder) != nullptr;
}

std::string subject(const std::string& mapping, const SideKey& key) { return mapping + "/" + side_name(key.first) + "/" + key.second; }

/// What the record of this side is linked to: "right/42", "nothing" where it has lost its counterpart.
std::string partner(const store::Link& link, Side side) {
  const auto& key = link.key[other(side)];
  return key ? std::string(side_name(other(side))) + "/" + *key : "nothing";
}

/// One mending, from owning its keys to its commit. Shared: the callback under way and nobody else.
class Mender : public std::enable_shared_from_this<Mender> {
 public:
  Mender(const Workplace& place, Mending what, Done<store::Operation> done) : place_(place), lane_(*place.lane), what_(std::move(what)), done_(std::move(done)) {}
  void start();

 private:
  bool claim(const SideKey& key);
  void again();
  void on_known(Result<std::vector<store::Known>> known);
  Result<void> refuse_announced() const;
  Result<void> change();
  Result<void> unlink();
  Result<void> merge();
  Result<void> ignore();
  Result<void> heed();
  Result<void> reset_base();
  void let_go_older();
  Result<void> need_field();
  std::vector<std::string> with_group();
  void relink();
  void on_record(Side side, Result<std::optional<Record>> record);
  void ignore_stranger();
  void ask_former_name(Side side, std::function<void()> then);
  void join_records();
  void mark(const store::Link& link);
  void wake_children(const store::Link& link);
  void finish_row(const store::DirtyKey& row, const char* counter);
  void commit();
  void finish(Result<store::Operation> result);
  Error no_link(const SideKey& key) const;
  Error not_there(const SideKey& key, const std::string& why) const;

  Workplace place_;
  Lane& lane_;
  Mending what_;
  Done<store::Operation> done_;
  std::vector<SideKey> claimed_;
  SideKey busy_;
  std::vector<store::Known> known_;
  store::Commit commit_;
  Value detail_ = Object{};
  std::string next_;  // what comes of it, and when
  Sides<std::optional<Record>> record_;
  int reading_ = 0;
};

void Mender::start() {
  if (!claim(what_.key) || (what_.with && !claim(*what_.with))) return again();
  std::vector<SideKey> keys{what_.key};
  if (what_.with) keys.push_back(*what_.with);
  lane_.store.load(lane_.mapping, std::move(keys), [self = shared_from_this()](Result<std::vector<store::Known>> known) { self->on_known(std::move(known)); });
}

bool Mender::claim(const SideKey& key) {
  if (std::find(claimed_.begin(), claimed_.end(), key) != claimed_.end()) return true;
  if (!lane_.owners.claim(key)) {
    busy_ = key;
    return false;
  }
  claimed_.push_back(key);
  return true;
}

/// A pass is under way there: everything is let go, so that nobody waits in a circle, and asked for again when it has ended.
void Mender::again() {
  for (const SideKey& key : claimed_) lane_.owners.release(key);
  claimed_.clear();
  lane_.owners.when_free(busy_, [self = shared_from_this()] { self->start(); });
}

void Mender::on_known(Result<std::vector<store::Known>> known) {
  if (!known.ok()) return finish(known.error());
  known_ = std::move(*known);
  for (const store::Known& one : known_) {
    for (const Side side : {Side::kLeft, Side::kRight}) {
      if (one.link && one.link->key[side] && !claim({side, *one.link->key[side]})) return again();
    }
  }
  if (Result<void> allowed = refuse_announced(); !allowed.ok()) return finish(allowed.error());
  if (what_.act == Mending::Act::kRelink) return relink();
  if (what_.act == Mending::Act::kIgnore && what_.field.empty() && !known_.front().link) return ignore_stranger();
  if (Result<void> changed = change(); !changed.ok()) return finish(changed.error());
  commit();
}

Result<void> Mender::refuse_announced() const {
  for (const store::Known& one : known_) {
    if (one.intents.empty()) continue;
    return make_error(Code::kStale, "a write to '" + what_.key.second + "' is announced and its outcome is not known yet", "try again when the record is level or stands, see `tidewire status`");
  }
  return {};
}

Error Mender::not_there(const SideKey& key, const std::string& why) const {
  const auto& end = place_.mapper->plan().end[key.first];
  return make_error(Code::kNotFound, "there is no record '" + key.second + "' in " + end.connection + "." + end.collection + why, "is it a key of the other side?");
}

Error Mender::no_link(const SideKey& key) const {
  return make_error(Code::kNotFound, lane_.mapping + ": no link has the " + side_name(key.first) + " key '" + key.second + "'", "`tidewire links " + lane_.mapping + "` lists them");
}

Result<void> Mender::change() {
  const bool stranger = !known_.front().link;
  if (stranger && what_.act != Mending::Act::kIgnore) return no_link(what_.key);
  switch (what_.act) {
    case Mending::Act::kUnlink: return unlink();
    case Mending::Act::kMerge: return merge();
    case Mending::Act::kIgnore: return ignore();
    case Mending::Act::kHeed: return heed();
    case Mending::Act::kResetBase: return reset_base();
    case Mending::Act::kRelink: break;
  }
  return {};
}

void Mender::mark(const store::Link& link) {
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (link.key[side]) commit_.again.push_back({side, *link.key[side], "upsert", "person", 0, {}});
  }
}

/// What waits for one of its records looks again, in other mappings too.
void Mender::wake_children(const store::Link& link) {
  for (const Side at : {Side::kLeft, Side::kRight}) {
    if (link.key[at]) commit_.wake_children.push_back(subject(lane_.mapping, {at, *link.key[at]}));
  }
}

void Mender::finish_row(const store::DirtyKey& row, const char* counter) {
  commit_.finished.push_back({row.side, row.key, row.last_seq, row.changes});
  commit_.counters[counter] += 1;
}

/// Nothing is marked: where the rules still see the same thing in both, the next pass links them again, and whoever parts them means to
/// say first what they are.
Result<void> Mender::unlink() {
  const store::Link& link = *known_.front().link;
  commit_.remove_link = link.id;
  wake_children(link);  // whoever stands because of this link
  for (const store::DirtyKey& row : known_.front().dirty) {
    if (row.state == store::KeyState::kConflict) finish_row(row, "discarded");  // its question went with the link
  }
  next_ = "nothing happens until one of them changes or a sweep comes; then each is met as a stranger and ";
  next_ += place_.mapper->plan().matches.empty() ? "made anew on the other side" : "linked again where `match` finds the same pair, else made anew on the other side";
  next_ += ": `relink` or `ignore` them before that where it is not what you mean";
  return {};
}

Result<void> Mender::merge() {
  if (!known_.back().link) return no_link(*what_.with);
  store::Link kept = *known_.front().link;
  const store::Link& gone = *known_.back().link;
  if (kept.id == gone.id) return make_error(Code::kInvalid, "both keys are of one link already");
  commit_.remove_link = gone.id;
  detail_["merged"] = gone.id;
  bool joined = false;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (!gone.key[side]) continue;
    if (!kept.key[side]) {
      kept.key[side] = gone.key[side];
      kept.incarnation[side] = gone.incarnation[side];
      joined = true;
      continue;
    }
    store::Link aside;
    aside.mapping = lane_.mapping;
    aside.key[side] = gone.key[side];
    aside.incarnation[side] = gone.incarnation[side];
    aside.state = store::LinkState::kIgnored;
    commit_.set_aside.push_back(std::move(aside));
    detail_[std::string("set_aside_") + side_name(side)] = *gone.key[side];
    for (const store::DirtyKey& row : known_.back().dirty) {
      if (row.side == side && row.key == *gone.key[side]) finish_row(row, "ignored");
    }
  }
  kept.state = store::LinkState::kLive;
  if (joined) {
    kept.base.clear();
    kept.version = {};
    kept.stamps = Value(Object{});
  }
  wake_children(kept);
  wake_children(gone);  // and whoever met a record that it kept
  commit_.link = kept;
  mark(kept);
  return {};
}

Result<void> Mender::need_field() {
  const Plan& plan = place_.mapper->plan();
  if (const Field* named = plan.named(what_.field)) {
    what_.field = named->name;
    return {};
  }
  std::vector<std::string> names;
  for (const Field& field : plan.fields) names.push_back(field.name);
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return make_error(Code::kNotFound, lane_.mapping + " has no field '" + what_.field + "'", "its fields are " + list);
}

/// The field and the rest of its group, which is written as a whole or not at all (law 10).
std::vector<std::string> Mender::with_group() {
  const Plan& plan = place_.mapper->plan();
  std::vector<std::string> fellows;
  if (!plan.whole_record) fellows = won_with(plan, what_.field);
  if (!fellows.empty()) next_ = "it holds for the fields that go with it too: " + join(fellows, ", ");
  fellows.push_back(what_.field);
  return fellows;
}

Result<void> Mender::ignore() {
  if (!what_.field.empty()) {
    if (!known_.front().link) return no_link(what_.key);
    TRY(need_field());
    commit_.link = *known_.front().link;
    commit_.close_conflict_fields = with_group();
    for (const std::string& field : commit_.close_conflict_fields) commit_.link->notes[field]["ignored"] = what_.author;
    commit_.conflict_method = "ignored";
    commit_.conflict_author = what_.author;
    return {};
  }
  store::Link link;
  if (known_.front().link) link = *known_.front().link;
  link.mapping = lane_.mapping;
  link.key[what_.key.first] = what_.key.second;
  link.state = store::LinkState::kIgnored;
  for (const store::Conflict& open : known_.front().conflicts) commit_.close_conflict_fields.push_back(open.field);
  commit_.conflict_method = "ignored";
  commit_.conflict_author = what_.author;
  commit_.link = std::move(link);
  commit_.moved = {what_.key};
  commit_.stirred[what_.key.first] = true;
  for (const store::DirtyKey& row : known_.front().dirty) finish_row(row, "ignored");
  return {};
}

/// One that was renamed, and of which nobody has told yet, is linked already: set aside under its new name it would keep its link from that.
/// What is not there, or cannot be read, is set aside all the same.
void Mender::ignore_stranger() {
  const auto set_aside = [self = shared_from_this()] {
    if (Result<void> changed = self->ignore(); !changed.ok()) return self->finish(changed.error());
    self->commit();
  };
  const Side side = what_.key.first;
  if (!lane_.capabilities(side).incarnation) return set_aside();
  lane_.batcher[side]->read(what_.key.second, [self = shared_from_this(), side, set_aside](Result<std::optional<Record>> record) {
    if (!record.ok() || !*record) return set_aside();
    self->record_[side] = std::move(*record);
    self->ask_former_name(side, set_aside);
  });
}

/// A record that never had a counterpart is met as a stranger again; a pair goes on from what it had agreed on.
Result<void> Mender::heed() {
  const store::Link& link = *known_.front().link;
  if (!what_.field.empty()) {
    TRY(need_field());
    if (!is_ignored(link, what_.field)) return make_error(Code::kNotFound, "the difference in '" + what_.field + "' is not ignored");
    commit_.link = link;
    for (const std::string& field : with_group()) {
      if (!is_ignored(link, field)) continue;
      Value& note = commit_.link->notes[field];
      note.as_object().erase("ignored");
      if (note.as_object().empty()) commit_.link->notes.as_object().erase(field);
    }
  } else if (link.state != store::LinkState::kIgnored) {
    return make_error(Code::kNotFound, "'" + what_.key.second + "' is not ignored");
  } else if (link.key.left && link.key.right) {
    commit_.link = link;
    commit_.link->state = store::LinkState::kLive;
  } else {
    commit_.remove_link = link.id;
  }
  mark(link);
  return {};
}

Result<void> Mender::reset_base() {
  store::Link link = *known_.front().link;
  if (!what_.field.empty()) {
    TRY(need_field());
    link.base.erase(what_.field);
  } else {
    link.base.clear();
    link.tokens = {};  // a system that was restored shows versions that were left behind (law 3)
    link.notes.as_object().erase(kShown);
    link.stamps.as_object().clear();  // nor is a time that of our own write: both count (law 11)
    let_go_older();
  }
  link.version = {};
  mark(link);
  commit_.link = std::move(link);
  return {};
}

/// A held key stays so whatever comes in.
void Mender::let_go_older() {
  for (store::DirtyKey row : known_.front().dirty) {
    if (row.state != store::KeyState::kHeld || !is_older(row)) continue;
    row.state = store::KeyState::kWaiting;
    row.due_at = lane_.around.clock.now();
    row.attempts = 0;
    row.error.reset();
    commit_.standing.push_back(std::move(row));
  }
}

/// Both records are read first: a link to what is not there would be taken for a deletion.
void Mender::relink() {
  for (std::size_t i = 0; i < known_.size(); ++i) {
    const SideKey& key = i == 0 ? what_.key : *what_.with;
    if (!known_[i].link) continue;
    return finish(make_error(Code::kStale, subject(lane_.mapping, key) + " is linked already, to " + partner(*known_[i].link, key.first), "part it first with: tidewire unlink " + lane_.mapping + " " + shell_word(key.second) + " --side " + side_name(key.first)));
  }
  if (!what_.with || what_.with->first == what_.key.first) return finish(make_error(Code::kInvalid, "a left and a right key are linked, not two of one side"));
  reading_ = 2;
  for (const SideKey& key : {what_.key, *what_.with}) {
    lane_.batcher[key.first]->read(key.second, [self = shared_from_this(), side = key.first](Result<std::optional<Record>> record) { self->on_record(side, std::move(record)); });
  }
}

void Mender::on_record(Side side, Result<std::optional<Record>> record) {
  const SideKey& key = what_.key.first == side ? what_.key : *what_.with;
  const bool refused = !record.ok() && (record.error().code == Code::kInvalid || record.error().code == Code::kNotFound);  // it can be no key there
  if (done_ && !record.ok() && !refused) finish(Error(record.error()).context("reading '" + key.second + "'"));
  else if (done_ && (refused || !*record)) finish(not_there(key, refused ? ": " + record.error().message : ""));
  else if (record.ok()) record_[side] = std::move(*record);
  if (--reading_ > 0 || !done_) return;
  ask_former_name(Side::kLeft, [self = shared_from_this()] {
    self->ask_former_name(Side::kRight, [self] { self->join_records(); });
  });
}

/// Law 20: one that was renamed, and of which nobody has told yet, is linked already; unlike one that has the stamp of another record.
void Mender::ask_former_name(Side side, std::function<void()> then) {
  const std::string& incarnation = record_[side]->incarnation;
  if (incarnation.empty()) return then();
  lane_.store.find_by_incarnation(lane_.mapping, side, incarnation, [self = shared_from_this(), side, then](Result<std::vector<store::Link>> links) {
    if (!links.ok()) return self->finish(links.error());
    std::erase_if(*links, [&](const store::Link& link) { return link.state == store::LinkState::kTombstone || !link.key[side] || *link.key[side] == self->record_[side]->key; });
    if (links->empty()) return then();
    const std::string former = *links->front().key[side];
    self->lane_.batcher[side]->read(former, [self, side, then, former](Result<std::optional<Record>> old) {
      if (!old.ok()) return self->finish(Error(old.error()).context("reading '" + former + "'"));
      if (*old && (*old)->key == former && (*old)->incarnation == self->record_[side]->incarnation) return then();
      self->finish(make_error(Code::kStale, subject(self->lane_.mapping, {side, self->record_[side]->key}) + " is linked already, under its former name '" + former + "'", "part it first with: tidewire unlink " + self->lane_.mapping + " " + shell_word(former) + " --side " + side_name(side)));
    });
  });
}

void Mender::join_records() {
  store::Link link;
  link.mapping = lane_.mapping;
  for (const Side at : {Side::kLeft, Side::kRight}) {
    link.key[at] = record_[at]->key;
    if (!record_[at]->incarnation.empty()) link.incarnation[at] = record_[at]->incarnation;
    link.seen_at[at] = lane_.around.clock.now();
  }
  commit_.close_conflict_fields = {""};  // an ambiguous match that waited for just this
  commit_.conflict_method = "superseded";
  commit_.conflict_author = what_.author;
  mark(link);
  wake_children(link);
  commit_.link = std::move(link);
  commit();
}

void Mender::commit() {
  store::Operation operation;
  operation.id = lane_.ids.next();
  operation.at = lane_.around.clock.now();
  operation.mapping = lane_.mapping;
  operation.kind = act_name(what_.act);
  operation.outcome = "applied";
  operation.script = place_.mapper->version();
  operation.author = what_.author;
  if (!what_.field.empty()) detail_["field"] = what_.field;
  const store::Link* shown = commit_.link ? &*commit_.link : (known_.front().link ? &*known_.front().link : nullptr);
  if (shown != nullptr) operation.key = shown->key;
  if (commit_.link) operation.link = commit_.link->id;
  operation.record = detail_;
  if (!next_.empty()) operation.record["next"] = next_;
  commit_.mapping = lane_.mapping;
  Value audited = detail_;
  if (what_.with) audited["with"] = std::string(side_name(what_.with->first)) + "/" + what_.with->second;
  commit_.audit = store::AuditEntry{what_.author, act_name(what_.act), subject(lane_.mapping, what_.key), std::move(audited)};
  commit_.operation = operation;
  const bool wakes = !commit_.wake_children.empty();
  lane_.store.commit(std::move(commit_), [self = shared_from_this(), operation, wakes](Result<std::int64_t> stored) mutable {
    if (!stored.ok()) return self->finish(stored.error());
    if (*stored != 0) operation.link = *stored;
    self->lane_.around.ears.on_operation(operation);
    if (wakes && self->lane_.woke) self->lane_.woke();
    self->finish(std::move(operation));
  });
}

void Mender::finish(Result<store::Operation> result) {
  for (const SideKey& key : claimed_) lane_.owners.release(key);
  claimed_.clear();
  lane_.around.poster.post([done = std::exchange(done_, nullptr), result = std::move(result)] { done(result); });
}

/// Shared: the callback under way and nobody else.
class StaleResetter : public std::enable_shared_from_this<StaleResetter> {
 public:
  StaleResetter(const Workplace& place, std::string author, Done<StaleReset> done) : place_(place), author_(std::move(author)), done_(std::move(done)) {}

  void start(store::Page page) {
    place_.lane->store.standing(place_.lane->mapping, std::nullopt, std::move(page), [self = shared_from_this()](Result<store::Paged<store::DirtyKey>> standing) {
      if (!standing.ok()) return self->done_(standing.error());
      for (const store::DirtyKey& row : standing->rows) {
        if (is_older(row)) self->keys_.emplace_back(row.side, row.key);
      }
      self->out_.next = standing->next;
      self->next();
    });
  }

 private:
  void next() {
    if (at_ == keys_.size()) return done_(std::move(out_));
    Mending what;
    what.act = Mending::Act::kResetBase;
    what.mapping = place_.lane->mapping;
    what.key = keys_[at_++];
    what.author = author_;
    mend(place_, std::move(what), [self = shared_from_this()](Result<store::Operation> mended) {
      ++(mended.ok() ? self->out_.reset : self->out_.refused);
      if (!mended.ok() && !self->out_.refusal) self->out_.refusal = mended.error();
      self->next();
    });
  }

  Workplace place_;
  std::shared_ptr<const void> held_ = place_.lane->owners.hold();
  std::string author_;
  Done<StaleReset> done_;
  std::vector<SideKey> keys_;
  std::size_t at_ = 0;
  StaleReset out_;
};

}  // namespace

void reset_stale(const Workplace& place, const std::string& author, store::Page page, Done<StaleReset> done) {
  std::make_shared<StaleResetter>(place, author, std::move(done))->start(std::move(page));
}

const char* act_name(Mending::Act act) { return kActs[static_cast<std::size_t>(act)]; }

void mend(const Workplace& place, Mending what, Done<store::Operation> done) { std::make_shared<Mender>(place, std::move(what), std::move(done))->start(); }

}  // namespace tidewire::sync
