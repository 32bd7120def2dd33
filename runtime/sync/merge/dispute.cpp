// Both sides changed the same: what a strategy is told, what it says, what a person has said (laws 10, 11, 13).
#include <algorithm>
#include <utility>

#include "sync/merge/canonical.h"
#include "sync/merge/pass.h"

namespace tidewire::sync {

using store::other;
using store::side_name;

Value stamp_of(const store::Link& link, Side side, const Record& record) {
  if (!record.modified) return {};
  const Value shown(record.modified->time_since_epoch().count());
  const Value* ours = link.stamps.find("");
  const Value* last = ours == nullptr ? nullptr : ours->find(side_tag(side));
  // Under the mark of a soft delete, which is nobody's edit, what stood there before counts.
  if (last != nullptr && last->is_object()) return *last->find("marked") == shown ? *last->find("at") : shown;
  return last != nullptr && *last == shown ? Value(Object{{"ours", shown}}) : shown;
}

const Value* kept_stamp(const store::Link& link, const Field& field, Side side, const Value& form) {
  const Value* kept = link.stamps.find(field.name);
  const Value* mine = kept == nullptr ? nullptr : kept->find(side_tag(side));
  const Value* of = mine == nullptr ? nullptr : mine->find("value");
  if (of == nullptr) return mine;
  return same_form(field, side, form, *of) ? mine->find("at") : nullptr;
}

Dispute Pass::dispute_of(View& view) {
  Dispute dispute;
  const Field& field = *view.decision.field;
  dispute.field = field.name;
  if (const auto base = s_.link.base.find(field.name); base != s_.link.base.end()) dispute.base = base->second;
  dispute.form = view.decision.form;
  dispute.tie = field.tie.value_or(s_.plan.tie);
  Sides<std::optional<Instant>> times;
  Sides<bool> ours{false, false};
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (s_.record[side] == nullptr) continue;
    dispute.record[side] = &s_.record[side]->fields;
    // The stamp at the first read that showed the edit counts, kept while the dispute is open (law 11).
    const char* tag = side_tag(side);
    const Value* mine = kept_stamp(s_.link, field, side, dispute.form[side]);
    const Value stamp = mine != nullptr ? *mine : stamp_of(s_.link, side, *s_.record[side]);
    ours[side] = stamp.is_object();
    const auto& shown = s_.record[side]->modified;
    const bool as_shown = mine == nullptr && stamp == (shown ? Value(shown->time_since_epoch().count()) : Value());
    if (!as_shown) view.decision.stamps[tag] = stamp;
    if (stamp.is_null()) continue;
    times[side] = Instant(Duration(ours[side] ? stamp.int_or("ours", 0) : stamp.as_int())) - s_.clock_offset[side];
    if (!ours[side]) dispute.time[side] = times[side];
  }
  if (times.left && times.right) {
    Duration blur{};
    for (const Side side : {Side::kLeft, Side::kRight}) {
      const bool by_header = s_.clock_offset[side] != Duration{} || s_.capabilities[side] == nullptr;
      if (by_header) blur = std::max<Duration>(blur, std::chrono::seconds(1));  // what a Date header can tell of an offset
      if (s_.capabilities[side] != nullptr) blur = std::max(blur, s_.capabilities[side]->time_resolution);
    }
    const Duration apart = *times.left - *times.right;
    // An edit under our own stamp was made by then: it is no later, and when it was nobody knows.
    if (apart > blur && !ours.left) dispute.newer = Side::kLeft;
    if (apart < -blur && !ours.right) dispute.newer = Side::kRight;
  }
  for (const Side to : {Side::kRight, Side::kLeft}) {
    if (field.kind == Field::Kind::kRows) continue;
    const std::size_t making = out_.making.size();
    const auto turned = turner_.turn(field, to, view.decision.form[other(to)]);
    out_.making.resize(making);
    if (!turned.ok() || !*turned || (*turned)->leave) continue;
    dispute.across[other(to)] = (*turned)->value;
  }
  return dispute;
}

std::string Pass::newer_text(const Dispute& dispute) const {
  if (dispute.newer && (!dispute.time.left || !dispute.time.right)) return std::string(side_name(*dispute.newer)) + " is newer than our own last write to the other side";
  if (!dispute.time.left || !dispute.time.right) return "no times, tie side " + std::string(side_name(dispute.tie));
  if (!dispute.newer) return "a tie, tie side " + std::string(side_name(dispute.tie));
  const Duration apart = *dispute.time.left - *dispute.time.right;
  return std::string(side_name(*dispute.newer)) + " is " + format_duration(apart < Duration{} ? -apart : apart) + " newer";
}

Result<void> Pass::settle(View& view, const Verdict& verdict, const std::string& rule) {
  Decision& decision = view.decision;
  const Field& field = *decision.field;
  if (verdict.kind == Verdict::Kind::kManual) {
    decision.kind = Decision::Kind::kConflict;
    decision.closes_conflict = decision.closes_conflict && decision.by_person;  // the one that is open goes on
    decision.rule = rule;
    return {};
  }
  decision.closes_conflict = view.conflict != nullptr;
  if (verdict.kind == Verdict::Kind::kValue) {
    Value right = verdict.value.right;
    if (verdict.one) {
      const auto turned = turner_.turn(field, Side::kRight, verdict.value.left);
      if (!turned.ok() && field.kind == Field::Kind::kFind) return settle(view, Verdict{}, rule + ": " + turned.error().message);
      if (!turned.ok()) return turned.error();
      if (!*turned) {
        decision.kind = Decision::Kind::kOwed;
        decision.owes = turner_.owed();
        decision.winner = Side::kLeft;
        decision.closes_conflict = false;
        decision.rule = "owed: " + (turner_.owed() ? turner_.owed()->mapping : field.reference) + " is not linked yet";
        return {};
      }
      right = (*turned)->leave ? decision.form.right : std::move((*turned)->value);
    }
    decision.rule = rule;
    decision.apart = true;
    if (!s_.exists.left || !same_form(field, Side::kLeft, verdict.value.left, decision.form.left)) decision.to.left = verdict.value.left;
    if (!s_.exists.right || !same_form(field, Side::kRight, right, decision.form.right)) decision.to.right = std::move(right);
    decision.discards = decision.to.left || decision.to.right;
    decision.kind = decision.discards ? Decision::Kind::kResolve : Decision::Kind::kAgree;
    return {};
  }
  TRY(copy(view, verdict.side, rule));
  if (decision.kind == Decision::Kind::kCopy) {
    decision.kind = Decision::Kind::kResolve;
    decision.discards = true;
  }
  decision.winner = verdict.side;
  return {};
}

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

/// What is made of both edits and of what was agreed on before them counts an edit twice where that is older than what both sides
/// agreed on last: until somebody says, or the sides agree (law 26). Rows that wait for that are not made of later edits either.
Verdict Pass::unless_restored(View& view, Verdict verdict, std::string& rule) {
  const bool waits = view.conflict != nullptr && view.conflict->kind == "unknown_outcome";
  if ((!s_.restored && !waits) || verdict.kind != Verdict::Kind::kValue) return verdict;
  view.decision.conflict_kind = "unknown_outcome";
  rule += s_.restored ? ": the state was restored from a copy, and what the sides agreed on since is not known, so an edit could count twice: waits for a person"
                      : ": what of it is counted already is not known: waits for a person";
  return Verdict{};
}

Result<void> Pass::dispute(View& view) {
  const Field& field = *view.decision.field;
  if (field.flow != Flow::kBoth) {
    const Side source = field.flow == Flow::kToRight ? Side::kLeft : Side::kRight;
    TRY(copy(view, source, "one-way: the source side changed it"));
    view.decision.discards = view.decision.kind == Decision::Kind::kCopy;
    return {};
  }
  const bool in_group = field.group >= 0 || s_.plan.whole_record;
  if (field.judged() && in_group) return settle(view, Verdict{}, "webhook: asked of the group");
  if (!field.judged() && !field.strategy_function) return settle(view, Verdict{}, field.strategy + ": waits for a person");
  const Dispute asked = dispute_of(view);
  std::string rule = field.strategy;
  Verdict verdict;
  if (field.judged()) {
    const auto judged = TRY(judge(field, view, asked, Value(), rule));
    if (!judged) return settle(view, Verdict{}, std::move(rule));
    verdict = *judged;
  } else {
    verdict = TRY(s_.mapper.resolve(field, *field.strategy_function, asked));
    if (verdict.kind == Verdict::Kind::kSide) rule += ": " + std::string(side_name(verdict.side)) + " wins";
    if (field.strategy == "newest") rule += " (" + newer_text(asked) + ")";
  }
  if (view.has_base) verdict = unless_restored(view, std::move(verdict), rule);
  view.decision.across = asked.across;
  if (const auto ours = perhaps_ours(view); ours && verdict.kind != Verdict::Kind::kManual) {
    const bool computed = verdict.kind == Verdict::Kind::kValue;
    verdict = Verdict{computed ? Verdict::Kind::kManual : Verdict::Kind::kSide, other(*ours), {}};
    rule = "the " + std::string(side_name(*ours)) + " side may show only what it was sent, in a form of its own: " + (computed ? "waits for a person" : "it loses");
  }
  return settle(view, verdict, rule);
}

/// Law 28: the side of which nobody can tell whether an edit is in it, or only our own write in another form.
std::optional<Side> Pass::perhaps_ours(const View& view) const {
  const Field& field = *view.decision.field;
  const Value* note = s_.link.notes.find(field.name);
  if (note == nullptr || !note->bool_or("loses", false)) return std::nullopt;
  const Side side = note->string_or("side") == "left" ? Side::kLeft : Side::kRight;
  const bool shown = same_form(field, side, view.decision.form[side], *note->find("read"));
  return shown ? std::optional(side) : std::nullopt;
}

/// It waits for a person with these very values: who was asked once is not asked again.
bool Pass::is_told(const View& view) const {
  return view.conflict != nullptr && view.conflict->kind == "clash" && view.conflict->shown.left == view.decision.form.left && view.conflict->shown.right == view.decision.form.right;
}

/// nullopt where nobody has said yet; the question is among the asks then.
Result<std::optional<Verdict>> Pass::judge(const Field& field, View& view, const Dispute& asked, const Value& group, std::string& rule) {
  if (is_told(view)) {
    rule += ": waits for a person";
    return std::optional<Verdict>();
  }
  Asked question = asked_of(asked, group);
  const auto said = s_.judgements == nullptr ? Judgements::const_iterator{} : s_.judgements->find(question.field);
  if (s_.judgements == nullptr || said == s_.judgements->end() || said->second.id != question.id) {
    rule += ": is to be asked";
    out_.asks.push_back(std::move(question));
    return std::optional<Verdict>();
  }
  view.decision.judged[said->first] = said->second;
  // Of a value that a copy of unknown outcome may be in only one of the two can be chosen: made of both, it could count twice.
  const auto unless_in_doubt = [&](Verdict verdict) -> std::optional<Verdict> {
    if (verdict.kind != Verdict::Kind::kValue || !s_.judged_in_doubt.contains(view.decision.field->name)) return verdict;
    view.decision.conflict_kind = "unknown_outcome";
    rule += ", but a write of unknown outcome may be in it already: waits for a person";
    return Verdict{};
  };
  std::string why = said->second.why;
  if (!said->second.answer.is_null()) {
    auto verdict = read_answer(field, said->second.answer);
    if (verdict.ok()) {
      rule += verdict->kind == Verdict::Kind::kManual ? ": left to a person" : (verdict->kind == Verdict::Kind::kValue ? ": a value of its own" : ": " + std::string(side_name(verdict->side)) + " wins");
      return unless_in_doubt(std::move(*verdict));
    }
    why = verdict.error().message;
  }
  const std::string fallback = s_.plan.judge ? s_.plan.judge->fallback : "manual";
  rule += ": " + why + "; " + fallback;
  if (!field.strategy_function) return std::optional(Verdict{});
  const auto verdict = TRY(s_.mapper.resolve(field, *field.strategy_function, asked));
  if (verdict.kind == Verdict::Kind::kSide) rule += ": " + std::string(side_name(verdict.side)) + " wins";
  return unless_in_doubt(verdict);
}

Result<Verdict> Pass::read_answer(const Field& field, const Value& answer) {
  Verdict verdict;
  if (const auto winner = winner_of(s_.plan, answer)) {
    verdict.kind = Verdict::Kind::kSide;
    verdict.side = *winner;
    return verdict;
  }
  if (answer.find("winner") != nullptr) return verdict;
  verdict.kind = Verdict::Kind::kValue;
  const Value* value = answer.find("value");
  if (value == nullptr) {
    verdict.value.left = *answer.find("left");
    verdict.value.right = *answer.find("right");
    return verdict;
  }
  verdict.value.left = *value;
  auto turned = TRY(turner_.turn(field, Side::kRight, *value));
  if (!turned || turned->leave) return make_error(Code::kInvalid, "the value does not travel to the right");
  verdict.value.right = std::move(turned->value);
  return verdict;
}

Result<Verdict> Pass::resolve(const CellDispute& cell) {
  if (!cell.cell.judged() && !cell.cell.strategy_function) return Verdict{};
  Dispute dispute = dispute_of(*rows_);
  dispute.field = cell.name;
  dispute.base = cell.base;
  dispute.form = cell.form;
  dispute.record = cell.row;
  dispute.tie = cell.cell.tie.value_or(dispute.tie);
  for (const Side from : {Side::kLeft, Side::kRight}) {
    if (auto turned = turner_.turn_cell(cell.cell, other(from), cell.form[from], *cell.row[from], false); turned.ok() && *turned) dispute.across[from] = **turned;
  }
  if (!cell.cell.judged()) {
    Verdict verdict = TRY(s_.mapper.resolve(cell.cell, *cell.cell.strategy_function, dispute));
    std::string rule;
    if (cell.base) verdict = unless_restored(*rows_, std::move(verdict), rule);
    if (!verdict.one) return verdict;
    const auto turned = TRY(turner_.turn_cell(cell.cell, Side::kRight, verdict.value.left, *cell.row.left, false));
    verdict.value.right = turned.value_or(cell.form.right);
    return verdict;
  }
  std::string rule;
  return TRY(judge(cell.cell, *rows_, dispute, Value(), rule)).value_or(Verdict{});
}

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
/// record such a field stays as it is, and of a field that goes one way the target is left until its source changes (law 23).
bool Pass::is_left_apart(const View& view) const {
  const Value* note = s_.link.notes.find(view.decision.field->name);
  const bool apart = note != nullptr && note->find("apart") != nullptr && !is_ignored(s_.link, view.decision.field->name);
  const bool in_group = view.decision.field->group >= 0 && !s_.plan.whole_record && view.decision.field->flow == Flow::kBoth;
  return apart && in_group && s_.reversals == nullptr && view.has_base && view.conflict == nullptr && view.decision.kind == Decision::Kind::kNothing;
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
