#include "script/pattern.h"

#include <cstring>

namespace tidewire::script {

/// One attempt: backtracks through the items, at most as deep as there are items.
class PatternMatcher {
 public:
  PatternMatcher(const Pattern& pattern, std::string_view subject, Pattern::Match& match, std::uint64_t& steps)
      : pattern_(pattern), begin_(subject.data()), end_(begin_ + subject.size()), match_(match), steps_(steps) {}

  /// The end of the match that starts at `s` with `index`, or nullptr.
  const char* run(std::size_t index, const char* s) {
    for (; index < pattern_.items_.size(); ++index) {
      const Item& item = pattern_.items_[index];
      if (!spend(1)) return nullptr;
      switch (item.kind) {
        case Kind::kOpenGroup: return with_capture(item.operand, {offset(s), Pattern::kOpen}, index, s);
        case Kind::kPositionGroup: return with_capture(item.operand, {offset(s), Pattern::kPosition}, index, s);
        case Kind::kCloseGroup: return close(item.operand, index, s);
        case Kind::kEnd:
          if (s != end_) return nullptr;
          continue;
        case Kind::kBack: s = back(item.operand, s); break;
        case Kind::kBalance: s = balance(item.operand, s); break;
        case Kind::kFrontier: s = frontier(item, s); break;
        default:
          if (item.repeat != Pattern::Repeat::kOnce) return repeated(item, index, s);
          s = s < end_ && single(item, *s) ? s + 1 : nullptr;
      }
      if (!s) return nullptr;
    }
    return s;
  }

 private:
  using Kind = Pattern::Kind;
  using Item = Pattern::Item;

  bool spend(std::uint64_t count) {
    if (steps_ <= count) {
      steps_ = 0;
      return false;
    }
    steps_ -= count;
    return true;
  }
  std::size_t offset(const char* s) const { return static_cast<std::size_t>(s - begin_); }

  bool single(const Item& item, char c) const {
    const auto byte = static_cast<unsigned char>(c);
    if (item.kind == Kind::kAny) return true;
    if (item.kind == Kind::kByte) return item.operand == byte;
    return (pattern_.sets_[item.operand][byte >> 6] >> (byte & 63)) & 1;
  }

  const char* repeated(const Item& item, std::size_t index, const char* s) {
    switch (item.repeat) {
      case Pattern::Repeat::kFewest: return fewest(item, index, s);
      case Pattern::Repeat::kMaybe:
        if (s < end_ && single(item, *s))
          if (const char* end = run(index + 1, s + 1)) return end;
        return run(index + 1, s);
      case Pattern::Repeat::kOneOrMore: return most(item, index, s, 1);
      default: return most(item, index, s, 0);
    }
  }

  const char* most(const Item& item, std::size_t index, const char* s, std::ptrdiff_t least) {
    const char* last = s;
    while (last < end_ && single(item, *last)) ++last;
    if (!spend(static_cast<std::uint64_t>(last - s))) return nullptr;
    for (; last - s >= least; --last) {
      if (const char* end = run(index + 1, last)) return end;
      if (steps_ == 0) return nullptr;
    }
    return nullptr;
  }

  const char* fewest(const Item& item, std::size_t index, const char* s) {
    for (;; ++s) {
      if (const char* end = run(index + 1, s)) return end;
      if (s >= end_ || !single(item, *s) || !spend(1)) return nullptr;
    }
  }

  const char* with_capture(std::size_t group, Pattern::Capture capture, std::size_t index, const char* s) {
    match_.capture[group] = capture;
    return run(index + 1, s);
  }

  const char* close(std::size_t group, std::size_t index, const char* s) {
    Pattern::Capture& capture = match_.capture[group];
    capture.length = static_cast<std::ptrdiff_t>(offset(s) - capture.start);
    if (const char* end = run(index + 1, s)) return end;
    capture.length = Pattern::kOpen;
    return nullptr;
  }

  const char* back(std::size_t group, const char* s) {
    const Pattern::Capture& capture = match_.capture[group];
    if (capture.length < 0) return nullptr;  // a position has no text
    const auto length = static_cast<std::size_t>(capture.length);
    if (static_cast<std::size_t>(end_ - s) < length || !spend(length)) return nullptr;
    return std::memcmp(begin_ + capture.start, s, length) == 0 ? s + length : nullptr;
  }

  const char* balance(std::uint16_t both, const char* s) {
    const char open = static_cast<char>(both >> 8), closing = static_cast<char>(both & 0xff);
    if (s >= end_ || *s != open) return nullptr;
    int depth = 1;
    for (const char* at = s + 1; at < end_ && spend(1); ++at) {
      if (*at == closing) {
        if (--depth == 0) return at + 1;
      } else if (*at == open) {
        ++depth;
      }
    }
    return nullptr;
  }

  const char* frontier(const Item& item, const char* s) {
    const Item set{Kind::kSet, Pattern::Repeat::kOnce, item.operand};
    const char before = s == begin_ ? '\0' : s[-1];
    const char after = s == end_ ? '\0' : *s;
    return !single(set, before) && single(set, after) ? s : nullptr;
  }

  const Pattern& pattern_;
  const char* begin_;
  const char* end_;
  Pattern::Match& match_;
  std::uint64_t& steps_;
};

Pattern::Outcome Pattern::match_at(std::string_view subject, std::size_t at, Match& match, std::uint64_t& steps) const {
  PatternMatcher matcher(*this, subject, match, steps);
  const char* end = matcher.run(0, subject.data() + at);
  if (!end) return steps == 0 ? Outcome::kTooManySteps : Outcome::kFailed;
  match.begin = at;
  match.end = static_cast<std::size_t>(end - subject.data());
  match.captures = 0;
  for (const Item& item : items_)
    if (item.kind == Kind::kOpenGroup || item.kind == Kind::kPositionGroup) ++match.captures;
  return Outcome::kMatched;
}

Pattern::Outcome Pattern::search(std::string_view subject, std::size_t at, Match& match, std::uint64_t& steps) const {
  const bool literal = !items_.empty() && items_[0].kind == Kind::kByte &&
                       (items_[0].repeat == Repeat::kOnce || items_[0].repeat == Repeat::kOneOrMore);
  for (; at <= subject.size(); ++at) {
    if (literal) {
      const void* found = std::memchr(subject.data() + at, items_[0].operand, subject.size() - at);
      if (!found) return Outcome::kFailed;
      at = static_cast<std::size_t>(static_cast<const char*>(found) - subject.data());
    }
    const Outcome outcome = match_at(subject, at, match, steps);
    if (outcome != Outcome::kFailed) return outcome;
  }
  return Outcome::kFailed;
}

}  // namespace tidewire::script
