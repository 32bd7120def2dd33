// Which connections are listened to: those with news that some mapping cares about, while the daemon works by itself.
#include "app/state.h"

namespace tidewire::app {

using sync::Side;

std::vector<Value> App::State::collections_of(const std::string& connection) const {
  std::map<std::string, Value> found;
  for (const auto& [name, mapping] : mappings_) {
    if (!mapping.endpoints) continue;
    for (const Side side : {Side::kLeft, Side::kRight}) {
      const ScriptEndpoint& endpoint = mapping.endpoints->own(side);
      if (endpoint.connection().name() == connection) found.emplace(endpoint.collection().string_or("name"), endpoint.collection());
    }
  }
  std::vector<Value> collections;
  for (auto& [name, collection] : found) collections.push_back(std::move(collection));
  return collections;
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
                                     [this](const std::string& of, const std::string& collection, auto done) { engine_->look(of, collection, std::move(done)); },
                                     [this] { engine_->received(); }});
  }
}

}  // namespace tidewire::app
