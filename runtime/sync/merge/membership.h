// membership.h — since when each field is in its mapping, so that one which leaves and comes back begins without a base (law 9).
//
// No link is touched when a field leaves: a link says with each commit which change of the fields it has seen ("$epoch" of its
// notes), and a base from before the field's last coming does not count. Kept in the state (kv, "fields").
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "store/store.h"
#include "sync/plan.h"

namespace tidewire::sync {

/// The fields of one mapping, each with the change of the fields that it came with; 0 = there from the beginning.
struct Joined {
  std::int64_t epoch = 0;  // the last change that brought a field
  std::map<std::string, std::int64_t> fields;
};

class Membership {
 public:
  static constexpr const char* kDrawer = "fields";
  explicit Membership(store::Store& store) : store_(store) {}
  /// What earlier processes kept in the drawer, by mapping.
  void take(const std::map<std::string, Value>& stored);
  void forget(const std::string& mapping) { known_.erase(mapping); }
  /// What holds from now on; a change is written down. Of a mapping that nobody knew every field is there from the beginning.
  Joined of(const Plan& plan);
  /// What `of` would answer; nothing is written.
  Joined look(const Plan& plan) const;

 private:
  void keep(const std::string& mapping);

  store::Store& store_;
  std::map<std::string, Joined> known_;
};

/// Takes from the link what it had agreed on in fields that are not in the mapping, or have come back since it was written.
/// The last change of the fields that it had seen; it has seen the present one with a plan that has all of them: one from before an edit
/// of the mapping may still be at work.
std::int64_t forget_left(store::Link& link, const Joined& joined, const Plan& plan);
/// Whether a pass has seen the link with all the fields that the mapping has.
bool has_met(const store::Link& link, const Joined& joined);
/// The fields that the link has not met.
std::vector<std::string> unmet_fields(const store::Link& link, const Joined& joined);

}  // namespace tidewire::sync
