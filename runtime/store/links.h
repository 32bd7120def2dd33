// links.h — rows of links inside a transaction that is already open.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/database.h"
#include "store/types.h"

namespace tidewire::store {

/// The link of this key that is no tombstone.
Result<std::optional<Link>> find_link(Database& database, const std::string& mapping, Side side,
                                      const std::string& key);
/// Of that key, newest first, at most 3.
Result<std::vector<Link>> find_tombstones(Database& database, const std::string& mapping, Side side,
                                          const std::string& key);
/// Inserts (id 0) or replaces; the id. kStale, naming the other link, where a key is held already; kNotFound where the
/// link to replace is gone.
Result<std::int64_t> save_link(Database& database, const Link& link, Instant now);
Result<void> delete_link(Database& database, std::int64_t id);
/// To be called before links are deleted: attaches their operations and conflicts to their keys, so that these are neither found by another
/// link nor wait for a person under a number that is no more.
Result<void> part_from(Database& database, const std::vector<std::int64_t>& links, Instant now);

/// The other side's key through a link that is no tombstone.
Result<std::optional<std::string>> translated_key(Database& database, std::string_view mapping, Side from,
                                                  std::string_view key);
/// A parent as dirty_keys name it, "mapping/side/key"; nullopt for any other text. What it holds lives as long as the text.
struct Parent {
  std::string_view mapping;
  Side side = Side::kLeft;
  std::string_view key;
};
std::optional<Parent> parent_of(std::string_view name);
Result<bool> parent_linked(Database& database, std::string_view parent);

}  // namespace tidewire::store
