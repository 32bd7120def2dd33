// A new mapping from the page: two collections, a proposal, a trial, a file.
#include <algorithm>
#include <cctype>

#include "app/saving.h"
#include "app/state.h"
#include "base/text.h"

namespace tidewire::app {
namespace {

std::string mapping_path(const std::string& name) { return "mappings/" + name + ".lua"; }

std::vector<std::string> words_of(const Value& declared) {
  std::vector<std::string> names;
  const Value* words = declared.find("collections");
  if (words == nullptr || !words->is_object()) return names;
  for (const auto& [word, unused] : words->as_object()) names.push_back(word);
  return names;
}

std::string listed_word(const Value& catalog, const std::string& collection) {
  if (!catalog.is_array()) return "";
  for (const Value& one : catalog.as_array()) {
    if (one.string_or("name") == collection) return one.string_or("word");
  }
  return "";
}

}  // namespace

void App::State::collections(const std::string& name, admin::Done<Value> done) {
  const auto found = connections_.find(name);
  if (found == connections_.end()) return loop_.post([done, error = no_connection(name)] { done(error); });
  if (!found->second->has("catalog")) return loop_.post([done] { done(Value(Array{})); });
  found->second->call("catalog", {}, false, std::move(done));
}

/// By which word a mapping would name the collection: the connector's only one, or what its list says; of one that it does not
/// list the first.
void App::State::find_word(const Connection& connection, const std::string& collection, std::function<void(std::string)> done) {
  const std::vector<std::string> words = words_of(connection.declared());
  const std::string first = words.empty() ? "" : words.front();
  if (words.size() < 2 || !connection.has("catalog")) return loop_.post([done = std::move(done), first] { done(first); });
  connections_.at(connection.name())->call("catalog", {}, false, [collection, first, done = std::move(done)](Result<Value> catalog) {
    const std::string listed = catalog.ok() ? listed_word(*catalog, collection) : "";
    done(listed.empty() ? first : listed);
  });
}

/// {connection, collection, word}: as it was asked for.
Result<Value> App::State::asked_end(const Value& asked, const char* side) const {
  const Value* end = asked.find(side);
  const std::string name = end == nullptr ? "" : end->string_or("connection");
  const auto found = connections_.find(name);
  if (found == connections_.end()) return no_connection(name);
  return *end;
}

/// [ {name, left = {connection, collection, stamps}, right} ] of all that run: for references, and for the fields that they write themselves.
Value App::State::mapped_ends() const {
  Array rows;
  for (const auto& [name, mapping] : mappings_) {
    if (!mapping.mapper) continue;
    Object row{{"name", name}};
    for (const sync::Side side : {sync::Side::kLeft, sync::Side::kRight}) {
      const sync::End& end = mapping.mapper->plan().end[side];
      Array stamps;
      for (const sync::Stamp& stamp : end.stamps) stamps.push_back(Value(stamp.field));
      row[store::side_name(side)] = Value(Object{{"connection", end.connection}, {"collection", end.collection}, {"stamps", Value(std::move(stamps))}});
    }
    rows.push_back(Value(std::move(row)));
  }
  return Value(std::move(rows));
}

void App::State::suggest_mapping(const Value& asked, admin::Done<Value> done) {
  const auto left = asked_end(asked, "left"), right = asked_end(asked, "right");
  if (!left.ok() || !right.ok()) return loop_.post([done, error = left.ok() ? right.error() : left.error()] { done(error); });
  Value argument = asked;
  if (const std::string like = asked.string_or("like"); !like.empty()) {
    const auto pattern = source(like);
    if (!pattern.ok()) return loop_.post([done, error = pattern.error()] { done(error); });
    argument["like"] = Value(Object{{"name", like}, {"text", pattern->string_or("source")}});
  }
  argument["left"] = *left;
  argument["right"] = *right;
  argument["mappings"] = mapped_ends();
  const auto both = std::make_shared<std::pair<Value, int>>(std::move(argument), 2);  // owners: the callbacks below
  const auto error = std::make_shared<std::optional<Error>>();                        // likewise
  for (const char* side : {"left", "right"}) {
    const Value end = both->first[side];
    describe_as(end.string_or("connection"), end.string_or("collection"), end.string_or("word"), [this, alive = alive_, both, error, side, done](Result<Value> described, const std::string& word) {
      if (!*alive) return;
      both->first[side]["word"] = Value(word);
      const auto connection = connections_.find(both->first[side].string_or("connection"));
      const Value* able = connection == connections_.end() ? nullptr : connection->second->declared().find("files");
      if (able != nullptr) both->first[side]["files"] = *able;
      if (described.ok()) both->first[side]["describe"] = std::move(*described);
      else if (!*error) *error = described.error();
      if (--both->second > 0) return;
      if (*error) return done(Error(**error).context("the fields of a collection are not known"));
      auto found = evaluate_host({"tidewire.host.suggest", "suggestion", "", both->first}, files_);
      if (const std::string why = found.ok() ? found->string_or("no_pattern") : ""; !why.empty()) {
        return done(make_error(Code::kInvalid, "no mapping can be made like this one: " + why, "name the new collection in its file, or copy the file by hand"));
      }
      done(std::move(found));
    });
  }
}

Result<void> App::State::check_new_mapping(const std::string& name) const {
  const bool good = !name.empty() && name.size() <= 100 && std::all_of(name.begin(), name.end(), [](unsigned char c) { return c < 128 && (std::isalnum(c) || c == '_' || c == '-'); });
  if (!good) return make_error(Code::kInvalid, "'" + name + "' cannot be the name of a mapping", "letters, digits, _ and - only");
  if (mappings_.contains(name) || read_file(options_.folder + "/" + mapping_path(name))) return make_error(Code::kInvalid, "there is a mapping '" + name + "' already", "give this one another name, or edit that one");
  return {};
}

void App::State::try_new_mapping(const std::string& name, const std::string& text, std::int64_t limit, admin::Done<Value> done) {
  if (const auto free = check_new_mapping(name); !free.ok()) return loop_.post([done, error = free.error()] { done(error); });
  try_text(mapping_path(name), name, text, limit, std::move(done));
}

void App::State::create_mapping(const std::string& name, const std::string& text, bool enabled, admin::Done<Value> done) {
  if (const auto free = check_new_mapping(name); !free.ok()) return loop_.post([done, error = free.error()] { done(error); });
  if (enabled) return save_text(mapping_path(name), name, text, "", std::move(done));
  // Switched off before it is there, so that it never takes a key.
  disabled_.insert(name);
  keep_switch(name, false, [this, alive = alive_, name, text, done](Result<void> kept) {
    if (!*alive) return;
    if (!kept.ok()) return done(kept.error());
    save_text(mapping_path(name), name, text, "", [this, alive, name, done](Result<Value> saved) {
      const bool there = saved.ok() && saved->bool_or("ok", false);
      if (!there && *alive && !mappings_.contains(name)) {
        disabled_.erase(name);
        keep_switch(name, true, [](Result<void>) {});
      }
      done(std::move(saved));
    });
  });
}

Result<Value> App::State::delete_mapping(const std::string& name) {
  const auto found = mappings_.find(name);
  if (found == mappings_.end()) return no_mapping(name);
  const std::string file = found->second.file;
  const auto together = std::count_if(mappings_.begin(), mappings_.end(), [&](const auto& one) { return one.second.file == file; });
  if (together > 1) return make_error(Code::kInvalid, file + " holds " + std::to_string(together) + " mappings", "take '" + name + "' out of it by an edit");
  TRY(remove_file(options_.folder + "/" + file));
  load_file(file_name_of(file), [] {});
  // A later one of this name begins switched on, as any.
  disabled_.erase(name);
  keep_switch(name, true, [](Result<void>) {});
  return Value(Object{{"removed", name}});
}

}  // namespace tidewire::app
