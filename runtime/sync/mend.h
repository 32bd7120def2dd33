// mend.h — what a person may do to a link: part, join, merge, set aside, begin anew.
//
// Each owns the keys it is about before it looks, as a pass does, so that no pass under way is raced; it changes the link,
// writes an operation with the author and an entry of the audit trail in one transaction, and where records are to be looked
// at again marks their keys. Nothing here writes to a remote system: what follows is an ordinary pass.
#pragma once

#include <optional>
#include <string>

#include "sync/jobs/task.h"

namespace tidewire::sync {

struct Mending {
  enum class Act {
    kUnlink,     // the link goes; at their next change, or a sweep, the records are met as strangers (`next` in the operation's record says so)
    kRelink,     // a left and a right key are the same thing from now on; neither may be linked
    kMerge,      // the link of `key` takes the keys it lacks from the link of `with`; what is left over is set aside
    kIgnore,     // the record is nobody's business for ever; with `field`, the difference in that field
    kHeed,       // the opposite
    kResetBase,  // what the sides agreed on is forgotten (of `field` alone where it is said; else the versions seen
                 // too): they meet as strangers
  };
  Act act = Act::kUnlink;
  std::string mapping;
  SideKey key;
  std::optional<SideKey> with;  // kRelink: of the other side; kMerge: of either
  std::string field;
  std::string author;
};
const char* act_name(Mending::Act act);  // "unlink", …

/// Keys of one mapping that a system restored to an older state has made dead letters (law 3).
struct StaleReset {
  std::int64_t reset = 0, refused = 0;
  std::string next;              // the page after this one; "" = no more
  std::optional<Error> refusal;  // the first
};
/// kResetBase of each of a page of them, one after the other, each with an operation and an entry of the audit trail of its own. One
/// that is refused stays as it is.
void reset_stale(const Workplace& place, const std::string& author, store::Page page, Done<StaleReset> done);

/// kNotFound where there is no such link, record or field, kStale where a key is linked elsewhere or a write to it is
/// announced and its outcome not known.
void mend(const Workplace& place, Mending what, Done<store::Operation> done);

}  // namespace tidewire::sync
