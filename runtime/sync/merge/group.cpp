// Fields that are won together: who has a say in them, what becomes of them as one, and what waits with what (laws 10, 13).
#include <algorithm>
#include <utility>

#include "sync/merge/canonical.h"
#include "sync/merge/pass.h"

namespace tidewire::sync {

using store::other;
using store::side_name;

/// Whether the side has a say in what becomes of the group: by an edit; where the sides never agreed on the field, by the value that
/// it has (filled in from the other side, a group would be made of both). A record won as a whole is filled in where it is empty.
bool Pass::says(const View& view, Side side) const {
  if (view.has_base) return view.changed[side];
  const Field& field = *view.decision.field;
  const Decision::Kind kind = view.decision.kind;
  const bool met = s_.exists.left && s_.exists.right && s_.record.left != nullptr && s_.record.right != nullptr;
  const bool differs = kind == Decision::Kind::kCopy || kind == Decision::Kind::kResolve || kind == Decision::Kind::kConflict || kind == Decision::Kind::kOwed;
  if (!met || !differs || s_.reversals != nullptr || field.kind == Field::Kind::kRows) return false;
  const Sides<bool> empty{empty_form(field, Side::kLeft, view.decision.form.left), empty_form(field, Side::kRight, view.decision.form.right)};
  return empty[side] ? empty[other(side)] : !(s_.plan.whole_record && empty[other(side)]);
}

/// The sides were left to differ in it, by a person who accepted that or took something back, and nobody has edited it since. Of a whole
/// record such a field stays as it is, and of a field that goes one way the target is left until its source changes (law 23). That it waits
/// for a person with its group by now does not level the sides: it waits as long as that does.
bool Pass::is_left_apart(const View& view) const {
  const Value* note = s_.link.notes.find(view.decision.field->name);
  const bool apart = note != nullptr && note->find("apart") != nullptr && !is_ignored(s_.link, view.decision.field->name);
  const bool in_group = view.decision.field->group >= 0 && !s_.plan.whole_record && view.decision.field->flow == Flow::kBoth;
  const bool answered = view.conflict != nullptr && (view.decided || view.conflict->kind != "clash");
  return apart && in_group && s_.reversals == nullptr && view.has_base && !answered && view.decision.kind == Decision::Kind::kNothing;
}

/// An edit that travels takes along what its group was left to differ in: without that the other side would show what nobody had.
Result<void> Pass::take_along(std::vector<View*>& views, const View& edited, Side from) {
  const Decision::Kind kind = edited.decision.kind;
  if (kind != Decision::Kind::kCopy && kind != Decision::Kind::kResolve) return {};
  for (View* view : views) {
    if (!is_left_apart(*view)) continue;
    TRY(copy(*view, from, "group: goes with '" + edited.decision.field->name + "'"));
    view->decision.discards = view->decision.kind == Decision::Kind::kCopy;
  }
  return {};
}

/// A group is won together: a dispute in one of its fields, or edits of different fields on both sides, is one dispute. Where the
/// rules of its fields differ, the edited one that waits for a person decides.
Result<void> Pass::dispute_group(std::vector<View*>& views) {
  // What does not travel has no say (law 23).
  const auto edits = [this](const View& view, Side side) { return says(view, side) && flows(view.decision.field->flow, other(side)); };
  const auto waits = [](const View& view) { return view.decision.field->flow == Flow::kBoth && !view.decision.field->judged() && !view.decision.field->strategy_function; };
  Sides<bool> changed{false, false};
  View* first = nullptr;
  for (View* view : views) {
    if (view->decision.kind == Decision::Kind::kAgree) continue;
    const auto ours = perhaps_ours(*view);
    const Sides<bool> counts{edits(*view, Side::kLeft) && ours != Side::kLeft, edits(*view, Side::kRight) && ours != Side::kRight};
    changed.left |= counts.left;
    changed.right |= counts.right;
    if (!counts.left && !counts.right) continue;
    if (first != nullptr && waits(*first)) continue;
    if (first == nullptr || first->decision.field->flow != Flow::kBoth || (counts.left && counts.right) || waits(*view)) first = view;
  }
  if (first == nullptr) return {};
  const Field& field = *first->decision.field;
  const bool said = std::any_of(views.begin(), views.end(), [](const View* view) { return view->decided; });
  const bool unsaid = std::any_of(views.begin(), views.end(), [&](const View* view) {
    return !view->decided && view->decision.kind != Decision::Kind::kAgree && (edits(*view, Side::kLeft) || edits(*view, Side::kRight));
  });
  if (changed.left != changed.right) {
    const Side edited = changed.left ? Side::kLeft : Side::kRight;
    // A person has decided against the side that has edited another field of it since.
    const bool overruled = !s_.plan.whole_record && unsaid && std::any_of(views.begin(), views.end(), [&](const View* view) { return view->decided && view->decision.winner == other(edited); });
    if (!overruled) return take_along(views, *first, first->decision.winner.value_or(edited));
  }
  if (first->decision.field->flow != Flow::kBoth) return {};
  // What a person has said of a part is not completed by a rule, which may say otherwise.
  if (said && !unsaid) return first->decision.winner ? take_along(views, *first, *first->decision.winner) : Result<void>();
  Verdict verdict;
  std::string rule = "group, " + field.strategy + ": waits for a person";
  if (said) {
    rule = "group: another field of it was decided by a person: waits for a person";
  } else if (field.judged()) {
    rule = "group, webhook";
    Value group{Object{}};
    for (View* view : views) {
      const Decision& one = view->decision;
      if (one.field == &field) continue;
      group[one.field->name] = Value(Object{{"base", one.base ? Value(Object{{"left", one.base->left}, {"right", one.base->right}}) : Value()}, {"left", one.form.left}, {"right", one.form.right}});
    }
    verdict = TRY(judge(field, *first, dispute_of(*first), group, rule)).value_or(Verdict{});
  } else if (field.strategy_function) {
    verdict = TRY(s_.mapper.resolve(field, *field.strategy_function, dispute_of(*first)));
    rule = "group, " + field.strategy;
    if (verdict.kind == Verdict::Kind::kSide) rule += ": " + std::string(side_name(verdict.side)) + " wins";
  }
  if (verdict.kind == Verdict::Kind::kValue) verdict.kind = Verdict::Kind::kManual;  // one value cannot settle several fields
  for (View* view : views) {
    if (!edits(*view, Side::kLeft) && !edits(*view, Side::kRight) && !is_left_apart(*view)) continue;
    if (view->decided || (verdict.kind == Verdict::Kind::kSide && !flows(view->decision.field->flow, other(verdict.side)))) continue;
    view->decision.to = {};
    view->decision.discards = false;
    TRY(settle(*view, verdict, rule));
  }
  return {};
}

/// A group is written whole or not at all (laws 10, 13): while one of its fields waits for a person, edits of the others wait with it, or the
/// other side would show what nobody had. They are clashes, decided anew with each pass, so that they go on when that field is level. And
/// what a person says holds for all of it or for none: where a field was not decided, because it was edited since, all are asked about anew.
/// A whole record is not kept waiting by a field that a side takes in its own form, which may be so for ever.
void Pass::wait_together(std::vector<View*>& views) {
  const auto waits = [](const View* view) { return view->decision.kind == Decision::Kind::kConflict; };
  if (std::none_of(views.begin(), views.end(), waits)) return;
  const auto holding = std::find_if(views.begin(), views.end(), [&](const View* view) {
    const std::string& kind = view->decision.conflict_kind;
    return waits(view) && !(s_.plan.whole_record && is_of_form(kind));
  });
  const std::string first = holding == views.end() ? "" : (*holding)->decision.field->name;
  for (View* view : views) {
    const Decision::Kind kind = view->decision.kind;
    const bool travels = !first.empty() && s_.exists.left && s_.exists.right && (kind == Decision::Kind::kCopy || kind == Decision::Kind::kResolve);
    if (kind == Decision::Kind::kConflict || (!view->decided && !travels)) continue;
    Decision asked;
    asked.field = view->decision.field;
    asked.kind = Decision::Kind::kConflict;
    asked.conflict_kind = view->decided ? view->conflict->kind : "clash";
    asked.rule = view->decided ? "group: another field of it is not decided: waits for a person" : "group: '" + first + "', which goes with it, waits for a person";
    asked.base = std::move(view->decision.base);
    asked.form = std::move(view->decision.form);
    asked.stamps = std::move(view->decision.stamps);
    asked.note = std::move(view->decision.note);
    view->decision = std::move(asked);
  }
}

}  // namespace tidewire::sync
