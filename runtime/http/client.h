// client.h — HTTP requests out, through libcurl's multi interface on the loop. The only user of curl_.
//
// HTTP/1.1 unless a request asks for h2 (7.88.1 has a reuse bug with h2c); TLS verified always. No cookie jar (a Frappe
// sid sent beside a token would bring CSRF back). One Client serves every connection.
//
// At most once: when a reused connection dies before the first byte of an answer, libcurl silently sends the request
// again, although the server may have applied it. It asks a pre-request callback before each sending, so the second
// asking is refused and the request ends as kUnknown. That covers requests without body too (which a refused rewind
// would not) and keeps connections alive (which a fresh connection per request would not: a TLS handshake each).
// GET, HEAD and OPTIONS may be sent again unless marked `once`; nothing else ever is.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "http/message.h"
#include "loop/loop.h"

namespace tidewire::http {

struct ClientOptions {
  int connections_per_host = 16;
  int connections = 128;
  std::string ca_file{};            // empty: SSL_CERT_FILE, CURL_CA_BUNDLE, then the usual places of distributions
  std::string user_agent{};         // empty: "tidewire/VERSION"
  bool use_proxy_variables = true;  // http_proxy, https_proxy, all_proxy, no_proxy
};

/// The file of trusted certificates: the option, SSL_CERT_FILE, CURL_CA_BUNDLE, then where distributions keep it.
/// kInvalid when the one named is not readable or none is found: then say so at the start, every https request fails.
Result<std::string> find_ca_file(const ClientOptions& options);

/// A mail in place of an HTTP request: the target is smtp(s)://host[:port], the body a whole message, header lines included.
/// Its Response has the server's code (250). A password is sent through TLS only.
struct Mail {
  std::string from;
  std::vector<std::string> to;
  std::string user, password;
};

struct Exchange {
  Request request{};                             // target is an absolute http(s) URL; of a mail smtp(s)
  Duration deadline = std::chrono::seconds(60);  // whole exchange; connecting alone at most 10 s
  std::size_t max_bytes = 64u << 20;             // of the decoded response body; more is kInvalid, nothing kept
  bool same_origin = false;                      // a redirect that leaves the origin is the answer
  int redirects = 5;                             // followed for GET/HEAD only; credentials never go to another host
  bool once = false;                             // for a GET, HEAD or OPTIONS that is not harmless to send twice
  bool h2 = false;                               // offered in the TLS handshake; HTTP/1.1 when the server wants that
  std::optional<Mail> mail{};
  std::string unix_socket{};                     // path: speaks through it whatever the URL's host; no proxy then
};

/// Any status is a Response; its body is decoded (gzip), and Content-Encoding and Content-Length are then left out.
/// Errors: kUnavailable = surely not applied (DNS, connect, TLS, deadline before sending; or a GET, HEAD, OPTIONS not
/// marked `once`, which applies nothing); kUnknown = may have been applied (sent, then lost or timed out);
/// kInvalid = bad URL, method or header, nothing sent, or a body read over max_bytes; kDenied = certificate refused.
class Client {
 public:
  using Done = std::function<void(Result<Response>)>;
  /// Destroying it cancels; `done` is then not called.
  class Call {
   public:
    virtual ~Call() = default;
  };

  Client(loop::Loop& loop, ClientOptions options);
  ~Client();  // cancels what is under way; a Call may outlive it
  [[nodiscard]] std::unique_ptr<Call> send(Exchange exchange, Done done);

  struct Stats {
    std::uint64_t requests = 0, failed = 0, redirects = 0, bytes_in = 0, bytes_out = 0, connects = 0;
    int in_flight = 0;
  };
  Stats stats() const;

 private:
  struct State;
  class Transfer;
  std::unique_ptr<State> state_;
};

}  // namespace tidewire::http
