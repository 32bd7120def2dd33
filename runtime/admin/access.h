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

/// The address under which an asker is counted: of IPv6 its /64, since one household has all 2^64 addresses of it; else the address itself.
std::string network_of(const std::string& address);

Access access_of(const http::Request& request);
/// Who did it, for the audit trail: "uid 1000", or "local" for a command that works alone.
std::string author_of(const http::Request& request);

}  // namespace tidewire::admin
