// A write that another record is in the way of (law 30): it has a value that is unique there, or what is to be named is gone. Where the
// holder of a value is about to let go of it, or may be without anybody having told, it goes first, and wakes this record. Where it is
// not, the key stands as any that fails, with the holder's name. Records that hand values on in a circle never get past each other in
// any order; a value in between would be made up, so a person is told of the circle.
#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "sync/merge/canonical.h"
#include "sync/reconcile/questions.h"
#include "sync/reconcile/reconcile.h"

namespace tidewire::sync {

using store::other;
using store::side_name;

namespace {

/// So many holders are followed at once, and so many by a record that has waited for the first as long as any does: where thousands
/// hand their values on, most are through by then.
constexpr std::size_t kShortChain = 20, kLongestChain = 1000;
constexpr std::size_t kToldOfChain = 4;
constexpr Duration kLongestHold = std::chrono::minutes(15);

bool is_unique(const Plan& plan, const Field& field, Side side) {
  if (field.paths[side].size() != 1) return false;
  const std::string& path = field.paths[side].front();
  return field.type[side].unique || std::any_of(plan.matches.begin(), plan.matches.end(), [&](const Match& match) { return match.pairs.size() == 1 && match.pairs.front().path[side] == path; });
}

/// Who was in the row's way when it was last tried, as "mapping/side/key"; "" = nobody.
std::string held_by(const store::DirtyKey& row) { return row.error ? row.error->string_or("holder") : ""; }

std::size_t longest_chain(Duration waited) { return waited >= kLongestHold ? kLongestChain : kShortChain; }

/// A long chain by its beginning and its end.
std::string chain_in_words(const std::vector<std::string>& chain) {
  const std::string next = "', which waits for that of '";
  if (chain.size() <= kToldOfChain + 1) return "'" + join(chain, next) + "'";
  const std::vector<std::string> first(chain.begin(), chain.begin() + kToldOfChain);
  return "'" + join(first, next) + "', and so on, over " + std::to_string(chain.size() - kToldOfChain - 1) + " more, to '" + chain.back() + "'";
}

/// What keeps the holder from moving on; "" where it is about to.
std::string at_rest(const store::Known& holder) {
  for (const store::DirtyKey& row : holder.dirty) {
    switch (row.state) {
      case store::KeyState::kDead: return "is a dead letter itself: " + (row.error ? row.error->string_or("message") : "");
      case store::KeyState::kConflict: return "waits for a person";
      case store::KeyState::kHeld: return "is held";
      case store::KeyState::kWaitingFor: return "waits itself for " + row.parent;
      case store::KeyState::kWouldWrite: return "is not written: its mapping is read-only there";
      case store::KeyState::kWaiting:
      case store::KeyState::kBackingOff: return "";
    }
  }
  return holder.conflicts.empty() ? "keeps it" : "waits for a person";
}

}  // namespace

/// What the write was to bring to the side and no two records may have there.
std::vector<Condition> Reconcile::unique_values(Side side) const {
  std::vector<Condition> out;
  for (const Decision& decision : decisions_.fields) {
    const auto& to = decision.to[side];
    if (to && is_unique(plan_, *decision.field, side) && !empty_form(*decision.field, side, *to)) out.push_back({decision.field->paths[side].front(), *to});
  }
  return out;
}

void Reconcile::ask_for_holder(Side side, Error error) { look_for_holder(side, unique_values(side), std::move(error)); }

/// One value after the other; of what cannot be searched nobody knows the holder.
void Reconcile::look_for_holder(Side side, std::vector<Condition> asked, Error error) {
  if (asked.empty()) return ask_for_deleted(side, named_parents(side), std::move(error));
  const Condition held = asked.back();
  asked.pop_back();
  lane_.batcher[side]->find({held}, heard(side, [self = shared_from_this(), side, path = held.field, asked = std::move(asked), error = std::move(error)](Result<std::vector<Record>> found) {
    if (found.ok()) std::erase_if(*found, [&](const Record& record) { return record.key == *self->link_.key[side]; });
    if (!found.ok() || found->empty()) return self->look_for_holder(side, asked, error);
    self->holder_ = self->lane_.mapping + "/" + side_name(side) + "/" + found->front().key;
    self->follow_holders({side, path, {found->front().key}, false, error});
  }));
}

/// From one holder to the next, as far as they wait for each other.
void Reconcile::follow_holders(Blocked blocked) {
  const SideKey last{blocked.side, blocked.chain.back()};
  lane_.store.load(lane_.mapping, {last}, [self = shared_from_this(), blocked = std::move(blocked)](Result<std::vector<store::Known>> known) mutable {
    if (!known.ok()) return self->fail(std::move(blocked.error));
    const store::Known& holder = known->front();
    const std::string before = self->lane_.mapping + "/" + side_name(blocked.side) + "/";
    for (const store::DirtyKey& row : holder.dirty) {
      const std::string by = held_by(row);
      if (!by.starts_with(before)) continue;
      const std::string next = by.substr(before.size());
      blocked.circle = next == *self->link_.key[blocked.side];
      const bool known_already = std::find(blocked.chain.begin(), blocked.chain.end(), next) != blocked.chain.end();  // a circle that this record only leads to
      if (blocked.circle || known_already) break;
      blocked.chain.push_back(next);
      if (blocked.chain.size() > longest_chain(self->holder_pause())) break;
      return self->follow_holders(std::move(blocked));
    }
    self->tell_holder(std::move(blocked), holder);
  });
}

void Reconcile::tell_holder(Blocked blocked, const store::Known& last) {
  const Side source = other(blocked.side);
  const std::string who = "'" + blocked.chain.back() + "'";
  const bool met_before = std::any_of(taken_.begin(), taken_.end(), [this](const store::DirtyKey& row) { return held_by(row) == holder_; });
  std::string text = "; on " + plan_.end[blocked.side].connection + " '" + blocked.path + "' is that of " + chain_in_words(blocked.chain);
  std::string hint = who + " is written first, and this is tried again then";
  if (blocked.circle) {
    text += ", which waits for that of this record: they hand it on in a circle";
    hint = "no order of writes ends that: give one of them another value on " + plan_.end[source].connection + ", and the one that it shall have once they are level";
  } else if (blocked.chain.size() > longest_chain(holder_pause())) {
    text += ": more than " + std::to_string(longest_chain(holder_pause())) + " wait for each other in a row";
    hint = "each is written as soon as the one after it has let go; should they hand it on in a circle, give one of them another value on " + plan_.end[source].connection;
    holder_moves_ = longest_chain(holder_pause()) < kLongestChain;  // else nobody would be told of a circle that is longer
  } else if (!last.link) {
    text += ", which is linked to nothing in this mapping";
    hint = "give it another value there, or link it; then: tidewire retry --mapping " + lane_.mapping;
  } else if (last.dirty.empty() && last.conflicts.empty() && !met_before && last.link->key[source]) {
    text += ", which is looked at first";
    again_.push_back({source, *last.link->key[source], "upsert", "again", 0, now()});  // it may have been edited, and nobody has told of it yet
    holder_moves_ = true;
  } else if (const std::string why = at_rest(last); !why.empty()) {
    text += ", which " + why;
    hint = "give " + who + " another value, or mend what keeps it: this is tried again as soon as it is written";
  } else {
    text += ", which is on its way";
    holder_moves_ = true;
  }
  blocked.error.message += text;
  blocked.error.hint = hint;
  fail(std::move(blocked.error));
}

/// While the holder is on its way this record costs no attempt, and asks ever less often; the holder wakes it.
Duration Reconcile::holder_pause() const {
  Duration since = plan_.retry_base;
  for (const store::DirtyKey& row : taken_) {
    if (held_by(row) == holder_) since = std::max<Duration>(since, now() - row.since);
  }
  return std::min(since, kLongestHold);
}

/// What the record is to name on the side, as the other side names it.
std::vector<Reference> Reconcile::named_parents(Side side) const {
  const Side from = other(side);
  std::vector<Reference> out;
  for (const Decision& decision : decisions_.fields) {
    const Field& field = *decision.field;
    if (!decision.to[side]) continue;
    std::vector<Reference> named = references_in(field, from, decision.form[from]);
    if (field.kind == Field::Kind::kRows && decision.base) {  // most of them are of rows that nobody touched
      const std::vector<Reference> before = references_in(field, from, (*decision.base)[from]);
      std::erase_if(named, [&](const Reference& one) { return std::find(before.begin(), before.end(), one) != before.end(); });
    }
    out.insert(out.end(), named.begin(), named.end());
  }
  return out;
}

/// A record that came to name another here, and that other was deleted there meanwhile: the delete is refused because it is named, and
/// the name because what it names is gone. Each stands for the other; a person is told both halves (laws 15, 17, 22).
void Reconcile::ask_for_deleted(Side side, std::vector<Reference> named, Error error) {
  if (named.empty()) return fail(std::move(error));
  const Reference parent = named.back();
  named.pop_back();
  const auto translator = lane_.translator(parent.mapping, plan_.end[parent.from]);
  if (!translator) return ask_for_deleted(side, std::move(named), std::move(error));
  const SideKey key{translator->from, translator->spelled(parent.key)};
  lane_.store.load(translator->mapping, {key}, [self = shared_from_this(), side, key, mapping = translator->mapping, named = std::move(named), error = std::move(error)](Result<std::vector<store::Known>> known) mutable {
    const Side there = other(key.first);
    const auto& link = known.ok() ? known->front().link : std::nullopt;
    const bool deleted = link && link->key[there] && std::any_of(known->front().dirty.begin(), known->front().dirty.end(), [&](const store::DirtyKey& row) { return row.side == there && (row.event == "delete" || row.reason == "sweep"); });
    if (!deleted) return self->ask_for_deleted(side, std::move(named), std::move(error));
    self->tell_deleted(side, mapping, {there, *link->key[there]}, key.second, std::move(error));
  });
}

void Reconcile::tell_deleted(Side side, const std::string& mapping, const SideKey& gone, const std::string& named, Error error) {
  const std::string& there = plan_.end[side].connection;
  const std::string& here = plan_.end[other(side)].connection;
  const std::string own = link_.key[other(side)].value_or(key_.second);
  holder_ = mapping + "/" + side_name(gone.first) + "/" + gone.second;
  error.message += "; '" + gone.second + "' of " + mapping + " was deleted on " + there + ", while '" + own + "' came to name it on " + here + " ('" + named + "' there), which keeps that from being deleted too";
  error.hint = "let '" + own + "' name another on " + here + ", and '" + named + "' is deleted there as well; or keep '" + named + "': tidewire unlink " + mapping + " " + shell_word(gone.second) + " --side " + side_name(gone.first) + ", and it is made again on " + there + " at its next change";
  fail(std::move(error));
}

/// What the record named until now, and does not name any more, may be waiting to be deleted. What it still names it may wait for itself.
void Reconcile::wake_let_go(Side side, const Field& field, const Value& before, const Value& now) {
  std::set<std::string> kept;
  for (const Reference& one : references_in(field, side, now)) kept.insert(parent_name(one));
  for (const Reference& one : references_in(field, side, before)) {
    const std::string name = parent_name(one);
    if (!kept.contains(name) && lane_.translator(one.mapping, plan_.end[side])) let_go_.insert(name);
  }
}

/// Who was refused a value that this record had may have it by now, and what it named, or was to name, may go.
void Reconcile::wake_blocked() {
  for (const store::DirtyKey& row : taken_) {
    if (const std::string by = held_by(row); !by.empty()) let_go_.insert(by);
  }
  for (const Side side : {Side::kLeft, Side::kRight}) {
    for (const Decision& decision : decisions_.fields) {
      if (decision.kind == Decision::Kind::kNothing || !decision.base || !record_[side]) continue;
      const auto& to = decision.to[side];
      wake_let_go(side, *decision.field, (*decision.base)[side], to ? *to : form_of(*decision.field, side, record_[side]->fields));
    }
    for (const auto& [name, agreed] : link_.base) {
      const Field* field = link_.state == store::LinkState::kTombstone ? plan_.field(name) : nullptr;
      if (field != nullptr) wake_let_go(side, *field, agreed[side], Value());
    }
  }
  wake_.insert(wake_.end(), let_go_.begin(), let_go_.end());
  for (const Side side : {Side::kLeft, Side::kRight}) {
    const bool moves = known_.link && link_.key[side] && std::any_of(decisions_.fields.begin(), decisions_.fields.end(), [&](const Decision& decision) {
      const bool moved = decision.kind == Decision::Kind::kCopy || decision.kind == Decision::Kind::kResolve || decision.kind == Decision::Kind::kAgree;
      return moved && is_unique(plan_, *decision.field, side);
    });
    if (moves) wake_.push_back(lane_.mapping + "/" + side_name(side) + "/" + *link_.key[side]);
  }
}

}  // namespace tidewire::sync
