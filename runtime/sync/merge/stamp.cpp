#include "sync/merge/stamp.h"

#include <algorithm>

#include "base/hash.h"
#include "base/json.h"
#include "sync/merge/canonical.h"

namespace tidewire::sync {

using store::other;

namespace {

constexpr const char* kNote = "$stamps";  // no field has such a name

/// Over the left's form in canonical spelling, so that it is the same wherever it is written.
std::string checksum(const Plan& plan, const store::Link& link) {
  std::string text;
  for (const auto& [name, base] : link.base) {
    const Field* field = plan.field(name);
    if (field == nullptr) continue;
    const auto plain = canonical(base.left, field->type.left);
    text += name + "=" + json::dump(plain.ok() ? *plain : base.left) + "\n";
  }
  return sha256_hex(text);
}

Result<std::optional<Value>> value_of(const Stamp& stamp, const Plan& plan, const store::Link& link) {
  std::optional<Value> value;
  switch (stamp.what) {
    case Stamp::What::kConstant: return std::optional(stamp.value);
    case Stamp::What::kChecksum: value = Value(checksum(plan, link)); break;
    case Stamp::What::kLeftKey: if (link.key.left) value = Value(*link.key.left); break;
    case Stamp::What::kRightKey: if (link.key.right) value = Value(*link.key.right); break;
  }
  if (!value) return value;
  auto fitted = convert(*value, Type::of("text"), stamp.type);
  if (!fitted.ok()) return std::move(fitted).error().context((stamp.at.empty() ? plan.name : stamp.at) + ": stamp '" + stamp.field + "'");
  return std::optional(std::move(*fitted));
}

}  // namespace

Result<Value> stamps_of(const Plan& plan, Side side, const store::Link& link) {
  Object out;
  for (const Stamp& stamp : plan.end[side].stamps) {
    if (auto value = TRY(value_of(stamp, plan, link))) out[stamp.field] = std::move(*value);
  }
  return Value(std::move(out));
}

bool stamps_due(const Plan& plan, Side side, const store::Link& link) {
  if (plan.end[side].stamps.empty() || !link.key[side]) return false;
  const auto wanted = stamps_of(plan, side, link);
  if (!wanted.ok()) return true;
  const Value* notes = link.notes.find(kNote);
  const Value* noted = notes == nullptr ? nullptr : notes->find(side_tag(side));
  return std::any_of(wanted->as_object().begin(), wanted->as_object().end(), [&](const auto& one) {
    const Value* last = noted == nullptr ? nullptr : noted->find(one.first);
    return last == nullptr || !(*last == one.second);
  });
}

bool shows_stamps(const Plan& plan, Side side, const Value& sent, const Record& record) {
  const auto& stamps = plan.end[side].stamps;
  return std::all_of(stamps.begin(), stamps.end(), [&](const Stamp& stamp) {
    const Value* value = sent.find(stamp.field);
    const Value* found = record.fields.find(stamp.field);
    return value == nullptr || (found != nullptr && same(*found, *value, stamp.type));
  });
}

void note_stamps(const Plan& plan, Side side, const Value& sent, store::Link& link) {
  for (const Stamp& stamp : plan.end[side].stamps) {
    if (const Value* value = sent.find(stamp.field)) link.notes[kNote][side_tag(side)][stamp.field] = *value;
  }
}

const Stamp* marker(const Plan& plan, Side side) {
  const auto& stamps = plan.end[side].stamps;
  const auto wanted = side == Side::kLeft ? Stamp::What::kRightKey : Stamp::What::kLeftKey;
  const auto found = std::find_if(stamps.begin(), stamps.end(), [&](const Stamp& stamp) { return stamp.what == wanted; });
  return found == stamps.end() ? nullptr : &*found;
}

store::Link after(const Decisions& decisions, store::Link link) {
  for (const Decision& decision : decisions.fields) {
    const bool taken = decision.kind == Decision::Kind::kAgree || decision.to.left || decision.to.right;
    if (taken) link.base[decision.field->name] = {decision.to.left.value_or(decision.form.left), decision.to.right.value_or(decision.form.right)};
  }
  return link;
}

}  // namespace tidewire::sync
