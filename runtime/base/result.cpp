#include "base/result.h"

#include <array>

#include "base/text.h"

namespace tidewire {
namespace {

constexpr std::array<std::pair<Code, std::string_view>, 12> kCodeNames{{
    {Code::kInvalid, "invalid"},
    {Code::kNotFound, "not_found"},
    {Code::kDenied, "denied"},
    {Code::kThrottled, "throttled"},
    {Code::kUnavailable, "unavailable"},
    {Code::kUnknown, "unknown"},
    {Code::kStale, "stale"},
    {Code::kBlocked, "blocked"},
    {Code::kScript, "script"},
    {Code::kBudget, "budget"},
    {Code::kCorrupt, "corrupt"},
    {Code::kCancelled, "cancelled"},
}};

constexpr std::size_t kLongestMessage = 4096;

}  // namespace

std::string_view code_name(Code code) {
  for (const auto& [known, name] : kCodeNames) {
    if (known == code) return name;
  }
  ASSERT(false, "every code has a name");
}

std::optional<Code> code_from_name(std::string_view name) {
  for (const auto& [code, known] : kCodeNames) {
    if (known == name) return code;
  }
  return std::nullopt;
}

Disposition disposition(Code code) {
  switch (code) {
    case Code::kThrottled:
    case Code::kUnavailable:
    case Code::kBlocked: return Disposition::kAgain;
    case Code::kUnknown: return Disposition::kReadBack;
    case Code::kStale: return Disposition::kMergeAgain;
    case Code::kInvalid:
    case Code::kNotFound:
    case Code::kScript:
    case Code::kBudget: return Disposition::kDeadLetter;
    case Code::kDenied: return Disposition::kBreaker;
    case Code::kCorrupt:
    case Code::kCancelled: return Disposition::kStop;
  }
  ASSERT(false, "every code has a disposition");
}

std::string to_string(const Error& error) {
  std::string text(code_name(error.code));
  text += ": " + error.message;
  if (!error.hint.empty()) text += " (" + error.hint + ")";
  for (char& c : text) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return text;
}

Error make_error(Code code, std::string message, std::string hint) {
  if (message.size() > kLongestMessage) message = without_middle(message, kLongestMessage);
  return Error{code, std::move(message), std::move(hint), std::nullopt};
}

}  // namespace tidewire
