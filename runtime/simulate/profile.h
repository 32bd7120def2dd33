// profile.h — what kind of trouble a simulated history is about.
//
// A uniform random history rarely reaches the laws on settle times, intents in doubt, stale reads and answers as sent, so
// each profile turns a few faults up and the others down (SEMANTICS.md, "What the tests assert").
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "sync/ports.h"

namespace tidewire::simulate {

using store::Side;
using store::Sides;

enum class Fault {
  kLostRequest,   // sent, never applied; the caller cannot know
  kLostAnswer,    // applied; the caller cannot know
  kLate,          // the caller gives up, then it is applied
  kRefused,       // surely not applied
  kThrottled,     // 429
  kStaleRead,     // a replica answers, behind by up to the settle time
  kSlow,          // seconds instead of milliseconds
  kPerson,        // somebody edits the same record between our read and our write
  kHookLost,
  kHookTwice,
  kHookLate,      // also: in another order
  kFailedBefore,  // 5xx, not applied
  kFailedAfter,   // 5xx, applied all the same
  kHidden,        // a row is not shown: row-level security, a view, a filter
  kScript,        // a strategy raises an error
  kUnread,        // the state file cannot be read for a moment
  kDisk,          // the state file is full: a transaction is refused
  kFsync,         // fsync failed: refused, and perhaps stored all the same
  kCrash,
  kJudge,         // who is asked about a field says nothing within its time
  kLostRow,       // a page of a list loses a row that the system counts, and for a while reads do not show it either
  kRejected,      // a rule of the system refuses a write, for good as far as anybody can tell
  kKept,          // a write is answered with success, and one of its fields stays as it was
  kCount,
};
const char* fault_name(Fault fault);

struct Profile {
  std::string name, about;
  std::array<double, static_cast<std::size_t>(Fault::kCount)> rate{};  // per chance
  struct System {
    bool guarded = true, ordered = false, incarnation = true;
    bool unique = true;        // the match field, enforced
    bool normalises = false;   // trims the name
    bool reads_behind = false; // law 3 matters here
    bool hides = false;        // absence proves nothing
    bool counts = false;       // tells how many rows it has
    bool client_keys = false;  // takes the key that a create names
    bool rekeys = false;       // people edit the match field
    bool pages = false;        // list and changes show records as a read does, and count as one
    bool trash = false;        // keeps what was deleted, and brings it back
    sync::Capabilities::Answer answer = sync::Capabilities::Answer::kStored;
    int bulk = 4, bulk_updates = 1;
    bool whole_calls = false;  // a call that makes several records has one fate
  };
  Sides<System> system;
  bool deletes = false, recreates = false, key_reuse = false, renames = false, jumps = false, entered_twice = true;
  bool sweeps = false;  // needed where webhooks are lost
  bool polls = false;   // enough where nothing is deleted
  bool scoped = false;  // records leave the left scope and come back; what that does is drawn from the seed
  bool grows = false;   // the mapping gets a field while it runs, `extra`, under a brake that lets one record through
  bool outages = false; // a system answers nobody for longer than the attempts of a key last
  bool parted = false;  // a person parts pairs, which meet as strangers
  bool mended = false;  // a person parts, joins, merges, sets aside, begins anew and forgets what belongs together
  bool dealt = false;   // a person retries and discards what stands
  bool demanding = false;  // a field more, `title`, which the mapping requires; people leave it empty, and empty it
  bool pinned = false;  // a field more, `badge`, which one record has at a time and hands on; what others refer to is not deleted
  bool revised = false; // the mapping loses its field `extra` while it runs, and gets it back
  bool related = false; // a field more, `boss`, which names another record; references follow a rename
  bool judged = false;  // a field more, `price`, that a judge is asked about
  bool grouped = false; // a field more, `zip`, in a group or a record that is won together, by a rule drawn from the seed; several of them are edited at once, and a person takes back what was written
  bool retyped = false; // two fields more, `mood` and the rows `marks`: people enter again what both sides had before
  int most_things = 3, most_acts = 14;

  double& operator[](Fault fault) { return rate[static_cast<std::size_t>(fault)]; }
  double operator[](Fault fault) const { return rate[static_cast<std::size_t>(fault)]; }
};

std::span<const Profile> profiles();
/// nullptr where there is none of that name.
const Profile* find_profile(std::string_view name);

}  // namespace tidewire::simulate
