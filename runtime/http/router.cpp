#include "http/router.h"

#include <algorithm>

#include "base/result.h"
#include "base/text.h"

namespace tidewire::http {

namespace {

bool is_param(std::string_view segment) { return segment.starts_with('{') && segment.ends_with('}'); }

bool takes_rest(std::string_view segment) { return is_param(segment) && segment.ends_with("*}"); }

std::string param_name(std::string_view segment) {
  return std::string(segment.substr(1, segment.size() - (takes_rest(segment) ? 3 : 2)));
}

bool match_path(const std::vector<std::string>& segments, std::string_view path, Params& params) {
  for (const auto& segment : segments) {
    if (!path.starts_with('/')) return false;
    path.remove_prefix(1);
    if (takes_rest(segment)) {
      params.add(param_name(segment), percent_decode(path));
      return true;
    }
    const auto piece = path.substr(0, path.find('/'));
    path.remove_prefix(piece.size());
    if (is_param(segment)) {
      if (piece.empty()) return false;
      params.add(param_name(segment), percent_decode(piece));
    } else if (piece != segment) {
      return false;
    }
  }
  return path.empty();
}

}  // namespace

const std::string& Params::operator[](std::string_view name) const {
  static const std::string kNone;
  const auto found =
      std::find_if(values_.begin(), values_.end(), [name](const auto& value) { return value.first == name; });
  return found == values_.end() ? kNone : found->second;
}

void Router::add(std::string method, std::string pattern, Handler handler) {
  ASSERT(pattern.starts_with('/'), "a pattern is a path");
  for (const auto& route : routes_) {
    ASSERT(route.method != method || route.pattern != pattern, "a route is added once");
  }
  auto segments = split(std::string_view(pattern).substr(1), '/');
  routes_.push_back({std::move(method), std::move(pattern), std::move(segments), std::move(handler)});
}

const Router::Route* Router::find(std::string_view method, std::string_view path, Params& params) const {
  for (const auto& route : routes_) {
    if (route.method != method) continue;
    Params found;
    if (!match_path(route.segments, path, found)) continue;
    params = std::move(found);
    return &route;
  }
  return nullptr;
}

std::string Router::allowed(std::string_view path) const {
  std::vector<std::string> methods;
  Params ignored;
  for (const auto& route : routes_) {
    if (!match_path(route.segments, path, ignored)) continue;
    if (std::find(methods.begin(), methods.end(), route.method) == methods.end()) methods.push_back(route.method);
    if (route.method == "GET") methods.emplace_back("HEAD");
  }
  std::sort(methods.begin(), methods.end());
  methods.erase(std::unique(methods.begin(), methods.end()), methods.end());
  return join(methods, ", ");
}

void Router::handle(Request request, Reply reply) const {
  const std::string_view path = request.path();
  Params params;
  const Route* route = find(request.method, path, params);
  if (route == nullptr && request.method == "HEAD") route = find("GET", path, params);
  if (route != nullptr) {
    route->handler(std::move(request), std::move(params), std::move(reply));
    return;
  }
  const std::string methods = allowed(path);
  if (methods.empty()) {
    reply(Response::text(404, "nothing here\n"));
    return;
  }
  const bool asks = request.method == "OPTIONS";
  Response response = asks ? Response{.status = 204} : Response::text(405, "method not allowed\n");
  response.headers.add("Allow", methods);
  reply(std::move(response));
}

}  // namespace tidewire::http
