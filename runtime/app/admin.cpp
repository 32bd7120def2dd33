// What the API asks of the daemon: settings, pauses, the shape of mappings, where backups go.
#include <filesystem>

#include "admin/paging.h"
#include "app/state.h"
#include "base/text.h"

namespace tidewire::app {
namespace {

constexpr const char* kPausedConnections = "paused_connections";  // kv: name -> until
constexpr const char* kDisabledMappings = "disabled_mappings";    // kv: name -> true

}  // namespace

admin::AdminSettings App::State::admin_settings() const { return project_.admin; }

void App::State::warn(const std::string& event, const std::string& message) { log_.warn(event, message); }

/// What people switched off before this process began stays off.
void App::State::load_switches(std::function<void()> then) {
  store_->kv_list(kDisabledMappings, [this, alive = alive_, then = std::move(then)](Result<std::map<std::string, Value>> disabled) {
    if (!*alive) return;
    if (disabled.ok()) {
      for (const auto& [name, unused] : *disabled) disabled_.insert(name);
    }
    store_->kv_list(kPausedConnections, [this, alive, then](Result<std::map<std::string, Value>> paused) {
      if (!*alive) return;
      for (const auto& [name, until] : paused.ok() ? *paused : std::map<std::string, Value>()) {
        const auto at = parse_instant(until.is_string() ? until.as_string() : "");
        if (at.ok()) paused_[name] = *at;
      }
      apply_pauses();
      store_->kv_list(kFrozen, [this, alive, then](Result<std::map<std::string, Value>> frozen) {
        if (!*alive) return;
        if (frozen.ok()) frozen_ = std::move(*frozen);
        store_->kv_list(kQuarantined, [this, alive, then](Result<std::map<std::string, Value>> quarantined) {
          if (!*alive) return;
          if (quarantined.ok()) quarantined_ = std::move(*quarantined);
          load_wants(then);
        });
      });
    });
  });
}

/// Of mappings whose files are gone or do not load now, too.
void App::State::load_wants(std::function<void()> then) {
  store_->kv_list(kWants, [this, alive = alive_, then = std::move(then)](Result<std::map<std::string, Value>> kept) {
    if (!*alive) return;
    for (const auto& [mapping, value] : kept.ok() ? *kept : std::map<std::string, Value>()) {
      wants_[mapping] = wants_from(value);
      engine_->expect(mapping, routes_of(mapping, wants_[mapping]));
    }
    refresh_wanted();
    store_->kv_list(store::kHomes, [this, alive, then](Result<std::map<std::string, Value>> homes) {
      if (!*alive) return;
      for (const auto& [mapping, file] : homes.ok() ? *homes : std::map<std::string, Value>()) homes_[mapping] = file.is_string() ? file.as_string() : "";
      then();
    });
  });
}

void App::State::apply_pauses() {
  for (const auto& [name, connection] : connections_) {
    const auto found = paused_.find(name);
    connection->pause(found == paused_.end() ? std::nullopt : std::optional(found->second));
  }
}

Error App::State::no_mapping(const std::string& name) const {
  std::vector<std::string> names;
  for (const auto& [known, unused] : mappings_) names.push_back(known);
  return admin::no_mapping(name, names);
}

/// Of one that is declared and does not run, why.
Error App::State::no_connection(const std::string& name) const {
  if (const auto broken = broken_connections_.find(name); broken != broken_connections_.end()) return broken->second;
  std::vector<std::string> names;
  for (const auto& [known, unused] : project_.connections) names.push_back(known);
  return make_error(Code::kNotFound, "no connection '" + name + "'" + suggestion(name, names), "tidewire.lua declares them");
}

void App::State::pause_connection(const std::string& name, std::optional<Instant> until, admin::Done<void> done) {
  if (!connections_.contains(name)) return loop_.post([done, error = no_connection(name)] { done(error); });
  const auto stored = [this, alive = alive_, name, until, done](Result<void> kept) {
    if (!*alive) return;
    if (!kept.ok()) return done(std::move(kept));
    if (until) paused_[name] = *until;
    else paused_.erase(name);
    apply_pauses();
    log_.info("connection_paused", until ? name + " is paused until " + format_instant(*until) : name + " goes on", {{"connection", Value(name)}});
    engine_->try_refused();
    done({});
  };
  if (until) return store_->kv_set(kPausedConnections, name, Value(format_instant(*until)), *until - clock_.now(), stored);
  store_->kv_remove(kPausedConnections, name, stored);
}

void App::State::enable_mapping(const std::string& name, bool enabled, admin::Done<void> done) {
  if (!mappings_.contains(name)) return loop_.post([done, error = no_mapping(name)] { done(error); });
  const auto stored = [this, alive = alive_, name, enabled, done](Result<void> kept) {
    if (!*alive) return;
    if (!kept.ok()) return done(std::move(kept));
    if (enabled) disabled_.erase(name);
    else disabled_.insert(name);
    const auto found = mappings_.find(name);
    const bool quarantined = found != mappings_.end() && (found->second.quarantined || found->second.drift);
    engine_->pause(name, !enabled || quarantined);
    if (enabled) engine_->wake(name);
    log_.info("mapping_switched", name + (enabled ? " goes on" : " takes no more keys"), {{"mapping", Value(name)}});
    done({});
  };
  keep_switch(name, enabled, stored);
}

void App::State::keep_switch(const std::string& mapping, bool enabled, admin::Done<void> done) {
  if (enabled) return store_->kv_remove(kDisabledMappings, mapping, std::move(done));
  store_->kv_set(kDisabledMappings, mapping, Value(true), std::nullopt, std::move(done));
}

void App::State::describe(const std::string& name, const std::string& collection, admin::Done<Value> done) {
  describe_as(name, collection, "", [done = std::move(done)](Result<Value> described, const std::string&) { done(std::move(described)); });
}

/// As a mapping would ask: with the word and options of one that uses it, where there is one. `word` "" = whatever fits; `done` gets the one
/// that did.
void App::State::describe_as(const std::string& name, const std::string& collection, const std::string& word, std::function<void(Result<Value>, const std::string&)> done) {
  const auto found = connections_.find(name);
  if (found == connections_.end()) return loop_.post([done, error = no_connection(name)] { done(error, ""); });
  Value wanted = Object{{"name", collection}, {"word", word}, {"fields", Value(Array{})}};
  for (const auto& [unused, mapping] : mappings_) {
    for (const sync::Side side : {sync::Side::kLeft, sync::Side::kRight}) {
      if (!mapping.endpoints) continue;
      const ScriptEndpoint& endpoint = mapping.endpoints->own(side);
      const std::string used = endpoint.collection().string_or("word");
      if (&endpoint.connection() == found->second.get() && endpoint.collection().string_or("name") == collection && (word.empty() || used == word)) wanted = endpoint.collection();
    }
  }
  if (const std::string known = wanted.string_or("word"); !known.empty()) {
    return found->second->describe(wanted, [done, known](Result<Value> described) { done(std::move(described), known); });
  }
  find_word(*found->second, collection, [this, alive = alive_, name, wanted, done](const std::string& fitting) {
    if (!*alive) return;
    const auto connection = connections_.find(name);
    if (connection == connections_.end()) return done(no_connection(name), fitting);
    Value asked = wanted;
    asked["word"] = Value(fitting);
    connection->second->describe(asked, [done, fitting](Result<Value> described) { done(std::move(described), fitting); });
  });
}

Result<Value> App::State::compiled(const std::string& name) {
  const auto found = mappings_.find(name);
  if (found == mappings_.end() || !found->second.mapper) return admin::not_loaded(*this, name);
  return found->second.mapper->compiled();
}

Result<std::string> App::State::backup_folder() {
  const std::string folder = project_.backup_folder();
  std::error_code bad;
  std::filesystem::create_directories(folder, bad);
  if (bad) return make_error(Code::kUnavailable, "cannot make " + folder + ": " + bad.message(), "look at the rights of the state folder");
  if (project_.backups.empty()) std::filesystem::permissions(folder, std::filesystem::perms::owner_all, bad);
  return folder;
}

}  // namespace tidewire::app
