#include "admin/explain.h"

#include <algorithm>
#include <array>
#include <set>

#include "admin/views.h"
#include "base/json.h"
#include "base/text.h"
#include "sync/jobs/revert.h"
#include "sync/redaction.h"

namespace tidewire::admin {
namespace {

using store::other;
using store::Side;
using store::side_name;

constexpr std::array kSides{Side::kLeft, Side::kRight};

/// As people read it: a text bare, everything else as JSON.
std::string said(const Value& value) {
  if (value.is_null()) return "nothing";
  return value.is_string() ? "\"" + shortened(value.as_string(), 80) + "\"" : shortened(json::dump(value), 80);
}

std::string when(Instant at) {
  std::string text = format_instant(at);  // "2024-05-01T10:00:00.123Z"
  if (text.size() > 10) text[10] = ' ';
  return text.substr(0, 19) + " UTC";
}

std::string said_at(const std::string& iso) {
  const auto at = parse_instant(iso);
  return at.ok() ? when(*at) : iso;
}

std::string how_it_came(const std::string& reason) {
  if (reason == "webhook") return "a webhook told of it";
  if (reason == "poll") return "a poll found it";
  if (reason == "listen") return "a listener heard of it";
  if (reason == "sweep") return "a sweep found it";
  if (reason == "job") return "a job asked for it";
  if (reason == "resync") return "a resync asked for it";
  if (reason == "child") return "a record that waits for it asked for it";
  if (reason == "person") return "a person asked for it";
  return "an earlier pass asked for it again";
}

}  // namespace

bool is_written(const Value& write) {
  const std::string outcome = write.string_or("outcome");
  return outcome != "refused" && outcome != "unknown" && outcome != "would be written";
}

namespace {

bool wrote(const store::Operation& operation, Side side) {
  const Value* writes = operation.record.find("writes");
  const auto there = [&](const Value& write) { return write.string_or("side") == side_name(side) && is_written(write); };
  return writes != nullptr && writes->is_array() && std::any_of(writes->as_array().begin(), writes->as_array().end(), there);
}

/// What a write of ours that does not count had left on the side, where that was put back; nullptr where it was not.
const Value* landed_on(const Value& decided, Side side) {
  const Value* back = decided.find("back");
  return back == nullptr ? nullptr : back->find(side_name(side));
}

}  // namespace

bool settles(const store::Operation& operation, const Value& decided) {
  static const std::set<std::string> kOpen{"conflict", "drift", "owed", "refused", "held", "nothing"};
  if (kOpen.contains(decided.string_or("decision"))) return false;
  return std::all_of(kSides.begin(), kSides.end(), [&](Side side) { return sync::given_to(decided, side) == nullptr || wrote(operation, side); });
}

bool carries(const store::Operation& operation, const sync::Field& field, const Value& decided) {
  const Value* writes = operation.record.find("writes");
  if (writes == nullptr || !writes->is_array()) return false;
  const auto holds = [&](const Value& write, Side side) {
    const Value* values = write.find("values");
    if (values == nullptr || write.string_or("side") != side_name(side) || !is_written(write)) return false;
    const auto& paths = field.paths[side];
    return std::any_of(paths.begin(), paths.end(), [&](const std::string& path) { return values->find(path) != nullptr || values->at_path(path) != nullptr; });
  };
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (sync::given_to(decided, side) == nullptr) continue;
    if (std::any_of(writes->as_array().begin(), writes->as_array().end(), [&](const Value& write) { return holds(write, side); })) return true;
  }
  return false;
}

namespace {

class Teller {
 public:
  Teller(const sync::Plan& plan, const Evidence& evidence) : plan_(plan), evidence_(evidence), link_(evidence.known.link ? &*evidence.known.link : evidence.known.tombstones.empty() ? nullptr : &evidence.known.tombstones.front()) {}

  /// What is the same of all these is told once.
  void gather(const std::vector<std::string>& names);
  Value field(const std::string& name) const;
  /// What `gather` found; "" = nothing.
  std::string origin() const;
  Value head() const;
  Array standing() const;

 private:
  std::string connection(Side side) const { return plan_.end[side].connection; }
  const store::Conflict* conflict_of(const std::string& field) const;
  std::string values_text(const std::string& name) const;
  std::string decision_text(const Value& decided, const store::Operation& operation) const;
  std::string tried_text(const Value& tried, const store::Operation& operation) const;
  std::string change_text(const store::Operation& operation) const;
  const store::Operation* decided_by(const std::string& name) const;
  std::string script_text(const store::Operation& operation) const;
  std::string came_by(const store::Operation& operation, const std::string& change) const;
  std::string pending_text(const std::string& name) const;
  std::string why() const;
  std::string way_on(const store::DirtyKey& row) const;

  const sync::Plan& plan_;
  const Evidence& evidence_;
  const store::Operation* all_by_ = nullptr;        // one operation decided all fields that are told
  const store::Operation* all_with_ = nullptr;      // one script version did
  const store::Link* link_;  // of a deleted record its newest tombstone, with what was agreed on last; nullptr: none
};

const store::Conflict* Teller::conflict_of(const std::string& field) const {
  for (const store::Conflict& open : evidence_.known.conflicts) {
    if (open.field == field) return &open;
  }
  return nullptr;
}

std::string Teller::values_text(const std::string& name) const {
  if (link_ == nullptr) return name + ": the record is linked to nothing.";
  const auto base = link_->base.find(name);
  if (base == link_->base.end()) return name + ": the sides have not agreed on a value yet.";
  return name + ": agreed on last: " + connection(Side::kLeft) + " " + said(base->second.left) + ", " + connection(Side::kRight) + " " + said(base->second.right) + ".";
}

std::string Teller::decision_text(const Value& decided, const store::Operation& operation) const {
  const std::string kind = decided.string_or("decision"), rule = decided.string_or("rule"), at = when(operation.at);
  const std::string why = rule.empty() ? "" : ", by the rule \"" + rule + "\"";
  const Value* to_left = sync::given_to(decided, Side::kLeft);
  const Value* to_right = sync::given_to(decided, Side::kRight);
  if (to_left != nullptr && to_right != nullptr) return std::string("Both sides ") + (operation.author ? "were given it" : "got a value made of both") + " on " + at + why + ".";
  if (to_left != nullptr || to_right != nullptr) {
    const Side target = to_left != nullptr ? Side::kLeft : Side::kRight;
    const Value* before = decided.find(side_name(target));
    const bool created = operation.kind == "create" || operation.kind == "restore";
    std::string text = operation.kind == "revert" || decided.find("winner") == nullptr ? connection(target) + " was given it on " + at : connection(target) + " got it from " + connection(other(target)) + " on " + at;
    text += why + ".";
    if (!created && before != nullptr) text += " Before, " + connection(target) + " had " + said(*before) + ".";
    return text;
  }
  if (kind == "agree") return "On " + at + " nothing had to be written" + (rule.empty() ? "" : ": " + rule) + ".";
  return "On " + at + ": " + rule + ".";
}

/// What was wanted since then and is not so.
std::string Teller::tried_text(const Value& tried, const store::Operation& operation) const {
  const std::string at = when(operation.at), kind = tried.string_or("decision"), rule = tried.string_or("rule");
  std::vector<std::string> wanted;
  std::string back;
  for (const Side side : kSides) {
    const Value* landed = landed_on(tried, side);
    const Value* own = tried.find(side_name(side));
    if (const Value* to = sync::given_to(tried, side)) wanted.push_back(said(*to) + " in " + connection(side));
    if (landed != nullptr && own != nullptr) back += " On " + at + " " + connection(side) + (wrote(operation, side) ? " got back " : " was to get back ") + said(*own) + ", where a write that does not count had left " + said(*landed) + ".";
  }
  if (wanted.empty() && kind == "nothing" && !back.empty()) return back.substr(1);
  if (wanted.empty()) {
    const std::string what = kind == "conflict" ? " it could not be decided: " : kind == "drift" ? " it was seen and left alone: " : ": ";
    return "On " + at + what + rule + "." + back;
  }
  std::string text = "On " + at + " it was to become " + join(wanted, " and ") + ", by the rule \"" + rule + "\", ";
  const Value* error = operation.record.find("error");
  if (operation.outcome == "would_write") text += "but nothing may be written there yet";
  else if (operation.outcome == "announced") text += "and whether that was written is not known yet";
  else if (error != nullptr) text += std::string("and ") + (operation.outcome == "held" ? "is held: " : "was not written: ") + error->string_or("message");
  else text += "and was not written";
  return text + " (operation " + operation.id + ")." + back;
}

std::string Teller::change_text(const store::Operation& operation) const {
  const Value* taken = operation.record.find("taken");
  std::vector<std::string> parts;
  if (taken != nullptr && taken->is_array()) {
    for (const Value& one : taken->as_array()) {
      const auto side = store::side_from_name(one.string_or("side"));
      const std::string where = side ? connection(*side) + " " + one.string_or("key") : one.string_or("key");
      const std::int64_t changes = one.int_or("changes", 1);
      parts.push_back("the change in " + where + (one.string_or("event") == "delete" ? " (a delete)" : "") + ": " + how_it_came(one.string_or("reason")) + (changes > 1 ? ", " + std::to_string(changes) + " times" : ""));
    }
  }
  std::string text = parts.empty() ? "" : " What it answered: " + join(parts, "; ") + ".";
  if (operation.author && !operation.author->empty()) text += " Decided by " + *operation.author + ".";
  if (operation.job) text += " Part of job " + *operation.job + ".";
  return text;
}

/// Nullptr: none that is known.
const store::Operation* Teller::decided_by(const std::string& name) const {
  if (const auto found = evidence_.decided.find(name); found != evidence_.decided.end()) return &found->second;
  return link_ != nullptr && link_->base.contains(name) && evidence_.loaded ? &*evidence_.loaded : nullptr;
}

void Teller::gather(const std::vector<std::string>& names) {
  std::vector<const store::Operation*> deciding;
  for (const std::string& name : names) {
    if (const store::Operation* one = decided_by(name)) deciding.push_back(one);
  }
  if (deciding.size() < 2) return;
  const store::Operation& first = *deciding.front();
  const auto all = [&](const auto& same) { return std::all_of(deciding.begin(), deciding.end(), same); };
  if (all([&](const store::Operation* one) { return one->id == first.id; })) all_by_ = &first;
  else if (all([&](const store::Operation* one) { return one->script == first.script; })) all_with_ = &first;
}

std::string Teller::origin() const {
  if (all_by_ != nullptr) return "All of this:" + change_text(*all_by_) + script_text(*all_by_) + " Operation " + all_by_->id + ".";
  return all_with_ == nullptr ? "" : "All of this:" + script_text(*all_with_);
}

std::string Teller::script_text(const store::Operation& operation) const {
  std::string text = " Script version " + operation.script.substr(0, 12);
  if (const auto script = evidence_.scripts.find(operation.script); script != evidence_.scripts.end()) {
    text += " of " + script->second.string_or("name") + ", loaded last " + said_at(script->second.string_or("at"));
  }
  return text + ".";
}

/// What of it is not told of all fields at once.
std::string Teller::came_by(const store::Operation& operation, const std::string& change) const {
  if (all_by_ != nullptr) return "";
  return change + (all_with_ == nullptr ? script_text(operation) : "") + " Operation " + operation.id + ".";
}

/// What still waits or is set aside.
std::string Teller::pending_text(const std::string& name) const {
  std::string text;
  if (const store::Conflict* open = conflict_of(name)) {
    text += open->method == "skip" ? " " + open->author.value_or("A person") + " skipped the conflict in it until one of the sides changes; it is open since " : " It is in conflict since ";
    text +=  when(open->opened_at) + ": " + connection(Side::kLeft) + " says " + said(open->shown.left.value_or(Value())) + ", " + connection(Side::kRight) + " says " + said(open->shown.right.value_or(Value())) +
            "; `tidewire resolve " + std::to_string(open->id) + " left|right` decides it.";
  }
  const Value* note = link_ == nullptr ? nullptr : link_->notes.find(name);
  if (note == nullptr) return text;
  if (const Value* who = note->find("ignored")) text += " " + (who->is_string() && !who->as_string().empty() ? who->as_string() : "A person") + " told to ignore differences in it.";
  if (note->bool_or("owed", false)) text += " It is owed: the record it refers to is not linked yet.";
  if (const Value* stored = note->find("stored")) text += " The " + note->string_or("side") + " system stores " + said(*stored) + " where " + said(note->find("sent") == nullptr ? Value() : *note->find("sent")) + " was sent.";
  return text;
}

Value Teller::field(const std::string& name) const {
  Object out{{"field", name}};
  if (link_ != nullptr) {
    if (const auto base = link_->base.find(name); base != link_->base.end()) {
      out["left"] = base->second.left;
      out["right"] = base->second.right;
    }
  }
  std::string text = values_text(name);
  if (const auto found = evidence_.decided.find(name); found != evidence_.decided.end()) {
    const store::Operation& operation = found->second;
    const Value& decided = *operation.record.find("fields")->find(name);
    for (const char* member : {"decision", "rule", "winner", "to_left", "to_right"}) {
      if (const Value* value = decided.find(member)) out[member] = *value;
    }
    out["before"] = Value(Object{{"left", decided.find("left") == nullptr ? Value() : *decided.find("left")}, {"right", decided.find("right") == nullptr ? Value() : *decided.find("right")}});
    out["at"] = format_instant(operation.at);
    out["operation"] = operation.id;
    out["script"] = operation.script;
    if (operation.author) out["author"] = *operation.author;
    if (operation.job) out["job"] = *operation.job;
    if (const Value* taken = operation.record.find("taken")) out["because"] = *taken;
    text += " " + decision_text(decided, operation) + came_by(operation, change_text(operation));
  } else if (link_ != nullptr && link_->base.contains(name) && evidence_.loaded) {
    const store::Operation& load = *evidence_.loaded;
    out["at"] = format_instant(load.at);
    out["operation"] = load.id;
    out["script"] = load.script;
    if (load.job) out["job"] = *load.job;
    text += " It is so since " + when(load.at) + ", by a load, which keeps no values of its rows." + came_by(load, load.job ? " Part of job " + *load.job + "." : "");
  } else if (link_ != nullptr && link_->base.contains(name)) {
    text += " It is so since the records were linked on " + when(link_->created_at) + ", or since an operation that is older than `keep` and was removed.";
  }
  if (const auto tried = evidence_.tried.find(name); tried != evidence_.tried.end()) {
    out["tried"] = tried->second.id;
    text += " " + tried_text(*tried->second.record.find("fields")->find(name), tried->second);
  }
  text += pending_text(name);
  out["text"] = text;
  return Value(std::move(out));
}

std::string Teller::why() const { return evidence_.why.empty() ? "" : ": it is " + evidence_.why; }

Value Teller::head() const {
  Object out{{"mapping", plan_.name}, {"side", side_name(evidence_.side)}};
  if (link_ == nullptr) {
    out["state"] = "unknown";
    out["text"] = plan_.name + ": '" + evidence_.key + "' of " + connection(evidence_.side) + " is linked to nothing" + why() + ".";
    return Value(std::move(out));
  }
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (link_->key[side]) out[std::string(side_name(side)) + "_key"] = *link_->key[side];
  }
  if (!evidence_.known.link) {
    const std::string deleted_in = link_->tombstone ? link_->tombstone->string_or("side") : "";
    const auto where = store::side_from_name(deleted_in);
    out["state"] = "deleted";
    out["text"] = plan_.name + ": " + connection(Side::kLeft) + " " + link_->key.left.value_or("–") + " and " + connection(Side::kRight) + " " + link_->key.right.value_or("–") + " were the same thing until " + when(link_->updated_at) +
                  (where ? ", when it was deleted in " + connection(*where) : ", when it was deleted") + "; the link is kept as a tombstone.";
    return Value(std::move(out));
  }
  out["state"] = store::link_state_name(link_->state);
  out["link"] = link_->id;
  out["text"] = plan_.name + ": " + connection(Side::kLeft) + " " + link_->key.left.value_or("–") + " and " + connection(Side::kRight) + " " + link_->key.right.value_or("–") + " are the same thing since " + when(link_->created_at) +
                (link_->state == store::LinkState::kLive ? "." : "; the link is " + std::string(store::link_state_name(link_->state)) + why() + ".");
  return Value(std::move(out));
}

/// What lets a key go on that stands; "" where it goes on by itself.
std::string Teller::way_on(const store::DirtyKey& row) const {
  const std::string record = plan_.name + " --side " + side_name(row.side) + " --key " + shell_word(row.key);
  if (row.state == store::KeyState::kDead) return " Mend that, then `tidewire retry --mapping " + record + "` tries it again.";
  if (row.state == store::KeyState::kHeld) return " `tidewire release " + plan_.name + "` lets it pass.";
  return "";
}

Array Teller::standing() const {
  Array out;
  std::set<std::string> told;  // operations that a key of these stands by
  for (const store::DirtyKey& row : evidence_.known.dirty) {
    const bool dead = row.state == store::KeyState::kDead;
    std::string text = connection(row.side) + " " + row.key + " is " + (dead ? "a dead letter" : store::key_state_name(row.state)) + " since " + when(row.since);
    if (row.error) text += ": " + row.error->string_or("message");
    if (!row.parent.empty()) text += " (" + row.parent + ")";
    text += "." + way_on(row);
    if (row.state == store::KeyState::kBackingOff) text += " Tried " + std::to_string(row.attempts) + (row.attempts == 1 ? " time" : " times") + ", again after " + when(row.due_at) + "; `tidewire op " + row.operation + "` tells what was said to the systems.";
    if (dead) told.insert(row.operation);
    out.push_back(Value(std::move(text)));
  }
  for (const store::Operation& operation : evidence_.history) {
    if (told.contains(operation.id)) continue;
    std::string text = when(operation.at) + ": " + (operation.kind == operation.outcome ? operation.kind : operation.kind + ", " + operation.outcome);
    if (operation.author && !operation.author->empty()) text += " by " + *operation.author;
    if (const Value* error = operation.record.find("error")) text += ": " + error->string_or("message");
    if (const Value* restored = operation.record.find("restored")) text += ": " + (restored->is_string() ? restored->as_string() : "");
    out.push_back(Value(text + "."));
  }
  return out;
}

}  // namespace

Value explain(const sync::Plan& plan, Evidence evidence, const std::string& field) {
  if (evidence.known.link) evidence.known.link = sync::as_told(&plan, std::move(*evidence.known.link));
  for (store::Link& buried : evidence.known.tombstones) buried = sync::as_told(&plan, std::move(buried));
  for (store::Conflict& open : evidence.known.conflicts) open = sync::as_told(&plan, std::move(open));
  std::vector<std::string> names;
  for (const sync::Field& one : plan.fields) {
    if (one.kind == sync::Field::Kind::kConstant && field.empty()) continue;
    if (field.empty() || field == one.name) names.push_back(one.name);
  }
  Teller teller(plan, evidence);
  teller.gather(names);
  Value out = teller.head();
  Array fields;
  for (const std::string& name : names) fields.push_back(teller.field(name));
  out["fields"] = Value(std::move(fields));
  if (const std::string origin = teller.origin(); !origin.empty()) out["origin"] = origin;
  out["standing"] = Value(teller.standing());
  return out;
}

}  // namespace tidewire::admin
