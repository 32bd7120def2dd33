// descriptors.h — how many files and sockets this process may have open at once.
//
// Many systems begin a process with 1,024 (the soft limit) and let it have more (the hard one). A server that may have as many
// connections as it may have descriptors shuts everybody out at that number: who is accepted next is closed by libuv without a
// word, also a command on this machine, and neither the state nor a system can be opened anew.
#pragma once

#include <cstddef>

namespace tidewire::loop {

/// Raises the soft limit towards the hard one, to `wanted` at most, and never lowers it. What may be open now; where it cannot be
/// raised, what it was.
std::size_t raise_descriptors(std::size_t wanted = 65'536);

}  // namespace tidewire::loop
