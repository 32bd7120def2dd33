#include "script/pattern.h"

#include <cstring>

namespace tidewire::script {
namespace {

constexpr std::size_t kMostItems = 1000;

bool in_range(int c, int low, int high) { return c >= low && c <= high; }

bool in_class(int c, char letter) {
  const bool lower = in_range(c, 'a', 'z'), upper = in_range(c, 'A', 'Z'), digit = in_range(c, '0', '9');
  switch (letter) {
    case 'a': return lower || upper;
    case 'c': return c < 32 || c == 127;
    case 'd': return digit;
    case 'g': return in_range(c, 33, 126);
    case 'l': return lower;
    case 'p': return in_range(c, 33, 126) && !lower && !upper && !digit;
    case 's': return c == ' ' || in_range(c, 9, 13);
    case 'u': return upper;
    case 'w': return lower || upper || digit;
    case 'x': return digit || in_range(c, 'a', 'f') || in_range(c, 'A', 'F');
    default: return c == 0;  // 'z'
  }
}

bool is_class_letter(char letter) { return std::strchr("acdglpsuwxz", letter | 0x20) != nullptr && letter != 0; }

}  // namespace

/// Reads the text of a pattern into items; the first problem ends it.
class PatternCompiler {
 public:
  explicit PatternCompiler(std::string_view text) : text_(text) {}

  Result<Pattern> compile() {
    while (at_ < text_.size() && !problem_) {
      read_item();
      if (pattern_.items_.size() > kMostItems) problem_ = "more than 1000 items";
    }
    if (!problem_ && !open_groups_.empty()) problem_ = "unfinished capture";
    if (problem_) return make_error(Code::kInvalid, std::string("malformed pattern (") + problem_ + ")");
    return std::move(pattern_);
  }

 private:
  using Kind = Pattern::Kind;
  using Set = Pattern::Set;

  int peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? static_cast<unsigned char>(text_[at_ + ahead]) : -1;
  }
  void add(Kind kind, unsigned operand = 0) {
    pattern_.items_.push_back({kind, Pattern::Repeat::kOnce, static_cast<std::uint16_t>(operand)});
  }

  void read_item() {
    switch (peek()) {
      case '(': return open_group();
      case ')': return close_group();
      case '%': return read_escape();
      case '$':
        if (at_ + 1 == text_.size()) return ++at_, add(Kind::kEnd);
        break;
      case '.': return ++at_, add(Kind::kAny), read_repeat();
      case '[': return read_set(), read_repeat();
    }
    add(Kind::kByte, static_cast<unsigned>(peek()));
    ++at_;
    read_repeat();
  }

  void open_group() {
    ++at_;
    if (groups_ == Pattern::kMostCaptures) {
      problem_ = "too many captures";
      return;
    }
    if (peek() == ')') {
      ++at_;
      add(Kind::kPositionGroup, groups_++);
      return;
    }
    open_groups_.push_back(groups_);
    add(Kind::kOpenGroup, groups_++);
  }

  void close_group() {
    ++at_;
    if (open_groups_.empty()) {
      problem_ = "')' without '('";
      return;
    }
    add(Kind::kCloseGroup, open_groups_.back());
    open_groups_.pop_back();
  }

  void read_escape() {
    const int letter = peek(1);
    if (letter < 0) {
      problem_ = "ends with '%'";
    } else if (letter == 'b') {
      read_balance();
    } else if (letter == 'f') {
      at_ += 2;
      if (peek() != '[') {
        problem_ = "missing '[' after '%f'";
        return;
      }
      read_set();
      if (!problem_) pattern_.items_.back().kind = Kind::kFrontier;
    } else if (in_range(letter, '1', '9')) {
      read_back(static_cast<unsigned>(letter - '1'));
    } else {
      read_single_escape(static_cast<char>(letter));
    }
  }

  void read_balance() {
    if (peek(3) < 0) {
      problem_ = "missing arguments to '%b'";
      return;
    }
    add(Kind::kBalance, static_cast<unsigned>(peek(2) << 8 | peek(3)));
    at_ += 4;
  }

  void read_back(unsigned group) {
    at_ += 2;
    bool open = false;
    for (unsigned other : open_groups_) open = open || other == group;
    if (group >= groups_ || open) problem_ = "invalid capture index";
    add(Kind::kBack, group);
  }

  void read_single_escape(char letter) {
    at_ += 2;
    if (is_class_letter(letter)) {
      Set set{};
      add_class(set, letter);
      add_set(set);
    } else {
      add(Kind::kByte, static_cast<unsigned char>(letter));
    }
    read_repeat();
  }

  void read_repeat() {
    if (problem_) return;
    Pattern::Repeat& repeat = pattern_.items_.back().repeat;
    switch (peek()) {
      case '*': repeat = Pattern::Repeat::kMany; break;
      case '+': repeat = Pattern::Repeat::kOneOrMore; break;
      case '-': repeat = Pattern::Repeat::kFewest; break;
      case '?': repeat = Pattern::Repeat::kMaybe; break;
      default: return;
    }
    ++at_;
  }

  void read_set() {
    ++at_;
    const bool inverted = peek() == '^';
    if (inverted) ++at_;
    Set set{};
    bool first = true;
    for (; first || peek() != ']'; first = false) {
      if (peek() < 0 || (peek() == '%' && peek(1) < 0)) {
        problem_ = "missing ']'";
        return;
      }
      read_set_member(set);
    }
    ++at_;
    if (inverted)
      for (auto& word : set) word = ~word;
    add_set(set);
  }

  void read_set_member(Set& set) {
    const int c = peek();
    if (c == '%') {
      add_class(set, static_cast<char>(peek(1)));
      at_ += 2;
    } else if (peek(1) == '-' && peek(2) >= 0 && peek(2) != ']') {
      for (int member = c; member <= peek(2); ++member) put(set, member);
      at_ += 3;
    } else {
      put(set, c);
      ++at_;
    }
  }

  static void put(Set& set, int c) { set[static_cast<std::size_t>(c) >> 6] |= std::uint64_t{1} << (c & 63); }

  static void add_class(Set& set, char letter) {
    if (!is_class_letter(letter)) return put(set, static_cast<unsigned char>(letter));
    const bool inverted = in_range(letter, 'A', 'Z');
    for (int c = 0; c < 256; ++c)
      if (in_class(c, static_cast<char>(letter | 0x20)) != inverted) put(set, c);
  }

  void add_set(const Set& set) {
    add(Kind::kSet, static_cast<unsigned>(pattern_.sets_.size()));
    pattern_.sets_.push_back(set);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  unsigned groups_ = 0;
  std::vector<unsigned> open_groups_;
  const char* problem_ = nullptr;
  Pattern pattern_;
};

Result<Pattern> Pattern::compile(std::string_view text) { return PatternCompiler(text).compile(); }

}  // namespace tidewire::script
