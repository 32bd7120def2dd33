// session.h — one connection to one server, used by one request at a time. Two kinds of server, one pool.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "sql/database.h"

namespace tidewire::sql {

class Session {
 public:
  using Opened = std::function<void(Result<void>)>;

  virtual ~Session() = default;  // cancels what is under way, on the server too where that is possible
  /// Called once, first.
  virtual void open(Opened done) = 0;
  /// One at a time. Afterwards the session is either usable again or broken.
  virtual void run(Request request, Database::Done done) = 0;
  /// False once the server or the network has ended it: then it is only good for destruction.
  virtual bool usable() const = 0;
};

/// Of an answer over max_bytes: how much that is, and which statement it began with.
Error too_large(const Request& request);
/// What one row takes while it is kept, of values with so many bytes of text.
constexpr std::size_t kept_bytes(std::size_t values, std::size_t text) { return sizeof(std::vector<Value>) + values * sizeof(Value) + text; }

using SessionMaker = std::function<std::unique_ptr<Session>()>;

}  // namespace tidewire::sql
