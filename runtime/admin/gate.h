// gate.h — what stands before every route: who asks, from where, how often.
//
// The Unix socket says who asks by itself (access.h), over TCP a token or a login does. A browser adds three dangers, each met here: a name of somebody else's that points at this machine (Host), a page of
// somebody else's that sends a form (the header of the login's own pages), a page that reads answers (CORS, off).
#pragma once

#include <map>
#include <optional>
#include <string>

#include "admin/accounts.h"
#include "http/message.h"
#include "sched/limiter.h"

namespace tidewire::admin {

inline constexpr const char* kCookie = "tidewire_session";
inline constexpr const char* kCsrfHeader = "X-Tidewire-CSRF";

class Gate {
 public:
  static constexpr std::size_t kMostAskers = 5'000;

  Gate(Control& control, Accounts& accounts) : control_(control), accounts_(accounts) {}

  Caller caller_of(const http::Request& request);
  /// Why this request is not looked at further: a Host that is not ours (421), too many (429), a change without the header of
  /// the login (403). nullopt = go on. A route for `any_host` is for monitors and senders: the name is not looked at, and what senders bring is not
  /// counted.
  std::optional<http::Response> refusal(const http::Request& request, const Caller& caller, bool any_host);
  /// The answer to a browser that asks whether a foreign page may; nullopt where this is no such question.
  std::optional<http::Response> preflight(const http::Request& request) const;
  /// Adds what a foreign page that may read needs, and what every answer carries.
  void dress(const http::Request& request, http::Response& response) const;

 private:
  bool host_is_ours(const http::Request& request) const;
  bool origin_may(const std::string& origin) const;
  std::optional<Duration> too_many(const http::Request& request, const Caller& caller);

  Control& control_;
  Accounts& accounts_;
  struct Asker {
    sched::TokenBucket bucket;
    Ticks last{};
  };
  std::map<std::string, Asker> askers_;  // by author, of strangers by network
};

/// The value of a cookie, "" where there is none.
std::string cookie_of(const http::Request& request, std::string_view name);
/// The address it came from: what a proxy on this machine says last, else the peer's. A proxy's own would be everybody's.
std::string sender_of(const http::Request& request);
/// Whether the browser reached us by TLS, as a proxy says.
bool is_secure(const http::Request& request);

}  // namespace tidewire::admin
