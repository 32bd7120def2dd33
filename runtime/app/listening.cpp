// Which connections are listened to: those with news that some mapping cares about, while the daemon works by itself.
#include <algorithm>
#include <set>

#include "app/state.h"

namespace tidewire::app {

using sync::Side;

/// The ends of mappings with the rows and parts of their records, each once: (connection, collection).
std::vector<std::pair<std::string, Value>> App::State::collections_in_use() const {
  std::vector<std::pair<std::string, Value>> used;
  const auto add = [&](const std::string& connection, const Value& collection) {
    if (std::pair one(connection, collection); std::find(used.begin(), used.end(), one) == used.end()) used.push_back(std::move(one));
  };
  for (const auto& [name, mapping] : mappings_) {
    if (!mapping.endpoints) continue;
    for (const Side side : {Side::kLeft, Side::kRight}) {
      const ScriptEndpoint& endpoint = mapping.endpoints->own(side);
      add(endpoint.connection().name(), endpoint.collection());
      for (const Value& entry : belonging_to(mapping.mapper->compiled(), side)) add(entry.string_or("connection"), further_collection(entry));
    }
  }
  return used;
}

std::vector<Value> App::State::collections_of(const std::string& connection) const {
  std::map<std::string, Value> found;
  for (auto& [name, collection] : collections_in_use()) {
    if (name == connection) found.emplace(collection.string_or("name"), collection);
  }
  std::vector<Value> collections;
  for (auto& [name, collection] : found) collections.push_back(std::move(collection));
  return collections;
}

/// Polls what the collection concerns: rows and parts are polled with the records that they belong to.
void App::State::look_at(const std::string& connection, const std::string& collection, std::function<void(std::optional<Error>)> done) {
  std::set<std::pair<std::string, std::string>> whole{{connection, collection}};
  for (const auto& [name, mapping] : mappings_) {
    if (!mapping.endpoints) continue;
    for (const Side side : {Side::kLeft, Side::kRight}) {
      const auto belonging = belonging_to(mapping.mapper->compiled(), side);
      const bool concerned = std::any_of(belonging.begin(), belonging.end(), [&](const Value& entry) { return entry.string_or("connection") == connection && entry.string_or("collection") == collection; });
      const ScriptEndpoint& own = mapping.endpoints->own(side);
      if (concerned) whole.emplace(own.connection().name(), own.collection().string_or("name"));
    }
  }
  struct Looks {
    std::size_t left = 0;
    std::optional<Error> error;
  };
  auto looks = std::make_shared<Looks>();  // owners: the callbacks below
  looks->left = whole.size();
  for (const auto& [where, what] : whole) {
    engine_->look(where, what, [looks, done](const std::optional<Error>& error) {
      if (error && !looks->error) looks->error = error;
      if (--looks->left == 0) done(looks->error);
    });
  }
}

void App::State::refresh_listeners() {
  if (!listening_) return;
  std::erase_if(listeners_, [this](const auto& one) {
    const auto connection = connections_.find(one.first);
    return connection == connections_.end() || connection->second.get() != &one.second->connection();
  });
  for (const auto& [name, connection] : connections_) {
    if (!Listener::has_news(*connection)) continue;
    if (const auto known = listeners_.find(name); known != listeners_.end()) {
      known->second->refresh();
      continue;
    }
    listeners_[name] = std::make_unique<Listener>(
        *connection, Listener::Ports{services(), [this](const std::string& of) { return collections_of(of); },
                                     [this](const std::string& of, const std::string& collection, auto done) { look_at(of, collection, std::move(done)); },
                                     [this] { engine_->received(); }});
  }
}

}  // namespace tidewire::app
