// result.h — the one way a room says that something did not work.
//
// Codes are closed: every failure in the product is one of these, because one function (disposition) must be able
// to say for each what happens next. A new kind of failure is a new message, hardly ever a new code.
#pragma once

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tidewire {

enum class Code {
  kInvalid,      // the input is wrong and stays wrong: dead letter
  kNotFound,     // what was asked for is not there
  kDenied,       // credentials or rights; on a whole connection this opens its breaker
  kThrottled,    // surely not applied, again after retry_after
  kUnavailable,  // surely not applied, again with backoff
  kUnknown,      // sent, fate unknown: read back before anything else
  kStale,        // the guard refused: somebody else wrote; read and merge again
  kBlocked,      // another record is in the way (it refers to this one, holds the value, is not there yet): again with backoff
  kScript,       // a Lua error: dead letter, counts towards the script's quarantine
  kBudget,       // a script used up its instructions, memory or time
  kCorrupt,      // stored state contradicts itself: stop, never repair silently
  kCancelled,    // asked to stop
};

/// The code's name as scripts, logs and the API spell it ("not_found").
std::string_view code_name(Code code);
/// The inverse; nullopt for a name that is no code.
std::optional<Code> code_from_name(std::string_view name);

struct Exchange;

struct Error {
  Code code = Code::kInvalid;
  std::string message;                                   // what happened, where (file, line, record, field)
  std::string hint;                                      // what a person should do; may be empty
  std::optional<std::chrono::milliseconds> retry_after;  // as the remote asked
  std::vector<std::shared_ptr<const Exchange>> exchanges{};  // the requests that led to it, where they were recorded (base/exchange.h)

  /// The same error with "what: " put before its message; used on the way up.
  Error context(std::string_view what) && {
    message = std::string(what) + ": " + message;
    return std::move(*this);
  }
  Error with_hint(std::string text) && {
    hint = std::move(text);
    return std::move(*this);
  }
};

/// What follows from an error; only sync's worker acts on it.
enum class Disposition { kAgain, kReadBack, kMergeAgain, kDeadLetter, kBreaker, kStop };
Disposition disposition(Code code);

/// "code: message (hint)", one line, for logs and terminals.
std::string to_string(const Error& error);

struct Unit {
  friend bool operator==(Unit, Unit) { return true; }
};

/// A T or the Error that kept it from existing. Result<void> carries nothing but success.
template <typename T>
class [[nodiscard]] Result {
  using Stored = std::conditional_t<std::is_void_v<T>, Unit, T>;

 public:
  Result()
    requires std::is_void_v<T>
      : state_(Unit{}) {}
  Result(Stored value) : state_(std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::move(error)) {}   // NOLINT(google-explicit-constructor)

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  Stored& value() & { return std::get<0>(state_); }
  const Stored& value() const& { return std::get<0>(state_); }
  Stored&& value() && { return std::get<0>(std::move(state_)); }
  Stored& operator*() & { return value(); }
  const Stored& operator*() const& { return value(); }
  Stored&& operator*() && { return std::move(*this).value(); }
  Stored* operator->() { return &value(); }
  const Stored* operator->() const { return &value(); }
  Error& error() & { return std::get<1>(state_); }
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<Stored, Error> state_;
};

/// Of a message beyond 4 KiB (a key or a value may be quoted in it) the middle is left out.
Error make_error(Code code, std::string message, std::string hint = {});

}  // namespace tidewire

/// TRY(expression): the value of a Result, or leave this function with its error.
#define TRY(...)                                                        \
  ({                                                                    \
    auto try_result_ = (__VA_ARGS__);                                   \
    if (!try_result_.ok()) return std::move(try_result_).error();       \
    std::move(try_result_).value();                                     \
  })

/// A broken invariant stops the process with a sentence, in release builds too: going on could lose data.
#define ASSERT(condition, sentence)                                                                   \
  do {                                                                                                \
    if (!(condition)) {                                                                               \
      std::fprintf(stderr, "%s:%d: broken invariant: %s (%s)\n", __FILE__, __LINE__, sentence, #condition); \
      std::abort();                                                                                   \
    }                                                                                                 \
  } while (false)
