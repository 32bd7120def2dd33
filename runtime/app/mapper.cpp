#include "app/mapper.h"

#include "base/hash.h"
#include "base/json.h"
#include "store/types.h"

namespace tidewire::app {

using sync::Outcome;
using sync::Side;
using sync::Verdict;

namespace {

// Options come and go without a value meaning something else.
Value meaning_of(Value type) {
  if (!type.is_object()) return type;
  type.as_object().erase("options");
  if (Value* of = type.find("of")) *of = meaning_of(std::move(*of));
  return type;
}

void add_types(const Value* rows, Array& types) {
  if (rows == nullptr || !rows->is_array()) return;
  for (const Value& row : rows->as_array()) {
    for (const char* side : {"left_type", "right_type"}) {
      const Value* type = row.find(side);
      types.push_back(type == nullptr ? Value() : meaning_of(*type));
    }
    add_types(row.find("rows"), types);
  }
}

}  // namespace

ScriptMapper::ScriptMapper(std::shared_ptr<script::Script> script, sync::Plan plan, Value compiled, const Value& told, const Clock& clock)
    : script_(std::move(script)), plan_(std::move(plan)), compiled_(std::move(compiled)), version_(sha256_hex(script_->version().hash + json::dump(told))), clock_(clock) {}

Array ScriptMapper::types() const {
  Array types;
  add_types(compiled_.find("fields"), types);
  for (const char* side : {"left", "right"}) {
    const Value* end = compiled_.find(side);
    const Value* differs = end == nullptr ? nullptr : end->find("differs");
    types.push_back(differs == nullptr ? Value() : *differs);
  }
  return types;
}

Result<Outcome> ScriptMapper::convert(const sync::Field& field, Side to, const Value& form, const Value& record, std::string_view op) {
  return convert_in(field, to, form, record, {op, nullptr, Value(Object{})});
}

Result<Outcome> ScriptMapper::convert_in(const sync::Field& field, Side to, const Value& form, const Value& record, const sync::CallContext& context) {
  const auto function = field.function[to];
  if (!function) return Outcome{};
  Value told(Object{{"op", Value(context.op)}, {"now", Value(format_instant(clock_.now()))}});
  if (!context.lookup.as_object().empty()) told["lookup"] = context.lookup;
  if (context.target != nullptr) told["target"] = *context.target;
  const Value said = TRY(script_->call(*function, {form, record, told}));
  const std::string kind = said.string_or("kind", "leave");
  Outcome outcome;
  if (kind == "value") {
    outcome.kind = Outcome::Kind::kValue;
    if (const Value* value = said.find("value"); value != nullptr) outcome.value = *value;
  } else if (kind == "skip") {
    outcome.kind = Outcome::Kind::kSkip;
  } else if (kind == "wait") {
    outcome.kind = Outcome::Kind::kWait;
  } else if (kind == "dead") {
    outcome.kind = Outcome::Kind::kDead;
  }
  outcome.why = said.string_or("why");
  return outcome;
}

Result<Verdict> ScriptMapper::resolve(const sync::Field&, std::int64_t strategy, const sync::Dispute& dispute) {
  Object asked{{"field", Value(dispute.field)}, {"left", dispute.form.left}, {"right", dispute.form.right}, {"tie", Value(store::side_name(dispute.tie))}};
  if (dispute.base) asked["base"] = Value(Object{{"left", dispute.base->left}, {"right", dispute.base->right}});
  if (dispute.across.left) asked["left_as_right"] = *dispute.across.left;
  if (dispute.across.right) asked["right_as_left"] = *dispute.across.right;
  if (dispute.time.left) asked["left_time"] = Value(format_instant(*dispute.time.left));
  if (dispute.time.right) asked["right_time"] = Value(format_instant(*dispute.time.right));
  if (dispute.newer) asked["newer"] = Value(store::side_name(*dispute.newer));
  if (dispute.record.left != nullptr) asked["left_record"] = *dispute.record.left;
  if (dispute.record.right != nullptr) asked["right_record"] = *dispute.record.right;
  const Value said = TRY(script_->call(strategy, {Value(std::move(asked))}));
  Verdict verdict;
  const std::string kind = said.string_or("kind", "manual");
  if (kind == "side") {
    verdict.kind = Verdict::Kind::kSide;
    verdict.side = said.string_or("side") == "right" ? Side::kRight : Side::kLeft;
    return verdict;
  }
  if (kind != "value") return verdict;
  verdict.kind = Verdict::Kind::kValue;
  const Value* left = said.find("left");
  const Value* right = said.find("right");
  const Value* value = said.find("value");
  verdict.value.left = left != nullptr ? *left : (value != nullptr ? *value : dispute.form.left);
  verdict.one = right == nullptr;
  if (right != nullptr) verdict.value.right = *right;
  return verdict;
}

Result<std::optional<std::string>> ScriptMapper::check(const sync::Plan::Check& check, const Value& value) {
  const Value said = TRY(script_->call(check.function, {value}));
  if (said.is_string()) return std::optional<std::string>(said.as_string());
  if (said.is_bool() && !said.as_bool()) return std::optional<std::string>(check.message);
  return std::optional<std::string>();
}

}  // namespace tidewire::app
