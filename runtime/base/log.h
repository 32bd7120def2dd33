// log.h — one line per event: text on a terminal, JSON otherwise. Never a payload or a secret at the default level.
//
// Every line passes the Redactor, which knows the text of each secret handed to a connector, so that a secret that
// slips into a remote's error message still does not reach a file. (spdlog/fmt cost 55 % build time, TECH.md.)
#pragma once

#include <bitset>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/value.h"

namespace tidewire {

enum class Level { kDebug, kInfo, kWarn, kError };
std::optional<Level> level_from_name(std::string_view name);

/// Replaces each known secret by its mark "[secret NAME]", also where it stands percent-encoded (a URL quoted in an error),
/// JSON-escaped (a body quoted in one), whichever of its signs are so, or in base64, alone or within a longer text (a Basic
/// header). Any thread may ask.
class Redactor {
 public:
  static constexpr std::size_t kShortest = 6;  // bytes; a shorter one is a part of too many words and is not looked for

  void add(std::string name, std::string secret);
  std::string apply(std::string_view text) const;
  /// Its message and its hint: a system may quote there what it was sent.
  Error apply(Error error) const;
  /// The same for every key, string and number in `value`.
  Value apply_within(Value value) const;
  /// The first mark of a known secret in `text`: it stands where a text was hidden and is not that text.
  std::optional<std::string> mark_in(std::string_view text) const;

 private:
  struct Known {
    std::string text;
    std::string name;
  };
  void remember(const std::string& name, std::string text);
  void remember_spelled(char first);
  struct Standing {
    const Known* known = nullptr;
    std::size_t length = 0;  // bytes of the text that are it
  };
  /// `escaped`: the text may spell signs of a secret otherwise.
  Standing standing_at(std::string_view text, bool escaped) const;
  std::string replaced(std::string_view text, bool escaped) const;

  mutable std::mutex mutex_;
  std::vector<Known> known_;  // longest first, so that a secret within another does not spoil it
  std::vector<Known> secrets_;  // as they were added
  std::bitset<1u << 16> beginnings_;  // the first two bytes of all that is looked for: at most places of a text none is met
};

/// May be used from any thread. A reader of stderr that stops reading holds up nobody (log_pipe.h), a line "log_gap" tells.
class Logger {
 public:
  enum class Form { kText, kJson };
  struct Options {
    Level level = Level::kInfo;
    Form form = Form::kJson;   // kText where stderr is a terminal; app decides
    bool colours = false;
    std::string file;          // empty = stderr
    std::size_t rotate_bytes = 10u << 20;
    int keep_files = 5;
  };
  Logger(const Clock& clock, const Redactor& redactor);
  ~Logger();

  Result<void> configure(Options options);  // kUnavailable when the file cannot be opened; the former target stays
  void reopen();                            // after an external logrotate
  /// `event` is a short stable name ("reload"), `fields` an object; "message" is the sentence for people. The JSON form
  /// is {"time", "level", "event", "message", FIELDS...}; a field named as one of those four gets a "_" at its end.
  void write(Level level, std::string_view event, std::string_view message, Object fields = {});
  void debug(std::string_view event, std::string_view message, Object fields = {});
  void info(std::string_view event, std::string_view message, Object fields = {});
  void warn(std::string_view event, std::string_view message, Object fields = {});
  void error(std::string_view event, std::string_view message, Object fields = {});
  bool enabled(Level level) const;
  /// Sees every line as written too, without its line end, on the thread that writes it (the live log of the API, tests).
  /// One listener; it may not log itself.
  void on_line(std::function<void(Level, std::string_view)> listener);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tidewire
