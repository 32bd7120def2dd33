#include "base/log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/json.h"
#include "base/log_pipe.h"
#include "base/text.h"

namespace tidewire {
namespace {

constexpr std::size_t kLongestText = 8192;  // of a message, of a field: a script may log anything

struct LevelName {
  std::string_view name;
  std::string_view padded;
  std::string_view colour;
};

constexpr std::array<LevelName, 4> kLevels{{
    {"debug", "DEBUG", "\x1b[2m"},
    {"info", "INFO ", "\x1b[32m"},
    {"warn", "WARN ", "\x1b[33m"},
    {"error", "ERROR", "\x1b[31m"},
}};

const LevelName& named(Level level) { return kLevels[static_cast<std::size_t>(level)]; }

/// Control characters spelled out: a remote's message may not forge a line or steer a terminal.
std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      line += "\\n";
    } else if (byte < 0x20 || byte == 0x7F) {
      line += format("\\x%02x", static_cast<unsigned>(byte));
    } else {
      line += c;
    }
  }
  return line;
}

std::string field_text(const Value& value) {
  const bool plain = value.is_string() && !value.as_string().empty() &&
                     value.as_string().find_first_of(" \"=\t") == std::string::npos;
  return plain ? one_line(value.as_string()) : json::dump(value);
}

std::string text_line(Instant at, Level level, std::string_view event, std::string_view message, const Object& fields,
                      bool colours) {
  const LevelName& name = named(level);
  std::string line = format_instant(std::chrono::floor<std::chrono::seconds>(at)) + " ";
  line += colours ? std::string(name.colour).append(name.padded).append("\x1b[0m") : std::string(name.padded);
  line.append(" ").append(one_line(event)).append(": ").append(one_line(message));
  for (const auto& [key, value] : fields) line.append(" ").append(one_line(key)).append("=").append(field_text(value));
  return line;
}

std::string json_line(Instant at, Level level, std::string_view event, std::string_view message, const Object& fields) {
  const auto member = [](std::string_view key, const Value& value) { return json::dump(key) + ":" + json::dump(value); };
  std::string line = "{" + member("time", format_instant(at)) + "," + member("level", named(level).name) + "," +
                     member("event", event) + "," + member("message", message);
  for (const auto& [key, value] : fields) {
    const bool taken = key == "time" || key == "level" || key == "event" || key == "message";
    line += "," + member(taken ? key + "_" : key, value);
  }
  return line + "}";
}

std::string line_of(Logger::Form form, bool colours, Instant at, Level level, std::string_view event, std::string_view message,
                    const Object& fields) {
  return form == Logger::Form::kJson ? json_line(at, level, event, message, fields)
                                     : text_line(at, level, event, message, fields, colours);
}

std::string gap_line(Instant at, Logger::Form form, bool colours, std::uint64_t lost) {
  return line_of(form, colours, at, Level::kWarn, "log_gap", "the log's reader did not read: lines were let go",
                 {{"lines", Value(static_cast<std::int64_t>(lost))}});
}

int open_log(const std::string& path) {
  return ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
}

/// A log that cannot be written has nowhere to say so; the product goes on.
void write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

std::optional<Level> level_from_name(std::string_view name) {
  for (std::size_t i = 0; i < kLevels.size(); ++i) {
    if (kLevels[i].name == name) return static_cast<Level>(i);
  }
  return std::nullopt;
}

struct Logger::State {
  State(const Clock& clock_in, const Redactor& redactor_in) : clock(clock_in), redactor(redactor_in) { use(STDERR_FILENO); }
  ~State() {
    pipe.reset();
    if (file != STDERR_FILENO) ::close(file);
  }

  void use(int other) {
    pipe.reset();
    if (file != STDERR_FILENO) ::close(file);
    file = other;
    struct stat about {};
    const bool known = ::fstat(file, &about) == 0;
    size = file != STDERR_FILENO && known ? static_cast<std::size_t>(about.st_size) : 0;
    if (!known || S_ISREG(about.st_mode)) return;
    const auto gap = [this_clock = &clock, form = options.form, colours = options.colours](std::uint64_t lost) {
      return gap_line(this_clock->now(), form, colours, lost) + "\n";
    };
    pipe = std::make_unique<LogPipe>(file, gap);
  }

  std::string numbered(int number) const { return options.file + "." + std::to_string(number); }

  void rotate() {
    if (options.keep_files < 1) {
      ::unlink(options.file.c_str());
    } else {
      for (int i = options.keep_files - 1; i >= 1; --i) ::rename(numbered(i).c_str(), numbered(i + 1).c_str());
      ::rename(options.file.c_str(), numbered(1).c_str());
    }
    const int fresh = open_log(options.file);
    if (fresh >= 0) use(fresh);
  }

  void put(std::string_view line) {
    if (pipe) return pipe->put(std::string(line) + "\n");
    const bool full = file != STDERR_FILENO && size > 0 && size + line.size() + 1 > options.rotate_bytes;
    if (full) rotate();
    write_all(file, std::string(line) + "\n");
    size += line.size() + 1;
  }

  const Clock& clock;
  const Redactor& redactor;
  mutable std::mutex mutex;
  Options options;
  int file = STDERR_FILENO;
  std::unique_ptr<LogPipe> pipe;  // where `file` is no regular file, and its reader may stop
  std::size_t size = 0;
  std::function<void(Level, std::string_view)> listener;
};

Logger::Logger(const Clock& clock, const Redactor& redactor) : state_(std::make_unique<State>(clock, redactor)) {}

Logger::~Logger() = default;

Result<void> Logger::configure(Options options) {
  const std::lock_guard lock(state_->mutex);
  int file = STDERR_FILENO;
  if (!options.file.empty()) {
    file = open_log(options.file);
    if (file < 0) {
      return make_error(Code::kUnavailable, "cannot open the log file " + options.file + ": " + std::strerror(errno),
                        "check that its folder exists and that this user may write there");
    }
  }
  state_->options = std::move(options);
  state_->use(file);
  return {};
}

void Logger::reopen() {
  const std::lock_guard lock(state_->mutex);
  if (state_->options.file.empty()) return;
  const int fresh = open_log(state_->options.file);
  if (fresh >= 0) state_->use(fresh);
}

void Logger::write(Level level, std::string_view event, std::string_view message, Object fields) {
  if (!enabled(level)) return;
  const Instant at = state_->clock.now();
  const std::string clean = without_middle(state_->redactor.apply(message), kLongestText);
  Value shown = state_->redactor.apply_within(std::move(fields));
  for (auto& [name, value] : shown.as_object()) {
    if (value.is_string() && value.as_string().size() > kLongestText) value = without_middle(value.as_string(), kLongestText);
  }
  std::function<void(Level, std::string_view)> listener;
  std::string line;
  {
    const std::lock_guard lock(state_->mutex);
    const Options& options = state_->options;
    line = line_of(options.form, options.colours, at, level, event, clean, shown.as_object());
    state_->put(line);
    listener = state_->listener;
  }
  if (listener) listener(level, line);
}

void Logger::debug(std::string_view event, std::string_view message, Object fields) {
  write(Level::kDebug, event, message, std::move(fields));
}

void Logger::info(std::string_view event, std::string_view message, Object fields) {
  write(Level::kInfo, event, message, std::move(fields));
}

void Logger::warn(std::string_view event, std::string_view message, Object fields) {
  write(Level::kWarn, event, message, std::move(fields));
}

void Logger::error(std::string_view event, std::string_view message, Object fields) {
  write(Level::kError, event, message, std::move(fields));
}

bool Logger::enabled(Level level) const {
  const std::lock_guard lock(state_->mutex);
  return level >= state_->options.level;
}

void Logger::on_line(std::function<void(Level, std::string_view)> listener) {
  const std::lock_guard lock(state_->mutex);
  state_->listener = std::move(listener);
}

}  // namespace tidewire
