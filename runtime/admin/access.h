// access.h — what the connection itself says of who asks.
//
// The Unix socket is 0600, so its peer is the daemon's own user or root: an administrator. A proxy's requests come from the
// same machine too, so one that names whom it speaks for does not count as local.
#pragma once

#include <string>

#include "http/message.h"

namespace tidewire::admin {

enum class Access { kAdmin, kNeighbour, kStranger };

Access access_of(const http::Request& request);
/// Who did it, for the audit trail: "uid 1000", or "local" for a command that works alone.
std::string author_of(const http::Request& request);

}  // namespace tidewire::admin
