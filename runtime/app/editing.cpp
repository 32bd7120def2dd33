// Editing a mapping from the page: its script read as if it were saved, tried on real records, and saved.
#include <algorithm>
#include <cstdlib>

#include "admin/views.h"
#include "app/saving.h"
#include "app/state.h"
#include "base/hash.h"

namespace tidewire::app {

namespace {

constexpr std::size_t kMostWrites = 50;  // of a trial, shown

/// "mappings/people.lua:12: message" -> its line, so that an editor can jump there.
Value script_problem(const std::string& file, const Error& error) {
  Value out = problem_in(file, error);
  if (const auto at = error.message.find(file + ":"); at != std::string::npos) {
    const int line = std::atoi(error.message.c_str() + at + file.size() + 1);
    if (line > 0) out["line"] = line;
  }
  return out;
}

Value refused(const std::string& file, const Error& error) { return Value(Object{{"ok", false}, {"problems", Value(Array{script_problem(file, error)})}}); }

/// A dry run's operations are nobody's news.
class Deaf final : public sync::Ears {};

}  // namespace

/// An engine beside the engine: all mappings as they are but one, never started, asked for a dry run.
struct Trial {
  Deaf ears;
  std::shared_ptr<ScriptMapper> mapper;  // owners: this and the passes under way
  std::unique_ptr<sync::Engine> engine;
  Array writes;
  bool more = false;
};

Result<Value> App::State::source(const std::string& name) {
  const auto found = mappings_.find(name);
  const std::string file = found == mappings_.end() ? "mappings/" + name + ".lua" : found->second.file;
  const auto text = name.find('/') == std::string::npos && name.find("..") == std::string::npos ? read_file(options_.folder + "/" + file) : std::nullopt;
  if (!text) return no_mapping(name);
  return Value(Object{{"mapping", name}, {"file", file}, {"source", *text}, {"hash", sha256_hex(*text)}});
}

/// The mapping of `text` with its types known and its tests passed, or the problem.
void App::State::read_text(const std::string& file, const std::string& name, const std::string& text, admin::Done<std::shared_ptr<ScriptMapper>> done) {
  const std::string file_name = file_name_of(file);
  MappingContext around = context(file_name);
  if (std::find(around.mappings.begin(), around.mappings.end(), file_name) == around.mappings.end()) around.mappings.push_back(file_name);
  auto drafts = read_mapping_file(file, text, around, Value(), services());
  if (!drafts.ok()) return loop_.post([done, error = drafts.error()] { done(error); });
  const auto draft = std::find_if(drafts->begin(), drafts->end(), [&](const Draft& one) { return one.name == name; });
  if (draft == drafts->end()) return loop_.post([done, file, name] { done(make_error(Code::kInvalid, file + " returns no mapping named '" + name + "'")); });
  if (auto missing = missing_connection(*draft, file)) return loop_.post([done, error = std::move(*missing)] { done(error); });
  describe_all(*draft, [this, file, text, name, around, done](Result<Value> described) {
    if (!described.ok()) return done(described.error());
    done(make_mapper(file, text, name, around, *described, services()));
  });
}

void App::State::try_source(const std::string& name, const std::string& text, std::int64_t limit, admin::Done<Value> done) {
  const auto present = source(name);
  if (!present.ok()) return loop_.post([done, error = present.error()] { done(error); });
  try_text(present->string_or("file"), name, text, limit, std::move(done));
}

void App::State::try_text(const std::string& file, const std::string& name, const std::string& text, std::int64_t limit, admin::Done<Value> done) {
  read_text(file, name, text, [this, alive = alive_, name, limit, done, file](Result<std::shared_ptr<ScriptMapper>> mapper) {
    if (!*alive) return;
    if (!mapper.ok()) return done(refused(file, mapper.error()));
    Object out{{"ok", true}, {"problems", Value(Array{})}};
    if (const Value* fields = (*mapper)->compiled().find("fields"); fields != nullptr && fields->is_array()) out["fields"] = *fields;
    if (limit <= 0) return done(Value(std::move(out)));
    dry_run_with(name, std::move(*mapper), limit, [done, out](Result<Value> found) {
      if (!found.ok()) return done(found.error());
      Value whole(out);
      for (const auto& [member, value] : found->as_object()) whole[member] = value;
      done(std::move(whole));
    });
  });
}

void App::State::dry_run_with(const std::string& name, std::shared_ptr<ScriptMapper> mapper, std::int64_t limit, admin::Done<Value> done) {
  auto trial = std::make_shared<Trial>();  // owners: the callbacks below
  trial->engine = std::make_unique<sync::Engine>(*store_, sync::Surroundings{clock_, loop_, loop_, random_, trial->ears});
  for (const auto& [other, mapping] : mappings_) {
    if (other != name && mapping.mapper && mapping.endpoints) trial->engine->put(mapping.mapper, mapping.endpoints->ends(), mapping.endpoints->further());
  }
  const Value& compiled = mapper->compiled();
  const Draft draft{name, compiled, {}};
  auto endpoints = endpoints_of(draft, compiled);
  trial->mapper = std::move(mapper);
  trial->engine->put(trial->mapper, endpoints->ends(), endpoints->further());
  // An edit meanwhile replaces the connections they use, which stay for as long as these are known here.
  retire(std::move(endpoints), trial->mapper);
  sync::Engine::SyncOptions options;
  options.mapping = name;
  options.limit = limit;
  const auto seen = [trial_seen = std::weak_ptr<Trial>(trial)](const sync::Report& report) {
    const auto mine = trial_seen.lock();
    if (!mine || (report.operation.outcome.empty() && !report.error)) return;
    if (mine->writes.size() < kMostWrites) mine->writes.push_back(admin::view(report));
    else mine->more = true;
  };
  trial->engine->dry_run_all(std::move(options), seen, [this, trial, done](Result<std::int64_t> looked_at) {
    // The engine ends after this callback, which it calls.
    loop_.post([trial] { trial->engine->stop([trial] {}); });
    if (!looked_at.ok()) return done(looked_at.error());
    Object out{{"looked_at", *looked_at}, {"writes", Value(std::move(trial->writes))}};
    if (trial->more) out["more"] = true;
    done(Value(std::move(out)));
  });
}

void App::State::apply_source(const std::string& name, const std::string& text, const std::string& hash, admin::Done<Value> done) {
  const auto present = source(name);
  if (!present.ok()) return loop_.post([done, error = present.error()] { done(error); });
  const std::string file = present->string_or("file");
  if (const auto same = still_as(options_.folder, file, hash); !same.ok()) return loop_.post([done, error = same.error()] { done(error); });
  save_text(file, name, text, hash, std::move(done));
}

/// Both systems are asked before it is written, and somebody else may have written meanwhile: the file is compared again.
void App::State::save_text(const std::string& file, const std::string& name, const std::string& text, const std::string& hash, admin::Done<Value> done) {
  const bool fresh = !read_file(options_.folder + "/" + file);
  read_text(file, name, text, [this, alive = alive_, name, text, hash, done, file, fresh](Result<std::shared_ptr<ScriptMapper>> mapper) {
    if (!*alive) return;
    if (!mapper.ok()) return done(refused(file, mapper.error()));
    if (const auto same = still_as(options_.folder, file, hash); !same.ok()) return done(same.error());
    if (fresh && read_file(options_.folder + "/" + file)) return done(make_error(Code::kStale, file + " was made by somebody else meanwhile", "give this one another name"));
    if (const auto written = save_file(options_.folder + "/" + file, text); !written.ok()) return done(written.error());
    load_file(file_name_of(file), [this, alive, name, text, file, done] {
      if (!*alive) return;
      if (watch_) watch_->look();  // else one that somebody removes at once was never there, and nothing is gone
      const auto found = mappings_.find(name);
      if (found == mappings_.end() || !found->second.mapper) return done(make_error(Code::kUnavailable, file + " was written but did not load", "`tidewire check` says why"));
      if (found->second.trouble) return done(refused(file, *found->second.trouble));
      done(Value(Object{{"ok", true}, {"version", found->second.mapper->version()}, {"hash", sha256_hex(text)}, {"problems", Value(Array{})}}));
    });
  });
}

}  // namespace tidewire::app
