#include "app/listener.h"

#include "sched/backoff.h"

namespace tidewire::app {

bool Listener::has_news(const Connection& connection) {
  const Value* able = connection.declared().find("capabilities");
  return able != nullptr && able->bool_or("listens", false) && connection.has("listen");
}

Listener::Listener(Connection& connection, Ports ports) : connection_(connection), ports_(std::move(ports)), alive_(std::make_shared<bool>(true)) { again({}); }

Listener::~Listener() {
  *alive_ = false;
  waiting_.reset();
  connection_.unlisten();
}

void Listener::refresh() {
  waiting_.reset();
  again({});
}

void Listener::again(Duration delay) {
  timer_ = ports_.services.loop.after(delay, [this] { listen(); });
}

void Listener::listen() {
  ended_.reset();
  Array collections;
  for (Value& collection : ports_.collections(connection_.name())) collections.push_back(std::move(collection));
  if (collections.empty()) return;  // until refresh()
  waiting_ = connection_.listen(Value(std::move(collections)), [this](Result<Value> news) { heard(std::move(news)); });
}

void Listener::heard(Result<Value> news) {
  ended_ = std::move(waiting_);
  if (!news.ok()) return failed(news.error());
  failures_ = 0;
  for (const Value& collection : ports_.collections(connection_.name())) {
    const std::string name = collection.string_or("name");
    if (looked_at_.insert(name).second) look(name);
  }
  take(*news);
  again({});
}

void Listener::failed(const Error& error) {
  looked_at_.clear();
  connection_.was_lost();
  const auto delay = sched::delay({.cap = std::chrono::seconds(60)}, ++failures_, error.retry_after, ports_.services.random);
  ports_.services.log.warn("listen_failed", to_string(error), {{"connection", Value(connection_.name())}});
  again(delay);
}

void Listener::take(const Value& news) {
  std::vector<store::Change> changes;
  if (!news.is_array()) return;
  for (const Value& one : news.as_array()) {
    store::Change change;
    change.connection = connection_.name();
    change.source = "listen";
    change.collection = one.string_or("collection");
    change.key = one.string_or("key");
    if (one.string_or("event") == "delete") change.event = "delete";
    if (change.key.empty()) look(change.collection);
    else changes.push_back(std::move(change));
  }
  if (changes.empty()) return;
  ports_.services.store.put(std::move(changes), [this, alive = alive_](Result<std::int64_t> stored) {
    if (!*alive) return;
    if (stored.ok()) return ports_.received();
    looked_at_.clear();  // the next round polls them all instead
  });
}

void Listener::look(const std::string& collection) {
  ports_.look(connection_.name(), collection, [this, alive = alive_, collection](const std::optional<Error>& error) {
    if (*alive && error) looked_at_.erase(collection);
  });
}

}  // namespace tidewire::app
