// What is told of a pass: the operation with its inputs, its decisions and its writes, so that it can be explained and decided
// again (law 32). Values that the mapping hides are told as a hash.
#include <algorithm>

#include "base/json.h"
#include "sync/reconcile/reconcile.h"
#include "sync/redaction.h"

namespace tidewire::sync {

using store::side_name;

namespace {

const char* decision_name(Decision::Kind kind) {
  switch (kind) {
    case Decision::Kind::kNothing: return "nothing";
    case Decision::Kind::kCopy: return "copy";
    case Decision::Kind::kResolve: return "resolve";
    case Decision::Kind::kAgree: return "agree";
    case Decision::Kind::kConflict: return "conflict";
    case Decision::Kind::kDrift: return "drift";
    case Decision::Kind::kOwed: return "owed";
    case Decision::Kind::kRefused: return "refused";
    case Decision::Kind::kHeld: return "held";
  }
  return "";
}

Value hidden(const Value& value, bool redact) { return redact ? hashed(value) : value; }

}  // namespace

Value Reconcile::write_notes(Side side, const std::string& kind, const Value& values, const std::string& outcome) const {
  Object write;
  write["side"] = side_name(side);
  write["connection"] = plan_.end[side].connection;
  write["kind"] = kind;
  if (link_.key[side]) write["key"] = *link_.key[side];
  Value shown = values;
  for (const Field& field : plan_.fields) {
    if (!is_redacted(field) || !shown.is_object()) continue;
    for (const std::string& path : field.paths[side]) {
      if (const Value* secret = shown.at_path(path); secret != nullptr) shown.set_path(path, as_told(field, side, *secret));
    }
  }
  write["values"] = std::move(shown);
  write["outcome"] = outcome;
  return Value(std::move(write));
}

void Reconcile::note_write(Side side, const std::string& kind, const Value& values, const std::string& outcome) {
  writes_.push_back(write_notes(side, kind, values, outcome));
}

/// What passes wrote whose end was not stored: found by its announcements, and told where the base takes it (law 31).
store::Operation Reconcile::told_late(const std::vector<store::Intent>& found) const {
  store::Operation late;
  late.id = lane_.ids.next();
  late.at = now();
  late.mapping = lane_.mapping;
  late.link = link_.id;  // 0: of this commit
  late.key = link_.key;
  late.kind = "update";
  late.outcome = "applied";
  late.script = mapper_->version();
  Array writes;
  Object fields;
  for (const store::Intent& intent : found) {
    const std::string of = "by operation " + intent.operation + ", whose end was not stored";
    writes.push_back(write_notes(intent.side, "update", intent.sent, "written " + of));
    for (const auto& [name, announced] : intent.fields.as_object()) {
      const Field* field = plan_.field(name);
      if (field == nullptr) continue;
      Value& told = fields[name];
      told["decision"] = "written";
      told["rule"] = of;
      const auto part = [&](const char* as, const char* of_announced) {
        if (const Value* value = announced.find(of_announced); value != nullptr) told[as] = hidden(*value, field->redact);
      };
      part("left", "l");
      part("right", "r");
      part(intent.side == Side::kLeft ? "to_left" : "to_right", "to");
      if (announced.find("back") == nullptr) continue;
      const std::string side = side_name(intent.side);
      told["back"][side] = *told.find(side);
      told[side] = *told.find("to_" + side);
    }
  }
  late.record = Value(Object{{"taken", Value(Array{})}, {"writes", Value(std::move(writes))}, {"fields", Value(std::move(fields))}});
  return late;
}

Value Reconcile::field_notes(const Decision& decision) const {
  const Field& field = *decision.field;
  const bool redact = is_redacted(field);
  Object out;
  out["decision"] = decision_name(decision.kind);
  out["rule"] = decision.rule;
  if (decision.winner) out["winner"] = side_name(*decision.winner);
  if (redact) out["redacted"] = true;
  if (decision.skipped) out["skipped"] = true;
  out["left"] = as_told(field, Side::kLeft, decision.form.left);
  out["right"] = as_told(field, Side::kRight, decision.form.right);
  if (decision.base) out["base"] = Value(Object{{"l", as_told(field, Side::kLeft, decision.base->left)}, {"r", as_told(field, Side::kRight, decision.base->right)}});
  if (decision.to.left) out["to_left"] = as_told(field, Side::kLeft, *decision.to.left);
  if (decision.to.right) out["to_right"] = as_told(field, Side::kRight, *decision.to.right);
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (!decision.put_back[side]) continue;
    out[std::string("to_") + side_name(side)] = out[side_name(side)];
    out["back"][side_name(side)] = as_told(field, side, *decision.put_back[side]);
  }
  if (!decision.stamps.is_null()) out["stamps"] = decision.stamps;
  if (!decision.note.is_null() && !redact) out["note"] = decision.note;
  for (const auto& [name, judgement] : decision.judged) {
    Value& told = out["judged"][name];
    told["id"] = judgement.id;
    if (judgement.why.empty()) told["answer"] = hidden(judgement.answer, redact);
    else told["why"] = judgement.why;
  }
  return Value(std::move(out));
}

Value Reconcile::lost_notes() const {
  Value notes = lost_;
  for (auto& [name, value] : notes.as_object()) {
    const Field* field = plan_.field(name);
    if (field != nullptr) value = hidden(value, is_redacted(*field));
  }
  return notes;
}

/// What was asked and what came.
Value Reconcile::lookup_notes() const {
  Array notes;
  for (const auto& [name, answer] : answers_) {
    const bool hide = hidden_questions_.contains(name);
    const std::size_t first = name.find('\n'), second = name.find('\n', first + 1);
    Object note{{"in", Value(name.substr(0, first))}, {"by", Value(name.substr(first + 1, second - first - 1))}};
    const auto value = json::parse(name.substr(second + 1));
    note["value"] = value.ok() ? hidden(*value, hide) : Value();
    note["found"] = answer ? hidden(answer->fields, hide) : Value();
    notes.push_back(Value(std::move(note)));
  }
  return Value(std::move(notes));
}

void Reconcile::fill_operation(const std::string& kind, const std::string& outcome) {
  operation_.at = now();
  operation_.mapping = lane_.mapping;
  if (link_.id != 0) operation_.link = link_.id;
  for (const Side side : {Side::kLeft, Side::kRight}) operation_.key[side] = link_.key[side];
  if (operation_.kind.empty()) operation_.kind = kind;
  operation_.outcome = outcome;
  operation_.script = mapper_->version();
  operation_.job = options_.job;
  if (options_.author) operation_.author = options_.author;
  operation_.changes = 0;
  Array taken;
  for (const store::DirtyKey& row : taken_) {
    operation_.changes += row.changes;
    taken.push_back(Value(Object{{"side", Value(side_name(row.side))}, {"key", Value(row.key)}, {"reason", Value(row.reason)}, {"event", Value(row.event)}, {"changes", Value(row.changes)}}));
    if (!options_.dry) taken.back()["since"] = format_instant(row.since);
  }
  Object record;
  if (!options_.dry) {
    record["began"] = format_instant(timeline_.began());
    record["steps"] = timeline_.steps();
  }
  record["taken"] = Value(std::move(taken));
  record["writes"] = Value(writes_);
  Object fields;
  for (const Decision& decision : decisions_.fields) {
    const bool given_back = decision.put_back.left || decision.put_back.right;
    if (decision.kind != Decision::Kind::kNothing || given_back || options_.thorough) fields[decision.field->name] = field_notes(decision);
  }
  record["fields"] = Value(std::move(fields));
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (!record_[side]) continue;
    Object seen;
    seen["version"] = record_[side]->version;
    if (record_[side]->modified) seen["modified"] = format_instant(*record_[side]->modified);
    const Duration offset = lane_.batcher[side]->endpoint().clock_offset();
    if (record_[side]->modified && offset != Duration{}) seen["clock_offset_us"] = Value(offset.count());
    record[side_name(side)] = Value(std::move(seen));
  }
  if (merges_ > 0) record["merged_again"] = merges_;
  if (const std::string why = options_.thorough ? outside_text() : ""; !why.empty()) record["why"] = why;
  if (!answers_.empty()) record["lookups"] = lookup_notes();
  if (!earlier_.empty()) record["earlier"] = Value(earlier_);
  if (!restored_.empty()) record["restored"] = restored_;
  if (made_) record["made"] = true;
  if (!lost_.as_object().empty()) record["found_in_trash"] = lost_notes();
  operation_.record = Value(std::move(record));
}

/// Taken out of what brought them; the same request may come with several answers.
void Reconcile::keep(Exchanges& exchanges, std::optional<Side> side, std::optional<std::size_t> step) {
  for (auto& one : exchanges) {
    const bool known = std::any_of(heard_.begin(), heard_.end(), [&](const Heard& before) { return before.exchange == one; });
    if (!known) heard_.push_back({std::move(one), side, step});
  }
  exchanges.clear();
}

/// With those of earlier passes over the same keys that came to no operation. A plain row of a load tells none (law 32).
void Reconcile::tell_exchanges(store::Commit& commit) const {
  commit.pass = operation_.id;
  for (const Heard& one : heard_) commit.exchanges.push_back({one.exchange, one.step ? timeline_.place(*one.step) : std::nullopt, one.side});
  for (const store::DirtyKey& row : taken_) {
    if (!row.operation.empty() && row.operation != operation_.id) commit.earlier_passes.push_back(row.operation);
  }
}

/// A row that an initial load made or linked and nothing else: job, keys and outcome are told of it, its values are in the
/// base (law 32). Where an edit lost, or a write met something, all of it is told.
bool Reconcile::is_plain_load(const std::string& outcome) const {
  const bool loaded = !lane_.load.empty() && !taken_.empty() && std::all_of(taken_.begin(), taken_.end(), [](const store::DirtyKey& row) { return row.reason == "job"; });
  const bool plain = (creating_ && operation_.kind == "create") || (operation_.kind == "link" && writes_.empty());
  const bool quiet = merges_ == 0 && earlier_.empty() && std::none_of(decisions_.fields.begin(), decisions_.fields.end(), [](const Decision& one) { return one.discards || one.kind == Decision::Kind::kConflict; });
  const bool told = std::any_of(plan_.hooks.begin(), plan_.hooks.end(), [](const Hook& hook) { return hook.event == "created"; });  // with the record
  return loaded && plain && quiet && !told && outcome == "applied" && !options_.dry;
}

}  // namespace tidewire::sync
