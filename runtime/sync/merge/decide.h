// decide.h — from two records and a base to what each side gets: pure, field by field, no I/O (laws 6 to 14).
//
// By content against the base, never by time or author; a time is asked only when both sides changed the same field and
// the strategy wants one. An echo of our own write equals the base and ends in nothing to do.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "store/types.h"
#include "sync/merge/judge.h"
#include "sync/reconcile/lookups.h"
#include "sync/ports.h"
#include "sync/merge/notes.h"
#include "sync/merge/rows.h"

namespace tidewire::sync {

/// A key of another mapping's record, to be said in the other side's keys (law 22).
struct Reference {
  std::string mapping;
  Side from = Side::kLeft;
  std::string key;
  friend auto operator<=>(const Reference&, const Reference&) = default;
};
/// nullopt: no live link; the reference cannot be written yet.
using Translations = std::map<Reference, std::optional<std::string>>;

/// How a field looks to one pass.
struct Decision {
  enum class Kind {
    kNothing,   // equal to the base, or none of our business
    kCopy,      // one side changed (or only one side has it)
    kResolve,   // both changed, a rule decided
    kAgree,     // both changed to the same: the base moves, nothing is written
    kConflict,  // waits for a person; keeps its base, is left out of writes
    kDrift,     // changed where the mapping does not take changes from; left alone
    kOwed,      // a reference that cannot be written yet
    kRefused,   // a revert that would overwrite a later edit
    kHeld,      // a change of the mapping that would write too many records at once (law 18)
  };
  const Field* field = nullptr;
  Kind kind = Kind::kNothing;
  std::string rule;             // why, for people: "only left changed", "newest: left is 4 min newer"
  std::optional<Side> winner;   // kCopy, kResolve
  Sides<Value> form;            // inputs, each in its own form
  std::optional<store::FieldBase> base;  // what they were compared with
  Sides<std::optional<Value>> to;      // what will be written there, in that side's form
  Sides<std::optional<Value>> across;  // of a computed value: each input in the other side's form (law 12)
  std::string conflict_kind = "clash";
  bool discards = false;        // the loser's edit is overwritten: recorded before the write (law 12)
  bool closes_conflict = false;
  bool by_person = false;
  bool skipped = false;         // kConflict: a person let it be until one of the sides changes
  Sides<std::optional<Value>> shows;  // what came back from a write of it
  Sides<std::optional<Value>> put_back;  // what a write that does not count left there: the side gets back its `form` (reconcile/group.cpp)
  bool apart = false;           // the sides may say different things of it from now on, each its own
  Value stamps;                 // {"l", "r"}: of an edit, where an earlier read than this one showed it (law 11)
  Value note;                   // of the link, where a side may show only our own write in another form (law 28)
  Judgements judged;            // what the judge said of it (of rows: of its cells)
  std::optional<Reference> owes;  // kOwed: the parent that is not linked yet
};

/// A record of another collection that is to be made.
struct Making {
  Question question;
  Value values;
  Side side = Side::kRight;  // whose system has the collection
};

struct Decisions {
  std::vector<Decision> fields;
  Sides<Value> patch{Value(Object{}), Value(Object{})};  // top-level field -> value, ready for the connector
  std::vector<Reference> missing;  // required parents that are not linked yet
  std::vector<Making> making;      // records that lookups did not find and the mapping has made
  std::vector<Asked> asks;         // disputes that a judge is to be asked about first; until then they wait like manual ones
  std::set<std::string> adopts;    // fields that only a change of the mapping writes: new ones, and what a resync reapplies
  std::string skip;                // a function said skip
  std::optional<Error> lacking{};  // why the record that is not there may not be made: it would be without a required field
  int merged = 0;                  // 1 when both sides contributed different fields
  bool writes(Side side) const { return !patch[side].as_object().empty(); }
};

/// A field that shall go back to what it was: only where the side still shows `expected`.
struct Reversal {
  Sides<std::optional<Value>> expected, restore;
  std::string rule;
  std::string refused{};  // why it may not: something that is won together with it cannot go back (law 10)
};
using Reversals = std::map<std::string, Reversal>;

/// The time of an edit that a read of the record shows first, as a link keeps it: microseconds; {"ours": microseconds} where
/// the stamp is that of our own last write (law 11); null without any.
Value stamp_of(const store::Link& link, Side side, const Record& record);
/// The one that the link has kept of the value that the side shows, because an earlier read showed it first; nullptr without any.
const Value* kept_stamp(const store::Link& link, const Field& field, Side side, const Value& form);

struct Situation {
  const Plan& plan;
  Mapper& mapper;
  const store::Link& link;                            // base empty for a first contact
  Sides<const Record*> record{nullptr, nullptr};      // null: not read (then the base stands for it), or not there
  Sides<bool> exists{true, true};                     // false: this pass creates the record there
  const std::vector<store::Conflict>& conflicts;      // open ones, with a method where a person has decided
  const Translations& translations;
  Sides<const Capabilities*> capabilities{nullptr, nullptr};
  Sides<Duration> clock_offset{};
  std::set<std::string> doubtful{};                   // computed fields whose write had an unknown outcome (law 26)
  const Answers* answers = nullptr;                   // to questions_of
  Sides<bool> refreshed{false, false};                // a watched lookup of that side's record found something else
  const Reversals* reversals = nullptr;               // a revert: these fields and no others
  const Judgements* judgements = nullptr;
  const std::set<std::string>* braked = nullptr;      // of Decisions::adopts, those that are held
  bool reapply = false;                               // a resync after an edit of the mapping: what both sides agreed on is turned again
  const std::set<Reference>* coming = nullptr;        // these are not waited for: whoever looks knows that they will be linked
  std::set<std::string> judged_in_doubt{};            // judged fields that a copy of unknown outcome may be in (law 26)
  bool restored = false;                              // the base may be older than what the sides agreed on last: so is the state
  bool meets = false;                                 // first contact of two records: a reference that is not linked yet delays its own field alone
};

/// kScript, kBudget, kInvalid name mapping, field and value: dead letters. Waiting for parents is no error (missing).
Result<Decisions> decide(const Situation& situation);

/// What a pass knows of a field that is rows.
struct RowsView {
  const store::FieldBase* base = nullptr;
  std::optional<Side> whole, clashes;  // as in RowsAsked
  Side tie = Side::kLeft;
  bool conflict = false;               // an open one closes
  bool again = false;                  // as in RowsAsked
  Sides<const Value*> entered{nullptr, nullptr};  // likewise
  std::string rule;                    // "" = says itself
};
Result<void> decide_rows(const RowsView& view, Decision& decision, Cells& cells);

/// Sets a path of `patch`, what is written to `record` (null: a new one). A path inside a column takes along what the column has,
/// because it is written whole; kInvalid where that has no parts and would be lost.
Result<void> lay_path(const Record* record, Value& patch, const std::string& path, Value value);

/// The values of a field's form laid into a record (several paths: each its own).
void lay_form(const Field& field, Side side, const Value& form, Value& record);

}  // namespace tidewire::sync
