// exchange_rules.h — what may be sent, to whom, and what a failure means: the client without libcurl.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/client.h"

namespace tidewire::http {

/// kInvalid for a method that is no token, a header that would break the framing or that the client sets itself, and a
/// URL that is not http(s) or holds blanks or control characters; of a mail, an address that holds control characters.
Result<void> check_exchange(const Exchange& exchange);

/// GET, HEAD, OPTIONS: asking twice changes nothing.
bool is_safe_method(std::string_view method);

/// GET and HEAD follow 301, 302, 303, 307, 308 to their Location; null when this response is final.
const std::string* redirect_target(const Request& request, const Response& response);

/// What may go to another origin: how to answer (Accept, Accept-Language, Accept-Encoding, User-Agent). Everything else
/// could be a credential: Authorization, Cookie, apikey and whatever a system invents.
Headers harmless_headers(const Headers& headers);

/// "POST https://host/path": for messages. Query and user info are left out, they carry keys.
std::string shown(const Request& request);

/// How far a failed exchange had come.
struct Progress {
  bool connected = false;  // incl. TLS: sending was about to begin
  bool sent = false;       // at least one byte of the request went out, or may have
};
Code failure_code(const Exchange& exchange, Progress progress);

}  // namespace tidewire::http
