// A soft delete is taken back (law 15). Where the record that was deleted is there again, the mark goes from the one
// that stayed; where a person took the mark away, the deleted record is made again. Either way the link goes on.
#include "sync/merge/canonical.h"
#include "sync/reconcile/reconcile.h"

namespace tidewire::sync {

using store::other;
using store::side_name;

namespace {

/// The mark of a soft delete of ours, with what stood there before: {"field", "was"}, since when ("at") and under which stamp
/// the mark is seen ("marked"); null where it was none.
const Value* mark_of(const store::Link& buried) { return buried.tombstone ? buried.tombstone->find("soft") : nullptr; }

bool says_yes(const Value& value) {
  const bool no = value.is_null() || (value.is_bool() && !value.as_bool()) || (value.is_int() && value.as_int() == 0) ||
                  (value.is_string() && (value.as_string().empty() || value.as_string() == "0"));
  return !no;
}

}  // namespace

/// What stands where the mark goes, announced with it: an earlier request may have set the mark already.
Value Reconcile::keep_unmarked(Side side) {
  const std::string& field = plan_.end[side].soft_field;
  const Value* was = record_[side]->fields.at_path(field);
  soft_ = Value(Object{{"field", Value(field)}, {"was", was == nullptr ? Value() : *was}, {"at", stamp_of(link_, side, *record_[side])}});
  for (const store::Intent& intent : known_.intents) {
    const Value* before = intent.side == side && is_ours(intent) ? intent.sent.find("$unmarked") : nullptr;
    if (before != nullptr) soft_ = *before;
  }
  return Value(Object{{"$unmarked", soft_}});
}

/// Only what surely is no mark: each system has its own way of writing one.
bool Reconcile::is_unmarked(Side side, const Value& soft, const Value& fields) const {
  const Value& mark = plan_.end[side].soft_value;
  const Value* found = fields.at_path(soft.string_or("field"));
  const Value now = found == nullptr ? Value() : *found;
  const Value* was = soft.find("was");
  if (now == (was == nullptr ? Value() : *was)) return true;
  if (mark.is_string()) return now.is_string() && !now.as_string().empty() && now != mark;
  return says_yes(mark) && !says_yes(now);
}

/// True where the pass goes on with the link that was buried.
bool Reconcile::take_back() {
  if (marked_ || known_.tombstones.empty()) return false;
  const store::Link& buried = known_.tombstones.front();
  const Value* soft = mark_of(buried);
  if (soft == nullptr || !buried.key.left || !buried.key.right || !is_buried(buried)) return false;
  const Side side = key_.first, gone = buried.tombstone->string_or("side") == "left" ? Side::kLeft : Side::kRight;
  if (gone != side && (!is_unmarked(side, *soft, record_[side]->fields) || !flows(plan_.flow, gone) || !in_scope(side)))
    return false;
  if (gone == side && !in_scope(side)) return false;
  const SideKey twin{other(side), *buried.key[other(side)]};
  if (!claim(twin)) {
    finish({Report::End::kBusy, twin, {}, {}, {}});
    return true;
  }
  marked_ = other(gone);
  soft_ = *soft;
  lane_.store.load(lane_.mapping, {twin}, [self = shared_from_this(), buried](Result<std::vector<store::Known>> known) {
    self->on_twin_known(buried, std::move(known));
  });
  return true;
}

void Reconcile::on_twin_known(store::Link buried, Result<std::vector<store::Known>> known) {
  if (!known.ok()) return fail(std::move(known).error());
  if (known->front().link) return meet();  // it is another's by now
  for (const store::DirtyKey& row : known->front().dirty) taken_.push_back(row);
  for (const store::Intent& intent : known->front().intents) known_.intents.push_back(intent);
  link_ = std::move(buried);
  link_.state = store::LinkState::kLive;
  link_.tombstone.reset();
  epoch_ = forget_left(link_, lane_.joined, plan_);
  linked_ = revived_ = true;
  read_sides({true, true});
}

/// False where the pass has gone another way. The mark is taken off what was read, so that it is nobody's edit, and off
/// the record with whatever else is written.
bool Reconcile::take_mark_off() {
  const Side marked = *marked_, gone = other(marked);
  if (revived_ && (!record_[marked] || (!record_[gone] && !is_unmarked(marked, soft_, record_[marked]->fields)))) {
    linked_ = revived_ = false;  // it was deleted for good meanwhile, or marked again: they are strangers
    begin_link();
    first_contact();
    return false;
  }
  if (!record_[marked]) return true;
  if (!record_[gone]) {
    if (!revived_) return true;
    restored_ = "its delete on the " + std::string(side_name(gone)) + " was taken back on the " + side_name(marked);
    restore(gone);
    return false;
  }
  restored_ = "it was deleted on the " + std::string(side_name(gone)) + ", and is there again";
  if (soft_.find("at") != nullptr && soft_.find("marked") != nullptr) link_.stamps[""][side_tag(marked)] = Value(Object{{"marked", *soft_.find("marked")}, {"at", *soft_.find("at")}});
  if (operation_.kind.empty()) operation_.kind = "restore";
  if (is_unmarked(marked, soft_, record_[marked]->fields)) return true;
  const Value* was = soft_.find("was");
  record_[marked]->fields.set_path(soft_.string_or("field"), was == nullptr ? Value() : *was);
  takes_mark_off_ = true;
  return true;
}

/// Created again, the record has met the one that our soft delete marked.
void Reconcile::mark_of_ours(Side side, const store::Known& theirs) {
  if (marked_ || theirs.tombstones.empty()) return;
  const Value* soft = mark_of(theirs.tombstones.front());
  if (soft == nullptr || theirs.tombstones.front().tombstone->string_or("side") == side_name(side)) return;
  marked_ = side;
  soft_ = *soft;
}

Result<void> Reconcile::lay_mark_off() {
  if (!takes_mark_off_) return {};
  const std::string field = soft_.string_or("field");
  Value& patch = decisions_.patch[*marked_];
  const Value* was = soft_.find("was");
  if (patch.at_path(field) != nullptr) return {};
  return lay_path(&*record_[*marked_], patch, field, was == nullptr ? Value() : *was);
}

}  // namespace tidewire::sync
