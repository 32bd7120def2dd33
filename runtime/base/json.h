// json.h — Value <-> JSON text, strict on the way in and canonical on the way out.
//
// Own reader: RapidJSON 1.1 was measured and left out, because even with numbers kept as strings it refuses 1e400 and
// integers over 309 digits, and it lets a lone low surrogate through as invalid UTF-8.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/value.h"

namespace tidewire::json {

/// Reads one JSON document. Refuses (kInvalid, naming the byte offset): trailing text, NaN, invalid UTF-8, a lone
/// surrogate, nesting over 128. A number with no fraction and exponent that fits int64 is an int, any other keeps its
/// text. Of a key that comes twice the last wins, as with the remotes.
Result<Value> parse(std::string_view text);
/// As parse(), as strict over all of the text, but of the outermost object only the members named are kept.
Result<Value> parse_members(std::string_view text, const std::vector<std::string>& wanted);

/// Canonical: keys sorted, no blanks, shortest escapes, UTF-8 unescaped. What is written can always be read again: a
/// decimal that is no JSON number ("NaN") becomes a string, a byte that is no UTF-8 becomes U+FFFD.
std::string dump(const Value& value);
/// Two-space indented, for people.
std::string dump_pretty(const Value& value);

}  // namespace tidewire::json
