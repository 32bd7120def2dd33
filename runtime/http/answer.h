// answer.h — a Response as bytes of HTTP/1.1.
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"

namespace tidewire::http {

struct AnswerStyle {
  std::string_view date;    // "Sun, 06 Nov 1994 08:49:37 GMT"
  bool close = false;       // "Connection: close"
  bool keep_alive = false;  // said aloud, for HTTP/1.0 senders that wait for it
};

/// Appends the status line, the fields and the empty line. Length and connection are ours: fields of these names in the
/// response are left out, and so is a field whose name or value would break the framing. A Date of the response's own (of a
/// practice server whose clock is another) stands in the place of `style.date`.
void write_answer_head(const Response& response, const AnswerStyle& style, std::string& out);

/// 1xx, 204 and 304 have none.
bool answer_has_body(int status);

/// `seconds` since 1970, as the Date header wants it.
std::string http_date(long long seconds);

}  // namespace tidewire::http
