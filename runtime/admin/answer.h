// answer.h — what the API says and reads: JSON bodies, failures as problem details (RFC 9457).
#pragma once

#include <initializer_list>
#include <memory>
#include <string>

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
http::Response problem(int status, const Error& error);
int status_of(Code code);

/// Answers the value as `shape` shows it, or the problem.
template <typename T, typename Shape>
void send(const SharedReply& reply, const Result<T>& result, Shape shape) {
  (*reply)(result.ok() ? answer(shape(*result)) : problem(result.error()));
}

/// The JSON object of the body, {} where it is empty. kInvalid: no object, or a key that is none of `known`.
Result<Value> read_body(const http::Request& request, std::initializer_list<const char*> known);
/// Typed members of a body: kInvalid names the key. Absent (or null) is the default.
Result<std::string> text_member(const Value& body, const char* key);
Result<bool> flag_member(const Value& body, const char* key, bool otherwise = false);
Result<std::int64_t> count_member(const Value& body, const char* key);

/// A whole number of the query within 1..most; kInvalid otherwise.
Result<std::int64_t> limit_of(const http::Request& request, std::int64_t otherwise, std::int64_t most);
bool flag_of(const http::Request& request, std::string_view name);

}  // namespace tidewire::admin
