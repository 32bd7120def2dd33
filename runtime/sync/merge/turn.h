// turn.h — a value of one side as the other side should have it: references, lookups, functions, conversions.
//
// What comes up on the way (parents that are not linked yet, records to be made, a function that said skip) is added to the
// decisions of the pass.
#pragma once

#include <optional>
#include <string>

#include "sync/merge/decide.h"

namespace tidewire::sync {

struct Turned {
  bool leave = false;  // the other side is left alone
  Value value;
};

class Turner {
 public:
  /// Both outlive this.
  Turner(const Situation& situation, Decisions& out) : s_(situation), out_(out) {}

  /// The source's form as the target should have it; nullopt = a reference that is not linked yet, named by owed().
  Result<std::optional<Turned>> turn(const Field& field, Side to, const Value& form);
  /// A cell of `row`, which stands for the record; as Cells::turn.
  Result<std::optional<Value>> turn_cell(const Field& cell, Side to, const Value& form, const Value& row, bool create);
  /// As Cells::turn_past: nothing comes up on the way.
  std::optional<Value> turn_past_cell(const Field& cell, Side to, const Value& form, const Value& row);
  /// The last reference that was not linked.
  const std::optional<Reference>& owed() const { return owed_; }

 private:
  Result<Turned> turn_function(const Field& field, Side to, const Value& form);
  Result<std::optional<Turned>> turn_reference(const Field& field, Side to, const Value& form);
  Result<std::optional<Turned>> turn_word(const Field& field, Side to, const Value& form);
  Result<std::optional<Turned>> turn_found(const Field& field, Side to, const Value& form);
  Result<std::optional<Value>> key_there(const std::string& mapping, bool optional, Side to, const Value& own, const Type& type);
  Result<std::optional<Value>> found_there(const Field& field, Side to, const Value& value, const Type& type);
  Value target_of(Side to) const;
  Value looked_up(Side from) const;

  const Situation& s_;
  Decisions& out_;
  const Value* row_ = nullptr;  // the row that stands for the record
  bool new_row_ = false;
  std::optional<Reference> owed_;
};

}  // namespace tidewire::sync
