// Loading and reloading: a saved file is read in a new VM, checked, tested and swapped in for new changes. A bad edit changes
// nothing but a message; the version before goes on.
#include <algorithm>

#include "app/circles.h"
#include "app/state.h"
#include "base/hash.h"
#include "base/text.h"
#include "sync/redaction.h"

namespace tidewire::app {

using sync::Side;

namespace {

constexpr auto kAskAgainForTypes = std::chrono::seconds(15);

/// A system that does not answer is no fault of the mapping's file.
bool is_away(const Error& error) { return error.code == Code::kUnavailable || error.code == Code::kThrottled || error.code == Code::kUnknown || error.code == Code::kBlocked; }

/// "mappings/people.lua:13", where the file names the collection; the file where it does not say.
std::string named_at(const Draft& draft, const Draft::Wanted& wanted) {
  const Value* own = draft.compiled.find(wanted.id);
  const Value* further = draft.compiled.find("further");
  for (const Value& entry : further == nullptr || !further->is_array() ? Array{} : further->as_array()) {
    if (entry.string_or("id") == wanted.id) return entry.string_or("at", draft.files.empty() ? draft.name : draft.files.front());
  }
  const std::string file = draft.files.empty() ? draft.name : draft.files.front();
  return own == nullptr ? file : own->string_or("at", file);
}

Error not_described(Error error, const std::string& connection, const std::string& at) {
  if (is_away(error)) return std::move(error).context("the fields of a collection are not known yet");
  const std::string by = connection + ".describe: ";
  if (error.message.starts_with(by)) error.message.erase(0, by.size());
  return std::move(error).context(at + ": " + connection);
}

/// Whether both ends name one collection, should their connections lead to the same system, and no record belongs to one of them alone.
bool names_one_collection(const Draft& draft, const Value& described) {
  const Value left = draft.collection(Side::kLeft), right = draft.collection(Side::kRight);
  if (left.string_or("word") != right.string_or("word")) return false;
  const auto place = [&](const char* side) {
    const Value* about = described.find(side);
    return about == nullptr ? std::string() : about->string_or("place");
  };
  const bool told = !place("left").empty() && !place("right").empty();
  const auto options = [](const Value& collection) { return collection.find("options") == nullptr ? Value(Object{}) : *collection.find("options"); };
  if (told ? place("left") != place("right") : left.string_or("name") != right.string_or("name") || options(left) != options(right)) return false;
  const Value *first = draft.compiled.find("left"), *second = draft.compiled.find("right");
  return first != nullptr && second != nullptr && !told_apart(*first, *second);
}

}  // namespace

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

void App::State::mapping_failed(const std::string& name, const std::string& file, const std::vector<std::string>& files, Error error) {
  LoadedMapping& mapping = mappings_[name];
  mapping.name = name;
  mapping.file = file;
  if (!files.empty()) mapping.files = files;
  if (mapping.files.empty()) mapping.files = {file};
  mapping.reload_at = clock_.now();
  const bool goes_on = mapping.mapper != nullptr;
  const std::string runs = goes_on ? "the version before" : "not at all";
  const bool waits = is_away(error);
  // Each look at a system that is away may say it in other words.
  const bool news = !mapping.trouble || (waits ? !is_away(*mapping.trouble) : mapping.trouble->message != error.message);
  mapping.refusals += news && !waits;
  if (news && waits) log_.warn("mapping_waits", name + " waits for its systems, which are asked again every " + std::to_string(kAskAgainForTypes.count()) + " s: " + to_string(error), {{"mapping", Value(name)}, {"runs", Value(runs)}});
  else if (news) log_.error("mapping_invalid", to_string(error), {{"mapping", Value(name)}, {"runs", Value(runs)}});
  mapping.trouble = std::move(error);
}

/// A reading that a later one of the same file overtook is done when that one is.
void App::State::load_file(const std::string& name, std::function<void()> ready) {
  const std::string file = "mappings/" + name + ".lua";
  const std::uint64_t reading = ++readings_[file];
  ++loads_;
  const auto done = [this, alive = alive_, file, reading, ready = std::move(ready)] {
    if (!*alive) return;
    if (--loads_ == 0) {
      for (const auto& then : std::exchange(when_loaded_, {})) loop_.post(then);
    }
    if (readings_[file] != reading) return overtaken_[file].push_back(ready);
    const auto overtaken = std::exchange(overtaken_[file], {});
    ready();
    for (const auto& one : overtaken) one();
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

/// Why a draft's connections cannot be asked, where one does not run.
std::optional<Error> App::State::missing_connection(const Draft& draft, const std::string& file) const {
  for (const Draft::Wanted& one : draft.collections()) {
    if (connections_.contains(one.connection)) continue;
    const auto broken = broken_connections_.find(one.connection);
    if (broken != broken_connections_.end()) return Error(broken->second).context(file + ": its connection '" + one.connection + "' does not run");
    return make_error(Code::kNotFound, file + ": no connection '" + one.connection + "'", "declare it in tidewire.lua");
  }
  return std::nullopt;
}

/// The types of all collections that the draft names: {left, right, further}.
void App::State::describe_all(const Draft& draft, admin::Done<Value> done) {
  struct Asked {
    Value described{Object{}};
    std::optional<Error> error;
    std::size_t left = 0;
  };
  const std::vector<Draft::Wanted> wanted = draft.collections();
  auto asked = std::make_shared<Asked>();  // owners: the callbacks below
  asked->left = wanted.size();
  for (const Draft::Wanted& one : wanted) {
    connections_.at(one.connection)->describe(one.collection, [this, alive = alive_, asked, draft, one, id = one.id, done](Result<Value> described) {
      if (!*alive) return;
      if (!described.ok() && !asked->error) asked->error = not_described(described.error(), one.connection, named_at(draft, one));
      if (described.ok()) (id == "left" || id == "right" ? asked->described[id] : asked->described["further"][id]) = *described;
      if (--asked->left > 0) return;
      if (asked->error) return done(*asked->error);
      keep_apart(draft, std::move(asked->described), done);
    });
  }
}

/// A mapping of a collection with itself would make each record a second time: `described` comes only of two collections.
void App::State::keep_apart(const Draft& draft, Value described, admin::Done<Value> done) {
  const std::string left = draft.connection(Side::kLeft), right = draft.connection(Side::kRight);
  const auto found = [this](const std::string& name) {
    const auto one = connections_.find(name);
    return one == connections_.end() ? nullptr : one->second.get();
  };
  Connection *first = found(left), *second = found(right);
  if (first == nullptr || second == nullptr || first->kind() != second->kind() || !names_one_collection(draft, described)) return done(std::move(described));
  const auto answer = [draft, left, right, described = std::move(described), done](bool same) {
    if (!same) return done(described);
    const std::string at = named_at(draft, {"left", left, Value()});
    done(make_error(Code::kInvalid, at + ": both sides are the same table: '" + left + "' and '" + right + "' answer as the same system",
                    "let one side name another system or another collection, or let `scope` say which records are whose"));
  };
  if (first == second) return answer(true);
  auto waited = std::make_shared<int>(1);  // owners: the callbacks below
  const auto one = [alive = alive_, found, left, right, waited, answer] {
    if (!*alive || --*waited > 0) return;
    const Connection *a = found(left), *b = found(right);
    answer(a != nullptr && b != nullptr && !a->system().empty() && a->system() == b->system());
  };
  for (Connection* connection : {first, second}) {
    if (!connection->system().empty()) continue;
    ++*waited;
    connection->test([one](Result<Value>) { one(); });
  }
  one();
}

/// Asks both systems for the types of their collections, then loads the file with them.
void App::State::prepare(const std::string& file, const std::string& text, Draft draft, std::uint64_t reading, std::function<void()> done) {
  if (!wants_.contains(draft.name)) want(draft.name, wants_of(draft.compiled));
  if (auto missing = missing_connection(draft, file)) {
    mapping_failed(draft.name, file, draft.files, std::move(*missing));
    return loop_.post(done);
  }
  describe_all(draft, [this, file, text, draft, reading, done](Result<Value> described) {
    if (readings_[file] != reading) return done();  // saved again meanwhile
    if (described.ok()) {
      run_mapping(draft.name, text, *described, draft);
    } else {
      mapping_failed(draft.name, file, draft.files, described.error());
      read_again(draft.name, file_name_of(file));
    }
    done();
  });
}

/// The version before may have drifted: it goes on once it fits, too.
void App::State::read_again(const std::string& name, const std::string& file) {
  mappings_[name].again = loop_.after(kAskAgainForTypes, [this, name, file] {
    load_file(file, [this, name] { fits_as_before(name); });
  });
}

std::unique_ptr<MappingEndpoints> App::State::endpoints_of(const Draft& draft, const Value& compiled) {
  sync::Sides<std::unique_ptr<ScriptEndpoint>> ends;
  const auto plan = sync::Plan::from(compiled);
  const std::set<std::string> hidden = plan.ok() ? sync::hidden_columns(*plan) : std::set<std::string>{};
  for (const Side side : {Side::kLeft, Side::kRight}) {
    const Value* end = compiled.find(store::side_name(side));
    const Value* differs = end == nullptr ? nullptr : end->find("differs");
    ends[side] = std::make_unique<ScriptEndpoint>(*connections_.at(draft.connection(side)), draft.collection(side), static_cast<int>(compiled.int_or("priority", 0)), fit_check(draft.name), hidden,
                                                  differs == nullptr ? Value() : *differs);
  }
  return std::make_unique<MappingEndpoints>(std::move(ends), compiled, [this](const std::string& wanted) {
    const auto found = connections_.find(wanted);
    return found == connections_.end() ? nullptr : found->second.get();
  }, fit_check(draft.name), *files_known_);
}

void App::State::run_mapping(const std::string& name, const std::string& text, const Value& describe, Draft draft) {
  const std::string file = draft.files.empty() ? "mappings/" + name + ".lua" : draft.files.front();
  const std::string file_name = file_name_of(file);
  auto mapper = make_mapper(file, text, name, context(file_name), describe, services());
  if (!mapper.ok()) {
    mapping_failed(name, file, draft.files, mapper.error());
    // The file itself is well: it may be the systems' fields, which somebody may name back.
    read_again(name, file_name);
    return;
  }
  LoadedMapping& mapping = mappings_[name];
  const bool again = mapping.mapper != nullptr;
  draft.compiled = (*mapper)->compiled();  // `all` and defaults name their fields only once the systems are described
  auto endpoints = endpoints_of(draft, draft.compiled);
  const bool same = mapping.endpoints && mapping.endpoints->same(*endpoints);
  const bool read_before = again && same && mapping.mapper->version() == (*mapper)->version() && mapping.mapper->types() == (*mapper)->types();
  if (read_before && !mapping.trouble && !mapping.drift) return;
  mapping.name = name;
  mapping.file = file;
  mapping.files = draft.files;
  const auto former = std::exchange(mapping.mapper, *mapper);
  if (former && former->types() != (*mapper)->types()) mapping.typed_at = clock_.now();
  mapping.trouble.reset();
  mapping.drift.reset();
  mapping.again.reset();
  mapping.loaded_at = mapping.reload_at = clock_.now();
  ++mapping.loads;
  mapping.script_failures = 0;
  mapping.quarantined = still_quarantined(name, (*mapper)->version());
  if (!same) {
    retire(std::move(mapping.endpoints), former);
    mapping.endpoints = std::move(endpoints);
  }
  freeze(name, text, (*mapper)->compiled());
  engine_->put(mapping.mapper, mapping.endpoints->ends(), mapping.endpoints->further());
  engine_->pause(name, disabled_.contains(name) || mapping.quarantined);
  want(name, wants_of((*mapper)->compiled()));
  refresh_listeners();
  Array files;
  for (const auto& part : (*mapper)->script().version().files) files.push_back(Value(Object{{"path", Value(part.path)}, {"text", Value(part.text)}}));
  store_->save_script((*mapper)->version(), "mapping " + name, Value(std::move(files)), [](Result<void>) {});
  log_.info(again ? "mapping_reloaded" : "mapping_loaded", name + (again ? " reloaded" : " loaded"), {{"mapping", Value(name)}, {"version", Value((*mapper)->version().substr(0, 12))}});
  if (!again && options_.serve) tell_former_name(name);
}

/// A restart is no edit: what failed ten times in a row would fail ten times more.
bool App::State::still_quarantined(const std::string& name, const std::string& version) {
  const auto kept = quarantined_.find(name);
  if (kept == quarantined_.end()) return false;
  if (kept->second == Value(version)) return true;
  quarantined_.erase(kept);
  store_->kv_remove(kQuarantined, name, [](Result<void>) {});
  return false;
}

/// What `all` found is what is kept the same until the file is edited.
void App::State::freeze(const std::string& name, const std::string& text, const Value& compiled) {
  const Value* fields = compiled.find("all");
  if (fields == nullptr) return;
  Value taken(Object{{"text", Value(sha256_hex(text))}, {"fields", *fields}});
  Value& known = frozen_[name];
  if (known == taken) return;
  known = taken;
  store_->kv_set(kFrozen, name, std::move(taken), std::nullopt, [](Result<void>) {});
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
