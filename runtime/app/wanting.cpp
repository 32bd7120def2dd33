// What mappings want to hear of: kept in the state, so that changes are taken in and wait while a mapping is away.
#include <algorithm>

#include "app/state.h"

namespace tidewire::app {

/// Kept in the state: while the mapping is away, its changes are taken in and wait for it.
void App::State::want(const std::string& mapping, std::vector<Want> wants) {
  const auto [known, fresh] = wants_.try_emplace(mapping);
  if (!fresh && known->second == wants) return;
  known->second = std::move(wants);
  store_->kv_set(kWants, mapping, wants_value(known->second), std::nullopt, [](Result<void>) {});
  engine_->expect(mapping, routes_of(mapping, known->second));
  refresh_wanted();
}

/// From here on nothing more comes for it; then what had come goes.
void App::State::discard_mapping(const std::string& name, const std::string& author, admin::Done<std::int64_t> done) {
  if (mappings_.contains(name)) {
    return loop_.post([done, name] { done(make_error(Code::kInvalid, "the file of " + name + " is there, so what waits for it is worked off", "remove the file first; of a mapping that is to go on `tidewire discard` lets single keys go")); });
  }
  store_->kv_remove(kWants, name, [this, alive = alive_, name, author, done](Result<void> removed) {
    if (!*alive) return;
    if (!removed.ok()) return done(removed.error());
    wants_.erase(name);
    engine_->expect(name, {});
    refresh_wanted();
    discard_more(name, author, 0, done);
  });
}

/// Some at a time: there may be as many as there are records. A file that is put back meanwhile keeps the rest.
void App::State::discard_more(const std::string& name, const std::string& author, std::int64_t so_far, admin::Done<std::int64_t> done) {
  constexpr std::int64_t kAtOnce = 2000;
  store_->discard_all(name, kAtOnce, author, [this, alive = alive_, name, author, so_far, done](Result<std::int64_t> gone) {
    if (!*alive) return;
    if (!gone.ok()) return done(gone.error());
    if (*gone < kAtOnce || mappings_.contains(name)) return done(so_far + *gone);
    discard_more(name, author, so_far + *gone, done);
  });
}

void App::State::refresh_wanted() {
  wanted_of_.clear();
  for (const auto& [mapping, wants] : wants_) {
    for (const Want& want : wants) {
      auto& list = wanted_of_[want.connection];
      const auto known = std::find_if(list.begin(), list.end(), [&](const Want& one) {
        return one.collection == want.collection && one.owner == want.owner && one.watch == want.watch && (want.owner.empty() || one.key == want.key);
      });
      if (known == list.end()) list.push_back(want);
      else if (known->key.empty()) *known = want;  // of a mapping whose systems never told their keys
    }
  }
}

}  // namespace tidewire::app
