#include "base/json.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>

#include "base/utf8.h"

namespace tidewire::json {
namespace {

constexpr int kDeepest = 128;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Recursive descent; the depth limit bounds the machine stack too. The first failure wins and ends everything.
class Reader {
 public:
  /// `wanted`: the only members of the outermost object that are kept; nullptr for all.
  explicit Reader(std::string_view text, const std::vector<std::string>* wanted = nullptr) : text_(text), wanted_(wanted) {}

  Result<Value> document() {
    Value value;
    skip_blanks();
    if (read_value(&value, 0)) {
      skip_blanks();
      if (at_ < text_.size()) fail("text after the end of the document");
    }
    if (reason_) return make_error(Code::kInvalid, "not JSON: " + std::string(reason_) + " at byte " + std::to_string(at_));
    return value;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool fail(const char* reason) {
    reason_ = at_ < text_.size() ? reason : "unexpected end";
    return false;
  }

  bool fail_at(std::size_t offset, const char* reason) {
    at_ = offset;
    reason_ = reason;
    return false;
  }

  void skip_blanks() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c != ' ' && c != '\n' && c != '\r' && c != '\t') return;
      ++at_;
    }
  }

  bool take(char c) {
    if (peek() != c || at_ >= text_.size()) return false;
    ++at_;
    return true;
  }

  // Without an `out` what is read is checked and dropped.

  bool read_value(Value* out, int depth) {
    switch (peek()) {
      case '{': return depth < kDeepest ? read_object(out, depth + 1) : fail("nested deeper than 128");
      case '[': return depth < kDeepest ? read_array(out, depth + 1) : fail("nested deeper than 128");
      case '"': return read_text(out);
      case 't': return read_word("true", out, true);
      case 'f': return read_word("false", out, false);
      case 'n': return read_word("null", out, nullptr);
      default: return read_number(out);
    }
  }

  bool read_word(std::string_view word, Value* out, Value meaning) {
    if (text_.substr(at_, word.size()) != word) return fail("a word that is no value");
    at_ += word.size();
    if (out != nullptr) *out = std::move(meaning);
    return true;
  }

  bool read_array(Value* out, int depth) {
    Array items;
    ++at_;
    skip_blanks();
    if (!take(']')) {
      do {
        skip_blanks();
        if (!read_value(out != nullptr ? &items.emplace_back() : nullptr, depth)) return false;
        skip_blanks();
      } while (take(','));
      if (!take(']')) return fail("expected ',' or ']'");
    }
    if (out != nullptr) *out = std::move(items);
    return true;
  }

  bool read_object(Value* out, int depth) {
    Object members;
    ++at_;
    skip_blanks();
    if (!take('}')) {
      do {
        if (!read_member(out != nullptr ? &members : nullptr, depth)) return false;
      } while (take(','));
      if (!take('}')) return fail("expected ',' or '}'");
    }
    if (out != nullptr) *out = std::move(members);
    return true;
  }

  bool read_member(Object* members, int depth) {
    skip_blanks();
    if (peek() != '"') return fail("expected a name in quotes");
    std::string unescaped;
    std::string_view key;
    if (!read_view(key, unescaped)) return false;
    skip_blanks();
    if (!take(':')) return fail("expected ':'");
    skip_blanks();
    // In its place at once; a name that comes twice has its last value.
    const bool kept = members != nullptr && (depth > 1 || wanted(key));
    if (!read_value(kept ? &members->try_emplace(std::string(key)).first->second : nullptr, depth)) return false;
    skip_blanks();
    return true;
  }

  bool wanted(std::string_view key) const {
    return wanted_ == nullptr || std::find(wanted_->begin(), wanted_->end(), key) != wanted_->end();
  }

  bool read_text(Value* out) {
    std::string unescaped;
    std::string_view text;
    if (!read_view(text, unescaped)) return false;
    if (out != nullptr) *out = unescaped.empty() ? std::string(text) : std::move(unescaped);
    return true;
  }

  /// Most strings are plain to their end and need no copy; any other is put together in `unescaped`.
  bool read_view(std::string_view& out, std::string& unescaped) {
    const std::size_t start = at_ + 1, end = start + plain_run(start);
    if (end < text_.size() && text_[end] == '"') {
      out = text_.substr(start, end - start);
      at_ = end + 1;
      return true;
    }
    if (!read_string(unescaped)) return false;
    out = unescaped;
    return true;
  }

  bool read_string(std::string& out) {
    ++at_;
    for (;;) {
      const std::size_t plain = plain_run(at_);
      out.append(text_, at_, plain);
      at_ += plain;
      if (at_ >= text_.size()) return fail("");
      const auto c = static_cast<unsigned char>(text_[at_]);
      if (c == '"') return ++at_, true;
      if (c == '\\') {
        if (!read_escape(out)) return false;
      } else if (c < 0x20) {
        return fail("a control character in a string");
      } else if (!read_sequence(out)) {
        return false;
      }
    }
  }

  /// Eight bytes at once: none is a quote, a backslash, below 0x20 or above 0x7f. A byte below another that borrows may
  /// look special; then the bytes are looked at one by one.
  static bool all_plain(const char* bytes) {
    constexpr std::uint64_t kOnes = 0x0101010101010101, kHigh = 0x8080808080808080;
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    const std::uint64_t quote = word ^ (kOnes * '"'), backslash = word ^ (kOnes * '\\');
    const std::uint64_t special = word | (word - kOnes * 0x20) | (quote - kOnes) | (backslash - kOnes);
    return (special & kHigh) == 0;
  }

  std::size_t plain_run(std::size_t start) const {
    std::size_t end = start;
    while (end + sizeof(std::uint64_t) <= text_.size() && all_plain(text_.data() + end)) end += sizeof(std::uint64_t);
    while (end < text_.size()) {
      const auto c = static_cast<unsigned char>(text_[end]);
      if (c == '"' || c == '\\' || c < 0x20 || c >= 0x80) break;
      ++end;
    }
    return end - start;
  }

  bool read_sequence(std::string& out) {
    const std::size_t length = utf8::sequence(text_.substr(at_));
    if (length == 0) return fail("invalid UTF-8");
    out.append(text_, at_, length);
    at_ += length;
    return true;
  }

  bool read_escape(std::string& out) {
    constexpr std::string_view kShort = "\"\\/bfnrt";
    constexpr std::string_view kMeaning = "\"\\/\b\f\n\r\t";
    const std::size_t start = at_++;
    if (peek() == 'u') return read_code_point(out, start);
    const std::size_t which = kShort.find(peek());
    if (at_ >= text_.size() || which == std::string_view::npos) return fail("an unknown escape");
    out += kMeaning[which];
    ++at_;
    return true;
  }

  bool read_code_point(std::string& out, std::size_t start) {
    unsigned code = 0;
    if (!read_unit(code)) return false;
    if (code >= 0xDC00 && code <= 0xDFFF) return fail_at(start, "a lone surrogate");
    if (code >= 0xD800 && code <= 0xDBFF) {
      unsigned low = 0;
      if (text_.substr(at_, 2) != "\\u") return fail_at(start, "a lone surrogate");
      ++at_;
      if (!read_unit(low)) return false;
      if (low < 0xDC00 || low > 0xDFFF) return fail_at(start, "a lone surrogate");
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    utf8::append(out, code);
    return true;
  }

  /// The four digits after "u".
  bool read_unit(unsigned& code) {
    ++at_;
    const std::string_view digits = text_.substr(at_, 4);
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (failed != std::errc() || end != digits.data() + 4) return fail("expected four hex digits");
    at_ += 4;
    return true;
  }

  bool read_number(Value* out) {
    const std::size_t start = at_;
    take('-');
    if (!is_digit(peek())) return fail(at_ == start ? "expected a value" : "expected a digit");
    if (!take('0')) skip_digits();
    bool whole = true;
    if (take('.')) {
      whole = false;
      if (!is_digit(peek())) return fail("expected a digit");
      skip_digits();
    }
    if (take('e') || take('E')) {
      whole = false;
      if (!take('+')) take('-');
      if (!is_digit(peek())) return fail("expected a digit");
      skip_digits();
    }
    if (out != nullptr) *out = number(text_.substr(start, at_ - start), whole);
    return true;
  }

  void skip_digits() {
    while (is_digit(peek())) ++at_;
  }

  static Value number(std::string_view text, bool whole) {
    std::int64_t value = 0;
    if (whole && std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc()) return value;
    return DecimalText{std::string(text)};
  }

  std::string_view text_;
  const std::vector<std::string>* wanted_;
  std::size_t at_ = 0;
  const char* reason_ = nullptr;
};

}  // namespace

Result<Value> parse(std::string_view text) { return Reader(text).document(); }

Result<Value> parse_members(std::string_view text, const std::vector<std::string>& wanted) {
  return Reader(text, &wanted).document();
}

}  // namespace tidewire::json
