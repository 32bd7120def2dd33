#include "simulate/replay.h"

#include <map>

#include "base/json.h"
#include "sync/merge/decide.h"

namespace tidewire::simulate {
namespace {

/// What the record of an operation says of one field, if decide() alone said it.
bool replays(const Value& field) {
  const std::string decision = field.string_or("decision"), rule = field.string_or("rule");
  if (decision == "conflict") return rule.rfind("manual: ", 0) == 0 || rule.rfind("group, ", 0) == 0;
  return (decision == "copy" || decision == "resolve") && rule.rfind("resolved by", 0) != 0 && rule.rfind("reverted by", 0) != 0;
}

class Replay {
 public:
  Replay(sync::Mapper& mapper, const store::Operation& operation, Sides<const sync::Capabilities*> capabilities) : mapper_(mapper), operation_(operation), capabilities_(capabilities) {
    for (const Side side : {Side::kLeft, Side::kRight}) prepare(side);
    exists_ = {seen(Side::kLeft) || !creates(), seen(Side::kRight) || !creates()};
  }

  std::optional<std::string> difference(const Value& fields) {
    for (const auto& [name, field] : fields.as_object()) lay(name, field);
    sync::Situation situation{mapper_.plan(), mapper_, link_, {}, exists_, conflicts_, translations_, capabilities_, offset_};
    situation.judgements = &judgements_;
    for (const Side side : {Side::kLeft, Side::kRight}) situation.record[side] = seen(side) ? &record_[side] : nullptr;
    const auto decided = sync::decide(situation);
    if (!decided.ok()) return "operation " + operation_.id + " cannot be decided again: " + decided.error().message;
    for (const sync::Decision& decision : decided->fields) {
      const Value* before = fields.find(decision.field->name);
      if (before == nullptr || !replays(*before) || decision.field->kind == sync::Field::Kind::kReference) continue;  // links that translate it are not in the record
      for (const Side side : {Side::kLeft, Side::kRight}) {
        const auto& now = decision.to[side];
        const bool back = before->at_path(std::string("back.") + store::side_name(side)) != nullptr;  // a write before it did not count: not decided here
        const Value* then = back ? nullptr : before->find(side == Side::kLeft ? "to_left" : "to_right");
        const bool same = now ? then != nullptr && *then == *now : then == nullptr;
        if (!same) return "operation " + operation_.id + ", " + decision.field->name + ": it gave the " + store::side_name(side) + " " + (then == nullptr ? "nothing" : json::dump(*then)) + ", and gives " + (now ? json::dump(*now) : "nothing") + " when decided again from its record";
      }
    }
    return std::nullopt;
  }

 private:
  bool creates() const { return operation_.kind == "create" || operation_.kind == "restore"; }
  const Value* part(Side side) const { return operation_.record.find(store::side_name(side)); }
  bool seen(Side side) const { return part(side) != nullptr; }

  void prepare(Side side) {
    const Value* part = this->part(side);
    if (part == nullptr) return;
    const auto modified = parse_instant(part->string_or("modified"));
    if (modified.ok()) record_[side].modified = *modified;
    offset_[side] = Duration(part->int_or("clock_offset_us", 0));
  }

  void lay(const std::string& name, const Value& field) {
    const sync::Field* planned = mapper_.plan().field(name);
    if (planned == nullptr) return;
    for (const Side side : {Side::kLeft, Side::kRight}) sync::lay_form(*planned, side, *field.find(store::side_name(side)), record_[side].fields);
    if (const Value* stamps = field.find("stamps")) link_.stamps[name] = *stamps;
    if (const Value* note = field.find("note")) link_.notes[name] = *note;
    if (const Value* base = field.find("base")) link_.base[name] = {*base->find("l"), *base->find("r")};
    if (const Value* judged = field.find("judged"); judged != nullptr) {
      for (const auto& [about, said] : judged->as_object()) judgements_[about] = {said.string_or("id"), said.find("answer") == nullptr ? Value() : *said.find("answer"), said.string_or("why")};
    }
  }

  sync::Mapper& mapper_;
  const store::Operation& operation_;
  Sides<const sync::Capabilities*> capabilities_;
  store::Link link_;
  Sides<sync::Record> record_;
  Sides<bool> exists_{true, true};
  Sides<Duration> offset_{};
  const std::vector<store::Conflict> conflicts_;
  const sync::Translations translations_;
  sync::Judgements judgements_;
};

}  // namespace

std::optional<std::string> replay_decision(sync::Mapper& mapper, const store::Operation& operation, Sides<const sync::Capabilities*> capabilities) {
  const Value* fields = operation.record.find("fields");
  if (fields == nullptr || !fields->is_object() || fields->as_object().empty() || operation.kind == "delete" || operation.record.find("error") != nullptr) return std::nullopt;
  return Replay(mapper, operation, capabilities).difference(*fields);
}

}  // namespace tidewire::simulate
