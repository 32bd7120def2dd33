// Mappings come, go and are put on other connections, or on other records than their links are of.
#include <algorithm>

#include "sync/engine_mapping.h"

namespace tidewire::sync {

namespace {

std::vector<store::Route> routes_of(const Plan& plan) {
  std::vector<store::Route> out;
  for (const Side side : {Side::kLeft, Side::kRight}) out.push_back({plan.name, side, plan.end[side].connection, plan.end[side].collection});
  return out;
}

bool refers_to(const std::vector<Field>& fields, const std::string& mapping) {
  return std::any_of(fields.begin(), fields.end(), [&](const Field& field) {
    const bool by_word = std::any_of(field.words.begin(), field.words.end(), [&](const Field::Word& word) { return word.mapping == mapping; });
    return by_word || (field.kind == Field::Kind::kReference && field.reference == mapping) || refers_to(field.rows, mapping);
  });
}

}  // namespace

void Engine::put(std::shared_ptr<Mapper> mapper, Sides<Endpoint*> endpoints, const std::map<std::string, Endpoint*>& further) {
  const std::string name = mapper->plan().name;
  expect(name, routes_of(mapper->plan()));
  if (Mapping* present = find(name)) {
    bool same_ends = true;
    for (const Side side : {Side::kLeft, Side::kRight}) same_ends = same_ends && &present->batcher[side]->endpoint() == endpoints[side];
    if (same_ends) {
      if (started_) present->lane->joined = membership_.of(mapper->plan());
      present->worker->set_mapper(std::move(mapper));
      if (known_) look_at_ends(*present);
      unschedule(name);
      if (started_ && timed_) schedule(*present);
      if (started_) release_would_write(*present);
      return;
    }
    remove(name);
  }
  auto mapping = std::make_unique<Mapping>();
  mapping->lane = std::make_unique<Lane>(name, store_, around_, ids_, common_of(name));
  mapping->lane->staging = jobs_.staging(name);
  mapping->lane->restored_at = restored_at_;
  if (started_) mapping->lane->joined = membership_.of(mapper->plan());
  for (const Side side : {Side::kLeft, Side::kRight}) {
    mapping->batcher[side] = std::make_unique<Batcher>(*endpoints[side], around_.poster);
    mapping->lane->batcher[side] = mapping->batcher[side].get();
    mapping->poller[side] = std::make_unique<Poller>(*mapping->lane, side);
  }
  if (!further.empty()) mapping->lane->lookups = std::make_unique<Lookups>(name, further, store_, around_);
  mapping->lane->translator = [this](const std::string& wanted, const End& end) -> std::optional<Translator> {
    const Plan* plan = this->plan(wanted);
    if (plan == nullptr) return std::nullopt;
    const bool left = plan->end.left.connection == end.connection;
    const Side from = left ? Side::kLeft : Side::kRight;
    return Translator{wanted, from, plan->end[from].key_type};
  };
  mapping->lane->ask_sweep = [this, name](Side side) { return ask_sweep(name, side); };
  mapping->lane->sweep_now = [this, name](Side side, Done<void> done) { sweep_now(name, side, std::move(done)); };
  mapping->lane->woke = [this, name] {
    for (const auto& [other, waiting] : mappings_) {
      if (other != name && refers_to(waiting->worker->mapper()->plan().fields, name)) waiting->worker->wake();
    }
  };
  mapping->lane->asked = [this](const std::string& wanted) {
    if (Mapping* other = find(wanted); other != nullptr) other->worker->wake();
  };
  mapping->worker = std::make_unique<Worker>(*mapping->lane, std::move(mapper));
  mapping->worker->on_idle([this] {
    jobs_.nudge();
    settling_.look();
  });
  Mapping& ready = *mapping;
  mappings_[name] = std::move(mapping);
  announce_open_creates(ready);
  pause_worker(ready);
  if (known_) look_at_ends(ready);
  if (started_) {
    release_would_write(ready);
    try_refused(name);
    if (timed_) schedule(ready);
    look_for_overdue();
    received();
    jobs_.arrived(name);
  }
}

/// With passes that are still under way where it was before.
std::shared_ptr<Common> Engine::common_of(const std::string& name) const {
  const auto before = std::find_if(leaving_.begin(), leaving_.end(), [&](const auto& one) { return one->lane->mapping == name; });
  return before == leaving_.end() ? std::make_shared<Common>(around_.poster, around_.timers) : (*before)->lane->common;
}

/// The state could not take it (a full disk, a damaged one): once more, and again until it can. `what` is one thing of the mapping's.
void Engine::try_again(const std::string& name, const char* what, int failures, std::function<void(Mapping&)> then) {
  Mapping* mine = find(name);
  if (mine == nullptr || stopping_) return;
  const Duration pause = std::min<Duration>(std::chrono::seconds(1 << std::min(failures, 6)), std::chrono::minutes(1));
  mine->again[what] = around_.timers.after(pause, [this, name, then = std::move(then)] {
    if (Mapping* still = find(name)) then(*still);
  });
}

/// What it was not allowed to write before, it looks at again. `then` once that is stored, or with the error, and who gave it tries again.
void Engine::release_would_write(Mapping& mapping, Done<void> then, int failures) {
  const Sides<bool>& read_only = mapping.worker->mapper()->plan().read_only;
  if ((read_only.left && read_only.right) || mapping.lane->staging) {
    if (then) around_.poster.post([then = std::move(then)] { then({}); });
    return;
  }
  store_.release_would_write(mapping.lane->mapping, [this, alive = alive_, name = mapping.lane->mapping, then = std::move(then), failures](Result<std::int64_t> released) {
    if (!*alive) return;
    if (released.ok() && *released > 0) wake(name);
    if (then) return then(released.ok() ? Result<void>() : Result<void>(released.error()));
    if (!released.ok()) try_again(name, "would_write", failures, [this, failures](Mapping& mine) { release_would_write(mine, {}, failures + 1); });
  });
}

/// Whoever is asked now, after a start or with other credentials, may answer (law 29).
void Engine::try_refused(const std::string& mapping, int failures) {
  store_.wake_refused(mapping, [this, alive = alive_, mapping, failures](Result<std::int64_t> woken) {
    if (!*alive) return;
    if (woken.ok() && *woken > 0) wake(mapping);
    if (!woken.ok()) try_again(mapping, "refused", failures, [this, failures](Mapping& mine) { try_refused(mine.lane->mapping, failures + 1); });
  });
}

void Engine::try_refused() {
  jobs_.ask_again();
  for (const auto& [name, mapping] : mappings_) {
    wake(name);
    try_refused(name);
  }
}

/// Creates announced before a restart may still show up as unknown keys, for as long as a request may take to be seen.
void Engine::announce_open_creates(Mapping& mapping) {
  mapping.put = ++puts_;
  mapping.unread = 2;
  for (const Side side : {Side::kLeft, Side::kRight}) read_open_creates(mapping.lane->mapping, mapping.put, side);
}

void Engine::read_open_creates(const std::string& name, std::uint64_t put, Side side) {
  store_.open_creates(name, side, [this, alive = alive_, name, put, side](Result<std::vector<store::Intent>> intents) {
    if (!*alive) return;
    Mapping* mine = find(name);
    if (mine == nullptr || mine->put != put) return;
    if (!intents.ok()) {
      mine->reading[side] = around_.timers.after(std::chrono::seconds(1), [this, name, put, side] { read_open_creates(name, put, side); });
      return;
    }
    for (const store::Intent& intent : *intents) {
      if (mine->lane->creates.is_open(side, intent.id)) continue;  // a pass has it
      mine->lane->creates.open(side, intent.id);
      mine->lane->creates.doubt_after(side, intent.id, mine->lane->capabilities(side).settle);
    }
    if (--mine->unread == 0 && started_) pause_worker(*mine);
  });
}

bool Engine::remove(const std::string& name) {
  const auto found = mappings_.find(name);
  if (found == mappings_.end()) return false;
  unschedule(name);
  Mapping* leaving = found->second.get();
  leaving_.push_back(std::move(found->second));
  mappings_.erase(found);
  jobs_.leaving(name);
  leaving->worker->stop([this, leaving] { let_go(leaving); });
  return true;
}

/// Looks and menders use the lane too, and own keys while they do.
void Engine::let_go(Mapping* leaving) {
  if (leaving->lane->owners.idle()) {
    const std::string name = leaving->lane->mapping;
    std::erase_if(leaving_, [leaving](const auto& one) { return one.get() == leaving; });
    if (find(name) == nullptr || !started_) return;
    wake(name);         // keys that its last passes owned
    try_refused(name);  // they met the connection that was
    return;
  }
  leaving->timer = around_.timers.after(std::chrono::milliseconds(100), [this, leaving] { let_go(leaving); });
}

/// Held by a person, a script that fails, an adoption, because nobody knows what its links are of, or what of it is on its way.
/// Before begin() nobody knows what holds it, and where that never comes, as under a command that only looks, nothing is worked off.
void Engine::pause_worker(Mapping& mapping) {
  const std::string& name = mapping.lane->mapping;
  mapping.worker->pause(!started_ || mapping.paused || mapping.unread > 0 || holds_.contains(name) || moved_.contains(name));
}

std::optional<Error> Engine::moved(const std::string& name) const {
  const auto found = moved_.find(name);
  if (found == moved_.end()) return std::nullopt;
  return make_error(Code::kBlocked, name + " is held: " + found->second,
                    "put the file back; or `tidewire adopt " + name + " --same` if these are the same records under another name, --anew if they are others: the links are forgotten, nothing is deleted");
}

std::vector<std::string> Engine::alike(const std::string& name) const {
  const Plan* plan = this->plan(name);
  return plan == nullptr ? std::vector<std::string>() : ends_.alike(*plan);
}

Error Engine::why_not(const std::string& name) const {
  return moved(name).value_or(make_error(Code::kNotFound, "no mapping '" + name + "' is loaded", "`tidewire status` lists them"));
}

/// Where there are no links nothing is lost. What nobody knew yet is known from the first time it is worked off: a look keeps nothing.
void Engine::look_at_ends(Mapping& mapping) {
  const std::string name = mapping.lane->mapping;
  const bool before = moved_.erase(name) > 0;
  const Plan& plan = mapping.worker->mapper()->plan();
  const auto why = ends_.moved(plan);
  if (started_ && !why && !ends_.knows(plan)) ends_.keep(plan, [](Result<void>) {});  // lost with the process before it is stored, it is kept by the next one
  if (why) moved_[name] = *why;
  if (before || why) pause_worker(mapping);
  if (before && !why) {
    wake_waiting(name);
    jobs_.arrived(name);
  }
  if (!why) return;
  store_.brake_counts(name, {}, [this, alive = alive_, name](Result<store::BrakeCounts> counts) {
    if (*alive && counts.ok() && counts->links == 0 && moved_.contains(name)) keep_ends(name, [](Result<void>) {});
  });
}

/// It was held: what backs off may have failed for that, and is tried at once.
void Engine::wake_waiting(const std::string& name, int failures) {
  store_.wake_backing_off(name, [this, alive = alive_, name, failures](Result<std::int64_t> woken) {
    if (!*alive) return;
    if (woken.ok() && *woken > 0) wake(name);
    if (!woken.ok()) try_again(name, "backing_off", failures, [this, failures](Mapping& mine) { wake_waiting(mine.lane->mapping, failures + 1); });
  });
}

void Engine::accept_ends(const std::string& name, bool same, Done<void> done) {
  if (!moved_.contains(name)) return around_.poster.post([done, name] { done(make_error(Code::kInvalid, "the links of " + name + " are of the records that its file names", "nothing is to be decided")); });
  if (same) return keep_ends(name, std::move(done));
  forget_links(name, [this, name, done](Result<void> forgotten) {
    forgotten.ok() ? keep_ends(name, done) : done(std::move(forgotten));
  });
}

/// Some at a time: there may be a million.
void Engine::forget_links(const std::string& name, Done<void> done) {
  constexpr std::int64_t kAtOnce = 2000;
  store_.forget_links(name, kAtOnce, [this, alive = alive_, name, done](Result<std::int64_t> gone) {
    if (!*alive) return;
    if (!gone.ok()) return done(gone.error());
    if (*gone > 0) return forget_links(name, done);
    done({});
  });
}

void Engine::keep_ends(const std::string& name, Done<void> done) {
  Mapping* mapping = find(name);
  if (mapping == nullptr) return done(why_not(name));
  ends_.keep(mapping->worker->mapper()->plan(), [this, alive = alive_, name, done](Result<void> kept) {
    if (!*alive) return;
    Mapping* mine = find(name);
    if (kept.ok() && mine != nullptr) {
      if (moved_.erase(name) > 0) wake_waiting(name);
      pause_worker(*mine);
      jobs_.arrived(name);
    }
    done(std::move(kept));
  });
}

}  // namespace tidewire::sync
