// access.h — what the connection itself says of who asks.
//
// A Unix socket is 0600, so its peer is the daemon's own user or root: an administrator. A proxy's requests come from the
// same machine too, by TCP or by such a socket (listen = "unix:/..."), so one that names whom it speaks for does not count
// as local.
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"

namespace tidewire::admin {

enum class Access { kAdmin, kNeighbour, kStranger };

/// Of an address that a socket tells.
bool is_loopback(std::string_view peer);
/// Of a host that somebody wrote, by number: the name 127.example.org is somebody's. No "localhost", no IPv6.
bool is_loopback_number(const std::string& host);

/// Whose address it is, where somebody is counted: of IPv6 the first 64 bits, which one household has 2^64 addresses of; else the address as it is.
std::string network_of(const std::string& address);

Access access_of(const http::Request& request);
/// Who did it, for the audit trail: "uid 1000", or "local" for a command that works alone.
std::string author_of(const http::Request& request);

}  // namespace tidewire::admin
