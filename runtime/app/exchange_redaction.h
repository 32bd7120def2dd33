// exchange_redaction.h — an exchange as it may be kept: without secrets, without values that the mapping redacts, not too long.
//
// Secrets are looked for by their text, as everywhere, and by the names that secrets usually have. Of a column that the mapping redacts
// each value is replaced by its hash, wherever it occurs; when in doubt, more is redacted rather than less. Where that cannot be decided
// the whole body is dropped: it is no JSON, it was cut, it holds too many such values to look for each, or it is the text of a failure,
// which may quote anything.
#pragma once

#include <set>
#include <string>

#include "base/exchange.h"
#include "base/log.h"

namespace tidewire::app {

constexpr std::size_t kKeptBody = 8u << 10;     // bytes of a body that are kept
constexpr std::size_t kMargin = 4u << 10;       // more is looked at, or half a secret would stay at the cut
constexpr std::size_t kSearched = 64u << 10;    // of a body that is looked through for columns; of a longer one nothing is kept

/// How much of a body is to be recorded where these columns are hidden.
inline std::size_t recorded_bytes(const std::set<std::string>& hidden) { return hidden.empty() ? kKeptBody + kMargin : kSearched; }

/// `failed`: the call came to nothing, or to nothing for some of its records. `keys`: values of hidden columns that the call was made with, since
/// they are what records are named by: a path holds them.
Exchange as_kept(Exchange raw, const std::set<std::string>& hidden, bool failed, const Redactor& redactor, const std::set<std::string>& keys = {});

}  // namespace tidewire::app
