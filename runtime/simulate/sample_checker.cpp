#include "simulate/sample_checker.h"

#include <algorithm>

#include "base/json.h"
#include "simulate/as_new.h"
#include "sync/merge/canonical.h"
#include "sync/reconcile/report.h"

namespace tidewire::simulate {
namespace {

using store::other;
using store::side_name;

class SampleCheck {
 public:
  SampleCheck(World& world, const Evidence& evidence) : world_(world), evidence_(evidence), plan_(world.mapper().plan()) {}

  std::optional<Violation> run() {
    for (auto look : {&SampleCheck::scripts, &SampleCheck::counterparts, &SampleCheck::round_trip, &SampleCheck::convergence, &SampleCheck::no_lost_edit}) {
      if (auto found = (this->*look)()) return found;
    }
    return std::nullopt;
  }

 private:
  /// A record that the mapping's own functions and checks refuse is a dead letter for ever: its author should know.
  std::optional<Violation> scripts() {
    if (world_.broken()) return Violation{"no script error", *world_.broken()};
    const bool injected = world_.profile()[Fault::kScript] > 0;
    for (const store::Operation& operation : evidence_.operations) {
      const Value* error = operation.record.find("error");
      const std::string code = error == nullptr ? "" : error->string_or("code");
      const bool of_script = (code == "script" && !injected) || code == "budget" || code == "invalid";
      if (operation.outcome == "dead" && of_script) return Violation{"no dead letter", operation.key.left.value_or("-") + "/" + operation.key.right.value_or("-") + ": " + error->string_or("message")};
    }
    return std::nullopt;
  }

  bool stayed_alone(Side side, const std::string& key) const {
    return std::any_of(evidence_.links.begin(), evidence_.links.end(), [&](const store::Link& link) { return link.state != store::LinkState::kLive && link.key[side] && *link.key[side] == key; });
  }

  std::optional<Violation> counterparts() {
    for (const Side side : {Side::kLeft, Side::kRight}) {
      if (!sync::flows(plan_.flow, other(side))) continue;
      for (const auto& [key, row] : world_.side(side).rows()) {
        if (evidence_.excused(side, key) || !sync::meets(plan_.end[side].scope, row.fields, plan_, side)) continue;
        const store::Link* link = evidence_.link(side, key);
        if (link == nullptr && stayed_alone(side, key)) continue;  // its counterpart was deleted, and the mapping lets it stay
        const std::string name = std::string(side_name(side)) + " record '" + key + "'";
        if (link == nullptr || !link->key[other(side)]) return Violation{"convergence", name + " has no counterpart"};
        if (link->state == store::LinkState::kLive && !world_.side(other(side)).rows().contains(*link->key[other(side)]) && !evidence_.excused(other(side), *link->key[other(side)])) return Violation{"convergence", name + " is linked to '" + *link->key[other(side)] + "', which is not there"};
      }
    }
    return std::nullopt;
  }

  /// The field alone: what the other side makes of it, of that, and of what came back. A value may change its form once on
  /// the way ("020 7946" <-> "+44207946"), but what it is must stay.
  std::optional<Violation> round_trip(const sync::Field& field, Side from, const Value& fields) const {
    if (sync::empty_form(field, from, sync::form_of(field, from, fields))) return std::nullopt;  // what stands for nothing is no value on its way
    const Side to = other(from);
    const AsNew here(world_.mapper(), from, fields);
    const auto there = here.turn(field);
    const auto whole = here.decide();  // functions may look at the rest of the record
    if (!there.ok() || !*there || !whole.ok()) return std::nullopt;
    Value sent = whole->patch[to], back = fields;
    sync::lay_form(field, to, **there, sent);
    const auto returned = AsNew(world_.mapper(), to, sent).turn(field);
    const std::string way = field.name + ": " + json::dump(sync::form_of(field, from, fields)) + " of the " + side_name(from) + " side is " + json::dump(**there) + " on the other";
    if (!returned.ok() && field.own_function) return std::nullopt;
    if (!returned.ok()) return Violation{"round trip", way + ", which it cannot bring back: " + to_string(returned.error())};
    if (!*returned) return std::nullopt;
    sync::lay_form(field, from, **returned, back);
    const auto again = AsNew(world_.mapper(), from, back).turn(field);
    if (!again.ok() || !*again || sync::same_form(field, to, **again, **there)) return std::nullopt;
    return Violation{"round trip", way + ", comes back as " + json::dump(**returned) + " and is " + json::dump(**again) + " then"};
  }

  std::optional<Violation> round_trip() {
    if (plan_.flow != sync::Flow::kBoth) return std::nullopt;
    for (const sync::Field& field : plan_.fields) {
      if (field.kind == sync::Field::Kind::kConstant || field.flow != sync::Flow::kBoth || field.lossy) continue;
      for (const Side side : {Side::kLeft, Side::kRight}) {
        for (const auto& [key, row] : world_.side(side).rows()) {
          if (auto found = round_trip(field, side, row.fields)) return found;
        }
      }
    }
    return std::nullopt;
  }

  bool level(const sync::Field& field, const Value& left, const Value& right) const {
    for (const Side from : {Side::kLeft, Side::kRight}) {
      if (!sync::flows(field.flow, other(from))) continue;
      const AsNew fresh(world_.mapper(), from, from == Side::kLeft ? left : right);
      const auto turned = fresh.turn(field);
      if (turned.ok() && !*turned) return true;  // its function leaves the other side alone
      const auto wanted = fresh.decide();
      if (!wanted.ok()) continue;
      if (sync::same_form(field, other(from), sync::form_of(field, other(from), wanted->patch[other(from)]), sync::form_of(field, other(from), from == Side::kLeft ? right : left))) return true;
    }
    return false;
  }

  /// An edit on the target of a one-way field stays until the source changes (law 23).
  bool drifted(const sync::Field& field, const store::Link& link, const Value& left, const Value& right) const {
    if (field.flow == sync::Flow::kBoth) return false;
    const auto base = link.base.find(field.name);
    if (base == link.base.end()) return true;
    const Side source = field.flow == sync::Flow::kToRight ? Side::kLeft : Side::kRight;
    const Value& then = base->second[source];
    return sync::same_form(field, source, sync::form_of(field, source, source == Side::kLeft ? left : right), then);
  }

  std::optional<Violation> convergence() {
    for (const store::Link& link : evidence_.links) {
      if (link.state != store::LinkState::kLive || !link.key.left || !link.key.right) continue;
      if (evidence_.excused(Side::kLeft, *link.key.left) || evidence_.excused(Side::kRight, *link.key.right)) continue;
      const auto left = world_.side(Side::kLeft).rows().find(*link.key.left);
      const auto right = world_.side(Side::kRight).rows().find(*link.key.right);
      if (left == world_.side(Side::kLeft).rows().end() || right == world_.side(Side::kRight).rows().end()) continue;
      for (const sync::Field& field : plan_.fields) {
        const bool always = field.when == sync::Field::When::kAlways && field.null == sync::Field::Null::kClear;
        if (field.kind == sync::Field::Kind::kConstant || !always || field.lossy || evidence_.in_conflict(link.id, field.name)) continue;
        if (level(field, left->second.fields, right->second.fields) || drifted(field, link, left->second.fields, right->second.fields)) continue;
        return Violation{"convergence", *link.key.left + "/" + *link.key.right + " differ in " + field.name + ": " + json::dump(sync::form_of(field, Side::kLeft, left->second.fields)) + " and " + json::dump(sync::form_of(field, Side::kRight, right->second.fields))};
      }
    }
    return std::nullopt;
  }

  bool stands(const Edit& edit) const {
    for (const Side side : {Side::kLeft, Side::kRight}) {
      for (const auto& [key, row] : world_.side(side).rows()) {
        for (const auto& [path, value] : row.fields.as_object()) {
          const Edit* found = world_.ledger().of(value);
          if (found != nullptr && found->id == edit.id) return true;
        }
      }
    }
    return false;
  }

  /// Of those edits whose values can be told apart on their way.
  std::optional<Violation> no_lost_edit() {
    const auto& edits = world_.ledger().edits();
    const auto& burials = world_.ledger().burials();
    for (const Edit& edit : edits) {
      if (edit.excused || edit.buried || evidence_.recorded(edit.id) || edit.field.find('.') != std::string::npos) continue;
      const bool superseded = std::any_of(edits.begin(), edits.end(), [&](const Edit& later) { return later.saw == edit.id; });
      const bool target_of_one_way = std::any_of(plan_.fields.begin(), plan_.fields.end(), [&](const sync::Field& field) { return !field.paths[edit.side].empty() && field.paths[edit.side].front() == edit.field && !sync::flows(field.flow, other(edit.side)); });
      const bool deleted = std::any_of(burials.begin(), burials.end(), [&](const Burial& burial) { return burial.thing == edit.thing; });
      if (superseded || target_of_one_way || (deleted && plan_.end[edit.side].delete_wins) || stands(edit)) continue;
      return Violation{"no lost edit", json::dump(edit.value) + ", written on the " + side_name(edit.side) + " side, is nowhere: not in a record, not replaced by somebody who saw it, not on record as having lost"};
    }
    return std::nullopt;
  }

  World& world_;
  const Evidence& evidence_;
  const sync::Plan& plan_;
};

}  // namespace

std::optional<Violation> check_sample(World& world, const Evidence& evidence) { return SampleCheck(world, evidence).run(); }

}  // namespace tidewire::simulate
