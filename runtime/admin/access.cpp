#include "admin/access.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace tidewire::admin {

bool is_loopback(std::string_view peer) { return peer == "::1" || peer.starts_with("127.") || peer.starts_with("::ffff:127."); }

bool is_loopback_number(const std::string& host) {
  in_addr four{};
  return inet_pton(AF_INET, host.c_str(), &four) == 1 && (ntohl(four.s_addr) >> 24) == 127;
}

std::string network_of(const std::string& address) {
  in6_addr six{};
  if (inet_pton(AF_INET6, address.c_str(), &six) != 1 || IN6_IS_ADDR_V4MAPPED(&six)) return address;
  std::fill(std::begin(six.s6_addr) + 8, std::end(six.s6_addr), std::uint8_t{0});
  char text[INET6_ADDRSTRLEN];
  return std::string(inet_ntop(AF_INET6, &six, text, sizeof text)) + "/64";
}

namespace {

/// The Host a program on this machine would use; a web page that had its own name point here sends that name.
bool is_local_host(std::string_view host) {
  if (host.starts_with('[')) return host.starts_with("[::1]");
  host = host.substr(0, host.find(':'));
  return host == "localhost" || is_loopback_number(std::string(host));
}

bool is_forwarded(const http::Headers& headers) {
  constexpr const char* kMarks[] = {"X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"};
  return std::any_of(std::begin(kMarks), std::end(kMarks), [&](const char* mark) { return headers.find(mark) != nullptr; });
}

}  // namespace

Access access_of(const http::Request& request) {
  if (request.peer == "local") return Access::kAdmin;
  if (request.peer == "unix") return is_forwarded(request.headers) ? Access::kStranger : Access::kAdmin;
  const std::string* host = request.headers.find("Host");
  const bool local = is_loopback(request.peer) && host != nullptr && is_local_host(*host) && !is_forwarded(request.headers);
  return local ? Access::kNeighbour : Access::kStranger;
}

std::string author_of(const http::Request& request) {
  return request.peer == "unix" && request.peer_uid >= 0 ? "uid " + std::to_string(request.peer_uid) : "local";
}

}  // namespace tidewire::admin
