// Law 9: an edited mapping rewrites nothing by itself. A resync writes what it makes now of what both sides had agreed
// on.
#include "sync/merge/canonical.h"
#include "sync/merge/pass.h"

namespace tidewire::sync {

using store::other;
using store::side_name;

/// A state is turned again into the words of the side that has no verbs: another word for it is not another state, and
/// nothing is submitted or cancelled because words were edited.
std::optional<Side> Pass::said_anew(const Field& state) const {
  const auto& moves = s_.plan.lifecycle.moves;
  if (moves.left.empty() == moves.right.empty()) return std::nullopt;
  const Side worded = moves.left.empty() ? Side::kLeft : Side::kRight;
  return flows(state.flow, worded) ? std::optional(worded) : std::nullopt;
}

/// Nobody has edited it, nobody wants the sides to differ in it, and it travels after a record is made.
bool Pass::is_reapplied(const View& view) const {
  const Field& field = *view.decision.field;
  if (field.name == s_.plan.lifecycle.field && !said_anew(field)) return false;
  const Value* note = s_.link.notes.find(field.name);
  const bool apart = note != nullptr && note->find("apart") != nullptr;
  const bool at_rest = view.has_base && !view.changed.left && !view.changed.right && view.conflict == nullptr;
  return s_.reapply && at_rest && !apart && field.when != Field::When::kCreate;
}

/// Whose value is turned: nullopt where the sides say the same, or neither way says anything.
std::optional<Side> Pass::reapplied_from(const View& view) {
  const Field& field = *view.decision.field;
  std::optional<Side> from;
  const Side first = field.strategy == "left" || field.strategy == "right"
                         ? (field.strategy == "left" ? Side::kLeft : Side::kRight)
                         : field.tie.value_or(s_.plan.tie);
  const bool state = field.name == s_.plan.lifecycle.field;
  for (const Side source : {other(first), first}) {
    const Side to = other(source);
    if (!flows(field.flow, to) || (state && said_anew(field) != to)) continue;
    const auto turned = turner_.turn(field, to, view.decision.form[source]);
    if (turned.ok() && (!*turned || (*turned)->leave)) continue;
    // One way that says what is there is enough: not every function leads back to where it came from.
    if (turned.ok() &&
        same_form(field, to, (*turned)->value, view.decision.form[to]))
      return std::nullopt;
    from = source;
  }
  return from;
}

Result<void> Pass::reapply(View& view) {
  Decision& decision = view.decision;
  const Field& field = *decision.field;
  const std::size_t waits = out_.missing.size(), making = out_.making.size();
  const auto from = reapplied_from(view);
  const bool asks_others = field.kind == Field::Kind::kReference || field.kind == Field::Kind::kFind;
  Result<void> copied;
  if (from) copied = copy(view, *from, "resync: the mapping was edited, and says it otherwise now");
  out_.missing.resize(waits, Reference{});
  out_.making.resize(making);
  out_.skip.clear();
  // What is not found any more was agreed on all the same, and nobody edited it.
  if (!copied.ok() && !asks_others) return copied;
  if (copied.ok() && decision.kind == Decision::Kind::kCopy) return brake_adopted(view, "was edited");
  decision.kind = Decision::Kind::kNothing;
  decision.rule.clear();
  decision.winner.reset();
  decision.owes.reset();
  return {};
}

/// Of rows that go both ways each cell is turned as a field is.
Result<void> Pass::reapply_rows(View& view) {
  const Field& field = *view.decision.field;
  std::optional<Side> whole;
  if (field.flow != Flow::kBoth) whole = field.flow == Flow::kToRight ? Side::kLeft : Side::kRight;
  TRY(merge(view, whole, {}, "resync: the mapping was edited, and says it otherwise now"));
  if (view.decision.to.left || view.decision.to.right) return brake_adopted(view, "was edited");
  view.decision.kind = Decision::Kind::kNothing;
  return {};
}

/// What only a change of the mapping writes, or asks a person about, is counted, and held where it is of too many records (law 18).
Result<void> Pass::brake_adopted(View& view, const char* what) {
  Decision& decision = view.decision;
  const std::string& name = decision.field->name;
  out_.adopts.insert(name);
  if (s_.braked == nullptr || !s_.braked->contains(name)) return {};
  Decision held;
  held.field = decision.field;
  held.kind = Decision::Kind::kHeld;
  held.base = decision.base;
  held.form = std::move(decision.form);
  held.rule = "held by the brake: the mapping " + std::string(what) +
              ", and that concerns too many records at once; it would be: " + decision.rule;
  decision = std::move(held);
  return {};
}

}  // namespace tidewire::sync
