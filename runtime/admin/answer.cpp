#include "admin/answer.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/json.h"
#include "base/text.h"

namespace tidewire::admin {
namespace {

/// Of what HTTP refuses: only the status says what it is.
Code code_of(int status) {
  if (status == 404) return Code::kNotFound;
  if (status == 429) return Code::kThrottled;
  if (status == 503) return Code::kUnavailable;
  return status == 500 ? Code::kCorrupt : Code::kInvalid;
}

const char* hint_of(int status) {
  switch (status) {
    case 404: return "/docs lists what there is";
    case 408: return "send the request in one go";
    case 413: return "send less at once: a body may have 2 MiB, that of a webhook 10";
    case 429: return "use one connection for many requests, or give this address more: admin = { connections_per_address = ... } in tidewire.lua";
    case 431: return "send fewer or shorter header fields, cookies too: together they may have 16 KiB";
    case 503: return "come again as Retry-After says";
    default: return "";
  }
}

http::Response wrong_method(const std::string& allowed) {
  Object body{{"type", "/docs/problems#method"}, {"title", std::string(http::reason_phrase(405))}, {"status", 405}, {"detail", "method not allowed"}, {"code", "method"}, {"hint", "this path takes " + allowed}};
  http::Response response = answer(Value(std::move(body)), 405);
  response.headers.set("Content-Type", "application/problem+json");
  response.headers.set("Allow", allowed);
  return response;
}

}  // namespace

int status_of(Code code) {
  switch (code) {
    case Code::kInvalid: return 400;
    case Code::kNotFound: return 404;
    case Code::kDenied: return 403;
    case Code::kThrottled: return 429;
    case Code::kUnavailable:
    case Code::kCancelled: return 503;
    case Code::kUnknown: return 502;
    case Code::kStale: return 412;
    case Code::kBlocked: return 409;
    case Code::kScript:
    case Code::kBudget: return 422;
    case Code::kCorrupt: return 500;
  }
  ASSERT(false, "every code has a status");
}

http::Response answer(const Value& body, int status) { return http::Response::json(status, json::dump(body)); }

std::string problem_type(Code code) { return "/docs/problems#" + std::string(code_name(code)); }

http::Response problem(int status, const Error& error, Object more) {
  Object body = std::move(more);
  body["type"] = problem_type(error.code);
  body["title"] = std::string(http::reason_phrase(status));
  body["status"] = status;
  body["detail"] = error.message;
  body["code"] = code_name(error.code);
  if (!error.hint.empty()) body["hint"] = error.hint;
  http::Response response = answer(Value(std::move(body)), status);
  response.headers.set("Content-Type", "application/problem+json");
  if (error.retry_after) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*error.retry_after);
    // A wait that ended while it was told is still a refusal: "0" would ask for a tight loop.
    response.headers.set("Retry-After", std::to_string(std::max(seconds, std::chrono::seconds(1)).count()));
  }
  return response;
}

http::Response problem(const Error& error) { return problem(status_of(error.code), error); }

http::Response refused(int status, std::string_view why) { return problem(status, make_error(code_of(status), std::string(why), hint_of(status))); }

http::Response as_problem(http::Response said) {
  const std::string* media = said.headers.find("Content-Type");
  if (said.status < 400 || media == nullptr || !media->starts_with("text/plain")) return said;
  const std::string* allow = said.headers.find("Allow");
  http::Response response = allow != nullptr ? wrong_method(*allow) : refused(said.status, trim(said.body));
  if (const std::string* later = said.headers.find("Retry-After")) response.headers.set("Retry-After", *later);
  return response;
}

Result<std::int64_t> limit_of(const http::Request& request, std::int64_t otherwise, std::int64_t most) {
  const std::string text = request.query("limit");
  if (text.empty()) return otherwise;
  std::int64_t limit = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (status != std::errc() || end != text.data() + text.size() || limit < 1 || limit > most) {
    return make_error(Code::kInvalid, "'limit' must be a number from 1 to " + std::to_string(most));
  }
  return limit;
}

bool flag_of(const http::Request& request, std::string_view name) {
  const std::string text = request.query(name);
  return text == "1" || text == "true";
}

}  // namespace tidewire::admin
