// A create (law 25): the intent is committed, then the target is searched (reconcile/match.cpp), then one request leaves.
#include <algorithm>

#include "base/text.h"
#include "sync/reconcile/reconcile.h"

namespace tidewire::sync {

using store::other;
using store::side_name;

void Reconcile::announce_create() {
  const Side target = other(key_.first);
  if (options_.dry || !may_write(target)) return search(0);
  if (!turn_.empty()) lane_.turns.leave(turn_);  // of an earlier try of this pass: nobody waits for himself
  turn_ = match_hash();
  lane_.turns.enter(turn_, [self = shared_from_this(), target] {
    self->intent_[target] = self->intent_for(target, store::IntentKind::kCreate);
    store::Intent& intent = *self->intent_[target];
    for (const store::Intent& open : self->known_.intents) {
      if (open.kind != store::IntentKind::kCreate || open.side != target || open.source_key != self->key_.second) continue;
      intent.id = open.id;  // the same create, tried again: its stamp and its doubt go on
      intent.in_doubt = open.in_doubt || open.requested_at.has_value();
      intent.requested_at = open.requested_at;  // its doubt is counted from the request that may have left
      const bool reused = open.source_incarnation && self->link_.incarnation[self->key_.first] && *open.source_incarnation != *self->link_.incarnation[self->key_.first];
      if (!intent.in_doubt || reused) continue;  // a name used again inherits no create (law 20)
      self->in_doubt_ = intent.sent = open.sent;  // what it made is looked for by what it was sent with
      intent.fields = open.fields;
      intent.created_at = open.created_at;
    }
    self->lane_.creates.open(target, intent.id);
    self->open_creates_[target].push_back(intent.id);
    store::Commit announcement;
    announcement.announce = {intent};
    self->put_announced(std::move(announcement), [self] { self->search(0); });
  });
  lane_.batcher[target]->look();  // whoever waits for a turn brings no create before
}

bool Reconcile::assigns_key() const {
  const auto assigned = key_.first == Side::kLeft ? Plan::AssignedBy::kLeft : Plan::AssignedBy::kRight;
  return plan_.assigned_by == assigned && lane_.capabilities(other(key_.first)).client_keys;
}

void Reconcile::send_create() {
  const Side target = other(key_.first);
  const auto& capabilities = lane_.capabilities(target);
  const auto earlier = std::find_if(known_.intents.begin(), known_.intents.end(), [&](const store::Intent& open) { return intent_[target] && open.id == intent_[target]->id; });
  if (earlier != known_.intents.end() && earlier->requested_at && asked_at_[target] < *earlier->requested_at + capabilities.settle) {
    // Law 25: "not found" counts only after the settle time since the doubtful request.
    return stand(store::KeyState::kBackingOff, make_error(Code::kUnknown, "an earlier create of unknown outcome may still arrive", "it is looked for again after the settle time of the connector"), *earlier->requested_at + capabilities.settle);
  }
  if (const auto parent = awaited_parent()) return wait_for(*parent);
  if (decisions_.lacking) return fail(*decisions_.lacking);  // nothing there is its counterpart, or they would have met
  if (options_.dry || !may_write(target)) {
    note_write(target, "create", decisions_.patch[target], "would be created");
    return would_write("create");
  }
  store::Intent& intent = *intent_[target];
  if (intent.in_doubt) {
    intent.in_doubt = false;
    const store::Intent fresh = intent_for(target, store::IntentKind::kCreate);
    intent.sent = fresh.sent;
    intent.fields = fresh.fields;
    intent.requested_at = intent.created_at = now();
    store::Commit announcement;
    announcement.announce = {intent};
    put_announced(std::move(announcement), [self = shared_from_this()] {
      std::erase_if(self->known_.intents, [id = self->intent_[other(self->key_.first)]->id](const store::Intent& open) { return open.id == id; });  // looked at: not there, and the settle time is over
      self->send_create();
    });
    return;
  }
  CreateRequest request;
  request.values = decisions_.patch[target];
  if (assigns_key()) request.key = key_.second;
  const bool patient = std::all_of(taken_.begin(), taken_.end(), [](const store::DirtyKey& row) { return row.priority > 0; });
  lane_.batcher[target]->create(std::move(request), timed("write", target, [self = shared_from_this(), target](Result<Record> answer) {
    if (answer.ok()) {
      self->link_.key[target] = answer->key;
      self->wake_ = {self->lane_.mapping + "/" + side_name(self->key_.first) + "/" + self->key_.second, self->lane_.mapping + "/" + side_name(target) + "/" + answer->key};
    } else if (answer.error().code == Code::kStale && self->merges_++ == 0) {
      return self->search(0);  // it exists there already: somebody else made it meanwhile
    } else if (answer.error().code == Code::kStale) {
      return self->key_taken(answer.error());
    }
    self->on_written(target, std::move(answer));
  }), patient);
}

/// Law 25: something there holds the key or a unique value, and it is not the same thing.
void Reconcile::key_taken(const Error& refused) {
  const Side target = other(key_.first);
  store::Conflict conflict;
  conflict.side = key_.first;
  conflict.key = key_.second;
  conflict.kind = "key_taken";
  if (!passed_over_.empty()) conflict.shown[target] = Value(passed_over_);
  open_conflicts_.push_back(std::move(conflict));
  const Error error = passed_over_.empty() ? make_error(Code::kInvalid, "the other side says it exists, but no match is found: " + refused.message, "an unrelated record holds the key or a unique value there")
                                           : make_error(Code::kInvalid, "'" + passed_over_ + "' on " + plan_.end[target].connection + " fits, but is set aside by `ignore`, and no second one can be made: " + refused.message,
                                                        "`tidewire heed " + lane_.mapping + " " + shell_word(passed_over_) + " --side " + side_name(target) + "` takes that back, and the two meet at the next try");
  stand(store::KeyState::kConflict, error, now());
}

}  // namespace tidewire::sync
