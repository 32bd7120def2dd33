// lane.h — what the reconciles of one mapping share: who owns which key, which creates are in the air, whom to ask.
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
#include "sync/lookups.h"
#include "sync/membership.h"
#include "sync/ports.h"

namespace tidewire::sync {

using SideKey = std::pair<Side, std::string>;

/// Keys under way. A reconcile owns both keys of its link; whoever finds a key taken is told when it is free.
class Owners {
 public:
  explicit Owners(Poster& poster) : poster_(poster) {}
  bool owned(const SideKey& key) const { return owned_.contains(key); }
  bool claim(const SideKey& key) { return owned_.insert(key).second; }
  void release(const SideKey& key);
  void when_free(const SideKey& key, std::function<void()> then) { waiting_.emplace(key, std::move(then)); }
  std::size_t size() const { return owned_.size(); }

 private:
  Poster& poster_;
  std::set<SideKey> owned_;
  std::multimap<SideKey, std::function<void()>> waiting_;
};

/// Creates announced towards a side: a change for a key that nobody knows waits for those that were open when it came,
/// because it may be the echo of one (law 25).
class OpenCreates {
 public:
  explicit OpenCreates(Poster& poster) : poster_(poster) {}
  void open(Side side, const std::string& intent) { open_[side].insert(intent); }
  void close(Side side, const std::string& intent);
  bool any(Side side) const { return !open_[side].empty(); }
  /// Calls `then` once every create that is open now is closed.
  void when_closed(Side side, std::function<void()> then);

 private:
  struct Waiting {
    std::set<std::string> intents;
    std::function<void()> then;
  };
  Poster& poster_;
  Sides<std::set<std::string>> open_;
  Sides<std::vector<Waiting>> waiting_;
};

/// One match value is at first contact at a time (law 19).
class MatchTurns {
 public:
  explicit MatchTurns(Poster& poster) : poster_(poster) {}
  /// `then` is posted when it is this caller's turn; leave() must follow.
  void enter(const std::string& hash, std::function<void()> then);
  void leave(const std::string& hash);

 private:
  Poster& poster_;
  std::map<std::string, std::vector<std::function<void()>>> queues_;
};

/// Whose links translate a reference, seen from this mapping: the mapping's name, and its side that has our connection.
struct Translator {
  std::string mapping;
  Side from = Side::kLeft;
};

struct Lane {
  std::string mapping;
  store::Store& store;
  const Surroundings& around;
  IdMaker& ids;
  Sides<Batcher*> batcher{nullptr, nullptr};
  Owners owners;
  OpenCreates creates;
  MatchTurns turns;
  FreshRecords fresh;
  Joined joined;                                // since when each field is in the mapping
  std::map<std::string, Instant> braked;        // fields that the brake holds, remembered until then
  std::map<std::string, std::int64_t> let_through;  // by kind: passes that the brake let through and that have not ended
  bool staging = false;                         // nothing is written yet: a job waits until its conflicts are decided
  std::string load;                             // id of the initial load at work, "" = none
  std::unique_ptr<Lookups> lookups;  // nullptr: the mapping looks nothing up
  std::function<void(Side)> ask_sweep;  // which records of the side are there at all; nullptr: nobody sweeps
  std::function<void()> woke;  // keys of other mappings that waited for one of this may go on
  /// nullopt: no such mapping is loaded.
  std::function<std::optional<Translator>(const std::string& mapping, const End& end)> translator;

  Lane(std::string name, store::Store& the_store, const Surroundings& the_surroundings, IdMaker& the_ids)
      : mapping(std::move(name)), store(the_store), around(the_surroundings), ids(the_ids), owners(around.poster),
        creates(around.poster), turns(around.poster) {}
  const Capabilities& capabilities(Side side) const { return batcher[side]->endpoint().capabilities(); }
};

}  // namespace tidewire::sync
