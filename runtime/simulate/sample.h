// sample.h — records of a user's own mapping, drawn from the types that its systems declare and from the mapping's own tests.
//
// A value is kept only where the mapping takes it: a drawn record must pass the mapping's functions and checks as a new record
// would. A function that raises an error instead of refusing is a find. What refers to other collections is copied as it is, or
// left out, and said (left_out): here is one mapping alone.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "simulate/faults.h"
#include "simulate/ledger.h"

namespace tidewire::simulate {

class Sample {
 public:
  /// Of each side, the records in the mapping's `tests`: people write such values too.
  using Examples = Sides<std::vector<Value>>;
  /// kInvalid, with the mapping's own error, where no record of a side that changes come from can be drawn.
  static Result<std::shared_ptr<const Sample>> make(std::shared_ptr<sync::Mapper> mapper, Examples examples);

  /// The profile's trouble between systems that can what `able` says; nullopt where the trouble is of the built-in mapping
  /// alone, or is none between such systems.
  std::optional<Profile> adapted(Profile profile, const Sides<sync::Capabilities>& able) const;

  /// As the simulator runs it: named as the built-in one, without what is left out.
  const std::shared_ptr<sync::Mapper>& mapper() const { return mapper_; }
  const sync::Plan& plan() const { return mapper_->plan(); }
  /// What the side's system gives its new records by itself: values of a scope that is about fields which the mapping does not have.
  const Value& defaults(Side side) const { return defaults_[side]; }
  /// "education (rows)".
  const std::vector<std::string>& left_out() const { return left_out_; }

  /// What somebody enters; nullopt where nothing was drawn that the mapping takes. kScript, kBudget: a function broke on a value.
  Result<std::optional<Value>> record(Side side, int thing, Ledger& ledger, Faults& faults) const;
  /// The same thing entered on the other side by somebody else: the match values are those of `record`. As record().
  Result<std::optional<Value>> twin(Side side, const Value& record, int thing, Ledger& ledger, Faults& faults) const;
  using Edited = std::pair<std::string, Value>;  // path and value
  /// Another value for one field, recorded where an edit of that field can be told apart. As record().
  Result<std::optional<Edited>> edit(Side side, const Value& record, int thing, Ledger& ledger, Faults& faults) const;
  /// Whether a value stays recognizable on its way through the field of this path.
  bool traced(Side side, const std::string& path) const;

 private:
  Sample(std::shared_ptr<sync::Mapper> mapper, Examples examples, std::vector<std::string> left_out) : mapper_(std::move(mapper)), examples_(std::move(examples)), left_out_(std::move(left_out)), defaults_{defaults_of(plan(), Side::kLeft), defaults_of(plan(), Side::kRight)} {}
  static Value defaults_of(const sync::Plan& plan, Side side);
  Value with_defaults(Side side, Value record) const;
  const sync::Field* field_at(Side side, const std::string& path) const;
  bool scoped(const sync::Field& field) const;
  bool matches_by(Side side, const std::string& path) const;
  bool found_again(Side side, const sync::Capabilities& able) const;
  Value value(Side side, const sync::Field& field, const std::string& path, Faults& faults, int attempt) const;
  Value drawn(const sync::Type& type, const std::string& path, Faults& faults) const;
  std::optional<Value> example(Side side, const std::string& path, Faults& faults) const;
  Result<void> draw(Side side, const sync::Field& field, Value& record, Faults& faults, int attempt) const;
  Result<Value> attempt(Side side, Faults& faults, int number) const;
  /// `kept`: paths that stay as they are.
  Result<Value> entered(Side side, Value record, int thing, Ledger& ledger, const std::set<std::string>& kept = {}) const;
  Result<void> fits(Side side, const sync::Field& field, const Value& record) const;
  Result<void> taken(Side side, const Value& record) const;

  std::shared_ptr<sync::Mapper> mapper_;  // owners: this, the world and the engine
  Examples examples_;
  std::vector<std::string> left_out_;
  Sides<Value> defaults_;
};

/// True for an error of a function itself, against one by which it refuses a value.
inline bool is_broken(const Error& error) { return error.code == Code::kScript || error.code == Code::kBudget; }

/// A user's mapping under the names of the built-in one, as it runs alone; what that leaves out is added to `left_out`.
/// kInvalid where its functions look records up.
Result<std::shared_ptr<sync::Mapper>> alone(std::shared_ptr<sync::Mapper> mapper, std::vector<std::string>& left_out);

}  // namespace tidewire::simulate
