// lane.h — what the reconciles of one mapping share: who owns which key, which creates are in the air, whom to ask. A mapping
// that is put on other connections gets another lane, and the passes under way end on the one they began with.
//
// Ownership lives in memory only: the process that holds the state file's lock is the only one, and at start everything
// not done is waiting again (law 29).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/id.h"
#include "store/store.h"
#include "sync/batcher.h"
#include "sync/fresh.h"
#include "sync/reconcile/lookups.h"
#include "sync/merge/canonical.h"
#include "sync/merge/membership.h"
#include "sync/ports.h"

namespace tidewire::sync {

using SideKey = std::pair<Side, std::string>;
/// In the error of a key that stands: since when its record reads older than its link has seen, in microseconds (law 3).
inline constexpr const char* kOlder = "older";
/// That a person has let its delete go, while the key stands for something else (law 18).
inline constexpr const char* kLetGo = "let_go";
/// Up to so many records that were set back count as single mistakes; more mean that their system was restored (law 18).
inline constexpr std::int64_t kFewSetBack = 2;
/// The same for the newest records missing from a list: who has just made a few may have deleted them again.
inline constexpr std::int64_t kFewGone = 5;
/// A note of the link: the records' own times as they were seen last, by side, likewise.
inline constexpr const char* kShown = "$shown";
/// Of a link that a create of ours made outside the scope, until both records were inside it once.
inline constexpr const char* kOutside = "$outside";

/// Keys under way. A reconcile owns both keys of its link; whoever finds a key taken is told when it is free. The keys are of
/// all lanes of one mapping, the uses of this lane alone.
class Owners {
 public:
  struct Keys {
    std::set<SideKey> owned;
    std::multimap<SideKey, std::function<void()>> waiting;
  };
  Owners(Poster& poster, Keys& keys) : poster_(poster), keys_(keys) {}
  bool owned(const SideKey& key) const { return keys_.owned.contains(key); }
  bool claim(const SideKey& key);
  void release(const SideKey& key);
  void when_free(const SideKey& key, std::function<void()> then);
  std::size_t size() const { return keys_.owned.size(); }
  /// Nobody here owns a key, waits for one or holds the lane: it may go.
  bool idle() const { return uses_ == 0 && held_.use_count() == 1; }
  /// A key is owned, or waited for.
  bool any() const { return uses_ > 0; }
  /// For who works here without owning a key all the time.
  std::shared_ptr<const void> hold() const { return held_; }

 private:
  Poster& poster_;
  Keys& keys_;
  std::size_t uses_ = 0;
  std::shared_ptr<const char> held_ = std::make_shared<const char>();  // owners: this and those who hold the lane
};

/// Creates announced towards a side: a change for a key that nobody knows waits for those that were open when it came,
/// because it may be the echo of one (law 25). One that stays in doubt is waited for until what was sent is settled, and is
/// open again with its next try.
class OpenCreates {
 public:
  OpenCreates(Poster& poster, Timers& timers) : poster_(poster), timers_(timers) {}
  /// A try of it begins.
  void open(Side side, const std::string& intent) { open_[side][intent] = ++tries_; }
  void close(Side side, const std::string& intent);
  /// The try that was begun last is waited for no longer, whatever became of it; nothing where none is open.
  void doubt_after(Side side, const std::string& intent, Duration wait);
  /// Those that nobody waits for any more and whose outcome is not known.
  const std::set<std::string>& doubtful(Side side) const { return doubtful_[side]; }
  bool is_open(Side side, const std::string& intent) const { return open_[side].contains(intent); }
  bool any(Side side) const { return !open_[side].empty(); }
  /// Calls `then` once every create that is open now is closed.
  void when_closed(Side side, std::function<void()> then);

 private:
  using Tries = std::map<std::string, std::uint64_t>;  // intent -> number of its try
  struct Waiting {
    Tries intents;
    std::function<void()> then;
  };
  void end(Side side, const std::string& intent, std::uint64_t last);
  Poster& poster_;
  Timers& timers_;
  Sides<Tries> open_;
  Sides<std::set<std::string>> doubtful_;
  Sides<std::vector<Waiting>> waiting_;
  std::map<std::uint64_t, std::unique_ptr<Timer>> ends_;  // by try
  std::uint64_t tries_ = 0;
};

/// The announced creates of a side as the store has them. Read once for all who ask while a read is under way: after a kill there
/// may be hundreds of both.
class StoredCreates {
 public:
  using Told = std::function<void(const Result<std::vector<store::Intent>>&)>;
  /// What is told was read after this call.
  void ask(store::Store& store, const std::string& mapping, Side side, Told told);

 private:
  struct Reads {
    bool under_way = false;
    std::vector<Told> next;
  };
  static void read(const std::shared_ptr<Sides<Reads>>& reads, store::Store& store, const std::string& mapping, Side side);
  std::shared_ptr<Sides<Reads>> reads_ = std::make_shared<Sides<Reads>>();  // owners: this and the read under way
};

/// One match value is at first contact at a time (law 19).
class MatchTurns {
 public:
  explicit MatchTurns(Poster& poster) : poster_(poster) {}
  /// `then` is posted when it is this caller's turn; leave() must follow.
  void enter(const std::string& hash, std::function<void()> then);
  void leave(const std::string& hash);
  /// How many wait for theirs.
  std::size_t waiting() const;

 private:
  Poster& poster_;
  std::map<std::string, std::vector<std::function<void()>>> queues_;
};

/// What the lanes of one mapping have in common, where it was swapped while passes were under way: one pass per link all the same.
struct Common {
  Common(Poster& poster, Timers& timers) : creates(poster, timers), turns(poster) {}
  Owners::Keys keys;
  OpenCreates creates;
  StoredCreates stored_creates;
  MatchTurns turns;
};

/// Whose links translate a reference, seen from this mapping: the mapping's name, and its side that has our connection.
struct Translator {
  std::string mapping;
  Side from = Side::kLeft;
  Type key = {};  // of that side
  /// As its links have the key that a reference names.
  std::string spelled(const std::string& named) const { return key_as_read(named, key); }
};

struct Lane {
  std::string mapping;
  store::Store& store;
  const Surroundings& around;
  IdMaker& ids;
  Sides<Batcher*> batcher{nullptr, nullptr};
  std::shared_ptr<Common> common;               // owners: the lanes of the mapping
  Owners owners;
  OpenCreates& creates;
  MatchTurns& turns;
  FreshRecords fresh;
  Joined joined;                                // since when each field is in the mapping
  std::map<std::string, Instant> braked;        // fields that the brake holds, remembered until then
  std::map<std::string, std::int64_t> let_through;  // by kind: passes that the brake let through and that have not ended
  std::optional<Instant> restored_at;           // when a copy became the state: what sides agreed on after it was made is not known
  bool staging = false;                         // nothing is written yet: a job waits until its conflicts are decided
  std::string load;                             // id of the initial load at work, "" = none
  std::unique_ptr<Lookups> lookups;  // nullptr: the mapping looks nothing up
  std::function<Duration(Side)> ask_sweep;  // requests a sweep of the side; returns when to ask again; nullptr: nobody sweeps
  std::function<void(Side, Done<void>)> sweep_now;  // likewise, begun after this call and stored by the time it is answered
  std::function<void()> woke;  // keys of other mappings that waited for one of this may go on
  std::function<void(const std::string& mapping)> asked;  // keys of this mapping, perhaps another one, are due since somebody waits for them
  std::function<void()> freed;  // somebody beside the worker, who looks or mends, has let go of keys
  /// nullopt: no such mapping is loaded.
  std::function<std::optional<Translator>(const std::string& mapping, const End& end)> translator;

  Lane(std::string name, store::Store& the_store, const Surroundings& the_surroundings, IdMaker& the_ids, std::shared_ptr<Common> the_common)
      : mapping(std::move(name)), store(the_store), around(the_surroundings), ids(the_ids), common(std::move(the_common)),
        owners(around.poster, common->keys), creates(common->creates), turns(common->turns) {}
  const Capabilities& capabilities(Side side) const { return batcher[side]->endpoint().capabilities(); }
};

}  // namespace tidewire::sync
