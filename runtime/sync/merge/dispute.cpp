// Both sides changed the same: what a strategy is told, and what it says (laws 10, 11).
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
        decision.rule = (turner_.owed() ? turner_.owed()->mapping : field.reference) + " is not linked yet";
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

}  // namespace tidewire::sync
