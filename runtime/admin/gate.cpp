#include "admin/gate.h"

#include <algorithm>

#include "admin/access.h"
#include "admin/answer.h"
#include "admin/oldest.h"
#include "base/hash.h"
#include "base/text.h"

namespace tidewire::admin {
namespace {

constexpr sched::Rate kKnownRate{50, 300};    // of one login or token
constexpr sched::Rate kUnknownRate{20, 240};  // of one address that did not say who it is: the page alone is some thirty files

bool changes_something(const std::string& method) { return method != "GET" && method != "HEAD" && method != "OPTIONS"; }

std::string host_name(std::string_view host) {
  if (host.starts_with('[')) return std::string(host.substr(0, host.find(']') + 1));
  return lower_ascii(host.substr(0, host.find(':')));
}

/// An address cannot be made to point elsewhere, so it is always ours; so is localhost.
bool is_address(const std::string& name) {
  if (name.starts_with('[') || name == "localhost") return true;
  return std::count(name.begin(), name.end(), '.') == 3 && name.find_first_not_of("0123456789.") == std::string::npos;
}

http::Response with_hint(int status, Code code, std::string message, std::string hint) {
  return problem(status, make_error(code, std::move(message), std::move(hint)));
}

/// nullopt where none is given; "Bearer" alone is an empty one, as of a variable that is not set.
std::optional<std::string> bearer_of(const http::Request& request) {
  const std::string* header = request.headers.find("Authorization");
  if (header == nullptr) return std::nullopt;
  const std::string_view text = trim(*header);
  if (!starts_with_ignoring_case(text, "bearer") || (text.size() > 6 && text[6] != ' ')) return std::nullopt;
  return std::string(trim(text.substr(6)));
}

}  // namespace

std::string cookie_of(const http::Request& request, std::string_view name) {
  for (const auto& [key, value] : request.headers.fields()) {
    if (!http::equal_ignoring_case(key, "Cookie")) continue;
    for (const std::string& part : split(value, ';')) {
      const std::string_view one = trim(part);
      if (one.starts_with(name) && one.size() > name.size() && one[name.size()] == '=') return std::string(one.substr(name.size() + 1));
    }
  }
  return "";
}

std::string sender_of(const http::Request& request) {
  const std::string* forwarded = request.headers.find("X-Forwarded-For");
  if (forwarded == nullptr || (request.peer != "unix" && !is_loopback(request.peer))) return request.peer;
  const auto comma = forwarded->rfind(',');
  return std::string(trim(std::string_view(*forwarded).substr(comma == std::string::npos ? 0 : comma + 1)));
}

bool is_secure(const http::Request& request) {
  const std::string* scheme = request.headers.find("X-Forwarded-Proto");
  return request.secure || (scheme != nullptr && *scheme == "https");
}

Caller Gate::caller_of(const http::Request& request) {
  const Access access = access_of(request);
  if (access == Access::kAdmin) return {.role = Role::kAdmin, .way = Caller::Way::kLocal, .author = author_of(request)};
  // What is said and wrong is nobody's: a mistyped token is not the machine's own program.
  if (const auto token = bearer_of(request)) return accounts_.by_token(*token).value_or(Caller{});
  if (const std::string cookie = cookie_of(request, kCookie); !cookie.empty()) return accounts_.by_cookie(cookie).value_or(Caller{});
  return {.neighbour = access == Access::kNeighbour};
}

bool Gate::host_is_ours(const http::Request& request) const {
  const std::string* host = request.headers.find("Host");
  if (host == nullptr || host->empty()) return false;
  const std::string name = host_name(*host);
  const auto hosts = control_.admin_settings().hosts;
  return is_address(name) || std::any_of(hosts.begin(), hosts.end(), [&](const std::string& one) { return lower_ascii(one) == name; });
}

bool Gate::origin_may(const std::string& origin) const {
  const auto origins = control_.admin_settings().origins;
  return std::any_of(origins.begin(), origins.end(), [&](const std::string& one) { return one == "*" || one == origin; });
}

std::optional<Duration> Gate::too_many(const http::Request& request, const Caller& caller) {
  const bool known = caller.role != Role::kNobody;
  const std::string who = known ? caller.author : "from " + network_of(sender_of(request));
  if (askers_.size() >= kMostAskers && !askers_.contains(who)) forget_older_half(askers_, [](const Asker& one) { return one.last; });
  Asker& asker = askers_.try_emplace(who, Asker{sched::TokenBucket(known ? kKnownRate : kUnknownRate, control_.clock()), {}}).first->second;
  asker.last = control_.clock().ticks();
  if (asker.bucket.try_take()) return std::nullopt;
  return asker.bucket.wait();
}

std::optional<http::Response> Gate::refusal(const http::Request& request, const Caller& caller, bool any_host) {
  if (caller.way == Caller::Way::kLocal) return std::nullopt;
  if (!any_host && !host_is_ours(request)) {
    return with_hint(421, Code::kDenied, "this server is not known by that name", "add the name to admin = { hosts = { ... } } in tidewire.lua, or use the address");
  }
  if (const auto wait = any_host && changes_something(request.method) ? std::nullopt : too_many(request, caller)) {
    Error error = make_error(Code::kThrottled, "too many requests", "wait as long as Retry-After says");
    error.retry_after = std::chrono::ceil<std::chrono::milliseconds>(*wait);
    return problem(error);
  }
  if (caller.way != Caller::Way::kLogin || !changes_something(request.method)) return std::nullopt;
  const std::string* header = request.headers.find(kCsrfHeader);
  if (header != nullptr && constant_time_equal(*header, accounts_.csrf_of(caller))) return std::nullopt;
  return with_hint(403, Code::kDenied, "the header of this login is missing or wrong", std::string("reload the page; a program uses a token instead of a login (header ") + kCsrfHeader + ")");
}

std::optional<http::Response> Gate::preflight(const http::Request& request) const {
  const std::string* origin = request.headers.find("Origin");
  if (request.method != "OPTIONS" || origin == nullptr || request.headers.find("Access-Control-Request-Method") == nullptr) return std::nullopt;
  http::Response response{.status = 204};
  if (!origin_may(*origin)) return response;
  response.headers.set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE");
  response.headers.set("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, Last-Event-ID");
  response.headers.set("Access-Control-Max-Age", "600");
  return response;
}

void Gate::dress(const http::Request& request, http::Response& response) const {
  http::Headers& headers = response.headers;
  headers.set("X-Content-Type-Options", "nosniff");
  headers.set("Referrer-Policy", "no-referrer");
  headers.set("X-Frame-Options", "DENY");
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
  if (headers.find("Cache-Control") == nullptr) headers.set("Cache-Control", "no-store");
  const std::string* origin = request.headers.find("Origin");
  if (control_.admin_settings().origins.empty()) return;
  headers.add("Vary", "Origin");
  // Never with credentials: a foreign page shows a token, it does not borrow a login.
  if (origin == nullptr || !origin_may(*origin)) return;
  headers.set("Access-Control-Allow-Origin", *origin);
  headers.set("Access-Control-Expose-Headers", "Retry-After, Location, Idempotent-Replayed, WWW-Authenticate");  // of our own that a script has use for
}

}  // namespace tidewire::admin
