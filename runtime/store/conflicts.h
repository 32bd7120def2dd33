// conflicts.h — fields that wait for a person, inside a transaction that is already open.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/database.h"
#include "store/types.h"

namespace tidewire::store {

/// Opens, or refreshes the open row of (link, field), or of (mapping, side, key, field) where there is no link. A row
/// that shows the same already stays as it is, so that nobody's answer is refused for nothing; one that shows something
/// new, or is asked `anew`, forgets an answer not yet carried out (law 13).
Result<void> open_conflict(Database& database, const Conflict& conflict, Instant now);

/// How and whose conflicts are closed, and what both sides have since; without that the row keeps what a person said.
struct Closing {
  std::string method, author;
  std::optional<std::string> operation;
  std::optional<FieldBase> agreed{};
};
Result<void> close_link_conflict(Database& database, std::int64_t link, const std::string& field,
                                 const Closing& closing, Instant now);
Result<void> close_record_conflict(Database& database, const std::string& mapping, Side side, const std::string& key,
                                   const std::string& field, const Closing& closing, Instant now);

/// Open ones of the link, or of the key where it has no link.
Result<std::vector<Conflict>> find_conflicts(Database& database, const std::string& mapping, Side side,
                                             const std::string& key, std::optional<std::int64_t> link);

/// Law 19: keys whose match was not unique because of this record are due at once.
Result<void> wake_ambiguous(Database& database, const std::string& mapping, Side side, const std::string& key, Instant now);
/// Makes due again keys of this side whose create was blocked by a record that nobody knows: a few at a time, those that have waited
/// longest least often.
Result<void> wake_key_taken(Database& database, const std::string& mapping, Side side, Instant now);

}  // namespace tidewire::store
