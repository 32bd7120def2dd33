#include "loop/address.h"

#include <cerrno>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace tidewire::loop {

namespace {

Error address_error(const std::string& text) {
  return make_error(Code::kInvalid, "'" + text + "' is no address to listen on",
                    "write 127.0.0.1:8080, [::1]:8080 or unix:/path/to/socket");
}

Result<Address> unix_address(const std::string& text, std::string path) {
  if (path.empty() || path.find('\0') != std::string::npos) return address_error(text);
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    return make_error(Code::kInvalid, "the socket path '" + path + "' is too long",
                      "107 bytes are the system's limit; choose a shorter folder");
  }
  Address address;
  address.path = std::move(path);
  return address;
}

bool fill_tcp(const std::string& host, std::uint16_t port, sockaddr_storage& out) {
  auto* v4 = reinterpret_cast<sockaddr_in*>(&out);
  if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    return true;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out);
  if (inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    return true;
  }
  return false;
}

sockaddr_un unix_sockaddr(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

Error bind_error(const std::string& path, const char* why) {
  return make_error(Code::kUnavailable, "listen on unix:" + path + ": " + why);
}

bool somebody_listens(const sockaddr_un& address) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return true;
  const bool connected = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const int reason = errno;
  close(fd);
  return connected || reason != ECONNREFUSED;
}

Result<void> clear_stale_socket(const std::string& path, const sockaddr_un& address) {
  struct stat found {};
  if (lstat(path.c_str(), &found) != 0) return {};
  if (!S_ISSOCK(found.st_mode)) return bind_error(path, "a file of that name is in the way");
  if (somebody_listens(address)) return bind_error(path, "another process listens there");
  unlink(path.c_str());
  return {};
}

}  // namespace

Result<Address> parse_address(const std::string& text) {
  if (text.starts_with("unix:")) return unix_address(text, text.substr(5));

  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return address_error(text);
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [stop, failed] = std::from_chars(text.data() + colon + 1, end, port);
  if (failed != std::errc() || stop != end) return address_error(text);

  std::string host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  Address address;
  if (bracketed != (host.find(':') != std::string::npos) || !fill_tcp(host, port, address.tcp))
    return address_error(text);
  return address;
}

std::string host_text(const sockaddr_storage& address) {
  char host[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(&address)->sin_addr, host, sizeof host);
  } else if (address.ss_family == AF_INET6) {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(&address)->sin6_addr, host, sizeof host);
  }
  return host;
}

std::string Address::text() const {
  if (is_unix()) return "unix:" + path;
  const bool v6 = tcp.ss_family == AF_INET6;
  const auto port = ntohs(v6 ? reinterpret_cast<const sockaddr_in6*>(&tcp)->sin6_port
                             : reinterpret_cast<const sockaddr_in*>(&tcp)->sin_port);
  const std::string host = host_text(tcp);
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<int> bind_unix(const std::string& path) {
  const sockaddr_un address = unix_sockaddr(path);
  TRY(clear_stale_socket(path, address));
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return bind_error(path, std::strerror(errno));
  // Linux gives the file the socket's own mode, so there is no moment in which others may connect.
  if (fchmod(fd, 0600) != 0 || bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int reason = errno;
    close(fd);
    return bind_error(path, std::strerror(reason));
  }
  return fd;
}

void remove_socket_file(const std::string& path) {
  struct stat found {};
  if (lstat(path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode)) unlink(path.c_str());
}

}  // namespace tidewire::loop
