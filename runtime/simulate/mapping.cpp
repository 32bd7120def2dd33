#include "simulate/mapping.h"

namespace tidewire::simulate {
namespace {

constexpr std::int64_t kNewest = 1, kSum = 2;

sync::Field built_in_field(const std::string& name, const std::string& strategy) {
  sync::Field field;
  field.name = name;
  field.paths = {{name}, {name}};
  field.strategy = strategy;
  field.type.left.kind = field.type.right.kind = strategy == "sum_delta" ? "int" : "text";
  if (strategy == "newest") field.strategy_function = kNewest;
  if (strategy == "sum_delta") field.strategy_function = kSum;
  return field;
}

/// How fields are won together.
enum class Rule { kNewest, kPerson, kRecord };
Rule ruled_by(std::uint64_t seed) { return static_cast<Rule>(seed % 3); }
bool zip_goes_one_way(std::uint64_t seed) { return seed / 3 % 2 == 1; }

sync::End built_in_end(Side side, bool deletes) {
  sync::End end;
  end.connection = side == Side::kLeft ? "erp" : "app";
  end.collection = "things";
  end.key = {"key"};
  end.webhook = true;
  end.poll = "every 1h";
  if (deletes) end.deletes = sync::DeletePolicy::kDelete;
  return end;
}

}  // namespace

BuiltInMapper::BuiltInMapper(const Profile& profile, std::uint64_t seed, bool grown) {
  plan_.name = "things";
  const bool deletes = profile.deletes || profile.key_reuse || profile[Fault::kLostRow] > 0;
  plan_.end = {built_in_end(Side::kLeft, deletes), built_in_end(Side::kRight, deletes)};
  if (profile.system.right.client_keys) plan_.assigned_by = sync::Plan::AssignedBy::kLeft;
  plan_.matches = {{{{"email", "email", false}}}};
  plan_.fields = {built_in_field("email", "newest"),     built_in_field("phone", "newest"), built_in_field("note", "manual"),
                  built_in_field("amount", "sum_delta"), built_in_field("code", "newest"),  built_in_field("name", "newest"),
                  built_in_field("street", "newest"),    built_in_field("city", "newest")};
  plan_.fields[4].flow = sync::Flow::kToRight;
  plan_.fields[6].group = plan_.fields[7].group = 0;
  if (profile.grouped) {
    plan_.fields.push_back(built_in_field("zip", "newest"));
    if (zip_goes_one_way(seed)) plan_.fields.back().flow = sync::Flow::kToRight;
    plan_.whole_record = ruled_by(seed) == Rule::kRecord;
    for (const std::size_t member : {std::size_t{6}, std::size_t{7}, plan_.fields.size() - 1}) {
      plan_.fields[member].group = 0;
      if (ruled_by(seed) != Rule::kPerson) continue;
      plan_.fields[member].strategy = "manual";
      plan_.fields[member].strategy_function.reset();
    }
  }
  if (profile.scoped) {
    static constexpr sync::Plan::Leave kLeaves[] = {sync::Plan::Leave::kFreeze, sync::Plan::Leave::kUnlink, sync::Plan::Leave::kDelete};
    plan_.end.left.scope["status"] = Value(Object{{"op", "!="}, {"value", "out"}});
    plan_.leave = kLeaves[seed % 3];
  }
  if (profile.grows) plan_.brake_least = 1;
  if (profile.revised) plan_.brake.reset();
  if (profile.demanding) {
    plan_.fields.push_back(built_in_field("title", "newest"));
    plan_.fields.back().required = true;
  }
  if (profile.retyped) {
    plan_.fields.push_back(built_in_field("mood", "newest"));
    plan_.fields.push_back(built_in_field("marks", "newest"));
    plan_.fields.back().kind = sync::Field::Kind::kRows;
    plan_.fields.back().rows = {built_in_field("mark", "newest"), built_in_field("says", "newest")};
    plan_.fields.back().rows.front().row_key = true;
  }
  if (profile.pinned) plan_.fields.push_back(built_in_field("badge", "newest"));
  if (profile.related) {
    plan_.fields.push_back(built_in_field("boss", "newest"));
    plan_.fields.back().kind = sync::Field::Kind::kReference;
    plan_.fields.back().reference = plan_.name;
    plan_.fields.back().optional_reference = seed % 2 == 0;
  }
  if (grown) plan_.fields.push_back(built_in_field("extra", "newest"));
  if (grown) version_ = "built-in, grown";
  if (!profile.judged) return;
  plan_.judge = sync::JudgeAt{"http://judge.example/decide", std::chrono::seconds(10), "newest"};
  plan_.fields.push_back(built_in_field("price", "webhook"));
  plan_.fields.back().strategy_function = kNewest;
}

Result<sync::Outcome> BuiltInMapper::convert(const sync::Field&, Side, const Value&, const Value&, std::string_view) {
  return make_error(Code::kScript, "the built-in mapping has no functions");
}

Result<sync::Verdict> BuiltInMapper::resolve(const sync::Field&, std::int64_t strategy, const sync::Dispute& dispute) {
  sync::Verdict verdict;
  if (strategy == kNewest) {
    verdict.kind = sync::Verdict::Kind::kSide;
    verdict.side = dispute.newer.value_or(dispute.tie);
    return verdict;
  }
  const bool numbers = dispute.form.left.is_int() && dispute.form.right.is_int() && dispute.base && dispute.base->right.is_int();
  if (!numbers) return verdict;  // a person must say
  verdict.kind = sync::Verdict::Kind::kValue;
  verdict.value.left = verdict.value.right = Value(dispute.form.left.as_int() + dispute.form.right.as_int() - dispute.base->right.as_int());
  return verdict;
}

Result<std::optional<std::string>> BuiltInMapper::check(const sync::Plan::Check&, const Value&) { return std::optional<std::string>(); }

std::vector<std::string> won_together(const Profile& profile, std::uint64_t seed) {
  if (!profile.grouped) return {};
  std::vector<std::string> fields{"street", "city"};
  if (!zip_goes_one_way(seed)) fields.emplace_back("zip");
  if (ruled_by(seed) == Rule::kRecord) fields.insert(fields.end(), {"phone", "note", "name"});
  return fields;
}

bool is_group(std::uint64_t seed) { return ruled_by(seed) != Rule::kRecord; }

}  // namespace tidewire::simulate
