// webhook.h — POST /webhook/{connection}: proved, parsed, committed, then answered 202.
//
// Where the address ends with a kind of which there are several connections, the one is meant whose secret proves the request.
// The proof is checked over the raw bytes before anything is parsed. Where collection, key and event stand is data of the
// connector, so the common shapes need no Lua here; a connector with a `webhook` of its own is asked at once, and may not wait. A 2xx means that
// the change is on disk; when it cannot be stored the sender is told to come back.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/connection.h"
#include "app/wants.h"
#include "http/router.h"
#include "store/store.h"

namespace tidewire::app {

class WebhookIntake {
 public:
  struct Ports {
    store::Store& store;
    const Clock& clock;
    Logger& log;
    std::function<Connection*(const std::string& name)> connection;
    std::function<std::vector<Connection*>(const std::string& name)> addressed;  // by its name or by one of `webhook_names`; else all of that kind
    std::function<std::optional<std::string>(const std::string& name)> broken;   // one that may be meant, is declared and does not run
    std::function<const std::vector<Want>&(const std::string& connection)> wants;  // of all mappings, loaded or away
    std::function<void()> received;                                            // after a commit
  };
  explicit WebhookIntake(Ports ports) : ports_(std::move(ports)) {}

  void handle(http::Request request, const std::string& connection, http::Reply reply);

 private:
  struct Told;
  Result<void> add(const Connection& connection, const Told& told, std::vector<store::Change>& changes) const;
  Result<std::vector<store::Change>> extract(Connection& connection, const http::Request& request, const Value& body) const;
  Result<std::vector<store::Change>> ask(Connection& connection, const http::Request& request) const;
  void refuse(const std::vector<Connection*>& addressed, const http::Request& request, const std::string& name, http::Reply reply);
  Result<Value> read_body(const Connection& connection, const std::string& text) const;
  void note_received(Connection& connection);
  void greet(Connection& connection, const std::string& secret, http::Reply reply);
  void put(const std::string& name, Ticks began, std::vector<store::Change> changes, http::Reply reply);

  Ports ports_;
};

}  // namespace tidewire::app
