// text.h — small things done to strings in several rooms.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tidewire {

/// snprintf into a string.
[[gnu::format(printf, 1, 2)]] std::string format(const char* pattern, ...);

std::vector<std::string> split(std::string_view text, char separator);  // "" -> {""}
std::string join(std::span<const std::string> parts, std::string_view separator);
std::string_view trim(std::string_view text);  // ASCII blanks
std::string lower_ascii(std::string_view text);
/// Simple Unicode lower case and NFC-insensitive enough for matching e-mail and names: ASCII, Latin-1, Latin A, Greek, Cyrillic.
std::string fold(std::string_view utf8);
bool starts_with_ignoring_case(std::string_view text, std::string_view prefix);

bool valid_utf8(std::string_view text);
std::size_t code_points(std::string_view utf8);
/// At most `limit` bytes, cut at a code point, with "…" where something was cut.
std::string shortened(std::string_view utf8, std::size_t limit);

/// The same, with what is too much taken out of the middle.
std::string without_middle(std::string_view utf8, std::size_t limit);

/// " (did you mean 'timeout'?)" when a candidate is near enough (Damerau distance <= 2, or a third of its length), else "".
std::string suggestion(std::string_view word, std::span<const std::string> candidates);

/// As one word of a command that a person pastes into a shell: "HR-0001" bare, "Ada's" as 'Ada'\''s'.
std::string shell_word(std::string_view text);

/// "1 234 567".
std::string grouped(std::int64_t number);

}  // namespace tidewire
