#include "sql/postgres_values.h"

#include <charconv>
#include <map>

#include "base/clock.h"
#include "base/json.h"

namespace tidewire::sql {
namespace {

// Of pg_type.dat; these numbers never change.
enum Type : unsigned {
  kBool = 16, kInt8 = 20, kInt2 = 21, kInt4 = 23, kOid = 26, kJson = 114, kFloat4 = 700, kFloat8 = 701,
  kTimestamp = 1114, kTimestamptz = 1184, kNumeric = 1700, kJsonb = 3802, kText = 25,
};

/// The element's type of an array type; 0 for what is no array of a type known here.
unsigned element_of(unsigned array) {
  static const std::map<unsigned, unsigned> kElements = {
      {1000, kBool},  {1001, kText}, {1002, kText},       {1003, kText},         {1005, kInt2}, {1007, kInt4},
      {1009, kText},  {1014, kText}, {1015, kText},       {1016, kInt8},         {1021, kFloat4}, {1022, kFloat8},
      {1028, kOid},   {1041, kText}, {1115, kTimestamp},  {1182, kText},         {1183, kText}, {1185, kTimestamptz},
      {1187, kText},  {1231, kNumeric}, {1270, kText},    {199, kJson},          {2951, kText}, {3807, kJsonb}};
  const auto found = kElements.find(array);
  return found == kElements.end() ? 0 : found->second;
}

Value number(std::string_view text) {
  std::int64_t whole = 0;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), whole);
  if (bad == std::errc() && end == text.data() + text.size()) return whole;
  const bool digits = !text.empty() && (text.back() >= '0' && text.back() <= '9');  // not NaN, Infinity
  return digits ? Value(DecimalText{std::string(text)}) : Value(text);
}

Value instant(std::string_view text) {
  const auto at = parse_instant(text);
  return at.ok() ? Value(format_instant(*at)) : Value(text);  // infinity, years BC
}

Value local_time(std::string_view text) {
  std::string iso(text);
  if (const auto blank = iso.find(' '); blank == 10) iso[blank] = 'T';
  return iso;
}

/// Reads "{1,NULL,\"a,b\"}", nested as deep as it comes. What does not count from 1 ("[0:1]={5,6}") is no list, and stays the text that says so.
class ArrayReader {
 public:
  ArrayReader(unsigned element, std::string_view text) : element_(element), text_(text) {}

  std::optional<Value> read() {
    auto list = list_at();
    return list && at_ == text_.size() ? list : std::nullopt;
  }

 private:
  bool take(char wanted) {
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  std::optional<Value> list_at() {
    Array list;
    if (!take('{')) return std::nullopt;
    if (take('}')) return Value(std::move(list));
    do {
      auto one = at_ < text_.size() && text_[at_] == '{' ? list_at() : element_at();
      if (!one) return std::nullopt;
      list.push_back(std::move(*one));
    } while (take(','));
    return take('}') ? std::optional<Value>(std::move(list)) : std::nullopt;
  }

  std::optional<Value> element_at() {
    const bool quoted = take('"');
    std::string text;
    while (at_ < text_.size()) {
      const char sign = text_[at_];
      if (quoted ? sign == '"' : (sign == ',' || sign == '}')) break;
      if (sign == '\\' && ++at_ >= text_.size()) return std::nullopt;
      text += text_[at_++];
    }
    if (quoted && !take('"')) return std::nullopt;
    if (!quoted && text == "NULL") return Value();
    return postgres_value(element_, text);
  }

  unsigned element_;
  std::string_view text_;
  std::size_t at_ = 0;
};

void add_element(std::string& out, const Value& element);

void add_list(std::string& out, const Array& list) {
  char before = '{';
  for (const Value& one : list) {
    out += before;
    add_element(out, one);
    before = ',';
  }
  out += list.empty() ? "{}" : "}";
}

std::string scalar_text(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kBool: return value.as_bool() ? "true" : "false";
    case Value::Kind::kInt: return std::to_string(value.as_int());
    case Value::Kind::kDecimal: return value.decimal_text();
    case Value::Kind::kString: return value.as_string();
    default: return json::dump(value);
  }
}

void add_element(std::string& out, const Value& element) {
  if (element.is_null()) {
    out += "NULL";
  } else if (element.is_array()) {
    add_list(out, element.as_array());
  } else {
    out += '"';
    for (const char sign : scalar_text(element)) {
      if (sign == '"' || sign == '\\') out += '\\';
      out += sign;
    }
    out += '"';
  }
}

}  // namespace

Value postgres_value(unsigned type, std::string_view text) {
  switch (type) {
    case kBool: return text == "t";
    case kInt2: case kInt4: case kInt8: case kOid: case kNumeric: case kFloat4: case kFloat8: return number(text);
    case kTimestamptz: return instant(text);
    case kTimestamp: return local_time(text);
    case kJson: case kJsonb: {
      auto parsed = json::parse(text);
      return parsed.ok() ? std::move(*parsed) : Value(Object{{"$unread", Value(parsed.error().message)}});  // its text would be another document
    }
    default: break;
  }
  if (const unsigned element = element_of(type); element != 0) {
    if (auto list = ArrayReader(element, text).read()) return std::move(*list);
  }
  return text;
}

Result<std::optional<std::string>> postgres_parameter(const Value& value) {
  if (value.is_null()) return std::optional<std::string>();
  std::string text;
  if (value.is_array())
    add_list(text, value.as_array());
  else
    text = scalar_text(value);
  if (text.find('\0') != std::string::npos) return make_error(Code::kInvalid, "a text with a zero byte cannot be stored");
  return std::optional<std::string>(std::move(text));
}

}  // namespace tidewire::sql
