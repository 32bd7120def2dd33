#include "base/id.h"

#include <algorithm>

#include "base/text.h"

namespace tidewire {
namespace {

constexpr std::uint64_t kHighestSequence = 0xFFF;

}  // namespace

std::string IdMaker::next() {
  const auto since = std::chrono::floor<std::chrono::milliseconds>(clock_.now()).time_since_epoch().count();
  const auto ms = static_cast<std::uint64_t>(std::max<std::int64_t>(since, 0));
  if (ms > last_ms_) {
    last_ms_ = ms;
    sequence_ = random_.next() & 0x7FF;  // the upper half stays free for counting
  } else if (++sequence_ > kHighestSequence) {
    ++last_ms_;  // borrowed from the future, so that the order holds
    sequence_ = 0;
  }
  const std::uint64_t chance = random_.next();
  return format("%08llx-%04llx-7%03llx-%04llx-%012llx", static_cast<unsigned long long>(last_ms_ >> 16 & 0xFFFFFFFF),
                static_cast<unsigned long long>(last_ms_ & 0xFFFF), static_cast<unsigned long long>(sequence_),
                static_cast<unsigned long long>(0x8000 | (chance >> 48 & 0x3FFF)),
                static_cast<unsigned long long>(chance & 0xFFFFFFFFFFFF));
}

bool is_id(std::string_view text) {
  constexpr std::string_view form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  const auto fits = [](char c, char wanted) { return wanted == '-' ? c == '-' : (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return text.size() == form.size() && std::equal(text.begin(), text.end(), form.begin(), fits);
}

}  // namespace tidewire
