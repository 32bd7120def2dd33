// A record that refers to one that is not linked yet waits for it, a day at most (law 22).
#include <algorithm>

#include "base/text.h"
#include "sync/reconcile/reconcile.h"

namespace tidewire::sync {

using store::side_name;

namespace {

/// How the parent stands, for whoever must mend it.
std::string parent_state(const store::Known& parent, const SideKey& key) {
  const auto row = std::find_if(parent.dirty.begin(), parent.dirty.end(), [&](const store::DirtyKey& one) { return one.side == key.first && one.key == key.second; });
  if (row != parent.dirty.end()) {
    const std::string why = row->error ? ": " + row->error->string_or("message") : "";
    switch (row->state) {
      case store::KeyState::kDead: return "it is a dead letter" + why;
      case store::KeyState::kConflict: return "it is in conflict" + why;
      case store::KeyState::kHeld: return "it is held" + why;
      case store::KeyState::kWaitingFor: return "it waits itself for " + row->parent;
      case store::KeyState::kBackingOff: return "it is being tried again" + why;
      case store::KeyState::kWouldWrite: return "its mapping is read-only and did not create it";
      case store::KeyState::kWaiting: return "it is about to be looked at";
    }
  }
  if (parent.link && parent.link->state == store::LinkState::kIgnored) return "it is ignored, by a person";
  if (parent.link && parent.link->key[store::other(key.first)]) return "it is linked by now";
  if (!parent.link && !parent.tombstones.empty()) return "it was deleted";
  return "nothing was heard of it: it is not there, or its mapping does not take it";
}

}  // namespace

/// "mapping/side/key" as the store wakes children by.
std::string Reconcile::parent_name(const Reference& parent) const {
  const auto translator = lane_.translator(parent.mapping, plan_.end[parent.from]);
  return (translator ? translator->mapping : parent.mapping) + "/" + side_name(translator ? translator->from : parent.from) + "/" + (translator ? translator->spelled(parent.key) : parent.key);
}

/// Of a look: all that is missing is taken as coming. False where nothing more is, or one of them will not be linked by anything
/// that is known here.
bool Reconcile::foresee(const std::vector<Reference>& missing) {
  const auto comes = [&](const Reference& parent) {
    const bool walked = options_.kin != nullptr && parent.mapping == lane_.mapping;  // who walks knows more
    return !parent.key.empty() && !walked && lane_.translator(parent.mapping, plan_.end[parent.from]);
  };
  if (!options_.foresees || !std::all_of(missing.begin(), missing.end(), comes)) return false;
  const std::size_t before = foreseen_.size();
  foreseen_.insert(missing.begin(), missing.end());
  coming_.insert(missing.begin(), missing.end());
  return foreseen_.size() > before;
}

/// A rename moves no time in some systems and is told by nobody (law 20), and who names the record names it so already: the new name is
/// looked at, once for each that begins to wait for it. Only a link that is there can come of that.
void Reconcile::look_at(const Reference& parent) {
  const std::string name = parent_name(parent);
  const bool waited = std::any_of(taken_.begin(), taken_.end(), [&](const store::DirtyKey& row) { return row.parent == name; });
  if (waited || parent.key.empty() || taken_.empty() || !lane_.translator(parent.mapping, plan_.end[parent.from])) return;
  look_at_.push_back(name);
}

void Reconcile::tell_asked() const {
  std::set<std::string> parents;
  for (const std::string& name : let_go_) parents.insert(name.substr(0, name.find('/')));
  for (const std::string& parent : parents) {
    if (lane_.asked) lane_.asked(parent);
  }
  for (const std::string& name : look_at_) {
    if (lane_.asked) lane_.asked(name.substr(0, name.find('/')));
  }
}

/// The pass looks at a name that a child waits for, and of which nothing else has told.
bool Reconcile::is_for_child() const {
  return !options_.dry && !taken_.empty() && std::all_of(taken_.begin(), taken_.end(), [](const store::DirtyKey& row) { return row.reason == "child"; });
}

void Reconcile::wait_for(const Reference& parent) {
  const std::string name = parent_name(parent);
  look_at(parent);
  const bool overdue = std::any_of(taken_.begin(), taken_.end(), [&](const store::DirtyKey& row) { return row.parent == name && now() - row.since >= kPatience; });
  if (!overdue || options_.dry) return stand(store::KeyState::kWaitingFor, make_error(Code::kNotFound, "waits for its parent " + name, "it goes on by itself when the parent is linked"), now(), name);
  const auto translator = lane_.translator(parent.mapping, plan_.end[parent.from]);
  if (!translator) return give_up_on(name, parent.key.empty() ? "a function of the mapping waits for it" : "no mapping of that name is loaded");
  const SideKey key{translator->from, translator->spelled(parent.key)};
  lane_.store.load(translator->mapping, {key}, [self = shared_from_this(), name, key](Result<std::vector<store::Known>> known) {
    if (!known.ok()) return self->fail(std::move(known).error());
    self->give_up_on(name, parent_state(known->front(), key));
  });
}

/// Without which nothing is made.
std::optional<Reference> Reconcile::awaited_parent() const { return decisions_.missing.empty() ? unmatched_parent() : std::optional(decisions_.missing.front()); }

/// What a create that may have left has made is looked for, whatever its source names by now (law 25). So is a counterpart that is there
/// already, when it begins to wait: a child waits for the link of its parent, and of two that name each other one is linked first.
bool Reconcile::looks_before_waiting() const {
  if (options_.dry || !restored_.empty()) return false;
  const auto parent = awaited_parent();
  if (!parent || parent->key.empty()) return false;
  if (is_source()) return true;
  const std::string name = parent_name(*parent);
  return !decisions_.missing.empty() && std::none_of(taken_.begin(), taken_.end(), [&](const store::DirtyKey& row) { return row.parent == name; });
}

/// The parent, should it link after all, wakes the dead letter too.
void Reconcile::give_up_on(const std::string& name, const std::string& state) {
  stand(store::KeyState::kDead, make_error(Code::kNotFound, "its parent " + name + " is not linked after 24 hours: " + state, "mend the parent, or the reference; then: tidewire retry --mapping " + lane_.mapping + " --side " + side_name(key_.first) + " --key " + shell_word(key_.second)), now(), name);
}

}  // namespace tidewire::sync
