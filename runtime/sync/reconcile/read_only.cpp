// Read-only: a pass goes as far as it may, and what it would write there is on record, one operation per key however many
// changes come (dry_run of a mapping or of one direction, or a staged job whose conflicts are not decided yet). Switched on, the
// keys are looked at again.
#include <algorithm>

#include "sync/reconcile/reconcile.h"

namespace tidewire::sync {

using store::other;

namespace {

/// What was to be written stays as it was, and the rule says why.
void keep_back(Decision& decision, const char* rule) {
  Decision kept;
  kept.field = decision.field;
  kept.rule = rule;
  kept.form = std::move(decision.form);
  decision = std::move(kept);
}

}  // namespace

/// The row of this key says which operation told last what would be written.
const store::DirtyKey* Reconcile::told_before() const {
  const auto row = std::find_if(taken_.begin(), taken_.end(), [](const store::DirtyKey& one) { return one.error && one.error->bool_or("would_write", false) && !one.operation.empty(); });
  return row == taken_.end() ? nullptr : &*row;
}

void Reconcile::would_write(const std::string& kind) {
  if (options_.dry) {
    fill_operation(kind, "skipped");
    return finish({Report::End::kDone, {}, {}, operation_, {}});
  }
  if (!options_.reversals.empty()) return refuse_reverting();
  if (const store::DirtyKey* row = told_before()) operation_.id = row->operation;
  fill_operation(kind, "would_write");
  const std::string what = kind == "update" ? "write" : kind;
  stand(store::KeyState::kWouldWrite,
        lane_.staging ? make_error(Code::kCancelled, "staged: it would " + what, "it is done once the conflicts of the staged job are decided: `tidewire conflicts`")
                      : make_error(Code::kCancelled, "read-only: it would " + what, "it is done when the mapping may write there"),
        now());
}

/// What it takes back depends on what the sides show when it writes, and no key says later that a person asked for it: nothing is on
/// record as waiting.
void Reconcile::refuse_reverting() {
  fill_operation("revert", "skipped");
  finish({Report::End::kStanding, {}, {}, operation_, make_error(Code::kCancelled, "read-only: nothing is taken back there", "revert again when the mapping may write there")});
}

/// True where the pass ends here. Where one side alone is read-only, the other one is written first, and the key comes again
/// for the rest; a value computed for both is not written by halves, and nothing is taken back by halves.
bool Reconcile::keep_to_reading() {
  Sides<bool> kept{to_write_.left && !may_write(Side::kLeft), to_write_.right && !may_write(Side::kRight)};
  for (const Making& making : decisions_.making) kept[making.side] |= !may_write(making.side);
  if (!kept.left && !kept.right) return false;
  if (show_conflicts_first()) return true;
  const Side side = kept.left ? Side::kLeft : Side::kRight;
  const bool computed = std::any_of(decisions_.fields.begin(), decisions_.fields.end(), [](const Decision& one) { return one.to.left && one.to.right; });
  if ((kept.left && kept.right) || !to_write_[other(side)] || computed || !options_.reversals.empty()) {
    for (const Side at : {Side::kLeft, Side::kRight}) {
      if (to_write_[at]) note_write(at, "update", decisions_.patch[at], "would be written");
    }
    would_write("update");
    return true;
  }
  for (Decision& decision : decisions_.fields) {
    auto& to = decision.to[side];
    if (!to) continue;
    keep_back(decision, "read-only there");
  }
  decisions_.patch[side] = Value(Object{});
  to_write_[side] = false;
  again_.push_back({key_.first, key_.second, "upsert", "again", 0, now()});
  return false;
}

/// Staged: what a person must decide is opened before the rest of the record is recorded as waiting, which the key's next pass does.
bool Reconcile::show_conflicts_first() {
  const bool news = std::any_of(decisions_.fields.begin(), decisions_.fields.end(), [this](const Decision& one) { return one.kind == Decision::Kind::kConflict && !is_open(one); });
  if (!lane_.staging || !news) return false;
  for (Decision& decision : decisions_.fields) {
    if (!decision.to.left && !decision.to.right) continue;
    keep_back(decision, "staged");
  }
  decisions_.merged = 0;
  decisions_.patch = {Value(Object{}), Value(Object{})};
  to_write_ = {false, false};
  const bool of_job = is_of_job();
  again_.push_back({key_.first, key_.second, "upsert", of_job ? taken_.front().reason : "again", of_job ? 1 : 0, now()});
  reapplies_ = false;  // the rest of it comes then
  commit_pass();
  return true;
}

/// What would have been written is level by now: the record of it says so.
std::optional<store::Operation> Reconcile::overtaken() const {
  const store::DirtyKey* row = told_before();
  if (row == nullptr) return std::nullopt;
  store::Operation out = operation_;
  out.id = row->operation;
  out.at = now();
  out.mapping = lane_.mapping;
  if (link_.id != 0) out.link = link_.id;
  for (const Side side : {Side::kLeft, Side::kRight}) out.key[side] = link_.key[side];
  if (out.kind.empty()) out.kind = "update";
  out.outcome = "skipped";
  out.script = mapper_->version();
  out.record = Value(Object{{"note", "nothing is left to write"}});
  return out;
}

}  // namespace tidewire::sync
