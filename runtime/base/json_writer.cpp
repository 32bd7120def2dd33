#include <algorithm>

#include "base/json.h"
#include "base/utf8.h"

namespace tidewire::json {
namespace {

bool skip_written_digits(std::string_view& text) {
  const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
  text.remove_prefix(end);
  return end > 0;
}

bool skip_any_of(std::string_view& text, std::string_view characters) {
  if (text.empty() || characters.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

/// PostgreSQL's numeric also says "NaN" and "Infinity": those are no JSON numbers.
bool is_number_text(std::string_view text) {
  skip_any_of(text, "-");
  if (!skip_any_of(text, "0") && !skip_written_digits(text)) return false;
  if (skip_any_of(text, ".") && !skip_written_digits(text)) return false;
  if (skip_any_of(text, "eE")) {
    skip_any_of(text, "+-");
    if (!skip_written_digits(text)) return false;
  }
  return text.empty();
}

/// `indent` < 0 writes without blanks.
class Writer {
 public:
  explicit Writer(int indent) : indent_(indent) {}

  std::string take() && { return std::move(out_); }

  void write(const Value& value) {
    switch (value.kind()) {
      case Value::Kind::kNull: out_ += "null"; break;
      case Value::Kind::kBool: out_ += value.as_bool() ? "true" : "false"; break;
      case Value::Kind::kInt: out_ += std::to_string(value.as_int()); break;
      case Value::Kind::kDecimal: write_decimal(value.decimal_text()); break;
      case Value::Kind::kString: write_string(value.as_string()); break;
      case Value::Kind::kArray: write_array(value.as_array()); break;
      case Value::Kind::kObject: write_object(value.as_object()); break;
    }
  }

 private:
  void write_decimal(const std::string& text) {
    if (is_number_text(text)) {
      out_ += text;
    } else {
      write_string(text);
    }
  }

  void write_array(const Array& items) {
    if (items.empty()) return static_cast<void>(out_ += "[]");
    open('[');
    for (const Value& item : items) {
      separate(&item != &items.front());
      write(item);
    }
    close(']');
  }

  void write_object(const Object& members) {
    if (members.empty()) return static_cast<void>(out_ += "{}");
    open('{');
    bool following = false;
    for (const auto& [key, value] : members) {
      separate(following);
      following = true;
      write_string(key);
      out_ += indent_ < 0 ? ":" : ": ";
      write(value);
    }
    close('}');
  }

  void open(char bracket) {
    out_ += bracket;
    ++depth_;
  }

  void separate(bool following) {
    if (following) out_ += ',';
    new_line();
  }

  void close(char bracket) {
    --depth_;
    new_line();
    out_ += bracket;
  }

  void new_line() {
    if (indent_ < 0) return;
    out_ += '\n';
    out_.append(static_cast<std::size_t>(indent_ * depth_), ' ');
  }

  void write_string(std::string_view text) {
    out_ += '"';
    while (!text.empty()) {
      const std::size_t plain = plain_prefix(text);
      out_ += text.substr(0, plain);
      text.remove_prefix(plain);
      if (!text.empty()) text.remove_prefix(write_special(text));
    }
    out_ += '"';
  }

  static std::size_t plain_prefix(std::string_view text) {
    std::size_t end = 0;
    while (end < text.size()) {
      const auto c = static_cast<unsigned char>(text[end]);
      if (c == '"' || c == '\\' || c < 0x20 || c >= 0x80) break;
      ++end;
    }
    return end;
  }

  /// Writes what stands first in `text` and says how many bytes that was.
  std::size_t write_special(std::string_view text) {
    const auto c = static_cast<unsigned char>(text.front());
    if (c >= 0x80) {
      const std::size_t length = utf8::sequence(text);
      out_ += length > 0 ? text.substr(0, length) : std::string_view("\xEF\xBF\xBD");
      return std::max<std::size_t>(length, 1);
    }
    constexpr std::string_view kShort = "\"\\\b\f\n\r\t";
    constexpr std::string_view kLetter = "\"\\bfnrt";
    constexpr std::string_view kHex = "0123456789abcdef";
    const std::size_t which = kShort.find(text.front());
    if (which != std::string_view::npos) {
      out_ += '\\';
      out_ += kLetter[which];
    } else {
      out_ += "\\u00";
      out_ += kHex[c >> 4];
      out_ += kHex[c & 15];
    }
    return 1;
  }

  std::string out_;
  int indent_;
  int depth_ = 0;
};

std::string written(const Value& value, int indent) {
  Writer writer(indent);
  writer.write(value);
  return std::move(writer).take();
}

}  // namespace

std::string dump(const Value& value) { return written(value, -1); }

std::string dump_pretty(const Value& value) { return written(value, 2); }

}  // namespace tidewire::json
