#include "sync/merge/decide.h"

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "sync/merge/canonical.h"
#include "sync/merge/lifecycle.h"
#include "sync/merge/pass.h"

namespace tidewire::sync {

using store::other;
using store::side_name;

namespace {

constexpr const char* kWentRule = "restored: a delete took it before or with its record";

/// The place that a message begins with where it is in the file of the row `at` ("mappings/people.lua:3"), taken off the message: nearer to
/// the mistake than the row's own. "" = it begins with no such place.
std::string nearer_place(std::string& message, const std::string& at) {
  const std::string file = at.substr(0, at.rfind(':') + 1);
  if (file.empty() || !message.starts_with(file)) return {};
  const std::size_t end = message.find_first_not_of("0123456789", file.size());
  if (end == file.size() || end == std::string::npos || message.compare(end, 2, ": ") != 0) return {};
  std::string place = message.substr(0, end);
  message.erase(0, end + 2);
  return place;
}

/// What was said of a value that the mapping redacts may quote it.
Error at_field(Error error, const Plan& plan, const Field& field) {
  if (is_redacted(field)) error.message = "its value cannot be taken, and why is not told: the mapping redacts it";
  std::string where = nearer_place(error.message, field.at);
  if (where.empty()) where = field.at.empty() ? plan.name : field.at;
  return std::move(error).context(where + ": field '" + field.name + "'");
}

/// Why a file that may travel could not be read: until it can, nobody knows who changed what.
std::optional<Error> unread_of(const Field& field, const Situation& situation) {
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (situation.record[side] == nullptr || !flows(field.flow, other(side)) || !names_files(field, side)) continue;
    if (auto error = unread_file(field, side, form_of(field, side, situation.record[side]->fields))) return error;
  }
  return std::nullopt;
}

/// Whether the side would be without a field which the mapping calls required, made or changed so by the decision.
bool would_lack(const Decision& decision, Side to, bool exists) {
  const Field& field = *decision.field;
  if (!field.required) return false;
  const auto& value = decision.to[to];
  const bool left_out = !value && !exists && decision.kind == Decision::Kind::kAgree && flows(field.flow, to);
  return left_out || (value && empty_form(field, to, *value));
}

}  // namespace

Value Pass::current(const Field& field, Side side) {
  if (s_.record[side] != nullptr) return form_of(field, side, s_.record[side]->fields);
  const auto base = s_.link.base.find(field.name);
  if (base == s_.link.base.end()) return Value();
  return base->second[side];
}

Pass::View Pass::look(const Field& field) {
  View view;
  view.decision.field = &field;
  view.decision.form.left = current(field, Side::kLeft);
  view.decision.form.right = current(field, Side::kRight);
  const auto base = s_.link.base.find(field.name);
  view.has_base = base != s_.link.base.end();
  if (view.has_base) {
    view.decision.base = base->second;
    view.changed.left = !same_form(field, Side::kLeft, view.decision.form.left, base->second.left) || is_entered(s_.link, field, Side::kLeft, view.decision.form.left);
    view.changed.right = !same_form(field, Side::kRight, view.decision.form.right, base->second.right) || is_entered(s_.link, field, Side::kRight, view.decision.form.right);
  }
  for (const store::Conflict& conflict : s_.conflicts) {
    if (conflict.field == field.name) view.conflict = &conflict;
  }
  view.decided = view.conflict != nullptr && view.conflict->method && still_stands(view);
  // Told of whatever comes of the field: a group is judged by it too, and is decided again, or taken back, from its record (law 32).
  const bool entered = view.has_base && (is_entered(s_.link, field, Side::kLeft, view.decision.form.left) || is_entered(s_.link, field, Side::kRight, view.decision.form.right));
  const bool went = noted_on(s_.link, field, kWent, Side::kLeft) != nullptr || noted_on(s_.link, field, kWent, Side::kRight) != nullptr;
  const bool own_form = (view.changed.left && shows_own_form(view, Side::kLeft)) || (view.changed.right && shows_own_form(view, Side::kRight));
  const bool due = view.decision.field->when == Field::When::kCreate && is_due_since_create(view);
  if (perhaps_ours(view) || entered || went || own_form || due || is_left_apart(view)) view.decision.note = *s_.link.notes.find(field.name);
  return view;
}

Result<void> Pass::copy(View& view, Side from, std::string rule) {
  const Field& field = *view.decision.field;
  if (field.kind == Field::Kind::kRows) return merge(view, from, {}, std::move(rule));
  const Side to = other(from);
  Decision& decision = view.decision;
  const Value& source = decision.form[from];
  const Value& target = decision.form[other(from)];
  const auto turned = TRY(turner_.turn(field, to, source));
  const bool only_create = field.when == Field::When::kCreate && s_.exists[to] && !is_due_since_create(view);
  if (!turned && !only_create) {
    decision.kind = Decision::Kind::kOwed;
    decision.winner = from;
    decision.owes = turner_.owed();
    decision.rule = (turner_.owed() ? turner_.owed()->mapping : field.reference) + " is not linked yet";
    return {};
  }
  const bool keep_target = field.when == Field::When::kTargetEmpty && s_.exists[to] && !empty_form(field, to, target) && perhaps_ours(view) != to;
  if (only_create || turned->leave || keep_target || (s_.exists[to] && same_form(field, to, turned->value, target))) {
    decision.kind = Decision::Kind::kAgree;
    decision.rule = turned && turned->leave ? "the mapping leaves the other side alone" : "the other side has it already";
    return {};
  }
  decision.kind = Decision::Kind::kCopy;
  decision.winner = from;
  decision.rule = std::move(rule);
  decision.to[to] = turned->value;
  return {};
}

/// The other record was made without it, because what it names, or what goes with it, was not linked yet.
bool Pass::is_due_since_create(const View& view) const {
  const Value* note = s_.link.notes.find(view.decision.field->name);
  return !view.has_base && note != nullptr && note->bool_or("owed", false);
}

/// Both sides say the same, each in its own words.
Result<bool> Pass::agree(View& view) {
  const Field& field = *view.decision.field;
  for (const Side to : {Side::kRight, Side::kLeft}) {
    if (!flows(field.flow, to)) continue;
    const std::size_t making = out_.making.size();
    const auto turned = TRY(turner_.turn(field, to, view.decision.form[other(to)]));
    out_.making.resize(making);
    const Value& there = view.decision.form[to];
    if (turned && !turned->leave && same_form(field, to, turned->value, there)) return true;
    if (field.lossy) continue;
    if (turned) break;
  }
  return false;
}

Result<void> Pass::without_base(View& view) {
  Decision& decision = view.decision;
  const Field& field = *decision.field;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (s_.exists[side]) continue;
    if (!flows(field.flow, side)) {
      decision.kind = Decision::Kind::kAgree;  // what each side has now is where its edits begin, also before the field first travels
      decision.rule = "created from " + std::string(side_name(other(side))) + ", which this field is not copied from";
      decision.apart = true;
      return {};
    }
    if (const Value* had = noted_on(s_.link, field, kWent, other(side))) return with_what_went(view, side, *had);
    return copy(view, other(side), "created from " + std::string(side_name(other(side))));
  }
  if (s_.record.left == nullptr || s_.record.right == nullptr) return {};
  if (TRY(agree(view))) {
    decision.kind = Decision::Kind::kAgree;
    decision.rule = "both sides have the same";
    return {};
  }
  // Made without it, it was filled by its system: that is nobody's word.
  if (const auto ours = perhaps_ours(view); ours && flows(field.flow, *ours)) return copy(view, other(*ours), "owed since it was created");
  if (field.flow != Flow::kBoth) {
    const Side target = field.flow == Flow::kToRight ? Side::kRight : Side::kLeft;
    const bool filled = !empty_form(field, target, decision.form[target]);
    TRY(copy(view, other(target), "one-way: first contact"));
    decision.discards = filled && decision.kind == Decision::Kind::kCopy;
    return {};
  }
  const bool left_empty = empty_form(field, Side::kLeft, decision.form.left);
  const bool right_empty = empty_form(field, Side::kRight, decision.form.right);
  if (left_empty != right_empty) {
    return copy(view, left_empty ? Side::kRight : Side::kLeft, "first contact: filled in where it was empty");
  }
  if (field.when == Field::When::kCreate) return {};
  return dispute(view);
}

/// The record that lives on has it no more, because a delete of ours took it: the other one is made with it. From there it travels
/// back with the next pass, as what was decided on a record that is made anew does.
Result<void> Pass::with_what_went(View& view, Side made, const Value& had) {
  const Side stayed = other(made);
  const Field& field = *view.decision.field;
  Sides<std::optional<Value>> wanted;
  wanted[stayed] = had;
  wanted[made] = carried(field, made, wanted[stayed]);
  if (!wanted[made]) return copy(view, stayed, "created from " + std::string(side_name(stayed)));
  view.decision.across[stayed] = carried(field, made, current(field, stayed));
  return settle(view, {Verdict::Kind::kValue, stayed, *wanted.left, *wanted.right}, kWentRule);
}

/// The same of rows.
Result<void> Pass::with_rows_that_went(View& view, Side made, const Value& had) {
  const Side stayed = other(made);
  Decision& decision = view.decision;
  Value& shown = decision.form[stayed];
  View now = view;  // what is left of them, as the other side would have it
  TRY(merge(now, stayed, {}, kWentRule));
  Value left_over = std::exchange(shown, had);
  TRY(merge(view, stayed, {}, kWentRule));
  shown = std::move(left_over);
  if (!decision.to[made]) return {};
  const auto& carried = now.decision.to[made];
  decision.across[stayed] = carried.value_or(Value(Array{}));
  decision.to[stayed] = had;
  decision.kind = Decision::Kind::kResolve;
  decision.winner.reset();
  decision.discards = true;
  return {};
}

/// Law 9: a field that the mapping has got since the link was made is adopted; where that writes, or asks a person, the brake has a say.
Result<void> Pass::adopt(View& view) {
  Decision& decision = view.decision;
  const std::string& name = decision.field->name;
  TRY(without_base(view));
  const Value* note = s_.link.notes.find(name);
  const bool owed = note != nullptr && note->bool_or("owed", false);
  const bool matters = decision.kind == Decision::Kind::kCopy || decision.kind == Decision::Kind::kResolve || decision.kind == Decision::Kind::kConflict;
  if (s_.link.id == 0 || !s_.exists.left || !s_.exists.right || view.conflict != nullptr || owed || !matters) return {};
  return brake_adopted(view, "got this field");
}

/// Until somebody says, or the sides agree: calculated again, an edit could count twice (law 26).
Result<void> Pass::unknown_outcome(View& view) {
  Decision& decision = view.decision;
  const bool agreed = TRY(agree(view));
  decision.kind = agreed ? Decision::Kind::kAgree : Decision::Kind::kConflict;
  decision.closes_conflict = agreed && view.conflict != nullptr;
  decision.conflict_kind = "unknown_outcome";
  decision.rule = agreed ? "both sides have the same" : "what of it is counted already is not known: waits for a person";
  return {};
}

Result<void> Pass::decide_field(View& view) {
  Decision& decision = view.decision;
  const Field& field = *decision.field;
  if (s_.reversals != nullptr) return reverse(view);
  if (is_ignored(s_.link, field.name)) {
    view.changed = {false, false};
    decision.rule = "a person told to ignore the difference";
    return {};
  }
  if (field.kind == Field::Kind::kRows) return rows_field(view);
  if (view.decided) return by_person(view);
  const bool doubtful = s_.doubtful.contains(field.name) || (view.conflict != nullptr && view.conflict->kind == "unknown_outcome");
  if (doubtful && s_.record.left != nullptr && s_.record.right != nullptr) return unknown_outcome(view);
  const bool waits = view.conflict != nullptr && view.conflict->kind != "clash" && view.conflict->shown.left == decision.form.left && view.conflict->shown.right == decision.form.right;
  if (!view.has_base && !waits) {
    TRY(adopt(view));
    decision.closes_conflict = view.conflict != nullptr && (decision.kind == Decision::Kind::kAgree || decision.kind == Decision::Kind::kCopy || decision.kind == Decision::Kind::kResolve);
    return {};
  }
  if (is_reapplied(view)) return reapply(view);
  for (const Side from : {Side::kLeft, Side::kRight}) {
    const bool refresh = s_.refreshed[from] && field.own_function && flows(field.flow, other(from)) && view.conflict == nullptr;
    if (refresh && view.has_base && !view.changed.left && !view.changed.right) return copy(view, from, "a watched lookup changed");
  }
  if (view.has_base && !view.changed.left && !view.changed.right) {
    decision.closes_conflict = view.conflict != nullptr;
    if (decision.closes_conflict) decision.rule = "both sides went back to what they agreed on";
    return {};
  }
  if (waits) {
    decision.kind = Decision::Kind::kConflict;  // still waits; nothing new to decide
    decision.conflict_kind = view.conflict->kind;
    decision.rule = view.conflict->kind + ": waits for a person";
    return {};
  }
  if (view.changed.left && view.changed.right) {
    if (TRY(agree(view))) {
      decision.kind = Decision::Kind::kAgree;
      decision.rule = "both sides changed it to the same";
      decision.closes_conflict = view.conflict != nullptr;
      return {};
    }
    return dispute(view);
  }
  const Side from = view.changed.left ? Side::kLeft : Side::kRight;
  if (!flows(field.flow, other(from)) && s_.plan.enforce) {
    TRY(copy(view, other(from), "enforced: the " + std::string(side_name(from)) + " side may not change it"));
    decision.discards = decision.kind == Decision::Kind::kCopy;
    return {};
  }
  if (!flows(field.flow, other(from))) {
    decision.kind = Decision::Kind::kDrift;
    decision.rule = "changed on the " + std::string(side_name(from)) + " side, which this mapping does not copy from";
    return {};
  }
  TRY(copy(view, from, "only " + std::string(side_name(from)) + " changed"));
  const Value* note = s_.link.notes.find(field.name);
  const bool apart = note != nullptr && note->find("apart") != nullptr;  // what stands there is that side's own
  decision.discards = apart && decision.kind == Decision::Kind::kCopy && !empty_form(field, other(from), decision.form[other(from)]);
  decision.closes_conflict = view.conflict != nullptr;
  return {};
}

Result<void> Pass::merge(View& view, std::optional<Side> whole, std::optional<Side> clashes, std::string rule) {
  const Field& field = *view.decision.field;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    const Value* stored = s_.record[side] == nullptr ? nullptr : s_.record[side]->fields.at_path(field.paths[side].front());
    if (stored != nullptr) TRY(check_rows(side, *stored));
  }
  RowsView asked;
  if (const auto base = s_.link.base.find(field.name); base != s_.link.base.end()) asked.base = &base->second;
  asked.whole = whole;
  asked.clashes = clashes;
  asked.tie = field.tie.value_or(s_.plan.tie);
  asked.conflict = view.conflict != nullptr;
  asked.again = is_reapplied(view);
  asked.entered = {noted_on(s_.link, field, kEntered, Side::kLeft), noted_on(s_.link, field, kEntered, Side::kRight)};
  asked.rule = std::move(rule);
  rows_ = &view;
  return decide_rows(asked, view.decision, *this);
}

/// The cases of decide_field where the value is a list of rows.
Result<void> Pass::rows_field(View& view) {
  Decision& decision = view.decision;
  const Field& field = *decision.field;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (s_.exists[side]) continue;
    const Value* had = noted_on(s_.link, field, kWent, other(side));
    if (flows(field.flow, side) && had != nullptr) return with_rows_that_went(view, side, *had);
    if (flows(field.flow, side)) return merge(view, other(side), {}, "created from " + std::string(side_name(other(side))));
    decision.kind = Decision::Kind::kAgree;
    decision.rule = "created from " + std::string(side_name(other(side))) + ", which these rows are not copied from";
    return {};
  }
  if (s_.record.left == nullptr || s_.record.right == nullptr) return {};
  if (view.decided) {
    const std::string method = *view.conflict->method;
    if (method != "left" && method != "right") return by_person(view);
    return merge(view, {}, method == "left" ? Side::kLeft : Side::kRight, "resolved by " + view.conflict->author.value_or("a person") + ": " + method);
  }
  if (is_reapplied(view)) return reapply_rows(view);
  if (view.has_base && !view.changed.left && !view.changed.right) {
    decision.closes_conflict = view.conflict != nullptr;
    return {};
  }
  if (view.conflict != nullptr && view.conflict->kind != "clash" && view.conflict->shown.left == decision.form.left && view.conflict->shown.right == decision.form.right) {
    decision.kind = Decision::Kind::kConflict;
    decision.conflict_kind = view.conflict->kind;
    decision.rule = view.conflict->kind + ": waits for a person";
    return {};
  }
  const Side target = field.flow == Flow::kToLeft ? Side::kLeft : Side::kRight;
  const bool drift = field.flow != Flow::kBoth && view.has_base && !view.changed[other(target)];
  if (drift && s_.plan.enforce) return merge(view, other(target), {}, "enforced: the " + std::string(side_name(target)) + " side may not change it");
  if (drift) {
    decision.kind = Decision::Kind::kDrift;
    decision.rule = "changed on the " + std::string(side_name(target)) + " side, which this mapping does not copy from";
    return {};
  }
  return merge(view, {}, {}, "");
}

Result<void> Pass::constants() {
  for (const Field& field : s_.plan.fields) {
    if (field.kind != Field::Kind::kConstant || !field.constant) continue;
    for (const Side side : {Side::kLeft, Side::kRight}) {
      if (field.paths[side].empty()) continue;
      const bool create = !s_.exists[side];
      const bool differs = s_.record[side] != nullptr && !same_form(field, side, form_of(field, side, s_.record[side]->fields), *field.constant);
      if (!create && (field.when == Field::When::kCreate || !differs || !out_.writes(side))) continue;
      if (auto laid = lay_value(side, field.paths[side].front(), *field.constant); !laid.ok()) return at_field(std::move(laid).error(), s_.plan, field);
    }
  }
  return {};
}

/// It names a record that is to be made first; then all of this is decided again.
void Pass::undecide(View& view) {
  Decision open;
  open.field = view.decision.field;
  open.base = std::move(view.decision.base);
  open.form = std::move(view.decision.form);
  open.rule = "the record that it names is to be made first";
  view.decision = std::move(open);
}

/// A record that is there on both sides is linked whatever it names: others may wait for just that link, the one that it names first of all.
void Pass::owe(View& view, std::size_t waits) {
  const Field& field = *view.decision.field;
  const bool alone = field.kind == Field::Kind::kReference && field.group < 0 && !s_.plan.whole_record;
  if (!s_.meets || !alone || out_.missing.size() == waits) return;
  undecide(view);
  view.decision.kind = Decision::Kind::kOwed;
  view.decision.owes = out_.missing[waits];
  view.decision.winner = view.decision.owes->from;
  view.decision.rule = view.decision.owes->mapping + " is not linked yet";
  out_.missing.resize(waits, Reference{});
}

bool Pass::is_matched_by(const Field& field) const {
  return std::any_of(s_.plan.matches.begin(), s_.plan.matches.end(), [&](const Match& match) {
    return std::any_of(match.pairs.begin(), match.pairs.end(), [&](const Match::Pair& pair) {
      const auto names = [&](Side side, const std::string& path) { return std::find(field.paths[side].begin(), field.paths[side].end(), path) != field.paths[side].end(); };
      return names(Side::kLeft, pair.path.left) || names(Side::kRight, pair.path.right);
    });
  });
}

/// A group is written whole (law 10): what goes with a reference that is owed is owed with it. A record is made without it, or waits with it
/// where that would lack something, or could not be found again. Not so of one that is won as a whole, of which everything would wait.
void Pass::owe_together(std::vector<View*>& views) {
  using Kind = Decision::Kind;
  if (s_.plan.whole_record) return;
  const auto first = std::find_if(views.begin(), views.end(), [](const View* view) { return view->decision.kind == Kind::kOwed; });
  if (first == views.end()) return;
  const Decision& reference = (*first)->decision;
  const bool makes = !s_.exists.left || !s_.exists.right;
  const auto travels = [makes](const View* view) {
    const Kind kind = view->decision.kind;
    const bool comes_back = kind == Kind::kResolve && makes;  // what a delete took: with the record or never
    return (kind == Kind::kCopy || kind == Kind::kResolve) && !comes_back && view->decision.field->kind != Field::Kind::kRows;
  };
  const bool needed = makes && std::any_of(views.begin(), views.end(), [&](const View* view) {
    return travels(view) && (view->decision.field->required || is_matched_by(*view->decision.field));
  });
  if (needed && reference.owes) return out_.missing.push_back(*reference.owes);
  for (View* view : views) {
    if (!travels(view)) continue;
    undecide(*view);
    view->decision.kind = Kind::kOwed;
    view->decision.winner = reference.winner;
    view->decision.owes = reference.owes;
    view->decision.rule = "group: goes with '" + reference.field->name + "', which is owed";
  }
}

Result<Decisions> Pass::run() {
  std::vector<View> views;
  views.reserve(s_.plan.fields.size());
  for (const Field& field : s_.plan.fields) {
    if (field.kind == Field::Kind::kConstant) continue;
    if (auto unread = unread_of(field, s_)) return at_field(std::move(*unread), s_.plan, field);
    View& view = views.emplace_back(look(field));
    const std::size_t making = out_.making.size(), waits = out_.missing.size();
    if (auto done = decide_field(view); !done.ok()) return at_field(std::move(done).error(), s_.plan, field);
    if (!out_.skip.empty()) return std::move(out_);
    if (out_.making.size() > making) undecide(view);
    owe(view, waits);
  }
  std::map<int, std::vector<View*>> groups;
  for (View& view : views) {
    if (s_.plan.whole_record) groups[0].push_back(&view);
    else if (view.decision.field->group >= 0) groups[view.decision.field->group].push_back(&view);
  }
  for (auto& [number, members] : groups) {
    const std::size_t making = out_.making.size();
    if (auto done = dispute_group(members); !done.ok()) return at_field(std::move(done).error(), s_.plan, *members.front()->decision.field);
    for (View* view : members) {
      if (out_.making.size() > making) undecide(*view);
    }
  }
  std::vector<Decision*> decisions;
  for (View& view : views) decisions.push_back(&view.decision);
  keep_lifecycle(s_, decisions);
  for (auto& [number, members] : groups) {
    s_.reversals != nullptr ? reverse_together(members) : wait_together(members);
    owe_together(members);
  }
  Sides<bool> contributed{false, false};
  for (View& view : views) {
    for (const Side to : {Side::kLeft, Side::kRight}) {
      if (!out_.missing.empty() || !out_.making.empty() || !would_lack(view.decision, to, s_.exists[to])) continue;  // else all of this is decided again
      Error error = at_field(required_and_empty(*view.decision.field, to), s_.plan, *view.decision.field);
      if (s_.exists[to]) return error;
      if (!out_.lacking) out_.lacking = std::move(error);
    }
    if (auto laid = lay(view.decision); !laid.ok()) return at_field(std::move(laid).error(), s_.plan, *view.decision.field);
    if (view.decision.kind == Decision::Kind::kCopy && view.decision.winner && (view.decision.to.left || view.decision.to.right)) contributed[*view.decision.winner] = true;
    out_.fields.push_back(std::move(view.decision));
  }
  TRY(constants());
  out_.merged = contributed.left && contributed.right && s_.exists.left && s_.exists.right ? 1 : 0;
  return std::move(out_);
}

Result<Decisions> decide(const Situation& situation) { return Pass(situation).run(); }

}  // namespace tidewire::sync
