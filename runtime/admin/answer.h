// answer.h — what the API says: JSON bodies, failures as problem details (RFC 9457).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/value.h"
#include "http/message.h"
#include "http/server.h"

namespace tidewire::admin {

/// Replies wait for the store in callbacks that must be copyable. Owners: the callbacks of that one request.
using SharedReply = std::shared_ptr<http::Reply>;

http::Response answer(const Value& body, int status = 200);
/// Where the code is told of on this server's own page, as problems name it: "/docs/problems#not_found".
std::string problem_type(Code code);
/// {type, title, status, detail, code, hint}; the status follows from the code.
http::Response problem(const Error& error);
/// `more`: members of its own besides.
http::Response problem(int status, const Error& error, Object more = {});
/// What is refused before any route sees it, by HTTP's own rules: too long, broken, too many.
http::Response refused(int status, std::string_view why);
/// A failure in plain text, as the router and the server say it, as a problem; all else as it is. Of a path that takes other methods the
/// code is "method", which is of HTTP alone and so none of base's.
http::Response as_problem(http::Response said);
int status_of(Code code);

/// Answers the value as `shape` shows it, or the problem.
template <typename T, typename Shape>
void send(const SharedReply& reply, const Result<T>& result, Shape shape) {
  (*reply)(result.ok() ? answer(shape(*result)) : problem(result.error()));
}

/// A whole number of the query within 1..most; kInvalid otherwise.
Result<std::int64_t> limit_of(const http::Request& request, std::int64_t otherwise, std::int64_t most);
bool flag_of(const http::Request& request, std::string_view name);

}  // namespace tidewire::admin
