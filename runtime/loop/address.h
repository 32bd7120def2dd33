// address.h — where a listener listens, read from text. Host names are not looked up: that could block, and a daemon
// should say which of its addresses it means.
#pragma once

#include <string>

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/result.h"

namespace tidewire::loop {

struct Address {
  sockaddr_storage tcp{};
  std::string path;  // not empty: a Unix socket

  bool is_unix() const { return !path.empty(); }
  std::string text() const;  // "127.0.0.1:80", "[::1]:80", "unix:/path"
};

/// kInvalid, naming the text, for anything but IP:PORT, [IP6]:PORT, localhost:PORT and unix:/path.
Result<Address> parse_address(const std::string& text);
/// The numeric host without its port.
std::string host_text(const sockaddr_storage& address);

/// A bound Unix socket with mode 0600 from its first moment. A socket file nobody listens on is replaced; one in use or
/// a file of another kind is kUnavailable.
Result<int> bind_unix(const std::string& path);
/// Removes `path` if it is a socket.
void remove_socket_file(const std::string& path);

}  // namespace tidewire::loop
