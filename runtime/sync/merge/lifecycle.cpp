#include "sync/merge/lifecycle.h"

#include <algorithm>

#include "base/json.h"
#include "sync/merge/canonical.h"

namespace tidewire::sync {
namespace {

using store::other;
using store::side_name;

const Lifecycle::Move* move_of(const Lifecycle& life, const Field& field, Side side, const Value& from, const Value& to) {
  const auto& moves = life.moves[side];
  const auto found = std::find_if(moves.begin(), moves.end(), [&](const Lifecycle::Move& move) { return same(move.from, from, field.type[side]) && same(move.to, to, field.type[side]); });
  return found == moves.end() ? nullptr : &*found;
}

std::string word(const Lifecycle& life, const Field& field, Side side, const Value& value) {
  for (const auto& [left, right] : life.states) {
    if (same(side == Side::kLeft ? left : right, value, field.type[side])) return right.is_string() ? right.as_string() : json::dump(right);
  }
  return json::dump(value);
}

void refuse(Decision& decision, const std::string& rule) {
  decision.kind = Decision::Kind::kConflict;
  decision.conflict_kind = "not_accepted";
  decision.rule = rule;
  decision.to = {};
  decision.discards = decision.closes_conflict = false;
}

/// A new record begins in its first state, and both sides agree on that until the next pass moves it on.
void begin(const Lifecycle& life, Side to, Decision& decision) {
  if (life.states.empty()) return;
  decision.to[to].reset();
  decision.kind = Decision::Kind::kAgree;
  decision.form.left = life.states.front().first;
  decision.form.right = life.states.front().second;
  decision.rule = "created in its first state";
}

void keep_moves(const Situation& situation, Side side, Decision& decision) {
  const Lifecycle& life = situation.plan.lifecycle;
  const Field& field = *decision.field;
  auto& to = decision.to[side];
  if (!to || life.moves[side].empty()) return;
  if (!situation.exists[side]) return begin(life, side, decision);
  const Value& now = decision.form[side];
  if (move_of(life, field, side, now, *to) != nullptr) return;
  refuse(decision, "the mapping has no verb from " + word(life, field, side, now) + " to " + word(life, field, side, *to) + " on " + situation.plan.end[side].connection);
}

void keep_edits(const Situation& situation, Side side, const Value& state, const Field& life_field, Decision& decision) {
  const Lifecycle& life = situation.plan.lifecycle;
  const auto& to = decision.to[side];
  if (!to || !situation.exists[side]) return;
  for (const Lifecycle::After& after : life.edit_after[side]) {
    if (!same(after.state, state, life_field.type[side])) continue;
    const auto& paths = decision.field->paths[side];
    const bool allowed = std::all_of(paths.begin(), paths.end(), [&](const std::string& path) { return std::find(after.paths.begin(), after.paths.end(), path.substr(0, path.find('.'))) != after.paths.end(); });
    if (!allowed) return refuse(decision, situation.plan.end[side].connection + " takes no change of it once the record is " + word(life, life_field, side, state));
  }
}

}  // namespace

void keep_lifecycle(const Situation& situation, const std::vector<Decision*>& decisions) {
  const Lifecycle& life = situation.plan.lifecycle;
  const auto own = std::find_if(decisions.begin(), decisions.end(), [&](const Decision* decision) { return decision->field->name == life.field; });
  if (life.field.empty() || own == decisions.end()) return;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    const Value state = (*own)->form[side];
    for (Decision* decision : decisions) {
      if (decision != *own) keep_edits(situation, side, state, *(*own)->field, *decision);
    }
    keep_moves(situation, side, **own);
  }
}

std::optional<std::string> take_verb(const Plan& plan, Side side, const Decisions& decisions, Value& patch) {
  const Lifecycle& life = plan.lifecycle;
  if (life.field.empty() || life.moves[side].empty()) return std::nullopt;
  for (const Decision& decision : decisions.fields) {
    const auto& to = decision.to[side];
    if (decision.field->name != life.field || !to) continue;
    const Lifecycle::Move* move = move_of(life, *decision.field, side, decision.form[side], *to);
    if (move == nullptr) continue;
    patch.as_object().erase(decision.field->paths[side].front());
    return move->verb;
  }
  return std::nullopt;
}

}  // namespace tidewire::sync
