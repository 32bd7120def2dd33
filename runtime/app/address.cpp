#include "app/address.h"

namespace tidewire::app {

std::string host_of(const std::string& url) {
  const std::size_t from = url.find("://");
  if (from == std::string::npos) return url;
  const std::string authority = url.substr(from + 3, url.find_first_of("/?#", from + 3) - from - 3);
  const std::size_t user = authority.rfind('@');
  return user == std::string::npos ? authority : authority.substr(user + 1);
}

/// An address holds no blank, so it ends before one.
std::string by_host(const std::string& text, const std::string& url) {
  const std::string host = host_of(url);
  const std::size_t scheme = host.empty() ? std::string::npos : text.find("://" + host);
  if (scheme == std::string::npos) return text;
  const std::size_t before = text.rfind(' ', scheme), after = text.find(' ', scheme);
  const std::size_t begin = before == std::string::npos ? 0 : before + 1;
  const std::size_t end = after == std::string::npos ? text.size() : (text[after - 1] == ':' ? after - 1 : after);
  return text.substr(0, begin) + host + text.substr(end);
}

}  // namespace tidewire::app
