// What mappings want to hear of: kept in the state, so that changes are taken in and wait while a mapping is away.
#include <algorithm>

#include "admin/homes.h"
#include "app/state.h"
#include "base/text.h"

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

void App::State::keep_home(const std::string& mapping, const std::string& file) {
  std::string& known = homes_[mapping];
  if (known == file) return;
  known = file;
  store_->kv_set(store::kHomes, mapping, Value(file), std::nullopt, [](Result<void>) {});
}

/// The file was read: it names these, and none that it named before.
void App::State::keep_homes_of(const std::string& file, const std::set<std::string>& names) {
  std::vector<std::string> left;
  for (const auto& [mapping, home] : homes_) {
    if (home == file && !names.contains(mapping)) left.push_back(mapping);
  }
  for (const std::string& mapping : left) keep_home(mapping, "");
  for (const std::string& mapping : names) keep_home(mapping, file);
}

/// Of one whose file is read at this moment it is not known whether it is gone.
void App::State::discard_mapping(const std::string& name, std::optional<std::int64_t> links, const std::string& author, admin::Done<admin::Discarded> done) {
  when_loaded([this, alive = alive_, name, links, author, done] {
    if (!*alive) return;
    store_->summary([this, alive, name, links, author, done](Result<store::Summary> summary) {
      if (!*alive) return;
      if (!summary.ok()) return done(summary.error());
      const store::Summary::Mapping& known = summary->mappings[name];
      if (!admin::Homes(*this).gone(name, known)) {
        return done(make_error(Code::kInvalid, "the file of " + name + " is there, so what waits for it is worked off", "remove the file first; of a mapping that is to go on `tidewire discard` lets single keys go"));
      }
      if (links && *links != known.links) return done(make_error(Code::kStale, name + " has " + grouped(known.links) + " links, not " + grouped(*links), "look at `tidewire links " + name + "`; --links " + std::to_string(known.links) + " drops them"));
      discard_known(name, links.has_value(), author, done);
    });
  });
}

/// From here on nothing more comes for it; then what had come goes.
void App::State::discard_known(const std::string& name, bool links, const std::string& author, admin::Done<admin::Discarded> done) {
  store_->kv_remove(kWants, name, [this, alive = alive_, name, links, author, done](Result<void> removed) {
    if (!*alive) return;
    if (!removed.ok()) return done(removed.error());
    wants_.erase(name);
    engine_->expect(name, {});
    refresh_wanted();
    discard_more(name, links, author, {}, done);
  });
}

constexpr std::int64_t kDiscardedAtOnce = 2000;

/// Some at a time: there may be as many as there are records. A file that is put back meanwhile keeps the rest.
void App::State::discard_more(const std::string& name, bool links, const std::string& author, admin::Discarded so_far, admin::Done<admin::Discarded> done) {
  store_->discard_all(name, kDiscardedAtOnce, author, [this, alive = alive_, name, links, author, so_far, done](Result<std::int64_t> gone) mutable {
    if (!*alive) return;
    if (!gone.ok()) return done(gone.error());
    so_far.keys += *gone;
    if (mappings_.contains(name)) return done(so_far);
    if (*gone == kDiscardedAtOnce) return discard_more(name, links, author, so_far, done);
    if (!links) return done(so_far);
    drop_more(name, so_far, done);
  });
}

void App::State::drop_more(const std::string& name, admin::Discarded so_far, admin::Done<admin::Discarded> done) {
  store_->drop_mapping(name, kDiscardedAtOnce, [this, alive = alive_, name, so_far, done](Result<std::int64_t> gone) mutable {
    if (!*alive) return;
    if (!gone.ok()) return done(gone.error());
    so_far.links += *gone;
    if (mappings_.contains(name)) return done(so_far);
    if (*gone == kDiscardedAtOnce) return drop_more(name, so_far, done);
    engine_->forget(name);
    for (auto* drawer : {&frozen_, &quarantined_}) drawer->erase(name);
    disabled_.erase(name);
    homes_.erase(name);
    done(so_far);
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
