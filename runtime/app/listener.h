// listener.h — a push source: the connector waits for news in a task of its own, again and again, beside the connection's calls.
//
// News is a hint. With a key it goes through the inbox like a webhook; without one the collection is polled at once, and the
// cursor of the poll stays the only promise. So nothing is lost while nobody listens, or between two waits: after each
// connecting every collection is looked at once.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/connection.h"

namespace tidewire::app {

class Listener {
 public:
  struct Ports {
    Services services;
    std::function<std::vector<Value>(const std::string& connection)> collections;  // as connectors get them
    /// Polls what concerns the collection; an error means that it is still to be looked at.
    std::function<void(const std::string& connection, const std::string& collection, std::function<void(std::optional<Error>)> done)> look;
    std::function<void()> received;  // after a commit to the inbox
  };
  /// True for a connection that has news to wait for.
  static bool has_news(const Connection& connection);

  Listener(Connection& connection, Ports ports);
  ~Listener();
  const Connection& connection() const { return connection_; }
  /// The collections may be others now.
  void refresh();

 private:
  void listen();
  void heard(Result<Value> news);
  void failed(const Error& error);
  void take(const Value& news);
  void look(const std::string& collection);
  void again(Duration delay);

  Connection& connection_;
  Ports ports_;
  std::unique_ptr<script::Script::Running> waiting_;
  std::unique_ptr<script::Script::Running> ended_;  // destroyed later: its callback is under way
  std::set<std::string> looked_at_;                 // since the connection was made
  std::unique_ptr<Timer> timer_;
  int failures_ = 0;
  std::shared_ptr<bool> alive_;  // owners: this and the callbacks under way
};

}  // namespace tidewire::app
