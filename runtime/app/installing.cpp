// What a remote needs so that changes are known: shown, then made, by the connector's own `install` and `uninstall`.
#include "app/state.h"

namespace tidewire::app {

using sync::Side;

namespace {

Error nothing_to_install(const admin::Installation& asked) {
  return make_error(Code::kInvalid, "mapping " + asked.mapping + " has no side of kind '" + asked.kind + "'", "the kind of a connection as tidewire.lua says it, or the connection's name");
}

}  // namespace

void App::State::install(const admin::Installation& asked, admin::Done<Value> done) {
  struct Sides {
    Object answers;
    std::optional<Error> error;
    int left = 1;
  };
  const auto mapping = mappings_.find(asked.mapping);
  if (mapping == mappings_.end() || !mapping->second.endpoints) {
    return loop_.post([done, name = asked.mapping] { done(make_error(Code::kNotFound, "no mapping '" + name + "' is loaded", "`tidewire check` says why")); });
  }
  auto sides = std::make_shared<Sides>();  // owners: the callbacks below
  const auto one = [sides, done, asked] {
    if (--sides->left > 0) return;
    if (sides->error) return done(*sides->error);
    if (sides->answers.empty()) return done(nothing_to_install(asked));
    done(Value(sides->answers));
  };
  const std::string verb = asked.remove ? "uninstall" : "install";
  for (const Side side : {Side::kLeft, Side::kRight}) {
    const ScriptEndpoint& endpoint = mapping->second.endpoints->own(side);
    const auto found = connections_.find(endpoint.connection().name());
    if (found == connections_.end() || (asked.kind != found->second->kind() && asked.kind != found->first)) continue;
    Object options{{"apply", Value(asked.apply)}};
    if (!asked.address.empty()) options["address"] = asked.address + "/webhook/" + found->first;
    // Rows and parts of records tell their changes themselves.
    std::vector<std::pair<std::string, Value>> collections{{store::side_name(side), endpoint.collection()}};
    for (const Value& entry : belonging_to(mapping->second.mapper->compiled(), side)) collections.emplace_back(store::side_name(side) + (" " + entry.string_or("collection")), further_collection(entry));
    for (const auto& [place, collection] : collections) {
      ++sides->left;
      found->second->call(verb, {collection, Value(options)}, asked.apply, [sides, one, place = place, name = found->first, collection = collection.string_or("name")](Result<Value> answer) {
        if (!answer.ok()) {
          if (!sides->error) sides->error = std::move(answer).error();
          return one();
        }
        (*answer)["connection"] = name;
        (*answer)["collection"] = collection;
        sides->answers[place] = std::move(*answer);
        one();
      });
    }
  }
  loop_.post(one);
}

}  // namespace tidewire::app
