// stream.h — byte streams to and from peers, TCP and Unix. Nagle's algorithm is off: answers are written whole.
//
// Writing tries the socket at once and queues only what the kernel did not take, so the usual answer costs one system
// call and no allocation.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "loop/loop.h"
#include "loop/tls.h"

namespace tidewire::loop {

class Connection {
 public:
  /// The bytes live in the loop's shared buffer: valid until the callback returns.
  using Received = std::function<void(std::string_view bytes)>;
  /// The peer will send no more (`lost` false: an orderly end, it may still read) or is gone. Called once at most.
  using Ended = std::function<void(bool lost)>;

  ~Connection();  // closes at once; what is not yet written is lost
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// From now on TLS is spoken, before anything was read: what is read and written here is text, what travels is not. A peer
  /// that speaks plainly all the same is heard as it is, once spoken_plainly() is true; so it can be told.
  void secure(std::shared_ptr<const TlsIdentity> identity);
  bool secured() const;
  bool spoken_plainly() const;

  void start_reading(Received received, Ended ended);
  void stop_reading();      // the kernel buffers, then the peer waits
  void continue_reading();  // with the callbacks given before

  /// Sends both parts in order. A failure shows up as Ended(lost) while reading, else in on_written().
  void write(std::string_view first, std::string_view second = {});
  /// Bytes that write() took and the kernel did not yet take; with TLS as they travel.
  std::size_t unwritten() const;
  /// While unwritten() > 0: `written` is called once it is 0 again; false when the peer is gone. One at a time.
  void on_written(std::function<void(bool ok)> written);
  /// After all writes: tells the peer that no more will come.
  void finish_writing();

  /// "127.0.0.1", "::1" or "unix".
  const std::string& peer() const;
  /// The user id of the process at the other end of a Unix socket; -1 for TCP.
  int peer_uid() const;

 private:
  friend class Listener;
  struct Node;
  explicit Connection(Node* node) : node_(node) {}
  Node* node_;
};

class Listener {
 public:
  using Accepted = std::function<void(std::unique_ptr<Connection>)>;

  explicit Listener(Loop& loop);
  ~Listener();  // stops accepting; removes its Unix socket file
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// "127.0.0.1:8080", "[::1]:0", "localhost:0", "unix:/path" (mode 0600; a socket file nobody listens on is replaced).
  /// The address bound, with the real port. kInvalid for a bad address, kUnavailable where it cannot be bound.
  Result<std::string> listen(const std::string& address, Accepted accepted);

 private:
  struct Node;
  Loop& loop_;
  Node* node_ = nullptr;
};

}  // namespace tidewire::loop
