// How the counterpart of a record at first contact is found: by stored keys, by stamps, by the fields of `match` (law 19).
#include <algorithm>

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
      const std::string& path = pair.path[side];
      const Value* sent = intent.sent.at_path(path);
      query.push_back({path, sent == nullptr ? Value() : *sent, pair.fold});
    }
    return shows(query);
  });
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
      const Value* own = record_[key_.first]->fields.at_path(pair.path.right);
      const bool from_right = key_.first == Side::kRight && own != nullptr;
      const Type type = type_at(plan_, Side::kRight, pair.path.right);
      const Value& asked = from_right ? *own : (*query)[i].value;
      const auto plain = canonical(asked, type);
      const std::string value = json::dump(plain.ok() ? *plain : asked);
      text += pair.path.right + "=" + (pair.fold ? fold(value) : value) + "\n";
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
    const std::string& path = pair.path[other(from)];
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
      const std::string& own = pair.path[from];
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

/// The parent that this rule of `match` names and that is not linked yet: before it is, the counterpart may be there, unseen.
std::optional<Reference> Reconcile::unmatched_parent(const Match& match) const {
  for (const Decision& decision : decisions_.fields) {
    if (decision.kind != Decision::Kind::kOwed || !decision.owes || (coming_.contains(*decision.owes) && !foreseen_.contains(*decision.owes))) continue;
    const auto& paths = decision.field->paths[other(key_.first)];
    const bool matched = std::any_of(match.pairs.begin(), match.pairs.end(), [&](const Match::Pair& pair) { return paths.size() == 1 && paths.front() == pair.path[other(key_.first)]; });
    if (matched) return decision.owes;
  }
  return std::nullopt;
}

std::optional<Reference> Reconcile::unmatched_parent() const {
  for (const Match& match : plan_.matches) {
    if (auto parent = unmatched_parent(match)) return parent;
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
    else if (unmatched_parent(plan_.matches[i])) break;  // a later rule may mean another record
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
    const std::string& path = pair.path[target];
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
    if (left.empty()) passed_over_ = found.front().key;
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

/// Waits for a person: `found` on the other side may be the same thing, or not; so may those `beside` it on its own side.
void Reconcile::ambiguous(const std::string& found, Error error, const std::string& parent, const std::string& beside) {
  store::Conflict conflict;
  conflict.side = key_.first;
  conflict.key = key_.second;
  conflict.kind = "ambiguous";
  conflict.shown[other(key_.first)] = Value(found);
  if (!beside.empty()) conflict.shown[key_.first] = Value(beside);
  open_conflicts_.push_back(conflict);
  stand(store::KeyState::kConflict, std::move(error), now(), parent);
}

/// Law 19: a match must be unique on both sides, else two records would claim one.
void Reconcile::sole_on_own_side(const Match& match, const std::string& target_key) {
  const Side side = key_.first;
  Query query;
  for (const Match::Pair& pair : match.pairs) {
    const std::string& path = pair.path[side];
    const Value* own = record_[side]->fields.at_path(path);
    const Field* reference = reference_at(plan_, side, path);
    const bool nobody = reference != nullptr && empty_form(*reference, side, form_of(*reference, side, record_[side]->fields));
    if (own == nullptr && !nobody) return adopt(target_key);
    query.push_back({path, nobody ? Value() : *own, pair.fold, nobody});
  }
  Query asked = asked_of(query);
  lane_.batcher[side]->find(std::move(asked), heard(side, [self = shared_from_this(), side, target_key, query = std::move(query)](Result<std::vector<Record>> found) {
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
      self->ambiguous(target_key, make_error(Code::kInvalid, "'" + self->key_.second + "' and " + names + " match the same record '" + target_key + "'", "make the match unique, or link the right one by hand"), {}, names);
    });
  }));
}

}  // namespace tidewire::sync
