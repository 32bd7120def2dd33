#include "app/remote.h"

#include "admin/access.h"

namespace tidewire::app {
namespace {

/// By number: of a name only "localhost" is known to stay here.
bool is_here(const std::string& host) {
  return host == "localhost" || host == "[::1]" || admin::is_loopback_number(host);
}

}  // namespace

Remote::Remote(loop::Loop& loop, std::string socket) : socket_(std::move(socket)), url_("http://localhost"), client_(loop, {.use_proxy_variables = false}) {}

Remote::Remote(loop::Loop& loop, std::string url, std::string token) : url_(std::move(url)), token_(std::move(token)), client_(loop, {}) {}

Result<std::string> Remote::checked_url(std::string url, const std::string& token) {
  while (url.ends_with('/')) url.pop_back();
  const bool clear = url.starts_with("http://");
  const std::size_t scheme = clear ? 7 : 8;
  if ((!clear && !url.starts_with("https://")) || url.size() <= scheme) return make_error(Code::kInvalid, "'" + url + "' is no address of a daemon", "such as https://sync.example.org");
  std::string authority = url.substr(scheme, url.find_first_of("/?#", scheme) - scheme);
  authority.erase(0, authority.rfind('@') + 1);  // a name and a password before the host
  const std::string host = authority.substr(0, authority.starts_with('[') ? authority.find(']') + 1 : authority.find(':'));
  if (clear && !is_here(host) && !token.empty()) return make_error(Code::kInvalid, "the token would travel in clear to " + host, "use https, or the commands on that machine itself");
  return url;
}

void Remote::send(http::Request request, Duration deadline, std::function<void(Result<http::Response>)> done) {
  http::Exchange exchange;
  request.target = url_ + request.target;
  if (!token_.empty()) request.headers.set("Authorization", "Bearer " + token_);
  exchange.request = std::move(request);
  exchange.deadline = deadline;
  exchange.redirects = 0;
  exchange.unix_socket = socket_;
  call_ = client_.send(std::move(exchange), std::move(done));
}

}  // namespace tidewire::app
