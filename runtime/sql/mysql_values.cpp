#include "sql/mysql_values.h"

#include <charconv>

#include "base/json.h"

namespace tidewire::sql {
namespace {

std::string hex_text(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out = "\\x";
  for (const char byte : bytes) {
    out += kDigits[static_cast<unsigned char>(byte) >> 4];
    out += kDigits[static_cast<unsigned char>(byte) & 15];
  }
  return out;
}

/// A decimal literal is exact as far as it goes: 65 digits, 30 of them after the point. Of a longer one the servers keep the nearest
/// that they have, without a word; as text it is read as the column's own type, a double's digits whole.
bool is_exact_literal(std::string_view number) {
  if (number.find_first_not_of("-.0123456789") != std::string_view::npos) return false;  // with an exponent it is a double
  const auto point = number.find('.');
  return number.size() <= 65 && (point == std::string_view::npos || number.size() - point - 1 <= 30);
}

std::string literal(const Value& value, const std::function<std::string(const std::string&)>& escape) {
  switch (value.kind()) {
    case Value::Kind::kNull: return "NULL";
    case Value::Kind::kBool: return value.as_bool() ? "1" : "0";
    case Value::Kind::kInt: return std::to_string(value.as_int());
    case Value::Kind::kDecimal: return is_exact_literal(value.decimal_text()) ? value.decimal_text() : "'" + escape(value.decimal_text()) + "'";
    case Value::Kind::kString: return "'" + escape(value.as_string()) + "'";
    default: return "'" + escape(json::dump(value)) + "'";
  }
}

/// Where the quoted text or comment that begins at `at` ends; `at` where none begins there.
std::size_t past_quoted(std::string_view text, std::size_t at) {
  const char sign = text[at];
  if (sign == '\'' || sign == '"' || sign == '`') {
    for (std::size_t end = at + 1; end < text.size(); ++end) {
      if (text[end] == '\\' && sign != '`') ++end;
      else if (text[end] == sign) return end + 1;
    }
    return text.size();
  }
  const bool line = text.substr(at, 3) == "-- " || sign == '#';
  if (line) return std::min(text.find('\n', at), text.size());
  if (text.substr(at, 2) == "/*") {
    const auto end = text.find("*/", at + 2);
    return end == std::string_view::npos ? text.size() : end + 2;
  }
  return at;
}

}  // namespace

Value mysql_value(MysqlForm form, std::string_view text) {
  if (form == MysqlForm::kBinary) return hex_text(text);
  if (form == MysqlForm::kJson) {
    auto parsed = json::parse(text);
    return parsed.ok() ? std::move(*parsed) : Value(Object{{"$unread", Value(parsed.error().message)}});  // its text would be another document
  }
  if (form == MysqlForm::kText) return text;
  std::int64_t whole = 0;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), whole);
  if (bad == std::errc() && end == text.data() + text.size()) return whole;
  return DecimalText{std::string(text)};
}

Result<std::string> mysql_text(std::string_view text, const std::vector<Value>& parameters, const std::function<std::string(const std::string&)>& escape) {
  std::string out;
  std::size_t used = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (const std::size_t end = past_quoted(text, at); end != at) {
      out += text.substr(at, end - at);
      at = end;
      continue;
    }
    if (text[at] != '?') {
      out += text[at++];
      continue;
    }
    if (used == parameters.size()) return make_error(Code::kInvalid, "more places in the statement than parameters");
    out += literal(parameters[used++], escape);
    ++at;
  }
  if (used < parameters.size()) return make_error(Code::kInvalid, "more parameters than places in the statement");
  return out;
}

}  // namespace tidewire::sql
