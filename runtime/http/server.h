// server.h — HTTP/1.1 in: keep-alive, pipelining one request at a time, every length and time limited.
//
// llhttp in strict mode plus three rules of ours (no obs-fold, one Host, only a single "Transfer-Encoding: chunked").
// Back-pressure is not reading: while a request is answered, at most 64 KiB of what follows is buffered.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "http/message.h"
#include "loop/loop.h"
#include "loop/tls.h"

namespace tidewire::http {

struct ServerOptions {
  std::size_t max_head = 16u << 10;               // 431
  std::size_t max_body = 10u << 20;               // 413
  Duration head_time = std::chrono::seconds(10);  // 408; from its first byte, however many follow
  Duration body_time = std::chrono::seconds(30);  // 408; also for a peer that does not take its answer
  std::size_t min_body_rate = 1024;               // bytes a second once a third of body_time is over; 408
  Duration idle_time = std::chrono::seconds(60);  // between requests; closed without a word
  int max_connections = 1024;                     // of the network, and of Unix sockets; the next is answered 503 and closed (connections_within)
  /// Whose connections are counted together, of a peer's address; "" = nobody's: of these as many as there may be. Unset, of all.
  std::function<std::string(const std::string& peer)> whose{};
  std::function<int()> max_of_one{};              // asked for each new one: as many of one `whose`; the next is answered 429 and closed
  std::size_t max_bodies = 256u << 20;            // of all bodies not answered yet together; 503 to who sends beyond it
  /// The answer to what is refused before a handler sees it; unset: plain text.
  std::function<Response(int status, std::string_view why)> refusal{};
  /// One more was refused because there are as many as may be, of `whose` where it is not ""; called for each, so whoever tells of it counts to himself.
  std::function<void(const std::string& whose)> crowded{};
};

/// `max_connections` of a process that may have `descriptors` files and sockets open: the default, or what leaves room for the
/// state, the systems asked, and who comes by a Unix socket.
int connections_within(std::size_t descriptors);

/// Answers one request; may be kept and called later, from the loop's thread, at most once. Calling it after the peer
/// went away or the Server is gone does nothing. A Reply destroyed without being called answers 500, so that no peer
/// waits for ever.
class Reply {
 public:
  Reply() = default;
  explicit Reply(std::function<void(Response)> send);
  Reply(Reply&&) noexcept;
  Reply& operator=(Reply&&) noexcept;
  ~Reply();
  void operator()(Response response);

  /// Faults for practice servers: close the connection without an answer.
  static Response drop();

 private:
  std::function<void(Response)> send_;
};

class Server {
 public:
  using Handler = std::function<void(Request, Reply)>;

  Server(loop::Loop& loop, ServerOptions options, Handler handler);
  ~Server();  // closes at once; use drain() first. Also from inside a handler.

  /// "127.0.0.1:8080", "[::1]:0", "unix:/path" (mode 0600, a stale socket file is replaced). Returns the address bound
  /// (with the real port). kInvalid for a bad address, kUnavailable with the reason where it cannot be bound. Each
  /// call adds an address.
  ///
  /// `identity` is asked for each new connection: where it gives one, TLS is spoken with it, and a peer that does not is
  /// answered 400 in plain text; nullptr is plain HTTP. Of a Unix socket it is not asked.
  using Identity = std::function<std::shared_ptr<const loop::TlsIdentity>()>;
  Result<std::string> listen(const std::string& address, Identity identity = {});
  /// Stops accepting, lets requests under way finish (answers carry "Connection: close"), then calls done.
  void drain(std::function<void()> done);
  int connections() const;
  struct Stats {
    std::uint64_t requests = 0, malformed = 0, refused = 0, timed_out = 0;
  };
  Stats stats() const;

 private:
  struct State;
  std::shared_ptr<State> state_;  // with the handler while it runs, so that it may destroy the Server
};

}  // namespace tidewire::http
