// address.h — what may be shown of an address that is told or asked: its host. A path or a query may hold a token.
#pragma once

#include <string>

namespace tidewire::app {

/// "chat.example:8443" of "https://user:word@chat.example:8443/hooks/token?wait=true".
std::string host_of(const std::string& url);
/// What the client says of an exchange with `url`, with the host in place of the address. The client leaves user and query out of
/// the address, so a Redactor that knows it whole does not find it there.
std::string by_host(const std::string& text, const std::string& url);

}  // namespace tidewire::app
