// head_scan.h — finds the end of a request's head and refuses the line endings that parsers disagree about.
#pragma once

#include <cstddef>
#include <string_view>

namespace tidewire::http {

/// Looks at a growing head piece by piece; each byte is looked at once.
class HeadScan {
 public:
  enum class Found { kMore, kEnd, kBad };

  /// `head` is all of the head read up to now, starting with its request line.
  Found scan(std::string_view head);
  std::size_t end() const { return line_; }  // in kEnd: the head's length with its empty line
  std::string_view why() const { return why_; }

 private:
  Found bad(std::string_view why);

  std::size_t line_ = 0;     // where the present line begins
  std::size_t scanned_ = 0;  // no line feed before this
  std::string_view why_;
};

}  // namespace tidewire::http
