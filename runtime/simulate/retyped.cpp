#include "simulate/retyped.h"

namespace tidewire::simulate {

const std::vector<std::string>& Retyped::cells() {
  static const std::vector<std::string> all{"mood", "marks.a", "marks.b"};
  return all;
}

Value Retyped::get(const Value& fields, const std::string& cell) {
  const Value* field = fields.find(field_of(cell));
  if (field == nullptr) return {};
  if (cell == "mood") return *field;
  for (const Value& row : field->is_array() ? field->as_array() : Array{}) {
    if (row.string_or("mark") == cell.substr(cell.find('.') + 1)) return row.find("says") == nullptr ? Value() : *row.find("says");
  }
  return {};
}

Value Retyped::with(const Value& fields, const std::string& cell, const Value& value) {
  if (cell == "mood") return value;
  const Value* field = fields.find("marks");
  Value rows = field == nullptr ? Value(Array{}) : *field;
  for (Value& row : rows.as_array()) {
    if (row.string_or("mark") == cell.substr(cell.find('.') + 1)) row["says"] = value;
  }
  return rows;
}

void Retyped::look(int thing, const Sides<const Value*>& shown) {
  if (shown.left == nullptr || shown.right == nullptr) return;
  for (const std::string& cell : cells()) {
    const Value left = get(*shown.left, cell);
    if (!(left == get(*shown.right, cell))) continue;
    agreed_[{thing, cell}] = left;
    for (const Side side : {Side::kLeft, Side::kRight}) {
      const Place place{thing, cell, side};
      open_.erase(place);
      if (const auto last = last_.find(place); last != last_.end() && !(last->second.sent == left)) last_.erase(last);
    }
  }
}

void Retyped::written(Side side, int thing, const Sides<const Value*>& shown, const Value& values) {
  look(thing, shown);
  for (const std::string& cell : cells()) {
    if (values.find(field_of(cell)) == nullptr || shown[side] == nullptr) continue;
    const Value present = get(*shown[side], cell);
    if (get(values, cell) == present) continue;
    const Place place{thing, cell, side};
    last_[place] = {agreed_[{thing, cell}], present, get(values, cell)};
    const auto typed = open_.find(place);
    if (typed == open_.end()) continue;
    if (typed->second.value == present) overwritten_.push_back(typed->second);
    open_.erase(typed);
  }
}

Value Retyped::agreed_before(Side side, int thing, const Sides<const Value*>& shown, const std::string& cell) const {
  const auto last = last_.find({thing, cell, side});
  if (last == last_.end() || shown.left == nullptr || shown.right == nullptr) return {};
  const Value& agreed = last->second.agreed;
  const bool stands = get(*shown.left, cell) == agreed || get(*shown.right, cell) == agreed;
  return stands || last->second.found == agreed ? Value() : agreed;
}

void Retyped::entered(int thing, Typed typed) {
  const Place place{thing, typed.cell, typed.side};
  open_[place] = std::move(typed);
}

}  // namespace tidewire::simulate
