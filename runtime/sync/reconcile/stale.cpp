// Law 3: what reads older than its link has seen. A replica that is behind decides nothing and is read again. What stays so is
// the truth, of one record; of many it says that their system was set back, by a backup perhaps, and they are held like
// everything that would go to too many records at once (law 18).
#include <algorithm>

#include "base/text.h"
#include "sync/reconcile/reconcile.h"

namespace tidewire::sync {

using store::kRestored;
using store::side_name;

namespace {

constexpr Duration kSetBack = std::chrono::hours(2);  // the naive times of a site repeat an hour

}  // namespace

/// False where the pass has ended: what was read is behind.
bool Reconcile::check_tokens(Side side) {
  const auto& tokens = link_.tokens[side];
  const std::string& version = record_[side]->version;
  const bool known = !version.empty() && !tokens.empty();
  if (known && tokens.back() == version) return true;
  const auto& capabilities = lane_.capabilities(side);
  // The record itself has its newest version: its rows may have come back to what they were, or are read where they are behind. Whatever
  // it is, its system was not set back.
  const bool recurs = known && capabilities.versions_recur && version.substr(0, version.rfind('/')) == tokens.back().substr(0, tokens.back().rfind('/'));
  const bool behind = known && capabilities.ordered_versions && version < tokens.back();
  const bool seen = known && std::find(tokens.begin(), tokens.end(), version) != tokens.end();
  if (behind || (seen && !link_.seen_at[side])) {
    older_ = older_since().value_or(now());
    fail(make_error(Code::kUnavailable, "read an older state of '" + record_[side]->key + "' than was seen before (version " + version + ")",
                    "the system may answer from a replica that is behind; it is read again. If it was restored to that state, let it count with: tidewire reset-base " + lane_.mapping + " " + shell_word(record_[side]->key) + " --side " + side_name(side) +
                        ", or all such keys with: tidewire reset-base " + lane_.mapping + " --stale"));
    return false;
  }
  const Instant settled = seen ? *link_.seen_at[side] + capabilities.settle : now();
  if (seen && asked_at_[side] <= settled) {
    // Not the key's failure: it is read again until the token is settled.
    const Instant again = std::min<Instant>(now() + std::chrono::seconds(2), settled + std::chrono::milliseconds(1));
    stand(store::KeyState::kBackingOff, make_error(Code::kUnavailable, "read a state of '" + record_[side]->key + "' that was left behind (version " + version + ")", "the system may answer from a replica that is behind; after the settle time it counts"), again);
    return false;
  }
  if (!recurs && reads_older(side, seen)) set_back_ = side;
  return true;
}

/// By its own time, where it has one. A token that was left behind is no evidence under a newer time: a version made of the
/// content comes back with it.
bool Reconcile::reads_older(Side side, bool left_behind) const {
  const Value* note = link_.notes.find(kShown);
  const Value* shown = note == nullptr ? nullptr : note->find(side_name(side));
  const auto& time = record_[side]->modified;
  if (shown == nullptr || !time) return left_behind;
  const Instant before{Duration(shown->as_int())};
  return *time < before - kSetBack || (left_behind && *time < before);
}

void Reconcile::note_time(Side side, const Record& record) {
  if (record.modified) link_.notes[kShown][side_name(side)] = Value(record.modified->time_since_epoch().count());
}

/// Since when an earlier pass of these changes has found it so.
std::optional<Instant> Reconcile::older_since() const {
  std::optional<Instant> since;
  for (const store::DirtyKey& row : taken_) {
    const Value* older = row.error ? row.error->find(kOlder) : nullptr;
    if (older == nullptr || !older->is_int()) continue;
    const Instant at{Duration(older->as_int())};
    since = since ? std::min(*since, at) : at;
  }
  return since;
}

/// So many that their system was, and nobody has let them go. No share of the records: nothing but a backup, or an import with old
/// times, sets back a record's own time, and what it takes away is lost on both sides.
bool Reconcile::many_set_back(const store::BrakeCounts& counts, std::int64_t more) const {
  const auto logged = counts.kinds.find(kRestored);
  const std::int64_t many = (logged == counts.kinds.end() ? 0 : logged->second) + more;
  return !counts.released.contains(kRestored) && many > std::min<std::int64_t>(plan_.brake_least, kFewSetBack);
}

/// Nothing is made of it before the settle time, in which others show whether they were set back as well.
void Reconcile::ask_if_restored(Side side) {
  const auto since = older_since();
  if (!known_.link || options_.dry || !options_.reversals.empty() || is_released()) {
    believed_ = true;
    return take_as_read();
  }
  older_ = since.value_or(now());
  const auto held = lane_.braked.find(kRestored);
  if (held != lane_.braked.end() && held->second > now()) return hold_restored(side);
  notes_older_ = !since;
  lane_.store.brake_counts(lane_.mapping, kBrakeWindow, [self = shared_from_this(), side, since](Result<store::BrakeCounts> counts) {
    if (!counts.ok()) return self->fail(std::move(counts).error());
    if (self->many_set_back(*counts, since ? 0 : 1)) {
      self->lane_.braked[kRestored] = self->now() + kBrakeRemembered;
      return self->hold_restored(side);
    }
    const Instant settled = *self->older_ + self->lane_.capabilities(side).settle;
    if (since && self->asked_at_[side] > settled) {
      self->believed_ = true;
      return self->take_as_read();
    }
    self->stand(store::KeyState::kBackingOff,
                make_error(Code::kUnavailable, "'" + self->record_[side]->key + "' reads older than it did before (" + (self->record_[side]->modified ? format_instant(*self->record_[side]->modified) : "version " + self->record_[side]->version) + ")",
                           "it is read again after the settle time, and then it counts, unless many records were set back so"),
                settled + std::chrono::milliseconds(1));
  });
}

/// The link is stored as it was: nothing has been made of what was read.
void Reconcile::count_older(store::Commit& commit) const {
  commit.link = known_.link;
  commit.brake = {kRestored};
}

void Reconcile::hold_restored(Side side) {
  stand(store::KeyState::kHeld,
        make_error(Code::kCancelled, "many records of this mapping read older than they did before, as if " + plan_.end[side].connection + " had been restored from a backup; this one is held",
                   "look at both sides: `tidewire release " + lane_.mapping + "` lets the older values go to the other side, `tidewire reset-base " + lane_.mapping + " --stale` lets both sides meet as strangers, by the mapping's rules"),
        now());
}

}  // namespace tidewire::sync
