// Preparing a mapping whose file was read: its systems are asked for the types of its collections, it is checked with them, and swapped
// in for new changes. Where that fails the version before goes on.
#include "app/circles.h"
#include "app/state.h"
#include "base/hash.h"
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
  const Connection *first = find_connection(left), *second = find_connection(right);
  if (first == nullptr || second == nullptr || first->kind() != second->kind() || !names_one_collection(draft, described)) return done(std::move(described));
  are_one_system(left, right, [draft, left, right, described = std::move(described), done](bool same) {
    if (!same) return done(described);
    const std::string at = named_at(draft, {"left", left, Value()});
    done(make_error(Code::kInvalid, at + ": both sides are the same table: '" + left + "' and '" + right + "' answer as the same system",
                    "let one side name another system or another collection, or let `scope` say which records are whose"));
  });
}

/// Whether both connections reach one system. Copies of a database answer as the same system, and are told apart by the servers that
/// answer: the first one was the same before and after the second was asked, so that none of them began in between.
void App::State::are_one_system(const std::string& left, const std::string& right, std::function<void(bool)> done) {
  if (left == right) return done(true);
  std::vector<std::string> unknown;
  for (const std::string& name : {left, right}) {
    if (find_connection(name)->system().empty()) unknown.push_back(name);
  }
  who_answer(std::move(unknown), {}, [this, left, right, done = std::move(done)](const std::vector<Who>&) {
    const Connection *a = find_connection(left), *b = find_connection(right);
    if (a == nullptr || b == nullptr || a->system().empty() || a->system() != b->system()) return done(false);
    if (a->server().empty() || b->server().empty() || a->server() == b->server()) return done(true);
    who_answer({left, right, left}, {}, [done](const std::vector<Who>& who) {
      const bool told = std::none_of(who.begin(), who.end(), [](const Who& one) { return one.system.empty() || one.server.empty(); });
      done(!told || who[0].system != who[2].system || who[0].server != who[2].server || (who[1].system == who[0].system && who[1].server == who[0].server));
    });
  });
}

/// Asks one after the other; of one that does not answer nothing is known.
void App::State::who_answer(std::vector<std::string> connections, std::vector<Who> so_far, std::function<void(const std::vector<Who>&)> done) {
  if (so_far.size() == connections.size()) return done(so_far);
  const std::string name = connections[so_far.size()];
  const auto answered = [this, alive = alive_, name, connections = std::move(connections), so_far = std::move(so_far), done = std::move(done)](const Result<Value>& answer) {
    if (!*alive) return;
    const Connection* asked = find_connection(name);
    std::vector<Who> known = so_far;
    known.push_back(asked == nullptr || !answer.ok() ? Who{} : Who{asked->system(), asked->server()});
    who_answer(connections, std::move(known), done);
  };
  if (Connection* asked = find_connection(name)) return asked->test(answered);
  answered(Value());
}

/// Asks both systems for the types of their collections, then loads the file with them.
void App::State::prepare(const std::string& file, const std::string& text, Draft draft, std::uint64_t reading, std::function<void()> done) {
  if (!wants_.contains(draft.name)) want(draft.name, wants_of(draft.compiled));
  if (auto missing = missing_connection(draft, file)) {
    mapping_failed(draft.name, file, draft.files, std::move(*missing));
    return loop_.post(done);
  }
  describe_all(draft, [this, file, text, draft, reading, done](Result<Value> described) {
    if (!readings_[file].is_newest(reading)) return done();  // saved again meanwhile
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
  if (former && former->types() != (*mapper)->types()) mapping.typed_at = clock_.ticks();
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

}  // namespace tidewire::app
