// A revert: what this mapping wrote goes back to what was there before, where nobody went on from it.
#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "sync/merge/canonical.h"
#include "sync/merge/own_form.h"
#include "sync/merge/pass.h"

namespace tidewire::sync {

using store::other;
using store::side_name;

bool is_own_form(const Value* note, const Field& field, Side side, const Value& shown, const Value& sent) {
  if (note == nullptr || note->string_or("side") != side_name(side)) return false;
  const Value* made = note->find("stored") != nullptr ? note->find("stored") : note->find("read");
  const Value* of = note->find("sent");
  return made != nullptr && of != nullptr && same_form(field, side, *of, sent) && same_form(field, side, *made, shown);
}

/// The side differs from what was agreed on by its form alone.
bool Pass::shows_own_form(const View& view, Side side) const {
  const Decision& decision = view.decision;
  if (!view.has_base) return false;
  const Sides<const Value*> shown{&decision.form.left, &decision.form.right}, agreed{&decision.base->left, &decision.base->right};
  return is_own_form(s_.link.notes.find(decision.field->name), *decision.field, side, *shown[side], *agreed[side]);
}

/// Each side that was written gets back what it had, unless somebody went on from there, on that side or on the other one.
Result<void> Pass::reverse(View& view) {
  Decision& decision = view.decision;
  const bool ignored = is_ignored(s_.link, decision.field->name);
  for (const Side side : {Side::kLeft, Side::kRight}) view.edited[side] = view.changed[side] && !ignored && flows(decision.field->flow, other(side)) && !shows_own_form(view, side);
  view.changed = {false, false};
  const auto wanted = s_.reversals->find(decision.field->name);
  if (wanted == s_.reversals->end()) return {};
  const Value* note = s_.link.notes.find(decision.field->name);
  for (const Side side : {Side::kLeft, Side::kRight}) {
    const auto& restore = wanted->second.restore[side];
    const auto& expected = wanted->second.expected[side];
    const Value& shown = decision.form[side];
    if (!restore || !expected || same_form(*decision.field, side, shown, *restore)) continue;
    std::string why = wanted->second.refused;
    if (!why.empty()) {
      // Told before anything of today.
    } else if (ignored) {
      why = "a person told to ignore the difference";
    } else if (!same_form(*decision.field, side, shown, *expected) && !is_own_form(note, *decision.field, side, shown, *expected)) {
      why = "moved on since on the " + std::string(side_name(side)) + " side";
      if (!is_redacted(*decision.field)) why += ": it shows " + shortened(json::dump(shown), 60) + " and not what was written, " + shortened(json::dump(*expected), 60);
    } else if (view.edited[other(side)] && !wanted->second.restore[other(side)]) {
      why = "edited on the " + std::string(side_name(other(side))) + " side since, and that travels";
    }
    if (!why.empty()) {
      decision.kind = Decision::Kind::kRefused;
      decision.rule = std::move(why);
      decision.to = {};
      return {};
    }
    decision.to[side] = *restore;
    decision.kind = Decision::Kind::kResolve;
    decision.rule = wanted->second.rule;
    decision.discards = true;
  }
  decision.apart = decision.kind == Decision::Kind::kResolve && !agrees_after(view);
  return {};
}

/// What is won together goes back together or not at all (law 10): with one of its fields as it is now, a side would show what nobody had
/// there. A whole record is not kept by a field that a side takes in its own form, as in wait_together, nor by one that is ignored.
void Pass::reverse_together(std::vector<View*>& views) {
  using Kind = Decision::Kind;
  if (std::none_of(views.begin(), views.end(), [](const View* view) { return view->decision.kind == Kind::kResolve; })) return;
  const auto stays = [&](const View* view) {
    if (s_.plan.whole_record && is_ignored(s_.link, view->decision.field->name)) return false;  // it is ignored by itself
    if (view->decision.kind == Kind::kRefused || view->decision.kind == Kind::kConflict) return true;
    const bool own_form = s_.plan.whole_record && view->conflict != nullptr && is_of_form(view->conflict->kind);
    return (view->edited.left || view->edited.right) && !own_form;
  };
  const auto first = std::find_if(views.begin(), views.end(), stays);
  if (first == views.end()) return;
  const std::string side = side_name((*first)->edited.left ? Side::kLeft : Side::kRight);
  const bool refused = (*first)->decision.kind == Kind::kRefused || (*first)->decision.kind == Kind::kConflict;
  const std::string why = refused ? (*first)->decision.rule : "edited on the " + side + " side since";
  for (View* view : views) {
    Decision& decision = view->decision;
    if (decision.kind != Kind::kResolve) continue;
    decision.kind = Kind::kRefused;
    decision.rule = view == *first ? why : "'" + (*first)->decision.field->name + "', which goes with it, does not go back: " + why;
    decision.to = {};
    decision.discards = decision.apart = false;
  }
}

/// Whether the sides surely say the same once the decision is written.
bool Pass::agrees_after(const View& view) {
  if (view.decision.field->kind == Field::Kind::kRows) return false;
  View then = view;
  if (view.decision.to.left) then.decision.form.left = *view.decision.to.left;
  if (view.decision.to.right) then.decision.form.right = *view.decision.to.right;
  const std::size_t waits = out_.missing.size();
  const auto same = agree(then);
  out_.missing.resize(waits, Reference{});
  return same.ok() && *same;
}

}  // namespace tidewire::sync
