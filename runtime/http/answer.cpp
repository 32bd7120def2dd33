#include "http/answer.h"

#include <charconv>
#include <ctime>

namespace tidewire::http {

namespace {

void append_number(std::string& out, std::size_t number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

bool is_ours(std::string_view name) {
  switch (name.size()) {
    case 4:
      return equal_ignoring_case(name, "Date");
    case 10:
      return equal_ignoring_case(name, "Connection") || equal_ignoring_case(name, "Keep-Alive");
    case 14:
      return equal_ignoring_case(name, "Content-Length");
    case 17:
      return equal_ignoring_case(name, "Transfer-Encoding");
    default:
      return false;
  }
}

}  // namespace

bool answer_has_body(int status) { return status >= 200 && status != 204 && status != 304; }

void write_answer_head(const Response& response, const AnswerStyle& style, std::string& out) {
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::size_t>(response.status));
  out += ' ';
  out += reason_phrase(response.status);
  const std::string* own = response.headers.find("Date");
  out += "\r\nDate: ";
  if (own != nullptr && is_field_value(*own)) out += *own;
  else out += style.date;
  if (answer_has_body(response.status) && !response.stream) {
    out += "\r\nContent-Length: ";
    append_number(out, response.body.size());
  }
  if (style.close) out += "\r\nConnection: close";
  if (style.keep_alive && !style.close) out += "\r\nConnection: keep-alive";
  for (const auto& [name, value] : response.headers.fields()) {
    if (is_ours(name) || !is_token(name) || !is_field_value(value)) continue;
    out += "\r\n";
    out += name;
    out += ": ";
    out += value;
  }
  out += "\r\n\r\n";
}

std::string http_date(long long seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  gmtime_r(&time, &parts);
  // Not strftime: the names are English whatever the locale.
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  char text[64];
  std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[parts.tm_wday], parts.tm_mday,
                kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
  return text;
}

}  // namespace tidewire::http
