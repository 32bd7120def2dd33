// ledger.h — every edit by a person and what that person saw: the causal record that the checks judge by.
//
// Each edit writes a value that exists once ("phone#17"), so a value found anywhere names its edit. A number adds a power
// of two of its own to what stands there, so a sum names every edit in it and how often it was counted.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "simulate/profile.h"

namespace tidewire::simulate {

struct Edit {
  int id = 0;
  Side side = Side::kLeft;
  int thing = 0;
  std::string field;
  Value value;
  std::int64_t added = 0;      // of a number
  int saw = 0;                 // the edit that stood there; 0 = nothing
  std::uint64_t shown = 0;     // the step of the first read that showed it; 0 = none did
  bool excused = false;        // overwritten in the window that nothing can guard
  bool buried = false;         // its record was deleted by somebody who saw it
};

/// A delete by a person.
struct Burial {
  Side side = Side::kLeft;
  int thing = 0;
  std::string key;
  bool in_air = false;         // a write to it was under way: known only if its answer came
  std::set<int> saw;           // the edits in the record that was deleted
  bool binding = false;        // the engine knew the pair and what both agreed on: the other copy must go too
};

class Ledger {
 public:
  /// What somebody writes into `field` where `present` stands; recorded.
  Value edit(Side side, int thing, const std::string& field, const Value& present, bool trailing_blank);
  /// The record is deleted by somebody who sees it.
  void bury(Burial burial, const Value& fields);
  /// Somebody who sees the value takes it away.
  void empty(const Value& value);
  /// What is said of the thing's past is gone: an edit that stands nowhere now is on record no more.
  void forget(int thing, const std::function<bool(const Edit&)>& stands);
  /// A read showed these values.
  void show(const Value& fields, std::uint64_t step);
  /// An unguarded write, asked for at step `asked`, replaces a value: what no read showed before it is nobody's fault.
  void overwritten(int thing, const std::string& field, const Value& before, const Value& after, std::uint64_t asked);

  /// The fields of which no record may show a combination that nobody left there; none: all are good.
  void watch_group(std::vector<std::string> fields, bool whole) {
    group_ = std::move(fields);
    whole_ = whole;
  }
  /// What a side keeps of one of them keeps the others back too.
  bool whole() const { return whole_; }
  /// Somebody leaves a record of the thing like this.
  void compose(int thing, const Value& fields) { composed_.insert({thing, combination(fields)}); }
  /// Whether the fields that are won together are as somebody left them in a record of the thing, be it on the other side.
  bool composed(int thing, const Value& fields) const { return group_.empty() || composed_.contains({thing, combination(fields)}); }
  std::string combination(const Value& fields) const;

  /// The edit that made the value; nullptr for null, numbers and what nobody wrote.
  const Edit* of(const Value& value) const;
  /// The thing that a record stands for; -1 where no value tells.
  int thing_of(const Value& fields) const;
  const std::vector<Edit>& edits() const { return edits_; }
  const std::vector<Burial>& burials() const { return burials_; }
  /// What the number of a thing must be, and which of its parts may be missing.
  std::int64_t sum(int thing) const;
  std::int64_t may_miss(int thing) const;
  /// True where `later` was made by somebody who saw `earlier` or something made after it.
  bool follows(const Edit& later, const Edit& earlier) const;
  /// What was written first into the field.
  Value first(int thing, const std::string& field) const;
  /// An entry with these values was refused: they never were.
  void withdraw(const Value& fields);

 private:
  std::vector<Edit> edits_;  // edits_[id - 1]
  std::vector<Burial> burials_;
  std::map<int, int> numbers_;  // thing -> edits of its number
  std::vector<std::string> group_;
  bool whole_ = false;
  std::set<std::pair<int, std::string>> composed_;
};

}  // namespace tidewire::simulate
