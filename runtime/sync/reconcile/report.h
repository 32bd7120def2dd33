// report.h — one pass over one key as the rest of the engine sees it: what it is asked to do, and how it ended.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "sync/lane.h"
#include "sync/merge/decide.h"

namespace tidewire::sync {

/// How long a record waits for its parent (law 22).
inline constexpr Duration kPatience = std::chrono::hours(24);
/// Between two sweeps that keys without evidence of a delete ask for (law 16).
inline constexpr Duration kSweepPause = std::chrono::minutes(10);

/// How a pass ended.
struct Report {
  enum class End {
    kDone,      // committed; the taken changes are gone
    kStanding,  // the key stays with a state and a due time
    kBusy,      // another pass owns a key of this link: look again when `busy` is free
    kDropped,   // nothing was there to do any more, or we are stopping
  } end = End::kDone;
  std::optional<SideKey> busy;
  std::optional<Side> creates;  // kBusy: creates towards this side are open that this unknown key may be the echo of
  store::Operation operation;   // what was decided; its id is empty for an echo. Of a dry run: what would be
  std::optional<Error> error;   // why it stands
  bool missing = false;         // of a look: there is no such record, and no link of one
  std::vector<std::string> after{};  // of a look that foresees: the parents, as "mapping/side/key", that are to be
                                     // linked before it does what it tells
  bool names_kin = false;  // of a look with kin: it names a record of its mapping whose counterpart is not known yet
  std::string conflict{};  // of a look that a person must decide about first: the kind of that conflict
};

/// What a walk over both sides has found of a mapping whose records name each other, before any of it is linked.
struct Kin {
  Sides<std::unordered_map<std::string, std::string>> pair;  // key -> the key of the same thing on the other side
  Sides<std::unordered_set<std::string>> shown;
  bool all_shown = false;
  /// Whether a record of that key will be linked or made, as far as is known.
  bool may_come(Side side, const std::string& key) const { return !all_shown || shown[side].contains(key); }
};

/// What a pass is asked to do, beyond what its key says.
struct PassOptions {
  bool dry = false;                                   // decides and reports, writes nothing anywhere
  bool waited_for_creates = false;                    // the key has waited for the creates that were open when it came
  bool read_both = false;                             // content sweep, resync: do not trust the base's version
  bool reapply = false;                               // a look at what a resync would do
  bool thorough = false;                              // tells every field with its rule, also where nothing changed
  std::optional<store::Store::Resolution> assumed{};  // a look at what this decision of a person would do
  const Kin* kin = nullptr;                           // of a look, which it outlives
  bool foresees = false;  // a look at what will be done once the parents that are not linked yet are
  Reversals reversals{};  // a revert: these fields go back, nothing else is looked at
  std::optional<std::string> author{};
  std::optional<std::string> job;
};

/// The first condition of a scope that a record does not meet.
struct Unfit {
  std::string field;
  Value condition;  // as the plan has it: a value, or {op, value}
  Value value;      // null where the record has none
};
/// nullopt where the record meets every condition of the scope (MAPPING.md), compared by type.
std::optional<Unfit> unfit(const Value& scope, const Value& record, const Plan& plan, Side side);
bool meets(const Value& scope, const Value& record, const Plan& plan, Side side);

/// Reads, compares, decides, writes and commits one key. `key` must be claimed by the caller in lane.owners; the pass
/// releases it, and all it claimed, before `done`, which comes once.
void start_pass(Lane& lane, std::shared_ptr<Mapper> mapper, SideKey key, PassOptions options,
                std::function<void(Report)> done);

}  // namespace tidewire::sync
