// What a person has said of a dispute, and whether it still holds for what the sides show (laws 13, 23).
#include <utility>

#include "sync/merge/canonical.h"
#include "sync/merge/pass.h"

namespace tidewire::sync {

using store::other;
using store::side_name;

/// The value as the field carries it over; nullopt where it does not.
std::optional<Value> Pass::carried(const Field& field, Side to, const std::optional<Value>& from) {
  if (!from || field.kind == Field::Kind::kRows) return std::nullopt;
  const auto turn = turner_.turn(field, to, *from);
  if (!turn.ok() || !*turn || (*turn)->leave) return std::nullopt;
  return (*turn)->value;
}

/// True where each side has what the person was shown, or what the decision itself has written by now (law 13).
bool Pass::still_stands(const View& view) {
  const store::Conflict& conflict = *view.conflict;
  const Field& field = *view.decision.field;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    const auto& shown = conflict.shown[side];
    const Value& now = view.decision.form[side];
    if (!shown || s_.record[side] == nullptr || same_form(field, side, now, *shown)) continue;
    const auto& said = conflict.said[side];
    const bool loses = conflict.method == side_name(other(side));
    const std::size_t waits = out_.missing.size(), making = out_.making.size();
    const auto wanted = loses ? carried(field, side, conflict.shown[other(side)]) : (said ? said : carried(field, side, conflict.said.left));
    // Of a decision that may be about what is no more nothing is waited for.
    out_.missing.resize(waits, Reference{});
    out_.making.resize(making);
    if (!wanted || !same_form(field, side, now, *wanted)) return false;
  }
  return true;
}

/// A person has decided (conflict.method); law 13.
Result<void> Pass::by_person(View& view) {
  const store::Conflict& conflict = *view.conflict;
  const std::string method = conflict.method.value_or("");
  const std::string rule = "resolved by " + conflict.author.value_or("a person") + ": " + method;
  view.decision.by_person = true;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (!s_.exists[side]) return by_person_anew(view, side, rule);
  }
  Verdict verdict;
  if (method == "left" || method == "right") {
    verdict.kind = Verdict::Kind::kSide;
    verdict.side = method == "left" ? Side::kLeft : Side::kRight;
    if (flows(view.decision.field->flow, other(verdict.side))) return settle(view, verdict, rule);
    return say_value(view, {Verdict::Kind::kValue, verdict.side, view.decision.form}, rule);
  }
  if (method == "value") {
    verdict.kind = Verdict::Kind::kValue;
    verdict.one = !conflict.said.right;
    verdict.value.left = conflict.said.left.value_or(Value());
    verdict.value.right = conflict.said.right.value_or(Value());
    return say_value(view, std::move(verdict), rule);
  }
  if (method == "skip") {  // it stays open, with its old base: an edit of either side is asked about anew
    view.decision.kind = Decision::Kind::kConflict;
    view.decision.conflict_kind = conflict.kind;
    view.decision.rule = "skipped by " + conflict.author.value_or("a person") + ": waits until one of the sides changes";
    view.decision.skipped = true;
    return {};
  }
  view.decision.kind = Decision::Kind::kAgree;  // accept: both stay as they are
  view.decision.rule = rule;
  view.decision.apart = true;
  view.decision.closes_conflict = true;
  return {};
}

/// A value for both sides. A field that goes one way is not written the other way, whoever decides (law 23): the side that it comes from
/// keeps its own, and the two differ from then on.
Result<void> Pass::say_value(View& view, Verdict verdict, const std::string& rule) {
  Decision& decision = view.decision;
  if (decision.field->flow == Flow::kBoth) return settle(view, verdict, rule);
  const Side to = decision.field->flow == Flow::kToRight ? Side::kRight : Side::kLeft;
  if (to == Side::kLeft && std::exchange(verdict.one, false)) verdict.value.right = decision.form.right;
  TRY(settle(view, verdict, rule + ": it goes to the " + side_name(to) + " only, so the " + side_name(other(to)) + " side keeps its own"));
  decision.to[other(to)].reset();
  if (decision.to.left || decision.to.right || decision.kind != Decision::Kind::kResolve) return {};
  decision.kind = Decision::Kind::kAgree;
  decision.discards = false;
  return {};
}

/// Decided on a record that is gone by now and is made again: it is made with the value that the person chose. That travels on to
/// the one that stayed like an edit, with the next pass: this one writes only what it makes.
Result<void> Pass::by_person_anew(View& view, Side made, const std::string& rule) {
  const store::Conflict& conflict = *view.conflict;
  const Field& field = *view.decision.field;
  const Side stayed = other(made);
  if (!flows(field.flow, made)) {
    TRY(without_base(view));
    view.decision.closes_conflict = true;
    return {};
  }
  Sides<std::optional<Value>> wanted;
  if (conflict.method == side_name(made)) wanted[made] = conflict.shown[made];
  if (conflict.method == "value") wanted = {conflict.said.left, conflict.said.right ? conflict.said.right : carried(field, Side::kRight, conflict.said.left)};
  if (!wanted[stayed]) wanted[stayed] = carried(field, stayed, wanted[made]);
  view.decision.across[stayed] = carried(field, made, current(field, stayed));
  if (wanted.left && wanted.right) return settle(view, {Verdict::Kind::kValue, stayed, *wanted.left, *wanted.right}, rule);
  TRY(without_base(view));
  view.decision.closes_conflict = true;
  return {};
}

}  // namespace tidewire::sync
