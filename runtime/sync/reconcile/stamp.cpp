// What a pass does about stamps: they go with a write that happens anyway, or alone where one is due.
#include "sync/merge/canonical.h"
#include "sync/reconcile/reconcile.h"
#include "sync/merge/stamp.h"

namespace tidewire::sync {

using store::other;

bool Reconcile::has_stamps_due() const {
  return stamps_due(plan_, Side::kLeft, link_) || stamps_due(plan_, Side::kRight, link_);
}

/// The stamps of a side that is written or due. Of a create only the new record has a write now; its source follows when the
/// key is known.
Result<void> Reconcile::lay_stamps() {
  const store::Link wanted = after(decisions_, link_);
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (creating_ && side == key_.first) continue;
    const bool written = decisions_.writes(side);
    if (!written && (creating_ || !stamps_due(plan_, side, wanted))) continue;
    const Value stamps = TRY(stamps_of(plan_, side, wanted));
    for (const auto& [field, value] : stamps.as_object()) decisions_.patch[side][field] = value;
  }
  return {};
}

/// What a pass could not write yet (the source of a create, a checksum over what was stored otherwise) is another pass's.
void Reconcile::mark_stamps() {
  if (link_.state != store::LinkState::kLive) return;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (stamps_due(plan_, side, link_)) again_.push_back({side, *link_.key[side], "upsert", "again", 0, now()});
  }
}

/// The source's own record names its counterpart.
std::optional<std::string> Reconcile::stored_key() const {
  const Stamp* own = marker(plan_, key_.first);
  const Value* value = own == nullptr ? nullptr : record_[key_.first]->fields.find(own->field);
  if (value == nullptr || value->is_null() || value->is_array() || value->is_object()) return std::nullopt;
  const auto text = convert(*value, own->type, Type::of("text"));
  if (!text.ok() || !text->is_string() || text->as_string().empty()) return std::nullopt;
  return text->as_string();
}

/// What finds the records of `target` that carry `source_key`; empty where they carry none.
Query Reconcile::stamped_with(Side target, const std::string& source_key) const {
  const Stamp* stamp = marker(plan_, target);
  if (stamp == nullptr) return {};
  const auto value = convert(Value(source_key), Type::of("text"), stamp->type);
  if (!value.ok()) return {};
  return {{stamp->field, *value, false}};
}

/// A create that was found again by its stamp or its key: what it sent is what both agreed on (law 25). Of rows nobody knows
/// how many arrived; without a base those that are missing are added.
void Reconcile::take_as_sent(const store::Intent& intent) {
  for (const auto& [name, announced] : intent.fields.as_object()) {
    if (const Field* field = plan_.field(name); field != nullptr && field->kind == Field::Kind::kRows) continue;
    link_.base[name] = base_as_sent(intent, announced);
  }
}

}  // namespace tidewire::sync
