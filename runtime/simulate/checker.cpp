#include "simulate/checker.h"

#include <algorithm>
#include <map>

#include "base/json.h"
#include "simulate/evidence.h"
#include "simulate/replay.h"
#include "simulate/sample_checker.h"

namespace tidewire::simulate {
namespace {

using std::chrono::minutes;

class Check {
 public:
  explicit Check(World& world) : world_(world) {}

  std::optional<Violation> run() {
    if (auto found = come_to_rest()) return found;
    evidence_ = Evidence::gather(world_);
    for (const auto& [law, what] : world_.wrongs()) return Violation{law, what};
    if (world_.samples()) return of_sample();
    for (auto look : {&Check::integrity, &Check::nothing_stuck, &Check::counterparts, &Check::one_each, &Check::whole_groups, &Check::convergence, &Check::no_invention, &Check::sums, &Check::no_lost_edit, &Check::retyped,
                      &Check::deletes_stay, &Check::balance, &Check::replay}) {
      if (auto found = (this->*look)()) return found;
    }
    return quiescence();
  }

 private:
  std::optional<Violation> of_sample();
  std::optional<Violation> come_to_rest();
  std::optional<Violation> brake();
  std::optional<Violation> integrity();
  std::optional<Violation> nothing_stuck();
  std::optional<Violation> counterparts();
  std::optional<Violation> one_each();
  std::optional<Violation> whole_groups();
  std::optional<Violation> convergence();
  std::optional<Violation> no_invention();
  std::optional<Violation> sums();
  std::optional<Violation> no_lost_edit();
  std::optional<Violation> retyped();
  std::optional<Violation> deletes_stay();
  std::optional<Violation> balance();
  std::optional<Violation> replay();
  std::optional<Violation> quiescence();
  std::optional<Violation> judge(const Edit& edit);
  bool was_deleted(int thing) const;
  bool one_way(const std::string& field) const;
  bool same_boss(const Value& left, const Value& right) const;

  World& world_;
  Evidence evidence_;
};

std::string shown(const Value& value) { return json::dump(value); }

std::optional<Violation> Check::come_to_rest() {
  world_.faults().calm();
  world_.run(minutes(10));
  if (world_.runaway()) return Violation{"nothing stuck", "the engine runs in circles"};
  world_.retry();
  for (int round = 0; world_.tidy_up(); ++round) {
    if (round == 5) return Violation{"nothing stuck", "what a person set aside cannot be taken up again"};
    world_.run(minutes(10));
    world_.retry();
  }
  if (world_.profile().grows || world_.profile().revised) {
    // By now the field has met every record that something was told of; what else it is to be written to comes to light.
    world_.sweep_all();
    world_.run(minutes(10));
    if (auto found = world_.profile().grows ? brake() : std::nullopt) return found;
  }
  world_.release();
  world_.run(minutes(10));
  int quiet = 0;
  for (int round = 0; round < 14; ++round) {
    const int before = world_.writes();
    if (world_.profile().sweeps) world_.sweep();
    if (world_.profile().polls) world_.poll();
    world_.run(minutes(25));
    if (world_.runaway()) return Violation{"nothing stuck", "the engine runs in circles"};
    const auto counts = world_.asked<store::Summary>([this](auto done) { world_.store().summary(std::move(done)); });
    const auto found = counts.mappings.find("things");
    const bool moving = found != counts.mappings.end() && found->second.waiting + found->second.backing_off > 0;
    const bool busy = world_.writes() != before || moving || world_.unheard() > 0;
    quiet = busy ? 0 : quiet + 1;
    if (quiet == 2) return std::nullopt;
  }
  const Evidence now = Evidence::gather(world_);
  if (now.moving()) return Violation{"nothing stuck", "hours after the last edit keys are still at work: " + now.moving_text()};
  return Violation{"quiescence", "hours after the last edit there are still writes"};
}

/// No more records got the further field than the brake lets through; the others are on record as held.
std::optional<Violation> Check::brake() {
  const auto counts = world_.asked<store::BrakeCounts>([this](auto done) { world_.store().brake_counts("things", std::chrono::hours(48), std::move(done)); });
  const auto written = counts.kinds.find("field extra");
  if (written == counts.kinds.end() || written->second <= 1) return std::nullopt;
  return Violation{"brake", std::to_string(written->second) + " records got the new field, where the brake lets one through"};
}

/// A user's own mapping: what does not depend on it, and what sample_checker.h makes of it.
std::optional<Violation> Check::of_sample() {
  for (auto look : {&Check::integrity, &Check::nothing_stuck}) {
    if (auto found = (this->*look)()) return found;
  }
  if (auto found = check_sample(world_, evidence_)) return found;
  // A function that looks at the whole record sees only what the operation kept of it.
  const auto& fields = world_.mapper().plan().fields;
  const bool replays = std::none_of(fields.begin(), fields.end(), [](const sync::Field& field) { return field.own_function; });
  if (auto found = balance()) return found;
  if (auto found = replays ? replay() : std::nullopt) return found;
  return quiescence();
}

std::optional<Violation> Check::integrity() {
  const auto problems = world_.asked<std::vector<std::string>>([this](auto done) { world_.store().integrity_check(std::move(done)); });
  if (!problems.empty()) return Violation{"integrity", problems.front()};
  return std::nullopt;
}

std::optional<Violation> Check::nothing_stuck() {
  if (auto waits = evidence_.waits_in_vain()) return Violation{"nothing stuck", *waits};
  // Nothing lacks a title any more, and whoever is named is there.
  const bool refused = (world_.profile().demanding && !evidence_.dead().empty()) || (world_.profile().related && evidence_.blocked());
  if (refused) return Violation{"nothing stuck", evidence_.dead()};
  for (const store::Intent& intent : evidence_.intents) {
    const auto& target = intent.target_key;
    if (evidence_.excused(other(intent.side), intent.source_key) || (target && evidence_.excused(intent.side, *target))) continue;
    return Violation{"nothing stuck", std::string("the ") + store::intent_kind_name(intent.kind) + " announced for '" + intent.source_key + "' was never closed"};
  }
  return std::nullopt;
}

/// Every record has its other half, or a reason why not is on record.
std::optional<Violation> Check::counterparts() {
  for (const Side side : {Side::kLeft, Side::kRight}) {
    for (const auto& [key, row] : world_.side(side).rows()) {
      if (evidence_.excused(side, key) || world_.outside(world_.ledger().thing_of(row.fields))) continue;
      const store::Link* link = evidence_.link(side, key);
      const std::string name = std::string(store::side_name(side)) + " record '" + key + "'";
      if (link == nullptr || !link->key[other(side)]) return Violation{"convergence", name + " has no counterpart"};
      if (!world_.side(other(side)).rows().contains(*link->key[other(side)]) && !evidence_.excused(other(side), *link->key[other(side)])) {
        return Violation{"convergence", name + " is linked to '" + *link->key[other(side)] + "', which is not there"};
      }
    }
  }
  return std::nullopt;
}

std::optional<Violation> Check::one_each() {
  for (const Side side : {Side::kLeft, Side::kRight}) {
    std::map<int, std::string> seen;
    for (const auto& [key, row] : world_.side(side).rows()) {
      const int thing = world_.ledger().thing_of(row.fields);
      const auto [it, fresh] = seen.emplace(thing, key);
      if (!fresh) return Violation{"no duplicate create", std::string(store::side_name(side)) + " has thing " + std::to_string(thing) + " twice: '" + it->second + "' and '" + key + "'"};
    }
  }
  return std::nullopt;
}

/// What a side took of a group without the rest was put back.
std::optional<Violation> Check::whole_groups() {
  for (const Side side : {Side::kLeft, Side::kRight}) {
    for (const auto& [key, row] : world_.side(side).rows()) {
      const int thing = world_.ledger().thing_of(row.fields);
      if (!world_.ledger().whole() || evidence_.excused(side, key) || world_.ledger().composed(thing, row.fields)) continue;
      return Violation{"no torn group", key + " on the " + store::side_name(side) + " is left with " + world_.ledger().combination(row.fields) + ", which nobody wrote together"};
    }
  }
  return std::nullopt;
}

bool Check::one_way(const std::string& field) const {
  const sync::Field* planned = world_.mapper().plan().field(field);
  return planned != nullptr && planned->flow == sync::Flow::kToRight;
}

std::optional<Violation> Check::convergence() {
  for (const store::Link& link : evidence_.links) {
    if (link.state != store::LinkState::kLive || !link.key.left || !link.key.right) continue;
    if (evidence_.excused(Side::kLeft, *link.key.left) || evidence_.excused(Side::kRight, *link.key.right)) continue;
    const auto left = world_.side(Side::kLeft).rows().find(*link.key.left);
    const auto right = world_.side(Side::kRight).rows().find(*link.key.right);
    if (left == world_.side(Side::kLeft).rows().end() || right == world_.side(Side::kRight).rows().end()) continue;
    for (const auto& [field, value] : left->second.fields.as_object()) {
      const Value* there = right->second.fields.find(field);
      if (field == "status") continue;  // not the mapping's
      if ((there != nullptr && *there == value) || evidence_.in_conflict(link.id, field)) continue;
      if (field == "boss" && same_boss(value, there == nullptr ? Value() : *there)) continue;
      // A one-way field may differ by an edit on its target, until the source changes again (law 23).
      const Edit* drift = there == nullptr ? nullptr : world_.ledger().of(*there);
      if (one_way(field) && drift != nullptr && drift->side == Side::kRight) continue;
      if (world_.profile().grouped && Evidence::apart(link, field)) continue;  // taken back, or a person's word
      return Violation{"convergence", *link.key.left + "/" + *link.key.right + " differ in " + field + ": " + shown(value) + " and " + (there == nullptr ? "nothing" : shown(*there))};
    }
  }
  return std::nullopt;
}

/// Each in its own keys. Of whom nothing is promised, nothing is promised of being named.
bool Check::same_boss(const Value& left, const Value& right) const {
  int named[2] = {-1, -1};
  for (const Side side : {Side::kLeft, Side::kRight}) {
    const Value& boss = side == Side::kLeft ? left : right;
    const auto& rows = world_.side(side).rows();
    const auto row = boss.is_string() ? rows.find(boss.as_string()) : rows.end();
    if (row == rows.end()) continue;
    if (evidence_.excused(side, row->first)) return true;
    named[side == Side::kLeft ? 0 : 1] = world_.ledger().thing_of(row->second.fields);
  }
  return named[0] == named[1];
}

std::optional<Violation> Check::no_invention() {
  for (const Side side : {Side::kLeft, Side::kRight}) {
    for (const auto& [key, row] : world_.side(side).rows()) {
      const int thing = world_.ledger().thing_of(row.fields);
      for (const auto& [field, value] : row.fields.as_object()) {
        if (field == "amount" || field == "status" || value.is_null()) continue;
        if (field == "badge" || field == "mood" || field == "marks" || (field == "boss" && world_.side(side).rows().contains(value.as_string()))) continue;
        const Edit* edit = world_.ledger().of(value);
        const bool known = edit != nullptr && edit->field == field && edit->thing == thing;
        if (!known) return Violation{"no invention", std::string(store::side_name(side)) + " '" + key + "' has " + field + " = " + shown(value) + ", which nobody wrote there"};
      }
    }
  }
  return std::nullopt;
}

/// Each edit of a number counts exactly once.
std::optional<Violation> Check::sums() {
  for (const Side side : {Side::kLeft, Side::kRight}) {
    for (const auto& [key, row] : world_.side(side).rows()) {
      const int thing = world_.ledger().thing_of(row.fields);
      const store::Link* link = evidence_.link(side, key);
      if (evidence_.excused(side, key) || world_.outside(thing) || (link != nullptr && evidence_.in_conflict(link->id, "amount"))) continue;
      const Value* amount = row.fields.find("amount");
      if (amount == nullptr || !amount->is_int()) continue;
      const std::int64_t missing = world_.ledger().sum(thing) - amount->as_int();
      const std::int64_t may_miss = world_.ledger().may_miss(thing) | (link == nullptr ? 0 : evidence_.overruled(*link));
      if (missing == 0 || (missing > 0 && (missing & ~may_miss) == 0)) continue;
      return Violation{missing > 0 ? "no lost edit" : "no invention", std::string(store::side_name(side)) + " '" + key + "' has amount " + shown(*amount) + " where the edits add up to " + std::to_string(world_.ledger().sum(thing))};
    }
  }
  return std::nullopt;
}

bool Check::was_deleted(int thing) const {
  const auto& burials = world_.ledger().burials();
  return std::any_of(burials.begin(), burials.end(), [&](const Burial& burial) { return burial.thing == thing; });
}

/// In a final value, superseded by somebody who saw it, or on record as an input that lost.
std::optional<Violation> Check::judge(const Edit& edit) {
  if (edit.excused || edit.buried || edit.added != 0 || evidence_.recorded(edit.id)) return std::nullopt;
  if (one_way(edit.field) && edit.side == Side::kRight && (was_deleted(edit.thing) || world_.outside(edit.thing))) return std::nullopt;  // drift dies with its record
  const auto& edits = world_.ledger().edits();
  const bool superseded = std::any_of(edits.begin(), edits.end(), [&](const Edit& later) { return later.saw == edit.id; });
  bool stands = false;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    for (const auto& [key, row] : world_.side(side).rows()) {
      const Value* value = row.fields.find(edit.field);
      const Edit* found = value == nullptr ? nullptr : world_.ledger().of(*value);
      stands = stands || (found != nullptr && found->id == edit.id);
      if (found == nullptr || evidence_.excused(side, key) || world_.outside(edit.thing)) continue;
      const store::Link* link = evidence_.link(side, key);
      if (link != nullptr && evidence_.in_conflict(link->id, edit.field)) continue;
      // One side still shows what this edit replaced: it was undone.
      if (world_.ledger().follows(edit, *found) && !superseded) {
        const bool here = side == edit.side;
        if (one_way(edit.field) && (here || found->side != edit.side)) continue;
        return Violation{"no lost edit", std::string(store::side_name(side)) + " '" + key + "' went back to " + shown(found->value) + ", which " + shown(edit.value) + " had replaced"};
      }
    }
  }
  if (stands || superseded) return std::nullopt;
  return Violation{"no lost edit", shown(edit.value) + ", written on the " + store::side_name(edit.side) + " side, is nowhere: not in a record, not replaced by somebody who saw it, not on record as having lost"};
}

std::optional<Violation> Check::no_lost_edit() {
  for (const Edit& edit : world_.ledger().edits()) {
    if (auto found = judge(edit)) return found;
  }
  return std::nullopt;
}

/// What was entered again is no less an edit for it: overwritten it is on record as having lost.
std::optional<Violation> Check::retyped() {
  for (const Retyped::Typed& typed : world_.retyped().overwritten()) {
    const std::string field = Retyped::field_of(typed.cell);
    const auto lost_in = [&](const Value& fields) {
      const Value* decided = fields.find(field);
      const Value* shown = decided == nullptr ? nullptr : decided->find(store::side_name(typed.side));
      const bool disputed = decided != nullptr && (decided->string_or("decision") == "resolve" || decided->string_or("decision") == "conflict");
      return disputed && shown != nullptr && Retyped::get(Value(Object{{field, *shown}}), typed.cell) == typed.value;
    };
    const bool recorded = std::any_of(evidence_.operations.begin(), evidence_.operations.end(), [&](const store::Operation& operation) {
      if (operation.at < typed.at || operation.key[typed.side] != typed.key) return false;
      const Value* fields = operation.record.find("fields");
      const Value* earlier = operation.record.find("earlier");
      return (fields != nullptr && lost_in(*fields)) || (earlier != nullptr && std::any_of(earlier->as_array().begin(), earlier->as_array().end(), lost_in));
    });
    if (!recorded) return Violation{"no lost edit", typed.cell + " of '" + typed.key + "', entered again on the " + store::side_name(typed.side) + " side as " + shown(typed.value) + ", was overwritten, and is not on record as having lost"};
  }
  return std::nullopt;
}

/// What was deleted stays away unless somebody who did not know of it wrote to it.
std::optional<Violation> Check::deletes_stay() {
  for (const Burial& burial : world_.ledger().burials()) {
    if (!burial.binding || world_.handed(burial.thing) || (burial.in_air && world_.side(burial.side).unanswered(burial.key))) continue;
    const auto& edits = world_.ledger().edits();
    const bool unseen = std::any_of(edits.begin(), edits.end(), [&](const Edit& edit) { return edit.thing == burial.thing && !burial.saw.contains(edit.id); });
    if (unseen) continue;
    for (const Side side : {Side::kLeft, Side::kRight}) {
      const auto key = world_.side(side).key_of(burial.thing);
      if (key && !evidence_.excused(side, *key)) return Violation{"deletes stay", "thing " + std::to_string(burial.thing) + " was deleted on the " + store::side_name(burial.side) + " side and lives on the " + store::side_name(side) + " as '" + *key + "'"};
    }
  }
  return std::nullopt;
}

/// Each change that was received came to one end, or waits.
std::optional<Violation> Check::balance() {
  const auto summary = world_.asked<store::Summary>([this](auto done) { world_.store().summary(std::move(done)); });
  const auto mapping = summary.mappings.find("things");
  if (mapping == summary.mappings.end()) return std::nullopt;
  const store::Summary::Mapping& things = mapping->second;
  const auto count = [&](const char* name) {
    const auto found = things.counters.find(name);
    return found == things.counters.end() ? std::int64_t{0} : found->second;
  };
  std::int64_t ended = things.waiting + things.backing_off + things.held_rows + things.waiting_for + things.conflict + things.dead_rows;
  std::string text = std::to_string(ended) + " waiting or standing";
  for (const char* name : {"applied", "echo", "coalesced", "filtered", "discarded", "conflict", "drift", "ignored", "ignored_deletes", "gone", "left_scope"}) {
    ended += count(name);
    if (count(name) != 0) text += ", " + std::to_string(count(name)) + " " + name;
  }
  if (ended == count("received")) return std::nullopt;
  return Violation{"balance", std::to_string(count("received")) + " received, but " + text};
}

std::optional<Violation> Check::replay() {
  const Sides<const sync::Capabilities*> capabilities{&world_.side(Side::kLeft).capabilities(), &world_.side(Side::kRight).capabilities()};
  for (const store::Operation& operation : evidence_.operations) {
    if (auto differs = replay_decision(world_.mapper(), operation, capabilities)) return Violation{"replay equality", *differs};
  }
  return std::nullopt;
}

std::optional<Violation> Check::quiescence() {
  const int before = world_.writes();
  world_.hook_everything(2);
  world_.run(minutes(10));
  if (world_.writes() == before) return std::nullopt;
  return Violation{"quiescence", std::to_string(world_.writes() - before) + " writes after webhooks that told nothing new"};
}

}  // namespace

std::optional<Violation> check(World& world) { return Check(world).run(); }

}  // namespace tidewire::simulate
