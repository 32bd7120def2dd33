// A mapping and its systems drift apart: a field that a mapping names was renamed, removed or became another type. What a
// system refuses is no fault of a record then; the mapping stands still, nothing is emptied, and it goes on by itself once
// the fields fit again. Where the mapping fits the new types, too, it goes on by them at once: by the old ones it would misread values.
#include <algorithm>
#include <utility>

#include "app/state.h"

namespace tidewire::app {

namespace {

constexpr Duration kAskAgain = std::chrono::seconds(5);
constexpr Duration kFieldsEvery = std::chrono::minutes(5);

std::string text_of_main(const ScriptMapper& mapper, const std::string& file) {
  for (const auto& part : mapper.script().version().files) {
    if (part.path == file) return part.text;
  }
  return "";
}

Error drift_error(const Error& why) {
  Error error = make_error(Code::kUnavailable, "the fields of a system changed: " + why.message, "the mapping is paused and nothing is written; name the field back, or change the mapping: it goes on by itself");
  return error;
}

/// When the oldest of the changes that a pass answered came: so long ago as the clock says. Where the clock was set back since, nobody
/// can tell, and it counts as before everything: it is tried once more, and has come then.
Ticks came_at(const store::Operation& operation, const Clock& clock) {
  Instant oldest = operation.at;
  const Value* taken = operation.record.find("taken");
  if (taken != nullptr && taken->is_array()) {
    for (const Value& one : taken->as_array()) {
      const auto since = parse_instant(one.string_or("since"));
      if (!since.ok()) continue;
      if (*since > operation.at) return Ticks::min();
      oldest = std::min(oldest, *since);
    }
  }
  const Instant now = clock.now();
  return oldest > now ? Ticks::min() : clock.ticks() - (now - oldest);
}

Error retyped_error() {
  return make_error(Code::kUnavailable, "the types of a system's fields changed", "the mapping goes by the new ones from now on, and this is tried again");
}

}  // namespace

/// The endpoints' question after a refusal; also asked from time to time.
FitCheck App::State::fit_check(const std::string& name) {
  return [this, alive = alive_, name](std::function<void(std::optional<Error>)> done) {
    if (*alive) look_for_drift(name, std::move(done));
  };
}

/// `done` with why the mapping does not fit its systems any more, nullopt where it does or nobody can tell. What was refused just after a
/// look, and is a dead letter for that, is doubted.
void App::State::look_for_drift(const std::string& name, std::function<void(std::optional<Error>)> done) {
  const auto found = mappings_.find(name);
  if (found == mappings_.end() || !found->second.mapper || found->second.drift) {
    const auto known = found == mappings_.end() ? std::nullopt : found->second.drift;
    return loop_.post([done = std::move(done), known] { done(known); });
  }
  const LoadedMapping& mapping = found->second;
  // Passes that began before are refused what they write by the former types.
  if (mapping.retyped_at && clock_.ticks() - *mapping.retyped_at < kAskAgain) return loop_.post([done = std::move(done)] { done(retyped_error()); });
  if (mapping.looked_at && clock_.ticks() - *mapping.looked_at < kAskAgain) return loop_.post([done = std::move(done)] { done(std::nullopt); });
  look_at_fields(name, std::move(done));
}

/// Decides what was doubted before it began, too; what is doubted from then on is for another look.
void App::State::look_at_fields(const std::string& name, std::function<void(std::optional<Error>)> done) {
  LoadedMapping& mapping = mappings_.at(name);
  if (mapping.doubts) return mapping.doubts->push_back(std::move(done));
  mapping.doubts = std::make_shared<LoadedMapping::Doubts>();
  mapping.doubts->push_back(std::move(done));
  fit(name, [this, name, asked = mapping.mapper, doubts = mapping.doubts, doubted = std::exchange(mapping.doubted, {})](Result<Fresh> fresh) {
    const auto now = mappings_.find(name);
    std::optional<Error> drift;
    if (now != mappings_.end()) {
      const bool untold = !fresh.ok() && fresh.error().code == Code::kUnavailable;
      // Of one that was loaded anew meanwhile this is no news.
      const bool other_types = fresh.ok() && now->second.mapper == asked && retyped(name, *fresh);
      if (!fresh.ok() && !untold) drifted(name, fresh.error());
      now->second.looked_at = clock_.ticks();
      now->second.doubts.reset();
      drift = other_types ? retyped_error() : now->second.drift;
      for (const LoadedMapping::Doubted& one : doubted) {
        if (drift || (now->second.typed_at && one.came < *now->second.typed_at)) try_again(name, one.key);
        else if (untold) now->second.doubted.push_back(one);
      }
    }
    for (auto& one : *doubts) one(drift);
    if (mappings_.contains(name)) look_later(name);
  });
}

/// One look for all that is doubted, a pause after the last one.
void App::State::look_later(const std::string& name) {
  LoadedMapping& mapping = mappings_.at(name);
  if (mapping.doubted.empty() || mapping.look || mapping.doubts) return;  // the end of the one under way comes here again
  const Duration since = mapping.looked_at ? std::chrono::duration_cast<Duration>(clock_.ticks() - *mapping.looked_at) : kAskAgain;
  mapping.look = loop_.after(std::max(Duration::zero(), kAskAgain - since), [this, name] {
    LoadedMapping& due = mappings_.at(name);
    const auto timer = std::move(due.look);
    if (due.doubts) return;
    if (!due.drift) return look_at_fields(name, [](const std::optional<Error>&) {});
    for (const LoadedMapping::Doubted& one : std::exchange(due.doubted, {})) try_again(name, one.key);  // once it fits
  });
}

/// The mapping as it would be compiled now. kUnavailable: the systems do not tell their fields.
void App::State::fit(const std::string& name, std::function<void(Result<Fresh>)> done) {
  const LoadedMapping& mapping = mappings_.at(name);
  const std::string file = mapping.file, text = text_of_main(*mapping.mapper, mapping.file);
  Draft draft{name, mapping.mapper->compiled(), mapping.files};
  if (text.empty() || missing_connection(draft, file)) return loop_.post([done] { done(make_error(Code::kUnavailable, "the mapping's connections do not run")); });
  describe_all(draft, [this, name, file, text, draft, done](Result<Value> described) {
    if (!described.ok()) return done(make_error(Code::kUnavailable, described.error().message));
    auto mapper = make_mapper(file, text, name, context(file_name_of(file)), *described, services());
    if (!mapper.ok()) return done(make_error(Code::kInvalid, mapper.error().message));
    done(Fresh{text, std::move(*described), draft, *mapper});
  });
}

/// Lets the mapping go on by the types that its systems' fields have now; whether they are others than it went by.
bool App::State::retyped(const std::string& name, const Fresh& fresh) {
  LoadedMapping& mapping = mappings_.at(name);
  if (mapping.trouble || fresh.mapper->types() == mapping.mapper->types()) return false;
  mapping.retyped_at = clock_.ticks();
  log_.warn("schema_retyped", name + " goes by other types from now on: fields of its systems changed theirs. What was refused meanwhile: tidewire retry --mapping " + name, {{"mapping", Value(name)}});
  run_mapping(name, fresh.text, fresh.described, fresh.draft);
  return true;
}

/// A value that is none of its field's type may be one of the type that the field has by now: then the record is tried again, as is what
/// came, and was perhaps read, while the mapping went by the former types.
void App::State::doubt(const store::Operation& dead) {
  const auto found = mappings_.find(dead.mapping);
  if (found == mappings_.end() || !found->second.mapper) return;
  found->second.doubted.push_back({dead.key, came_at(dead, clock_)});
  look_later(dead.mapping);
}

void App::State::try_again(const std::string& name, const store::Sides<std::optional<std::string>>& key) {
  for (const store::Side side : {store::Side::kLeft, store::Side::kRight}) {
    if (!key[side]) continue;
    store_->retry(name, std::pair(side, *key[side]), [this, alive = alive_, name](Result<std::int64_t> tried) {
      if (*alive && tried.ok() && *tried > 0) engine_->wake(name);
    });
  }
}

void App::State::drifted(const std::string& name, const Error& why) {
  LoadedMapping& mapping = mappings_.at(name);
  mapping.drift = drift_error(why);
  engine_->pause(name, true);
  log_.error("schema_drift", name + " is paused: " + to_string(*mapping.drift), {{"mapping", Value(name)}});
  mapping.again = loop_.after(kAskAgain, [this, name] { fits_again(name); });
}

/// What its file says by now goes before what ran when the drift began: that may have been saved since, to fit what the fields have become.
void App::State::fits_again(const std::string& name) {
  const auto found = mappings_.find(name);
  if (found == mappings_.end() || !found->second.drift) return;
  const std::string& file = found->second.file;
  if (read_file(options_.folder + "/" + file) == text_of_main(*found->second.mapper, file)) return fits_as_before(name);
  load_file(file_name_of(file), [this, name] { fits_as_before(name); });
}

/// Where a saved file does not run, the version before goes on, as after every such save, and the file is read again.
void App::State::fits_as_before(const std::string& name) {
  const auto found = mappings_.find(name);
  if (found == mappings_.end() || !found->second.drift) return;
  fit(name, [this, name](Result<Fresh> fresh) {
    const auto now = mappings_.find(name);
    if (now == mappings_.end() || !now->second.drift) return;
    LoadedMapping& mapping = now->second;
    if (!fresh.ok()) {
      if (fresh.error().code != Code::kUnavailable) mapping.drift = drift_error(fresh.error());
      mapping.again = loop_.after(kAskAgain, [this, name] { fits_again(name); });
      return;
    }
    log_.info("schema_fits", name + " goes on: the fields of its systems fit again", {{"mapping", Value(name)}});
    auto trouble = mapping.trouble;
    run_mapping(name, fresh->text, fresh->described, fresh->draft);
    if (trouble) {
      mapping.trouble = std::move(trouble);
      mapping.again = loop_.after(kAskAgain, [this, file = file_name_of(mapping.file)] { load_file(file, [] {}); });
    }
    engine_->wake(name);
  });
}

/// Where no system refuses anything, a renamed field is noticed all the same.
void App::State::watch_fields() {
  drift_timer_ = loop_.after(kFieldsEvery, [this] {
    for (const auto& [name, mapping] : mappings_) look_for_drift(name, [](const std::optional<Error>&) {});
    watch_fields();
  });
}

}  // namespace tidewire::app
