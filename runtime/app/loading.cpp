// Loading and reloading: which connections and files a project has, what of them is read anew, and when.
#include <algorithm>

#include "app/state.h"
#include "base/text.h"

namespace tidewire::app {

/// The names of those that were opened anew.
std::vector<std::string> App::State::load_connections() {
  std::vector<std::string> opened_now;
  exchanges_.keep(project_.exchanges);
  std::erase_if(broken_connections_, [this](const auto& one) { return !project_.connections.contains(one.first); });
  for (const auto& [name, config] : project_.connections) {
    const auto resolved = secrets_.resolve(config.config);
    if (const auto present = connections_.find(name); resolved.ok() && present != connections_.end() && present->second->is_current(config, *resolved)) {
      broken_connections_.erase(name);
      continue;
    }
    auto opened = resolved.ok() ? Connection::open(name, config, *resolved, services()) : Result<std::unique_ptr<Connection>>(Error(resolved.error()).context("connection '" + name + "'"));
    if (!opened.ok()) {
      Error error = std::move(opened).error();
      if (!config.at.empty()) error = std::move(error).context(config.at);
      log_.error("connection_invalid", to_string(error), {{"connection", Value(name)}});
      broken_connections_[name] = std::move(error);
      continue;
    }
    broken_connections_.erase(name);
    for (const auto& [option, text] : (*opened)->secrets_in_clear()) redactor_.add(name + "." + option, text);
    auto& place = connections_[name];
    if (place) (*opened)->follow(*place);
    if (place) retire(std::move(place));
    place = std::move(*opened);
    opened_now.push_back(name);
  }
  return opened_now;
}

/// When its last webhook came: one of a former process, or of the connection as it was before its settings changed.
void App::State::recall_webhooks(const std::string& connection) {
  if (connections_.at(connection)->declared().find("payload") == nullptr) return;  // it has none
  store_->received({.connection = connection, .source = "webhook"}, {.limit = 1, .after = ""}, [this, alive = alive_, connection](Result<store::Paged<Value>> newest) {
    if (!*alive || !newest.ok() || newest->rows.empty()) return;
    const auto at = parse_instant(newest->rows.front().string_or("at"));
    const auto found = connections_.find(connection);
    if (at.ok() && found != connections_.end() && !found->second->webhooks().last) found->second->webhooks().last = *at;
  });
}

/// Which system it is, its clock, and that it answers at all.
void App::State::test_new(const std::vector<std::string>& connections) {
  for (const std::string& name : connections) {
    recall_webhooks(name);
    connections_.at(name)->test([this, alive = alive_, name](Result<Value> answer) {
      if (*alive && !answer.ok()) log_.warn("connection_failed", to_string(answer.error()), {{"connection", Value(name)}});
    });
  }
}

MappingContext App::State::context(const std::string& name) {
  MappingContext context;
  context.name = name;
  context.mappings = script_names_in(options_.folder + "/mappings");
  context.defaults = project_.defaults;
  context.environment = options_.environment;
  context.mail = project_.mail.is_object();
  context.frozen = Value(Object(frozen_.begin(), frozen_.end()));
  context.read_only = options_.read_only || project_.read_only;
  for (const auto& [connection_name, connection] : connections_) {
    Object about{{"kind", Value(connection->kind())}};
    for (const char* member : {"collections", "capabilities", "verbs", "owners", "proof", "files"}) {
      if (const Value* value = connection->declared().find(member); value != nullptr) about[member] = *value;
    }
    context.connections[connection_name] = Value(std::move(about));
  }
  // A mapping that uses one that does not run is read all the same: it hears that, not that it uses a name that nobody knows.
  for (const auto& [connection_name, error] : broken_connections_) {
    if (context.connections.find(connection_name) != nullptr) continue;
    const std::string& kind = project_.connections.at(connection_name).kind;
    const auto about = kind_of(kind);
    const Value* words = about.ok() ? about->find("words") : nullptr;
    Value& known = context.connections[connection_name] = words == nullptr ? Value(Object{}) : *words;
    known["kind"] = kind;
  }
  return context;
}

void App::State::load_mappings(std::function<void()> done) {
  auto left = std::make_shared<int>(1);  // owners: the callbacks below
  const auto one = [left, done] {
    if (--*left == 0) done();
  };
  const auto there = script_names_in(options_.folder + "/mappings");
  std::set<std::string> names(there.begin(), there.end());
  for (const auto& [unused, mapping] : mappings_) {
    if (!mapping.file.empty()) names.insert(file_name_of(mapping.file));  // gone by now, perhaps
  }
  for (const std::string& name : names) {
    ++*left;
    load_file(name, one);
  }
  loop_.post(one);
}

/// A reading that a later one of the same file overtook is done when that one is.
void App::State::load_file(const std::string& name, std::function<void()> ready) {
  const std::string file = "mappings/" + name + ".lua";
  const std::uint64_t reading = readings_[file].begin();
  ++loads_;
  const auto done = [this, alive = alive_, file, reading, ready = std::move(ready)] {
    if (!*alive) return;
    if (--loads_ == 0) {
      for (const auto& then : std::exchange(when_loaded_, {})) loop_.post(then);
    }
    readings_[file].end(reading, ready);
  };
  const auto text = read_file(options_.folder + "/" + file);
  if (!text) {
    empty_files_.erase(file);
    drop_mappings_of(file, {});
    return loop_.post(done);
  }
  // Somebody, or the shell of `schema ... > FILE`, is about to write it.
  if (trim(*text).empty()) {
    if (empty_files_.insert(file).second) log_.info("mapping_empty", file + " is empty: it is read once something stands in it");
    std::erase_if(mappings_, [&](const auto& one) { return one.second.file == file && one.second.mapper == nullptr; });
    return loop_.post(done);
  }
  empty_files_.erase(file);
  auto drafts = read_mapping_file(file, *text, context(name), Value(), services());
  if (!drafts.ok()) {
    mapping_failed(name, file, {}, drafts.error());
    return loop_.post(done);
  }
  std::set<std::string> names;
  for (const Draft& draft : *drafts) names.insert(draft.name);
  drop_mappings_of(file, names);
  keep_homes_of(name, names);
  auto left = std::make_shared<int>(static_cast<int>(drafts->size()));  // owners: the callbacks below
  const auto one = [left, done] {
    if (--*left == 0) done();
  };
  if (drafts->empty()) return loop_.post(done);
  for (Draft& draft : *drafts) prepare(file, *text, std::move(draft), reading, one);
}

/// Once no file is being read.
void App::State::when_loaded(std::function<void()> then) {
  if (loads_ > 0) return when_loaded_.push_back(std::move(then));
  then();
}

void App::State::drop_mappings_of(const std::string& file, const std::set<std::string>& but) {
  for (auto it = mappings_.begin(); it != mappings_.end();) {
    if (it->second.file != file || but.contains(it->first)) {
      ++it;
      continue;
    }
    engine_->remove(it->first);
    log_.info("mapping_removed", it->first + " is paused: its file is gone; its links are kept, and what changes meanwhile waits for it", {{"mapping", Value(it->first)}});
    retire(std::move(it->second.endpoints), it->second.mapper);
    it = mappings_.erase(it);
  }
  refresh_listeners();
}

void App::State::changed(const std::vector<std::string>& paths) {
  std::set<std::string> reload;
  for (const std::string& path : paths) {
    if (path == "tidewire.lua" || path == ".env") return reload_project();
    if (path.rfind("connectors/", 0) == 0) kinds_.clear();
    if (path.rfind("connectors/", 0) == 0 || path.rfind("connections/", 0) == 0) return reload_project();
    if (path.rfind("mappings/", 0) == 0 && path.find('/', 9) == std::string::npos && path.ends_with(".lua")) reload.insert(file_name_of(path));
    for (const auto& [name, mapping] : mappings_) {
      if (std::find(mapping.files.begin(), mapping.files.end(), path) != mapping.files.end()) reload.insert(file_name_of(mapping.file));
    }
    // A library that failed to load is in nobody's list yet.
    const bool library = path.rfind("transforms/", 0) == 0 || path.rfind("strategies/", 0) == 0;
    for (const auto& [name, mapping] : mappings_) {
      if (library && mapping.trouble) reload.insert(file_name_of(mapping.file));
    }
  }
  for (const std::string& name : reload) load_file(name, [] {});
}

/// What a running process does not change.
void App::State::keep_what_runs(Project& wanted) {
  needs_restart_.clear();
  if (wanted.state == project_.state) return;
  needs_restart_.emplace_back("state");
  log_.warn("needs_restart", "state was changed in tidewire.lua: it counts when the daemon is started again", {{"wanted", Value(wanted.state)}});
  wanted.state = project_.state;
}

Result<Project> App::State::read_project() {
  Project wanted = TRY(load_project(options_.folder, options_.environment, files_, connector_kinds(options_.folder, options_.scripts_folder)));
  TRY(configure_log(wanted));
  return wanted;
}

/// tidewire.lua, .env or a connector changed: only the connections that changed are swapped.
void App::State::reload_project() {
  warnings_ = secrets_.load();
  for (const std::string& warning : warnings_) log_.warn("configuration", warning);
  auto loaded = read_project();
  if (!loaded.ok()) {
    project_trouble_ = loaded.error();
    log_.error("project_invalid", to_string(loaded.error()), {{"runs", Value("the version before")}});
    return;
  }
  project_trouble_.reset();
  keep_what_runs(*loaded);
  const std::string listened = project_.listen;
  project_ = std::move(*loaded);
  for (auto it = connections_.begin(); it != connections_.end();) {
    if (project_.connections.contains(it->first)) {
      ++it;
      continue;
    }
    retire(std::move(it->second));
    it = connections_.erase(it);
  }
  test_new(load_connections());
  apply_pauses();
  load_admin_token();
  plan_backups();
  if (server_) (void)refresh_certificate();
  follow_listen(listened);
  log_.info("project_reloaded", "tidewire.lua reloaded");
  load_mappings([] {});
}

}  // namespace tidewire::app
