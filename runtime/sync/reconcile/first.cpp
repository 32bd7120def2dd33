// First contact: a key without link (law 19). How its counterpart is found is in reconcile/match.cpp, making one in
// reconcile/create.cpp.
#include <algorithm>
#include <utility>

#include "base/text.h"
#include "sync/reconcile/reconcile.h"

namespace tidewire::sync {

using store::other;
using store::side_name;

void Reconcile::first_contact() {
  if (!record_[key_.first]) return nothing_there();
  if (!search_incarnation()) meet();
}

/// Deleted before we knew it, or the end of a delete of ours; or a replica that is behind, or a webhook sent before its
/// commit. So without positive evidence the absence is believed only from a second read after the settle time (law 16).
void Reconcile::nothing_there() {
  const bool known = !known_.tombstones.empty();
  const bool believed = std::all_of(taken_.begin(), taken_.end(), [](const store::DirtyKey& row) {
    return row.event == "delete" || (row.error && row.error->string_or("code") == code_name(Code::kNotFound));
  });
  if (is_for_child() && !is_source()) return commit_echo("gone");
  if (is_source() && !options_.dry) {
    // What was made of it goes with it, so it takes what the delete of a linked record takes (law 16).
    if (believed && may_be_hidden(key_.first)) return;
    if (believed && !told_gone(key_.first) && !was_swept(key_.first)) return ask_for_sweep(key_.first);
    if (believed && search_orphan()) return;
  }
  if (believed && !options_.dry && look_after_unlinked()) return;
  for (const store::Intent& intent : known_.intents) {
    if (intent.kind != store::IntentKind::kCreate && intent.side == key_.first && intent.target_key == key_.second) void_.push_back(intent.id);
  }
  if (options_.dry) {
    operation_.id.clear();
    return finish({Report::End::kDone, {}, {}, operation_, {}, true});
  }
  if ((known && !is_source()) || believed) return commit_echo("gone");
  stand(store::KeyState::kBackingOff, make_error(Code::kNotFound, "'" + key_.second + "' was told of but is not there", "it is read again after the settle time of the connector"), now() + lane_.capabilities(key_.first).settle);
}

/// Law 20: an unknown key with a known incarnation is a rename, unless the record is still there under its old name too.
bool Reconcile::search_incarnation() {
  const Side side = key_.first;
  if (searched_[side] || !lane_.capabilities(side).incarnation || record_[side]->incarnation.empty()) return false;
  searched_[side] = true;
  lane_.store.find_by_incarnation(lane_.mapping, side, record_[side]->incarnation, [self = shared_from_this()](Result<std::vector<store::Link>> links) { self->on_incarnation(std::move(links)); });
  return true;
}

void Reconcile::on_incarnation(Result<std::vector<store::Link>> links) {
  if (!links.ok()) return fail(std::move(links).error());
  const Side side = key_.first;
  std::erase_if(*links, [&](const store::Link& link) { return link.state == store::LinkState::kTombstone || !link.key[side] || *link.key[side] == key_.second; });
  if (links->size() != 1) return meet();
  lane_.batcher[side]->read(*links->front().key[side], timed("read", side, [self = shared_from_this(), side, link = links->front()](Result<std::optional<Record>> old) {
    if (!old.ok()) return self->fail(std::move(old).error());
    const bool another = *old && (*old)->key == link.key[side] && (*old)->incarnation == self->record_[side]->incarnation;
    if (another) return self->meet();  // two records of one stamp
    self->take_over(link);
  }));
}

/// The link of a renamed record goes on under the new key.
void Reconcile::take_over(store::Link renamed) {
  const Side side = key_.first;
  for (const Side at : {Side::kLeft, Side::kRight}) {
    if (!renamed.key[at]) continue;
    const SideKey key{at, *renamed.key[at]};
    if (!claim(key)) return finish({Report::End::kBusy, key, {}, {}, {}});
  }
  // What was announced and what is disputed was loaded for the new name, which has neither.
  lane_.store.load(lane_.mapping, {{side, *renamed.key[side]}},
                   [self = shared_from_this(), side, id = renamed.id](Result<std::vector<store::Known>> known) {
                     if (!known.ok()) return self->fail(std::move(known).error());
                     store::Known& before = known->front();
                     if (!before.link || before.link->id != id) return self->meet();  // it has ended meanwhile
                     for (store::Intent& intent : before.intents) {
                       const bool there = std::any_of(self->known_.intents.begin(), self->known_.intents.end(),
                                                      [&](const store::Intent& one) { return one.id == intent.id; });
                       if (!there) self->known_.intents.push_back(std::move(intent));
                     }
                     for (store::Conflict& open : before.conflicts) self->known_.conflicts.push_back(std::move(open));
                     self->stored_ = before.link;
                     self->former_[side] = before.link->key[side];
                     self->sure_ = false;  // until its version has been looked at
                     self->take_former_rows(side, before.dirty);
                     self->link_ = std::move(*before.link);
                     self->epoch_ = forget_left(self->link_, self->lane_.joined, self->plan_);
                     self->link_.key[side] = self->key_.second;
                     self->linked_ = true;
                     if (self->link_.state == store::LinkState::kIgnored) return self->commit_echo("ignored");
                     self->operation_.kind = "rename";
                     self->wake_ = {self->lane_.mapping + "/" + side_name(side) + "/" + self->key_.second};  // what waits for it names it so already
                     Sides<bool> wanted{true, true};
                     wanted[side] = false;
                     const bool frozen = self->link_.state == store::LinkState::kFrozen;
                     const bool stood = std::any_of(self->taken_.begin(), self->taken_.end(), [](const store::DirtyKey& row) { return row.error.has_value(); });
                     if (!frozen && !stood && self->known_.intents.empty() && self->known_.conflicts.empty()) return self->on_all_read();
                     self->read_sides(wanted);
                   });
}

void Reconcile::meet() {
  const Side side = key_.first;
  if (is_for_child()) return commit_echo("filtered");  // nobody told of it yet: its own change makes it, or a load
  if (take_back()) return;
  if (!known_.tombstones.empty()) {
    const store::Link& buried = known_.tombstones.front();
    const std::string gone_from = buried.tombstone ? buried.tombstone->string_or("side") : "";
    // Its counterpart was deleted and the mapping ignores deletes: the record that stayed is nobody's business any more.
    if (gone_from == side_name(other(side)) && is_buried(buried)) return commit_echo("ignored");
    link_.generation = buried.generation + 1;
  }
  if (!flows(plan_.flow, other(side))) return commit_echo("filtered");
  if (!in_scope(side)) {
    if (options_.dry || !search_orphan()) return commit_echo("filtered");
    return;  // it left before the outcome of its create was known
  }
  if (!options_.dry && !std::exchange(asked_for_maker_, true) && !is_source() && !lane_.creates.doubtful(side).empty()) return ask_for_maker();
  link_.incarnation[side] = record_[side]->incarnation.empty() ? std::nullopt : std::optional(record_[side]->incarnation);
  exists_[other(side)] = false;
  creating_ = true;
  translate([self = shared_from_this()] { self->look_up([self] { self->decide_now(); }); });
}

/// A create was announced for this key: it is no echo, and was found to be none then. Were it to wait for others' creates, two
/// such keys could wait for each other.
bool Reconcile::is_source() const {
  const auto& record = record_[key_.first];
  return std::any_of(known_.intents.begin(), known_.intents.end(), [&](const store::Intent& open) {
    const bool another = record && !record->incarnation.empty() && open.source_incarnation && *open.source_incarnation != record->incarnation;
    return open.kind == store::IntentKind::kCreate && open.side == other(key_.first) && open.source_key == key_.second && !another;
  });
}

/// Law 25: what a create of unknown outcome may have made is for the pass of its source to find.
void Reconcile::ask_for_maker() {
  const Side side = key_.first;
  lane_.common->stored_creates.ask(lane_.store, lane_.mapping, side, [self = shared_from_this(), side](const Result<std::vector<store::Intent>>& open) {
    if (!open.ok()) return self->fail(open.error());
    const auto& doubtful = self->lane_.creates.doubtful(side);
    const auto maker = std::find_if(open->begin(), open->end(), [&](const store::Intent& one) { return doubtful.contains(one.id) && self->may_be_made_by(one); });
    if (maker == open->end()) return self->meet();
    self->again_.push_back({other(side), maker->source_key, "upsert", "again", 0, self->now()});
    Error error = make_error(Code::kUnavailable, "'" + self->key_.second + "' looks like what a create for '" + maker->source_key + "' made, whose outcome is not known", "that record is looked at first");
    error.retry_after = std::chrono::duration_cast<std::chrono::milliseconds>(self->lane_.capabilities(side).settle);
    self->fail(std::move(error));
  });
}

/// Whether the record that is read is the one that was buried, and not another under the same key (law 20).
bool Reconcile::is_buried(const store::Link& buried) const {
  const Record& record = *record_[key_.first];
  const auto& incarnation = buried.incarnation[key_.first];
  if (!record.incarnation.empty() && incarnation) return record.incarnation == *incarnation;
  const std::string policy = buried.tombstone->string_or("policy");
  const bool stayed = policy != "delete" && policy != "both";
  const auto& tokens = buried.tokens[key_.first];
  return stayed || std::find(tokens.begin(), tokens.end(), record.version) != tokens.end();
}

/// A record of the other side that may be the same thing: is it free?
void Reconcile::adopt(const std::string& target_key) {
  const Side target = other(key_.first);
  const SideKey twin{target, target_key};
  if (!claim(twin)) {
    if (!intent_[target] || intent_[target]->in_doubt) return finish({Report::End::kBusy, twin, {}, {}, {}});
    store::Commit commit;  // no request has left: without this the next pass would think one may have
    commit.mapping = lane_.mapping;
    commit.close_intents = {intent_[target]->id};
    close_intents_.push_back(intent_[target]->id);
    lane_.store.commit(std::move(commit), [self = shared_from_this(), twin](Result<std::int64_t>) { self->finish({Report::End::kBusy, twin, {}, {}, {}}); });
    return;
  }
  lane_.store.load(lane_.mapping, {twin}, [self = shared_from_this(), target_key](Result<std::vector<store::Known>> known) { self->on_target_known(target_key, std::move(known)); });
}

void Reconcile::on_target_known(std::string target_key, Result<std::vector<store::Known>> known) {
  if (!known.ok()) return fail(std::move(known).error());
  const bool may_be_renamed = !known->front().link && link_.incarnation[other(key_.first)];
  if (may_be_renamed) return ask_former_name(std::move(target_key), std::move(known->front()));
  meet_target(target_key, known->front());
}

/// Law 20: what is found under a name that has no link may be linked under its former name.
void Reconcile::ask_former_name(std::string target_key, store::Known theirs) {
  const Side target = other(key_.first);
  lane_.store.find_by_incarnation(lane_.mapping, target, *link_.incarnation[target], [self = shared_from_this(), target, target_key, theirs = std::move(theirs)](Result<std::vector<store::Link>> links) {
    if (!links.ok()) return self->fail(std::move(links).error());
    std::erase_if(*links, [&](const store::Link& link) { return link.state == store::LinkState::kTombstone || !link.key[target] || *link.key[target] == target_key; });
    if (links->size() != 1) return self->meet_target(target_key, theirs);
    self->lane_.batcher[target]->read(*links->front().key[target], self->heard(target, [self, target, target_key, theirs](Result<std::optional<Record>> former) {
      if (!former.ok()) return self->fail(std::move(former).error());
      const bool another = *former && (*former)->key != target_key && (*former)->incarnation == *self->link_.incarnation[target];  // two records of one stamp
      if (another) return self->meet_target(target_key, theirs);
      self->again_.push_back({target, target_key, "upsert", "again", 0, self->now()});  // its own pass moves its link
      if (self->is_marked()) return self->search(self->way_ + 1);
      self->stand(store::KeyState::kBackingOff, make_error(Code::kStale, "'" + self->key_.second + "' matches '" + target_key + "', a record that is linked under its former name", "its link is moved first"), self->now() + std::chrono::seconds(1));
    }));
  });
}

/// The same where only letters of the name changed their case, and the system finds the record by both.
void Reconcile::ask_former_spelling(const std::string& target_key, const store::Known& theirs) {
  const std::string former = *theirs.link->key[key_.first];
  lane_.batcher[key_.first]->read(former, heard(key_.first, [self = shared_from_this(), target_key, theirs, former](Result<std::optional<Record>> found) {
    if (!found.ok()) return self->fail(std::move(found).error());
    if (!*found || (*found)->key != self->key_.second) return self->meet_target(target_key, theirs);
    self->again_.push_back({self->key_.first, former, "upsert", "again", 0, self->now()});  // its own pass moves its link
    self->stand(store::KeyState::kBackingOff, make_error(Code::kStale, "'" + self->key_.second + "' is linked as '" + former + "'", "its link is moved first"), self->now() + std::chrono::seconds(1));
  }));
}

/// Found by what we wrote into it: a copy of a record has that too, and one of which the other is gone.
bool Reconcile::is_marked() const {
  const std::vector<Way> all = ways();
  return way_ < all.size() && (all[way_].by == Way::By::kStoredKey || all[way_].by == Way::By::kStamp);
}

void Reconcile::meet_target(const std::string& target_key, const store::Known& theirs) {
  const Side target = other(key_.first);
  const std::vector<Way> all = ways();
  const Way::By found_by = way_ < all.size() ? all[way_].by : Way::By::kMatch;
  // Another record has the name that its counterpart of the generation before had: that link is this pass's own, with all that
  // waits for it.
  const bool own = theirs.link && link_.id != 0 && theirs.link->id == link_.id;
  if (theirs.link && theirs.link->state == store::LinkState::kIgnored) {
    passed_over_ = target_key;
    return search(way_ + 1);  // nobody's business, and no match
  }
  if (theirs.link && !own && theirs.link->key[key_.first] == key_.second) {  // the pass that made it ended while this one looked (law 25)
    return stand(store::KeyState::kBackingOff, make_error(Code::kStale, "'" + key_.second + "' was linked to '" + target_key + "' meanwhile", "it is looked at again"), now());
  }
  const auto former = theirs.link && !own ? theirs.link->key[key_.first] : std::nullopt;
  if (former && fold(trim(*former)) == fold(trim(key_.second)) && !std::exchange(asked_spelling_, true)) return ask_former_spelling(target_key, theirs);
  if (former) {
    if (is_marked()) return search(way_ + 1);  // a record that was duplicated has the stamps of the first one
    return ambiguous(target_key,
                     make_error(Code::kInvalid, "'" + key_.second + "' matches '" + target_key + "', which is linked to '" + *former + "' already", "two records say they are the same thing: delete one, or make the match field differ"),
                     lane_.mapping + "/" + side_name(target) + "/" + target_key);
  }
  if (!own) {
    for (const store::DirtyKey& row : theirs.dirty) taken_.push_back(row);
    for (const store::Intent& intent : theirs.intents) known_.intents.push_back(intent);
  }
  if (intent_[target]) (intent_[target]->in_doubt ? settled_ : void_).push_back(intent_[target]->id);
  intent_[target].reset();
  creating_ = false;
  exists_[target] = true;
  link_.key[target] = target_key;
  link_.base.clear();
  for (const store::Intent& open : known_.intents) {
    const bool ours = open.kind == store::IntentKind::kCreate && open.side == target && open.source_key == key_.second && open.requested_at;
    const bool marked = ours && (found_by == Way::By::kStamp || found_by == Way::By::kClientKey);
    made_ |= marked;
    if (marked) take_as_sent(open);
  }
  decisions_ = {};
  operation_.kind = "link";
  wake_ = {lane_.mapping + "/" + side_name(key_.first) + "/" + key_.second, lane_.mapping + "/" + side_name(target) + "/" + target_key};
  if (!own) mark_of_ours(target, theirs);
  read_[target] = false;
  linked_ = met_ = true;  // from here on an ordinary pass with an absent base; it is read again before anything is decided
  Sides<bool> wanted{true, true};
  read_sides(wanted);
}

}  // namespace tidewire::sync
