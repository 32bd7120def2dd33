// What people do in a simulated world whose mapping is a user's own.
#include "base/json.h"
#include "simulate/side_words.h"
#include "simulate/world.h"

namespace tidewire::simulate {

std::optional<std::string> World::some_key(Side side, int number) {
  const auto& rows = this->side(side).rows();
  if (rows.empty()) return std::nullopt;
  return std::next(rows.begin(), number % static_cast<int>(rows.size()))->first;
}

/// What a drawn record came to; what a function broke on is kept for the checks.
template <typename T>
std::optional<T> World::came_of(Side side, Result<std::optional<T>> drawn) {
  if (drawn.ok()) return std::move(*drawn);
  note(word_of(side, "person") + ": " + to_string(drawn.error()));
  if (!broken_) broken_ = to_string(drawn.error());
  return std::nullopt;
}

void World::enter_sample(Side side, const std::optional<Value>& fields, const std::string& key) {
  if (!fields) return note(word_of(side, "person") + ": nothing to enter that the mapping takes");
  const auto made = this->side(side).insert(*fields, key);
  if (!made) ledger_.withdraw(*fields);
  note(word_of(side, "person") + ": enters " + json::dump(*fields) + (made ? " as " + *made : ", refused"));
}

void World::edit_sample(Side side, const std::string& key) {
  const Row& row = this->side(side).rows().at(key);
  const auto edit = came_of(side, wraps_.sample->edit(side, row.fields, ledger_.thing_of(row.fields), ledger_, faults_));
  if (!edit) return;
  note(word_of(side, "person") + ": " + key + " " + edit->first + "=" + json::dump(edit->second));
  this->side(side).set(key, edit->first, edit->second);
}

void World::bury_sample(Side side, const std::string& key) {
  const Row& row = this->side(side).rows().at(key);
  note(word_of(side, "person") + ": deletes " + key);
  ledger_.bury({side, ledger_.thing_of(row.fields), key, false, {}, false}, row.fields);
  this->side(side).erase(key);
}

void World::perform_on_sample(const Act& act) {
  using Kind = Act::Kind;
  const Sample& sample = *wraps_.sample;
  const auto key = some_key(act.side, act.thing);
  const auto fresh = [&](Side side) { return came_of(side, sample.record(side, ++things_, ledger_, faults_)); };
  switch (act.kind) {
    case Kind::kCreate:
    case Kind::kRecreate: return enter_sample(act.side, fresh(act.side));
    case Kind::kCreateBoth: {
      const auto left = fresh(Side::kLeft);
      enter_sample(Side::kLeft, left);
      if (left) enter_sample(Side::kRight, came_of(Side::kRight, sample.twin(Side::kRight, *left, things_, ledger_, faults_)));
      return;
    }
    case Kind::kEditBoth:
      for (const Side side : {Side::kLeft, Side::kRight}) {
        if (const auto there = some_key(side, act.thing)) edit_sample(side, *there);
      }
      return;
    case Kind::kEdit:
      if (key) edit_sample(act.side, *key);
      return;
    case Kind::kDelete:
      if (key) bury_sample(act.side, *key);
      return;
    case Kind::kReuse:
      if (!key || !profile_.system[act.side].incarnation) return;
      bury_sample(act.side, *key);
      return enter_sample(act.side, fresh(act.side), *key);
    case Kind::kRename:
      if (!key || !profile_.system[act.side].incarnation) return;
      note(word_of(act.side, "person") + ": renames " + *key);
      return side(act.side).rename(*key, side(act.side).fresh_key());
    default: return perform_on_both(act);
  }
}

}  // namespace tidewire::simulate
