// known_ends.h — which collections the links of a mapping belong to: connection, collection and key of both sides, as the mapping had
// them when they were made. A key of one table means nothing in another (laws 16, 20), so a mapping whose file names another is held
// until its file is put back or a person says what its links are: of the same records, or of none. One table may have several names ("b",
// "public.b"): where its connector says which place a name means, that counts.
//
// Kept in the state (kv, "ends").
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "store/store.h"
#include "sync/plan.h"

namespace tidewire::sync {

class KnownEnds {
 public:
  static constexpr const char* kDrawer = "ends";
  explicit KnownEnds(store::Store& store) : store_(store) {}
  /// What earlier processes kept in the drawer, by mapping.
  void take(std::map<std::string, Value> stored) { known_ = std::move(stored); }
  /// Whether what is kept is what the plan says, in its words.
  bool knows(const Plan& plan) const;
  /// What the mapping says otherwise, in words; nullopt: nothing, or nobody knew the mapping.
  std::optional<std::string> moved(const Plan& plan) const;
  /// Other mappings whose links are of the same two collections, either way round.
  std::vector<std::string> alike(const Plan& plan) const;
  void forget(const std::string& mapping) { known_.erase(mapping); }
  /// Its links, if any, are of what it names now.
  void keep(const Plan& plan, store::Done<void> done);

 private:
  store::Store& store_;
  std::map<std::string, Value> known_;
};

}  // namespace tidewire::sync
