// mapping.h — the mapping that simulations run on: one field of each kind whose law differs.
#pragma once

#include <string>
#include <vector>

#include "simulate/profile.h"

namespace tidewire::simulate {

/// email: the match. phone, name: newest (the right system trims the name). note: manual. amount: a sum of both edits.
/// code: one-way to the right. street and city: won together. price, where the profile has it: a judge's, else newest. extra, once it is there: newest.
/// extra also goes and comes back, title is required, badge one record's at a time, boss names another record, mood and
/// the rows marks are entered again: each where the profile has it.
/// zip, where groups are what the profile is about: won with street and city, of each three seeds by the newest, by a person, and with the whole record; every other
/// three it goes to the right only.
class BuiltInMapper final : public sync::Mapper {
 public:
  /// `grown`: with the field `extra`.
  explicit BuiltInMapper(const Profile& profile, std::uint64_t seed, bool grown = false);
  const sync::Plan& plan() const override { return plan_; }
  const std::string& version() const override { return version_; }
  Result<sync::Outcome> convert(const sync::Field& field, Side to, const Value& form, const Value& record, std::string_view op) override;
  Result<sync::Verdict> resolve(const sync::Field& field, std::int64_t strategy, const sync::Dispute& dispute) override;
  Result<std::optional<std::string>> check(const sync::Plan::Check& check, const Value& value) override;

 private:
  sync::Plan plan_;
  std::string version_ = "built-in";
};

/// The fields of which no side may show a combination that nobody wrote; none where the profile is about something else. What goes one
/// way is not among them: the side that it does not come from cannot win it with the others.
std::vector<std::string> won_together(const Profile& profile, std::uint64_t seed);
/// Whether they are a group, which is written whole or not at all, and not a record, of which a side may keep a field.
bool is_group(std::uint64_t seed);

}  // namespace tidewire::simulate
