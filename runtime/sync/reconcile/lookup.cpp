// What a pass asks of other collections before it decides, and what it makes there because it was missing.
#include <algorithm>

#include "base/hash.h"
#include "base/json.h"
#include "sync/reconcile/questions.h"
#include "sync/reconcile/reconcile.h"

namespace tidewire::sync {

/// Answers for everything that the decision may look at; a question that cannot be answered now stops the pass.
void Reconcile::look_up(std::function<void()> then) {
  std::vector<Question> open;
  for (Question& question : questions_of(situation())) {
    if (question.redact) hidden_questions_.insert(question.name());
    if (!answers_.contains(question.name())) open.push_back(std::move(question));
  }
  if (open.empty()) return then();
  if (lane_.lookups == nullptr) return fail(make_error(Code::kInvalid, "nothing can be looked up here"));
  auto left = std::make_shared<std::size_t>(open.size());  // owners: the callbacks below
  auto failed = std::make_shared<std::optional<Error>>();
  for (const Question& question : open) {
    lane_.lookups->ask(question, heard(std::nullopt, [self = shared_from_this(), question, left, failed, then](Result<std::optional<Record>> answer) {
      if (answer.ok()) self->answers_[question.name()] = std::move(*answer);
      else *failed = std::move(answer).error().context("looking up " + question.told() + " in " + question.id);
      if (--*left > 0) return;
      if (*failed) return self->fail(std::move(**failed));
      then();
    }));
  }
}

/// Missing records that the mapping says to create, one after the other; then the decision is made again.
void Reconcile::make_missing(std::vector<Making> making) {
  Making first = making.front();
  if (const auto known = answers_.find(first.question.name()); known != answers_.end() && known->second) {
    making.erase(making.begin());  // two fields name one record
    return making.empty() ? decide_now() : make_missing(std::move(making));
  }
  lane_.lookups->make(first.question, first.values, heard(std::nullopt, [self = shared_from_this(), first, making = std::move(making)](Result<Record> made) mutable {
    if (!made.ok()) return self->fail(std::move(made).error());
    self->answers_[first.question.name()] = std::move(*made);
    making.erase(making.begin());
    if (making.empty()) return self->decide_now();
    self->make_missing(std::move(making));
  }));
}

/// What a lookup finds changed: the records that name it are looked at, each by a pass of its own.
void Reconcile::mark_watchers(const std::string& name, const std::string& key) {
  if (name.starts_with('@')) return mark_owners(name.substr(1), key);
  const Side side = key_.first;
  const auto lookup = std::find_if(plan_.lookups.begin(), plan_.lookups.end(), [&](const Lookup& one) { return one.name == name && one.side == side && one.watch; });
  if (lookup == plan_.lookups.end()) return commit_echo("filtered");
  if (lane_.lookups != nullptr) lane_.lookups->drop(lookup->id, key);
  lane_.batcher[side]->endpoint().children(lookup->path, {Value(key)}, heard(side, [self = shared_from_this(), side, name](Result<std::vector<Record>> found) {
    if (!found.ok()) return self->fail(std::move(found).error().context("looking for who names what the lookup " + name + " finds"));
    for (const Record& record : *found) self->again_.push_back({side, record.key, "upsert", "again", 0, self->now()});
    self->commit_echo("echo");
  }));
}

bool Reconcile::watches() const {
  return linked_ && std::any_of(plan_.lookups.begin(), plan_.lookups.end(), [](const Lookup& lookup) { return lookup.watch; });
}

/// True where a watched lookup finds something else than it did when the link was last stored; what it finds now is noted.
bool Reconcile::see_watched() {
  for (const Lookup& lookup : plan_.lookups) {
    const auto question = lookup.watch ? question_of(lookup, lookup.side, situation()) : std::nullopt;
    const auto answer = question ? answers_.find(question->name()) : answers_.end();
    if (answer == answers_.end()) continue;
    const Value found(answer->second ? sha256_hex(json::dump(answer->second->fields)) : "");
    const Value* notes = link_.notes.find("$lookups");
    const Value* before = notes == nullptr ? nullptr : notes->find(lookup.name);
    if (before != nullptr && !(*before == found)) refreshed_[lookup.side] = true;
    link_.notes["$lookups"][lookup.name] = found;
  }
  return refreshed_.left || refreshed_.right;
}

}  // namespace tidewire::sync
