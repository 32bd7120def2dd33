// raw_peer.h — the other end of a socket, byte by byte: for servers that misbehave and clients that smuggle.
//
// A peer runs on a thread of its own with blocking calls, so its script reads from top to bottom. Nothing here checks
// anything (Catch2 is not thread-safe): collect, and look at it after the loop ended. Every wait ends after 5 s.
#pragma once

#include <atomic>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "loop/loop.h"

namespace tidewire::test {

class RawSocket {
 public:
  explicit RawSocket(int fd = -1) : fd_(fd) {}
  RawSocket(RawSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)), seen_(std::move(other.seen_)) {}
  RawSocket& operator=(RawSocket&& other) noexcept {
    close();
    fd_ = std::exchange(other.fd_, -1);
    seen_ = std::move(other.seen_);
    return *this;
  }
  ~RawSocket() { close(); }

  /// "127.0.0.1:PORT" or "unix:/path".
  static RawSocket connect_to(const std::string& address) {
    if (address.starts_with("unix:")) {
      sockaddr_un to{};
      to.sun_family = AF_UNIX;
      std::strncpy(to.sun_path, address.c_str() + 5, sizeof to.sun_path - 1);
      return connected(::socket(AF_UNIX, SOCK_STREAM, 0), reinterpret_cast<sockaddr*>(&to), sizeof to);
    }
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return connected(::socket(AF_INET, SOCK_STREAM, 0), reinterpret_cast<sockaddr*>(&to), sizeof to);
  }

  bool is_open() const { return fd_ >= 0; }

  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  /// What came up to and including `end`; less when the other side closed or nothing came for 5 s.
  std::string read_until(std::string_view end) {
    std::size_t found = seen_.find(end);
    while (found == std::string::npos && receive()) found = seen_.find(end);
    return take(found == std::string::npos ? seen_.size() : found + end.size());
  }
  std::string read(std::size_t count) {
    while (seen_.size() < count && receive()) continue;
    return take(std::min(count, seen_.size()));
  }
  /// Whatever comes next; empty when the other side closed or nothing came for 5 s.
  std::string read_some() {
    if (seen_.empty()) receive();
    return take(seen_.size());
  }
  std::string read_all() {
    while (receive()) continue;
    return take(seen_.size());
  }
  /// A head and as much body as its Content-Length says: a request or a response.
  std::string read_message() {
    std::string head = read_until("\r\n\r\n");
    const auto field = head.find("Content-Length: ");
    if (field == std::string::npos) return head;
    return head + read(static_cast<std::size_t>(std::stoul(head.substr(field + 16))));
  }
  /// True when the other side has closed and all was read.
  bool at_end() { return seen_.empty() && !receive(); }

  void half_close() { ::shutdown(fd_, SHUT_WR); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  /// The other side gets "connection reset", whatever was still on its way.
  void reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }

 private:
  static RawSocket connected(int fd, const sockaddr* to, socklen_t size) {
    RawSocket socket(fd);
    if (::connect(fd, to, size) != 0) socket.close();
    const int on = 1;
    ::setsockopt(socket.fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return socket;
  }

  bool receive() {
    pollfd wait{.fd = fd_, .events = POLLIN, .revents = 0};
    if (fd_ < 0 || ::poll(&wait, 1, 5000) <= 0) return false;
    char buffer[16384];
    const auto got = ::recv(fd_, buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    seen_.append(buffer, static_cast<std::size_t>(got));
    return true;
  }

  std::string take(std::size_t count) {
    std::string out = seen_.substr(0, count);
    seen_.erase(0, count);
    return out;
  }

  int fd_;
  std::string seen_;
};

/// A server on 127.0.0.1: runs `script` for each connection, one after the other, until destroyed.
class RawServer {
 public:
  using Script = std::function<void(RawSocket& peer, int connection)>;  // connections count from 0

  explicit RawServer(Script script) : script_(std::move(script)), fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    ::bind(fd_, reinterpret_cast<sockaddr*>(&at), size);
    ::listen(fd_, 64);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size);
    port_ = ntohs(at.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~RawServer() {
    ::shutdown(fd_, SHUT_RDWR);
    thread_.join();
    ::close(fd_);
  }

  std::string url(const std::string& path = "/") const { return "http://127.0.0.1:" + std::to_string(port_) + path; }
  int port() const { return port_; }
  int connections() const { return connections_; }

 private:
  void serve() {
    for (;;) {
      const int fd = ::accept(fd_, nullptr, nullptr);
      if (fd < 0) return;
      RawSocket peer(fd);
      script_(peer, connections_++);
    }
  }

  Script script_;
  int fd_;
  int port_ = 0;
  std::atomic<int> connections_ = 0;
  std::thread thread_;
};

/// A port of 127.0.0.1 where nobody listens.
inline int closed_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  ::bind(fd, reinterpret_cast<sockaddr*>(&at), size);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size);
  ::close(fd);
  return ntohs(at.sin_port);
}

/// Runs `script` on a thread and the loop here until the script is through.
inline void run_beside(loop::Loop& loop, const std::function<void()>& script) {
  const auto hold = loop.hold();
  std::thread thread([&] {
    script();
    loop.post([&loop] { loop.stop(); });
  });
  loop.run();
  thread.join();
}

}  // namespace tidewire::test
