// What a remote needs so that changes are known: shown, then made, by the connector's own `install` and `uninstall`.
#include <algorithm>

#include "admin/paging.h"
#include "app/state.h"

namespace tidewire::app {

using sync::Side;

namespace {

Error nothing_to_install(const admin::Installation& asked) {
  return make_error(Code::kInvalid, "mapping " + asked.mapping + " has no side of kind '" + asked.kind + "'", "the kind of a connection as tidewire.lua says it, or the connection's name");
}

/// A collection by its one name, where its system has one: `cat` and `public.cat` are one table.
std::string name_of(const Value& collection, const std::string& name) {
  const std::string place = collection.string_or("place");
  return collection.string_or("connection") + " " + (place.empty() ? collection.string_or("word") + " " + name : place);
}

std::vector<std::string> used_by(const Value& compiled) {
  std::vector<std::string> names;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (const Value* end = compiled.find(store::side_name(side)); end != nullptr) names.push_back(name_of(*end, end->string_or("collection")));
    for (const Value& entry : belonging_to(compiled, side)) names.push_back(name_of(entry, entry.string_or("collection")));
  }
  return names;
}

}  // namespace

/// What is asked for, one collection after another: their steps make the same things where a database is the same, and it refuses that at once.
struct App::State::InstallSteps {
  struct One {
    std::string place, connection;
    Value collection, options;
  };
  std::vector<One> list;
  std::size_t next = 0;
  Object answers;
};

void App::State::install(const admin::Installation& asked, admin::Done<Value> done) {
  const auto mapping = mappings_.find(asked.mapping);
  if (mapping == mappings_.end()) return loop_.post([done, error = no_mapping(asked.mapping)] { done(error); });
  if (!mapping->second.endpoints) return loop_.post([done, error = admin::not_loaded(*this, asked.mapping)] { done(error); });
  const auto options_for = [&](const std::string& connection, const std::string& name) {
    Object options{{"apply", Value(asked.apply)}};
    if (!asked.address.empty()) options["address"] = asked.address + "/webhook/" + connection;
    Array others;
    for (const auto& [other, loaded] : mappings_) {
      if (!asked.remove || other == asked.mapping || !loaded.mapper) continue;
      const auto names = used_by(loaded.mapper->compiled());
      if (std::find(names.begin(), names.end(), name) != names.end()) others.push_back(Value(other));
    }
    if (!others.empty()) options["used_by"] = Value(std::move(others));
    return Value(std::move(options));
  };
  const Value& compiled = mapping->second.mapper->compiled();
  auto steps = std::make_shared<InstallSteps>();  // owners: the callbacks of each step
  for (const Side side : {Side::kLeft, Side::kRight}) {
    const ScriptEndpoint& endpoint = mapping->second.endpoints->own(side);
    const auto found = connections_.find(endpoint.connection().name());
    if (found == connections_.end() || (asked.kind != found->second->kind() && asked.kind != found->first)) continue;
    const Value* end = compiled.find(store::side_name(side));
    steps->list.push_back({store::side_name(side), found->first, endpoint.collection(), options_for(found->first, end == nullptr ? "" : name_of(*end, end->string_or("collection")))});
    // Rows and parts of records tell their changes themselves.
    for (const Value& entry : belonging_to(compiled, side)) {
      steps->list.push_back({store::side_name(side) + (" " + entry.string_or("collection")), found->first, further_collection(entry), options_for(found->first, name_of(entry, entry.string_or("collection")))});
    }
  }
  if (steps->list.empty()) return loop_.post([done, asked] { done(nothing_to_install(asked)); });
  install_next(asked, steps, std::move(done));
}

void App::State::install_next(const admin::Installation& asked, std::shared_ptr<InstallSteps> steps, admin::Done<Value> done) {
  if (steps->next == steps->list.size()) return done(Value(std::move(steps->answers)));
  const InstallSteps::One& one = steps->list[steps->next];
  const auto found = connections_.find(one.connection);
  if (found == connections_.end()) return done(no_connection(one.connection));
  const std::string verb = asked.remove ? "uninstall" : "install";
  found->second->call(verb, {one.collection, one.options}, asked.apply, [this, alive = alive_, asked, steps, verb, done = std::move(done)](Result<Value> answer) {
    if (!*alive) return;
    if (!answer.ok()) return done(std::move(answer).error());
    const InstallSteps::One& made = steps->list[steps->next++];
    if (!answer->is_object()) return done(make_error(Code::kScript, "the connector's " + verb + " returned no table"));
    (*answer)["connection"] = made.connection;
    (*answer)["collection"] = made.collection.string_or("name");
    steps->answers[made.place] = std::move(*answer);
    install_next(asked, steps, done);
  });
}

}  // namespace tidewire::app
