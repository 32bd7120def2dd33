// router.h — which handler a request goes to, by method and path.
//
// Patterns are tried in the order added; a few dozen need no tree. "/webhook/{connection}" takes one segment,
// "/ui/{file*}" at the end takes all the rest. Segments are matched before percent-decoding, so "%2F" in a key is part
// of the key and never a separator.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "http/server.h"

namespace tidewire::http {

/// What the braces of the pattern matched, decoded.
class Params {
 public:
  void add(std::string name, std::string value) { values_.emplace_back(std::move(name), std::move(value)); }
  /// "" when the pattern has no such name.
  const std::string& operator[](std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> values_;
};

class Router {
 public:
  using Handler = std::function<void(Request request, Params params, Reply reply)>;

  /// `pattern` begins with '/'. The same method and pattern twice is a mistake in the program.
  void add(std::string method, std::string pattern, Handler handler);

  /// Calls the handler that fits. HEAD falls back to GET's (the server drops the body). Otherwise answers 404, or 405
  /// with Allow where only the method is wrong, or 204 with Allow to OPTIONS.
  void handle(Request request, Reply reply) const;
  /// Whether any method has a handler for this path.
  bool knows(std::string_view path) const { return !allowed(path).empty(); }

 private:
  struct Route {
    std::string method;
    std::string pattern;
    std::vector<std::string> segments;  // "{name}" and "{name*}" as written
    Handler handler;
  };
  const Route* find(std::string_view method, std::string_view path, Params& params) const;
  std::string allowed(std::string_view path) const;

  std::vector<Route> routes_;
};

}  // namespace tidewire::http
