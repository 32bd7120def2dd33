// Two lists and what they last agreed on -> what each side's list becomes: by row, then by field.
#include <algorithm>
#include <map>
#include <set>

#include "sync/merge/canonical.h"
#include "sync/merge/rows.h"

namespace tidewire::sync {
namespace {

using store::other;

struct Row {
  Value form;
  std::string own, common;     // its name in its side's spelling; in the spelling of the common side
  const Value* base = nullptr; // as both sides last had it, in its side's form
};

/// The side in whose spelling rows of both sides are told apart: one that every key column converts to.
Side common_side(const Field& field) {
  const bool to_left = std::all_of(field.rows.begin(), field.rows.end(), [](const Field& cell) { return !cell.row_key || cell.kind != Field::Kind::kFunction || cell.function.left; });
  return to_left ? Side::kLeft : Side::kRight;
}

Result<void> check_cell(const Field& cell, Side to, const Value& form) {
  if (cell.required && empty_form(cell, to, form)) return required_and_empty(cell, to);
  return {};
}

bool travels(const Field& field, const Field& cell, Side to) { return flows(field.flow, to) && flows(cell.flow, to); }

class Merge {
 public:
  Merge(const RowsAsked& asked, Cells& cells) : asked_(asked), field_(asked.field), cells_(cells) {}
  Result<RowsMerged> run();

 private:
  void agree(Side side);
  Result<void> index(Side side);
  Result<Value> in_common(Side side, const Value& row);
  Result<void> pair(Row& left, Row& right);
  Result<void> cell(const Field& cell, const Row& left, const Row& right, Sides<Value>& now);
  Result<void> turn_again(const Field& cell, const Row& left, const Row& right, Sides<Value>& now);
  Result<void> clash(const Field& cell, const Row& left, const Row& right, Sides<Value>& now);
  Result<bool> carry(const Field& cell, Side to, const Value& form, const Value& row, Value& target);
  Result<bool> alike(const Field& cell, Side to, const Value& from, const Value& row, const Value& there);
  Result<void> single(Side side, Row& row);
  Result<void> make(Side to, const Row& source);
  Result<void> take_whole(Side from);
  bool moved(const Field& cell, Side side, const Row& row) const;
  bool changed(Side side, const Row& row) const;
  bool order_changed(Side side) const;
  std::vector<std::string> sequence() const;
  void put(Side side, const std::string& name, Value form) { kept_[side][name] = std::move(form); }
  Value arranged(Side side) const;

  const RowsAsked& asked_;
  const Field& field_;
  Cells& cells_;
  Sides<std::vector<Row>> rows_;
  Sides<std::map<std::string, const Value*>> agreed_;  // common name -> the row in the base
  Sides<std::map<std::string, Value>> kept_;  // common name -> the row as it will be on that side
  Sides<std::vector<std::string>> added_;
  RowsMerged out_;
};

Result<Value> Merge::in_common(Side side, const Value& row) {
  const Side common = common_side(field_);
  if (side == common) return row;
  Value turned{Object{}};
  for (const Field& cell : field_.rows) {
    if (!cell.row_key) continue;
    const auto value = TRY(cells_.turn(cell, common, cell_form(cell, side, row), row, false));
    if (value) lay_cell(cell, common, *value, turned);
  }
  return turned;
}

/// The rows of the base under their common names.
void Merge::agree(Side side) {
  const Value& base = (*asked_.base)[side];
  const Side common = common_side(field_);
  if (!base.is_array()) return;
  Array turned;
  for (const Value& row : base.as_array()) {
    Value now{Object{}};
    for (const Field& cell : field_.rows) {
      if (!cell.row_key) continue;
      const auto value = side == common ? std::optional(cell_form(cell, side, row)) : cells_.turn_past(cell, common, cell_form(cell, side, row), row);
      if (value) lay_cell(cell, common, *value, now);
    }
    turned.push_back(std::move(now));
  }
  const auto names = row_names(field_, common, Value(std::move(turned)));
  for (std::size_t i = 0; i < names.size(); ++i) agreed_[side][names[i]] = &base.as_array()[i];
}

Result<void> Merge::index(Side side) {
  const Value& form = asked_.form[side];
  if (!form.is_array()) return {};
  const auto own = row_names(field_, side, form);
  Array turned;
  for (const Value& row : form.as_array()) turned.push_back(TRY(in_common(side, row)));
  const auto common = row_names(field_, common_side(field_), Value(std::move(turned)));
  for (std::size_t i = 0; i < own.size(); ++i) {
    const auto base = agreed_[side].find(common[i]);
    const bool had_both = base != agreed_[side].end() && agreed_[other(side)].contains(common[i]);
    rows_[side].push_back({form.as_array()[i], own[i], common[i], had_both ? base->second : nullptr});
  }
  return {};
}

/// The side's cell is not as agreed on, or was entered as it is on top of a write (law 26).
bool Merge::moved(const Field& cell, Side side, const Row& row) const {
  const Value form = cell_form(cell, side, row.form);
  const Value* entered = asked_.entered[side];
  return !same_form(cell, side, form, cell_form(cell, side, *row.base)) || (entered != nullptr && is_entered_cell(*entered, cell, side, row.own, form));
}

bool Merge::changed(Side side, const Row& row) const {
  if (row.base == nullptr) return true;
  return std::any_of(field_.rows.begin(), field_.rows.end(), [&](const Field& cell) { return !cell.paths[side].empty() && cell.kind != Field::Kind::kConstant && moved(cell, side, row); });
}

/// True where the target's row became another one.
Result<bool> Merge::carry(const Field& cell, Side to, const Value& form, const Value& row, Value& target) {
  const auto turned = TRY(cells_.turn(cell, to, form, row, false));
  if (!turned || same_form(cell, to, *turned, cell_form(cell, to, target))) return false;
  TRY(check_cell(cell, to, *turned));
  lay_cell(cell, to, *turned, target);
  return true;
}

Result<bool> Merge::alike(const Field& cell, Side to, const Value& from, const Value& row, const Value& there) {
  if (!travels(field_, cell, to)) return false;
  const auto turned = TRY(cells_.turn(cell, to, from, row, false));
  return turned && same_form(cell, to, *turned, there);
}

/// Both sides have it; both changed it, or nobody knows what they agreed on.
Result<void> Merge::clash(const Field& cell, const Row& left, const Row& right, Sides<Value>& now) {
  const Value l = cell_form(cell, Side::kLeft, left.form), r = cell_form(cell, Side::kRight, right.form);
  if (TRY(alike(cell, Side::kRight, l, left.form, r)) || TRY(alike(cell, Side::kLeft, r, right.form, l))) return {};
  const bool first = left.base == nullptr || right.base == nullptr;
  const bool l_empty = empty_form(cell, Side::kLeft, l), r_empty = empty_form(cell, Side::kRight, r);
  std::optional<Side> wins;
  if (!travels(field_, cell, Side::kLeft)) wins = Side::kLeft;
  else if (!travels(field_, cell, Side::kRight)) wins = Side::kRight;
  else if (first && l_empty != r_empty) wins = l_empty ? Side::kRight : Side::kLeft;
  const bool disputed = !wins;
  if (disputed && asked_.clashes) wins = asked_.clashes;
  if (!wins) {
    CellDispute dispute{cell, field_.name + left.common + "." + cell.name, {}, {l, r}, {&left.form, &right.form}};
    if (!first) dispute.base = store::FieldBase{cell_form(cell, Side::kLeft, *left.base), cell_form(cell, Side::kRight, *right.base)};
    const Verdict verdict = TRY(cells_.resolve(dispute));
    ++out_.clashes;
    if (verdict.kind == Verdict::Kind::kManual) out_.manual = true;
    if (verdict.kind == Verdict::Kind::kSide) wins = verdict.side;
    if (verdict.kind == Verdict::Kind::kValue) {
      lay_cell(cell, Side::kLeft, verdict.value.left, now.left);
      lay_cell(cell, Side::kRight, verdict.value.right, now.right);
      out_.discards = true;
    }
  }
  if (!wins) return {};
  const bool wrote = TRY(carry(cell, other(*wins), *wins == Side::kLeft ? l : r, (*wins == Side::kLeft ? left : right).form, now[other(*wins)]));
  out_.contributed[*wins] |= wrote;
  out_.discards |= wrote && disputed;
  return {};
}

/// One way that says what is there is enough: not every function leads back to where it came from. What is found or referred
/// to by another cell was agreed on, also where it is not there any more.
Result<void> Merge::turn_again(const Field& cell, const Row& left, const Row& right, Sides<Value>& now) {
  const bool asks_others = cell.kind == Field::Kind::kReference || cell.kind == Field::Kind::kFind;
  const Side first = cell.strategy == "left" ? Side::kLeft : cell.strategy == "right" ? Side::kRight : cell.tie.value_or(asked_.tie);
  std::optional<std::pair<Side, Value>> from;  // whose, and what the other side gets of it
  for (const Side source : {other(first), first}) {
    const Side to = other(source);
    if (!travels(field_, cell, to)) continue;
    const Row& row = source == Side::kLeft ? left : right;
    const Value form = cell_form(cell, source, row.form);
    auto turned = asks_others ? cells_.turn_past(cell, to, form, row.form) : TRY(cells_.turn(cell, to, form, row.form, false));
    if (!turned) continue;
    if (same_form(cell, to, *turned, cell_form(cell, to, now[to]))) return {};
    from = {source, std::move(*turned)};
  }
  if (!from) return {};
  lay_cell(cell, other(from->first), from->second, now[other(from->first)]);
  out_.contributed[from->first] = true;
  return {};
}

Result<void> Merge::cell(const Field& cell, const Row& left, const Row& right, Sides<Value>& now) {
  if (cell.row_key || cell.kind == Field::Kind::kConstant) return {};
  const bool known = left.base != nullptr && right.base != nullptr;
  Sides<bool> moved{true, true};
  if (known) moved = {this->moved(cell, Side::kLeft, left), this->moved(cell, Side::kRight, right)};
  if (!moved.left && !moved.right) return asked_.again && cell.when != Field::When::kCreate ? turn_again(cell, left, right, now) : Result<void>();
  if (moved.left && moved.right) return clash(cell, left, right, now);
  const Side from = moved.left ? Side::kLeft : Side::kRight;
  if (!travels(field_, cell, other(from)) || cell.when == Field::When::kCreate) return {};
  const Row& source = from == Side::kLeft ? left : right;
  out_.contributed[from] |= TRY(carry(cell, other(from), cell_form(cell, from, source.form), source.form, now[other(from)]));
  return {};
}

Result<void> Merge::pair(Row& left, Row& right) {
  Sides<Value> now{left.form, right.form};
  for (const Field& one : field_.rows) TRY(cell(one, left, right, now));
  put(Side::kLeft, left.common, std::move(now.left));
  put(Side::kRight, left.common, std::move(now.right));
  return {};
}

/// A new row on the target, from its counterpart.
Result<void> Merge::make(Side to, const Row& source) {
  Value row{Object{}};
  for (const Field& cell : field_.rows) {
    if (cell.paths[to].empty()) continue;
    if (cell.kind == Field::Kind::kConstant) {
      lay_cell(cell, to, cell.constant.value_or(Value()), row);
      continue;
    }
    if (!travels(field_, cell, to) && !cell.row_key) continue;
    const auto turned = TRY(cells_.turn(cell, to, cell_form(cell, other(to), source.form), source.form, true));
    if (!turned) continue;
    TRY(check_cell(cell, to, *turned));
    lay_cell(cell, to, *turned, row);
  }
  put(to, source.common, std::move(row));
  added_[to].push_back(source.common);
  out_.contributed[other(to)] = true;
  return {};
}

/// Only one side has the row: new there, or deleted on the other.
Result<void> Merge::single(Side side, Row& row) {
  const Side there = other(side);
  const bool deleted = row.base != nullptr;
  if (deleted && flows(field_.flow, side) && !changed(side, row)) {
    out_.contributed[there] = true;
    return {};
  }
  put(side, row.common, row.form);
  const bool drift = !flows(field_.flow, there) || (deleted && !changed(side, row));
  if (drift) return {};
  if (deleted) ++out_.restored;
  return make(there, row);
}

/// The list of one side, row for row; columns that only travel the other way stay as they are.
Result<void> Merge::take_whole(Side from) {
  const Side to = other(from);
  for (Row& row : rows_[from]) {
    put(from, row.common, row.form);
    const auto twin = std::find_if(rows_[to].begin(), rows_[to].end(), [&](const Row& one) { return one.common == row.common; });
    if (twin == rows_[to].end()) {
      TRY(make(to, row));
      continue;
    }
    Value now = twin->form;
    for (const Field& cell : field_.rows) {
      if (cell.row_key || cell.kind == Field::Kind::kConstant || !flows(cell.flow, to)) continue;
      TRY(carry(cell, to, cell_form(cell, from, row.form), row.form, now));
    }
    put(to, row.common, std::move(now));
  }
  return {};
}

bool Merge::order_changed(Side side) const {
  if (asked_.base == nullptr) return false;
  const auto names = row_names(field_, side, (*asked_.base)[side]);
  std::size_t last = 0;
  for (const Row& row : rows_[side]) {
    const auto place = std::find(names.begin(), names.end(), row.own);
    if (place == names.end()) continue;
    const std::size_t at = static_cast<std::size_t>(place - names.begin()) + 1;
    if (at < last) return true;
    last = at;
  }
  return false;
}

/// The order that both get: that of the side which changed it, a row of the other side after the one it follows there.
std::vector<std::string> Merge::sequence() const {
  Side leads = asked_.whole.value_or(asked_.tie);
  const bool left = order_changed(Side::kLeft), right = order_changed(Side::kRight);
  if (!asked_.whole && left != right) leads = left ? Side::kLeft : Side::kRight;
  if (!flows(field_.flow, Side::kLeft)) leads = Side::kLeft;
  if (!flows(field_.flow, Side::kRight)) leads = Side::kRight;
  std::vector<std::string> names;
  for (const Row& row : rows_[leads]) names.push_back(row.common);
  std::string before;
  for (const Row& row : rows_[other(leads)]) {
    if (std::find(names.begin(), names.end(), row.common) == names.end()) {
      const auto place = std::find(names.begin(), names.end(), before);
      names.insert(place == names.end() ? names.begin() : place + 1, row.common);
    }
    before = row.common;
  }
  return names;
}

Value Merge::arranged(Side side) const {
  std::vector<std::string> names;
  if (field_.ordered) {
    names = sequence();
  } else {
    for (const Row& row : rows_[side]) names.push_back(row.common);
    names.insert(names.end(), added_[side].begin(), added_[side].end());
  }
  Array list;
  for (const std::string& name : names) {
    if (const auto row = kept_[side].find(name); row != kept_[side].end()) list.push_back(row->second);
  }
  return Value(std::move(list));
}

Result<RowsMerged> Merge::run() {
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (asked_.base != nullptr) agree(side);
  }
  for (const Side side : {Side::kLeft, Side::kRight}) TRY(index(side));
  if (asked_.whole) {
    TRY(take_whole(*asked_.whole));
  } else {
    std::map<std::string, Row*> right;
    for (Row& row : rows_.right) right[row.common] = &row;
    for (Row& row : rows_.left) {
      const auto twin = right.find(row.common);
      if (twin == right.end()) {
        TRY(single(Side::kLeft, row));
        continue;
      }
      TRY(pair(row, *twin->second));
      right.erase(twin);
    }
    for (Row& row : rows_.right) {
      if (right.contains(row.common)) TRY(single(Side::kRight, row));
    }
  }
  if (out_.manual) return std::move(out_);
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (asked_.whole == side || !flows(field_.flow, side)) continue;
    Value list = arranged(side);
    if (!same_rows(field_, side, list, asked_.form[side])) out_.to[side] = std::move(list);
  }
  return std::move(out_);
}

}  // namespace

Result<RowsMerged> merge_rows(const RowsAsked& asked, Cells& cells) { return Merge(asked, cells).run(); }

}  // namespace tidewire::sync
