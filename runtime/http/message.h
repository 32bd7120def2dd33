// message.h — an HTTP request and a response as values.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tidewire::http {

/// Names compare without case; order and repeats are kept.
class Headers {
 public:
  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  /// Replaces every field of that name by one.
  void set(std::string name, std::string value);
  /// The first value of that name, or nullptr.
  const std::string* find(std::string_view name) const;
  std::size_t count(std::string_view name) const;
  void remove(std::string_view name);
  void reserve(std::size_t count) { fields_.reserve(count); }
  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

struct Request {
  std::string method = "GET";
  std::string target{};  // client: absolute URL; server: path and query as received ("/webhook/erp?x=1")
  Headers headers{};
  std::string body{};
  std::string peer{};  // server: address of the sender ("127.0.0.1", "unix")
  int peer_uid = -1;   // server: user id at the other end of a Unix socket
  bool secure = false;  // server: it came through the listener's own TLS

  std::string_view path() const;                   // server: before '?', still percent-encoded
  std::string query(std::string_view name) const;  // server: first decoded value, "" when absent
};

/// The open end of an answer that goes on (server-sent events). Destroying it ends the answer.
class Outlet {
 public:
  virtual ~Outlet() = default;
  /// False, nothing sent, where the peer is gone, the server stops, or the peer takes too little of what was sent before.
  virtual bool write(std::string_view bytes) = 0;
};

struct Response {
  int status = 200;
  Headers headers{};
  std::string body{};
  /// Server: where set, the answer has no length and ends with its connection; called once with the end to write to.
  std::function<void(std::unique_ptr<Outlet>)> stream{};

  /// text/plain, application/json; both UTF-8.
  static Response text(int status, std::string body);
  static Response json(int status, std::string body);
};

/// A method or header name may hold these only (RFC 9110 "token").
bool is_token(std::string_view text);
/// No CR, LF, NUL or other control character but TAB: such a value cannot end its header early.
bool is_field_value(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b);

std::string percent_encode(std::string_view text);  // RFC 3986 unreserved stay
/// A '%' without two hex digits stays as it is.
std::string percent_decode(std::string_view text, bool plus_is_blank = false);
/// "a=1&b=x%20y" -> pairs, decoded, in order.
std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query);
std::string_view reason_phrase(int status);

}  // namespace tidewire::http
