// What becomes of a field that is rows: the cases of merge/decide.cpp, with a merge of the two lists where others copy a value.
#include "base/text.h"
#include "sync/merge/canonical.h"
#include "sync/merge/decide.h"

namespace tidewire::sync {

using store::other;
using store::side_name;

namespace {

std::string told(const RowsMerged& merged, const RowsView& view) {
  std::string rule = view.rule;
  if (rule.empty() && merged.contributed.left != merged.contributed.right) rule = "only " + std::string(side_name(merged.contributed.left ? Side::kLeft : Side::kRight)) + " changed rows";
  if (rule.empty()) rule = "rows of both sides are merged";
  if (merged.clashes > 0) rule += format("; %d fields of rows changed on both sides", merged.clashes);
  if (merged.restored > 0) rule += format("; %d rows were deleted on one side and changed on the other: restored", merged.restored);
  return rule;
}

/// One side's list as the other would have it: what an announced write of both is counted by (law 12).
Result<Value> whole_of(const RowsAsked& asked, Side from, Cells& cells) {
  RowsAsked one = asked;
  one.whole = from;
  auto merged = TRY(merge_rows(one, cells));
  const Side to = other(from);
  return merged.to[to].value_or(asked.form[to]);
}

}  // namespace

Result<void> decide_rows(const RowsView& view, Decision& decision, Cells& cells) {
  const Field& field = *decision.field;
  RowsAsked asked{field, view.base, decision.form, view.whole, view.clashes, view.tie, view.again, view.entered};
  auto merged = TRY(merge_rows(asked, cells));
  decision.rule = told(merged, view);
  if (merged.manual) {
    decision.kind = Decision::Kind::kConflict;
    return {};
  }
  decision.to = merged.to;
  decision.discards = merged.discards || view.clashes;
  decision.closes_conflict = view.conflict;
  if (!decision.to.left && !decision.to.right) {
    decision.kind = Decision::Kind::kAgree;
    decision.discards = false;
    return {};
  }
  const bool plain = merged.clashes == 0 && !(decision.to.left && decision.to.right);
  decision.kind = plain && !view.clashes ? Decision::Kind::kCopy : Decision::Kind::kResolve;
  if (!(decision.to.left && decision.to.right)) decision.winner = decision.to.left ? Side::kRight : Side::kLeft;
  if (decision.to.left && decision.to.right) {
    decision.across.left = TRY(whole_of(asked, Side::kLeft, cells));
    decision.across.right = TRY(whole_of(asked, Side::kRight, cells));
  }
  return {};
}

}  // namespace tidewire::sync
