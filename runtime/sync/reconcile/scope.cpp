// A record that leaves the scope of its mapping (law 23). Its link is frozen, or parted, or the record of the other side goes
// as if this one had been deleted. Entering again is an ordinary pass, or a first contact.
#include "sync/reconcile/reconcile.h"

namespace tidewire::sync {

using store::other;

void Reconcile::left_scope(Side side) {
  const Side there = other(side);
  if (link_.id == 0 && !link_.base.empty()) {
    // What a create made of it, found only now: a link that is there to be frozen, or to go in a pass of its own.
    link_.state = store::LinkState::kFrozen;
    operation_.kind = "link";
    if (plan_.leave != Plan::Leave::kFreeze) again_.push_back({side, *link_.key[side], "upsert", "again", 0, now()});
    return commit_pass();
  }
  const bool goes = plan_.leave == Plan::Leave::kSoft || plan_.leave == Plan::Leave::kDelete;
  // Made outside by a create of ours, it has not left the scope: what it was made from stays until it was inside once.
  const bool outside = link_.notes.find(kOutside) != nullptr;
  const bool freezes = plan_.leave == Plan::Leave::kFreeze || outside || link_.id == 0 || !link_.key[there];
  if (freezes || (goes && !flows(plan_.flow, there))) {
    link_.state = store::LinkState::kFrozen;
    return commit_echo("left_scope");
  }
  if (in_another_system("'" + *link_.key[side] + "' left the scope of the mapping")) return;
  if (plan_.leave == Plan::Leave::kUnlink) {
    operation_.kind = "unlink";  // both records stay, and the one that stayed in is nobody's business until the other comes back
    return bury(side, "unlink", "applied");
  }
  if (!read_[there]) {
    Sides<bool> wanted{false, false};
    wanted[there] = true;
    return read_sides(wanted);
  }
  ask_if_edited(there, [self = shared_from_this(), side](bool edited) { self->decide_leave(side, edited); });
}

void Reconcile::decide_leave(Side side, bool edited) {
  const Side there = other(side);
  if (edited) {
    return stand_whole("left_scope", make_error(Code::kInvalid, "'" + *link_.key[side] + "' left the scope of the mapping, but '" + *link_.key[there] + "' was edited on " + plan_.end[there].connection + " meanwhile: it is not deleted",
                                                "bring the one back into the scope, or delete the other by hand"));
  }
  leaving_ = plan_.leave == Plan::Leave::kSoft ? DeletePolicy::kSoft : DeletePolicy::kDelete;
  if (options_.dry || !may_write(there)) {
    note_write(there, *leaving_ == DeletePolicy::kSoft ? "soft delete" : "delete", Value(Object{}), "would be deleted");
    return would_write("delete");
  }
  brake(side);
}

/// What a delete on the other side, or leaving the scope there, does here.
DeletePolicy Reconcile::deletes_on(Side side) const { return leaving_.value_or(plan_.end[side].deletes); }

}  // namespace tidewire::sync
