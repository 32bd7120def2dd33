// First contact: a key without link, and how its counterpart is found (law 19). Making one is in reconcile/create.cpp.
#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "sync/merge/canonical.h"
#include "sync/reconcile/reconcile.h"

namespace tidewire::sync {

using store::other;
using store::side_name;

namespace {

bool condition_holds(const Condition& condition, const Record& record, const Type& type) {
  const Value* value = record.fields.at_path(condition.field);
  if (condition.nobody) return value == nullptr || empty(*value, type);
  if (value == nullptr) return false;
  if (condition.fold && value->is_string() && condition.value.is_string()) return fold(value->as_string()) == fold(condition.value.as_string());
  return same(*value, condition.value, type);
}

Type type_at(const Plan& plan, Side side, const std::string& path) {
  for (const Field& field : plan.fields) {
    if (field.paths[side].size() == 1 && field.paths[side].front() == path) return field.type[side];
  }
  Type text;
  text.kind = "text";
  return text;
}

/// The field whose value on `side` is a key of another record, where `path` is one.
const Field* reference_at(const Plan& plan, Side side, const std::string& path) {
  const auto found = std::find_if(plan.fields.begin(), plan.fields.end(), [&](const Field& field) { return field.kind == Field::Kind::kReference && field.paths[side].size() == 1 && field.paths[side].front() == path; });
  return found == plan.fields.end() ? nullptr : &*found;
}

/// What the system is asked of it; the rest is looked at in what it finds.
Query asked_of(Query query) {
  std::erase_if(query, [](const Condition& condition) { return condition.nobody; });
  return query;
}

}  // namespace

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
    if (*old && (*old)->incarnation == self->record_[side]->incarnation) return self->meet();  // two records of one stamp
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
                     self->link_ = std::move(*before.link);
                     self->epoch_ = forget_left(self->link_, self->lane_.joined);
                     self->link_.key[side] = self->key_.second;
                     self->linked_ = true;
                     if (self->link_.state == store::LinkState::kIgnored) return self->commit_echo("ignored");
                     self->operation_.kind = "rename";
                     self->wake_ = {self->lane_.mapping + "/" + side_name(side) + "/" + self->key_.second};  // what waits for it names it so already
                     Sides<bool> wanted{true, true};
                     wanted[side] = false;
                     const bool frozen = self->link_.state == store::LinkState::kFrozen;
                     if (!frozen && self->known_.intents.empty() && self->known_.conflicts.empty()) return self->on_all_read();
                     self->read_sides(wanted);
                   });
}

void Reconcile::meet() {
  const Side side = key_.first;
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

/// It shows the key, the stamp, or the match fields that were sent.
bool Reconcile::may_be_made_by(const store::Intent& intent) const {
  const Side side = key_.first;
  const Record& record = *record_[side];
  const auto by_source = side == Side::kRight ? Plan::AssignedBy::kLeft : Plan::AssignedBy::kRight;
  if (plan_.assigned_by == by_source && lane_.capabilities(side).client_keys && intent.source_key == key_.second) return true;
  const auto shows = [&](const Query& query) {
    return !query.empty() && std::all_of(query.begin(), query.end(), [&](const Condition& condition) {
      const Type type = type_at(plan_, side, condition.field);
      return !empty(condition.value, type) && condition_holds(condition, record, type);
    });
  };
  return shows(stamped_with(side, intent.source_key)) || std::any_of(plan_.matches.begin(), plan_.matches.end(), [&](const Match& match) {
    Query query;
    for (const Match::Pair& pair : match.pairs) {
      const std::string& path = side == Side::kLeft ? pair.left : pair.right;
      const Value* sent = intent.sent.at_path(path);
      query.push_back({path, sent == nullptr ? Value() : *sent, pair.fold});
    }
    return shows(query);
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

/// The match value in the right side's form, hashed: the same from whichever side it is met, so that one first contact at a
/// time looks at it.
std::string Reconcile::match_hash() const {
  for (const Match& match : plan_.matches) {
    const auto query = query_for(match);
    if (!query) continue;
    std::string text;
    for (std::size_t i = 0; i < match.pairs.size(); ++i) {
      const Match::Pair& pair = match.pairs[i];
      const Value* own = record_[key_.first]->fields.at_path(pair.right);
      const bool from_right = key_.first == Side::kRight && own != nullptr;
      const Type type = type_at(plan_, Side::kRight, pair.right);
      const Value& asked = from_right ? *own : (*query)[i].value;
      const auto plain = canonical(asked, type);
      const std::string value = json::dump(plain.ok() ? *plain : asked);
      text += pair.right + "=" + (pair.fold ? fold(value) : value) + "\n";
    }
    return sha256_hex(text);
  }
  return sha256_hex(std::string(side_name(key_.first)) + " key " + key_.second);
}

/// nullopt where a value of the rule is empty: an empty e-mail matches nobody. A record without a parent matches those without
/// one, by what else the rule says; one whose parent is not linked yet cannot be asked for by that rule.
std::optional<Query> Reconcile::query_for(const Match& match) const {
  const Side from = key_.first;
  Query query;
  for (const Match::Pair& pair : match.pairs) {
    const std::string& path = from == Side::kLeft ? pair.right : pair.left;
    const Value* value = decisions_.patch[other(from)].at_path(path);
    Value asked = value == nullptr ? Value() : *value;
    const Field* reference = reference_at(plan_, other(from), path);
    if (reference != nullptr && empty_form(*reference, other(from), asked)) {
      // This side's key would be another record's there.
      if (!empty_form(*reference, from, form_of(*reference, from, record_[from]->fields))) return std::nullopt;
      query.push_back({path, Value(), false, true});
      continue;
    }
    if (value == nullptr) {
      const std::string& own = from == Side::kLeft ? pair.left : pair.right;
      const Value* raw = own == (plan_.end[from].key.empty() ? "" : plan_.end[from].key.front()) ? nullptr : record_[from]->fields.at_path(own);
      asked = raw == nullptr ? Value(record_[from]->key) : *raw;
      const auto turned = convert(asked, type_at(plan_, from, own), type_at(plan_, other(from), path));
      if (turned.ok()) asked = *turned;
    }
    if (empty(asked, type_at(plan_, other(from), path))) return std::nullopt;
    query.push_back({path, std::move(asked), pair.fold});
  }
  if (asked_of(query).empty()) return std::nullopt;
  return query;
}

/// The parent that a rule of `match` names and that is not linked yet: before it is, the counterpart may be there, unseen.
std::optional<Reference> Reconcile::unmatched_parent() const {
  for (const Decision& decision : decisions_.fields) {
    if (decision.kind != Decision::Kind::kOwed || !decision.owes || coming_.contains(*decision.owes)) continue;
    const auto& paths = decision.field->paths[other(key_.first)];
    const bool matched = std::any_of(plan_.matches.begin(), plan_.matches.end(), [&](const Match& match) {
      return std::any_of(match.pairs.begin(), match.pairs.end(), [&](const Match::Pair& pair) { return paths.size() == 1 && paths.front() == (key_.first == Side::kLeft ? pair.right : pair.left); });
    });
    if (matched) return decision.owes;
  }
  return std::nullopt;
}

/// Law 19, in this order: stored keys, then match fields; after them the same as an earlier create in doubt was sent with,
/// because its source may have been edited since (law 25).
std::vector<Reconcile::Way> Reconcile::ways() const {
  std::vector<Way> out;
  const Side target = other(key_.first);
  if (assigns_key()) out.push_back({Way::By::kClientKey, key_.second, {}, 0});
  if (auto stored = stored_key()) out.push_back({Way::By::kStoredKey, std::move(*stored), {}, 0});
  if (Query stamped = stamped_with(target, key_.second); !stamped.empty()) out.push_back({Way::By::kStamp, {}, std::move(stamped), 0});
  for (std::size_t i = 0; i < plan_.matches.size(); ++i) {
    if (auto query = query_for(plan_.matches[i])) out.push_back({Way::By::kMatch, {}, std::move(*query), i});
  }
  for (const Match& match : plan_.matches) {
    if (in_doubt_.is_null()) break;
    if (auto query = query_as_sent(match)) out.push_back({Way::By::kAsSent, {}, std::move(*query), 0});
  }
  return out;
}

std::optional<Query> Reconcile::query_as_sent(const Match& match) const {
  const Side target = other(key_.first);
  Query query;
  for (const Match::Pair& pair : match.pairs) {
    const std::string& path = target == Side::kRight ? pair.right : pair.left;
    const Value* sent = in_doubt_.at_path(path);
    if (sent == nullptr || empty(*sent, type_at(plan_, target, path))) return std::nullopt;
    query.push_back({path, *sent, pair.fold});
  }
  return query;
}

void Reconcile::search(std::size_t number) {
  const Side target = other(key_.first);
  if (number == 0) asked_at_[target] = now();
  link_.incarnation[target].reset();  // of one that was found by the way before
  std::vector<Way> all = ways();
  if (number >= all.size()) return send_create();
  Way& way = all[number];
  way_ = number;
  if (way.query.empty()) return lane_.batcher[target]->read(way.key, timed("read", target, [this, number](Result<std::optional<Record>> found) { on_read_by_key(number, std::move(found)); }));
  lane_.batcher[target]->find(asked_of(std::move(way.query)), timed("read", target, [this, number](Result<std::vector<Record>> found) { on_found(number, std::move(found)); }));
}

void Reconcile::on_read_by_key(std::size_t number, Result<std::optional<Record>> found) {
  const bool no_key = !found.ok() && found.error().code == Code::kInvalid && ways()[number].by == Way::By::kStoredKey;
  if (!found.ok() && !no_key) return fail(std::move(found).error());
  if (no_key || !*found) return search(number + 1);  // what a person wrote into the field may be no key at all
  if (!(*found)->incarnation.empty()) link_.incarnation[other(key_.first)] = (*found)->incarnation;
  adopt((*found)->key);
}

void Reconcile::on_found(std::size_t number, Result<std::vector<Record>> found) {
  if (!found.ok()) return fail(std::move(found).error().context("looking for a match of '" + key_.second + "'"));
  const Side target = other(key_.first);
  const Query query = ways()[number].query;
  constexpr std::size_t kMostFound = 3;  // of Endpoint::find
  const bool cut = found->size() >= kMostFound && asked_of(query).size() < query.size();
  std::erase_if(*found, [&](const Record& record) {
    const bool fits = std::all_of(query.begin(), query.end(), [&](const Condition& condition) { return condition_holds(condition, record, type_at(plan_, target, condition.field)); });
    return !fits || !meets(plan_.end[target].scope, record.fields, plan_, target);
  });
  if (cut && found->size() < 2) return ambiguous(found->empty() ? "" : found->front().key, make_error(Code::kInvalid, "'" + key_.second + "' names no parent, and more records match it on " + plan_.end[target].connection + " than are looked through", "add a match by a field that is unique there, or link the right one by hand"));
  if (found->empty()) return search(number + 1);
  if (found->size() == 1) return on_match(number, found->front());
  std::vector<std::string> keys;
  for (const Record& record : *found) keys.push_back(record.key);
  heeded(target, keys, [this, number, target, found = std::move(*found)](const std::vector<std::string>& left) {
    if (left.empty()) return search(number + 1);
    if (left.size() == 1) return on_match(number, *std::find_if(found.begin(), found.end(), [&](const Record& record) { return record.key == left.front(); }));
    const std::string names = join(left, ", ");
    ambiguous(names, make_error(Code::kInvalid, "'" + key_.second + "' matches several records on " + plan_.end[target].connection + ": " + names, "make the match unique there, or link the right one by hand"));
  });
}

void Reconcile::on_match(std::size_t number, const Record& record) {
  if (!record.incarnation.empty()) link_.incarnation[other(key_.first)] = record.incarnation;  // a name used again before it is read is no match
  const Way way = ways()[number];
  if (way.by != Way::By::kMatch) return adopt(record.key);
  sole_on_own_side(plan_.matches[way.match], record.key);
}

/// Those that no person has told to ignore.
void Reconcile::heeded(Side side, const std::vector<std::string>& keys, std::function<void(std::vector<std::string>)> then) {
  std::vector<SideKey> asked;
  for (const std::string& key : keys) asked.emplace_back(side, key);
  lane_.store.load(lane_.mapping, std::move(asked), [self = shared_from_this(), keys, then = std::move(then)](Result<std::vector<store::Known>> known) {
    if (!known.ok()) return self->fail(std::move(known).error());
    std::vector<std::string> left;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto& link = (*known)[i].link;
      if (!link || link->state != store::LinkState::kIgnored) left.push_back(keys[i]);
    }
    then(std::move(left));
  });
}

/// Waits for a person: `found` on the other side may be the same thing, or not.
void Reconcile::ambiguous(const std::string& found, Error error, const std::string& parent) {
  store::Conflict conflict;
  conflict.side = key_.first;
  conflict.key = key_.second;
  conflict.kind = "ambiguous";
  (key_.first == Side::kLeft ? conflict.right : conflict.left) = Value(found);
  open_conflicts_.push_back(conflict);
  stand(store::KeyState::kConflict, std::move(error), now(), parent);
}

/// Law 19: a match must be unique on both sides, else two records would claim one.
void Reconcile::sole_on_own_side(const Match& match, const std::string& target_key) {
  const Side side = key_.first;
  Query query;
  for (const Match::Pair& pair : match.pairs) {
    const std::string& path = side == Side::kLeft ? pair.left : pair.right;
    const Value* own = record_[side]->fields.at_path(path);
    const Field* reference = reference_at(plan_, side, path);
    const bool nobody = reference != nullptr && empty_form(*reference, side, form_of(*reference, side, record_[side]->fields));
    if (own == nullptr && !nobody) return adopt(target_key);
    query.push_back({path, nobody ? Value() : *own, pair.fold, nobody});
  }
  Query asked = asked_of(query);
  lane_.batcher[side]->find(std::move(asked), [self = shared_from_this(), side, target_key, query = std::move(query)](Result<std::vector<Record>> found) {
    if (!found.ok()) return self->fail(std::move(found).error().context("looking whether the match is unique"));
    std::vector<std::string> others;
    for (const Record& record : *found) {
      const bool fits = std::all_of(query.begin(), query.end(), [&](const Condition& condition) { return !condition.nobody || condition_holds(condition, record, type_at(self->plan_, side, condition.field)); });
      if (fits && record.key != self->key_.second) others.push_back(record.key);
    }
    if (others.empty()) return self->adopt(target_key);
    self->heeded(side, others, [self = self.get(), target_key](const std::vector<std::string>& left) {
      if (left.empty()) return self->adopt(target_key);
      const std::string names = join(left, ", ");
      self->ambiguous(target_key, make_error(Code::kInvalid, "'" + self->key_.second + "' and " + names + " match the same record '" + target_key + "'", "make the match unique, or link the right one by hand"));
    });
  });
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
    self->lane_.batcher[target]->read(*links->front().key[target], [self, target, target_key, theirs](Result<std::optional<Record>> former) {
      if (!former.ok()) return self->fail(std::move(former).error());
      const bool another = *former && (*former)->incarnation == *self->link_.incarnation[target];  // two records of one stamp
      if (another) return self->meet_target(target_key, theirs);
      self->again_.push_back({target, target_key, "upsert", "again", 0, self->now()});  // its own pass moves its link
      if (self->is_marked()) return self->search(self->way_ + 1);
      self->stand(store::KeyState::kBackingOff, make_error(Code::kStale, "'" + self->key_.second + "' matches '" + target_key + "', a record that is linked under its former name", "its link is moved first"), self->now() + std::chrono::seconds(1));
    });
  });
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
  if (theirs.link && theirs.link->state == store::LinkState::kIgnored) return search(way_ + 1);  // nobody's business, and no match
  if (theirs.link && theirs.link->key[key_.first]) {
    if (is_marked()) return search(way_ + 1);  // a record that was duplicated has the stamps of the first one
    return ambiguous(target_key,
                     make_error(Code::kInvalid, "'" + key_.second + "' matches '" + target_key + "', which is linked to '" + *theirs.link->key[key_.first] + "' already", "two records say they are the same thing: delete one, or make the match field differ"),
                     lane_.mapping + "/" + side_name(target) + "/" + target_key);
  }
  for (const store::DirtyKey& row : theirs.dirty) taken_.push_back(row);
  for (const store::Intent& intent : theirs.intents) known_.intents.push_back(intent);
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
  mark_of_ours(target, theirs);
  read_[target] = false;
  linked_ = met_ = true;  // from here on an ordinary pass with an absent base; it is read again before anything is decided
  Sides<bool> wanted{true, true};
  read_sides(wanted);
}

}  // namespace tidewire::sync
