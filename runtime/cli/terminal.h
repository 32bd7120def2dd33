// terminal.h — one output stream: is it a person's terminal, how wide, with colours or not.
//
// What remote systems hold may contain control characters; on a terminal those could move the cursor or change its
// title. Texts from outside pass plain() first.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/value.h"

namespace tidewire::cli {

enum class Style { kPlain, kDim, kBold, kGood, kWarn, kBad, kAccent };

/// How text may look where it goes.
struct Look {
  bool colours = false;
  int width = 0;  // columns; 0 = as wide as it gets
};

std::string styled(std::string_view text, Style style, const Look& look);
/// Control characters replaced, on one line.
std::string plain(std::string_view text);
/// Columns that it takes: code points, East Asian wide ones two.
std::size_t columns_of(std::string_view utf8);
/// Cut to at most `columns`, "…" at the end where something was cut.
std::string cut(std::string_view utf8, std::size_t columns);

/// A value of a record for people: a text as it is, everything else as JSON; at most `columns`.
std::string shown(const Value& value, std::size_t columns = 60);
/// An ISO time as "10:42:05, 3 min ago" in local time, with its date and offset, "2024-04-30 11:57 +02:00, 24 h ago", where that is another
/// day. Anything else as it is.
std::string moment(std::string_view iso, Instant now);
/// The text with the times that it tells as the API does, "2024-05-01 10:00:00 UTC", in local time: "2024-05-01 12:00:00 +02:00". What stands
/// in quotes is a value of a record and stays.
std::string in_local_time(std::string_view text);
/// "3 min ago", "in 5 s", "now".
std::string relative(Instant at, Instant now);

class Terminal {
 public:
  /// NO_COLOR and TERM=dumb switch colours off.
  explicit Terminal(std::FILE* file);
  bool is_terminal() const { return is_terminal_; }
  const Look& look() const { return look_; }

  void line(std::string_view text = {});
  /// Over the line that show() wrote before; only on a terminal, elsewhere nothing.
  void show(std::string_view text);
  /// Takes it away again.
  void clear();
  void flush() { std::fflush(file_); }
  std::string paint(std::string_view text, Style style) const { return styled(text, style, look_); }

 private:
  std::FILE* file_;
  bool is_terminal_;
  Look look_;
  bool showing_ = false;
};

}  // namespace tidewire::cli
