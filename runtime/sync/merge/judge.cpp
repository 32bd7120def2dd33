#include "sync/merge/judge.h"

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"

namespace tidewire::sync {

using store::side_name;

Asked asked_of(const Dispute& dispute, const Value& group) {
  Object about{{"field", Value(dispute.field)}, {"left", dispute.form.left}, {"right", dispute.form.right}};
  about["base"] = dispute.base ? Value(Object{{"left", dispute.base->left}, {"right", dispute.base->right}}) : Value();
  if (!group.is_null()) about["group"] = group;
  Asked asked{dispute.field, sha256_hex(json::dump(Value(about))), {}};
  // The times are told and do not count: a record that was touched is no other question.
  if (dispute.across.left) about["left_as_right"] = *dispute.across.left;
  if (dispute.across.right) about["right_as_left"] = *dispute.across.right;
  if (dispute.time.left) about["left_time"] = format_instant(*dispute.time.left);
  if (dispute.time.right) about["right_time"] = format_instant(*dispute.time.right);
  if (dispute.newer) about["newer"] = side_name(*dispute.newer);
  about["tie"] = side_name(dispute.tie);
  asked.question = Value(std::move(about));
  return asked;
}

std::optional<Side> winner_of(const Plan& plan, const Value& answer) {
  const std::string winner = answer.string_or("winner");
  const bool apart = plan.end.left.connection != plan.end.right.connection;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (winner == side_name(side) || (apart && winner == plan.end[side].connection)) return side;
  }
  return std::nullopt;
}

Result<void> check_answer(const Plan& plan, const Value& answer) {
  const bool both = answer.find("left") != nullptr && answer.find("right") != nullptr;
  if (answer.is_object() && (answer.find("value") != nullptr || both)) return {};
  if (answer.is_object() && (answer.string_or("winner") == "manual" || winner_of(plan, answer))) return {};
  return make_error(Code::kInvalid, "the answer " + shortened(json::dump(answer), 80) + " decides nothing", "it must be {\"winner\": \"left\" | \"right\" | \"manual\"}, {\"value\": v} or {\"left\": a, \"right\": b}");
}

}  // namespace tidewire::sync
