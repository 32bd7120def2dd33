#include "sync/merge/rows.h"

#include <algorithm>
#include <map>

#include "base/decimal.h"
#include "base/json.h"
#include "base/text.h"
#include "sync/merge/canonical.h"

namespace tidewire::sync {
namespace {

Array list_of(const Value& stored) {
  if (stored.is_array()) return stored.as_array();
  if (!stored.is_string() || stored.as_string().empty()) return {};
  const auto parsed = json::parse(stored.as_string());
  return parsed.ok() && parsed->is_array() ? parsed->as_array() : Array{};
}

Decimal place_of(const Value& row, const std::string& column) {
  const Value* place = row.at_path(column);
  const auto number = Decimal::from(place == nullptr ? Value(0) : *place);
  return number.ok() ? *number : Decimal::from(Value(0)).value();
}

/// The rows in the order that the side's own column says, where it has one.
Array in_order(const Field& field, Side side, Array list) {
  const std::string& column = field.order[side];
  if (column.empty()) return list;
  std::stable_sort(list.begin(), list.end(), [&](const Value& a, const Value& b) { return place_of(a, column) < place_of(b, column); });
  return list;
}

Value row_form(const Field& field, Side side, const Value& row) {
  if (!row.is_object()) return row;
  Value out{Object{}};
  for (const Field& cell : field.rows) {
    for (const std::string& path : cell.paths[side]) {
      const Value* value = row.at_path(path);
      out[path] = value == nullptr ? Value() : *value;
    }
  }
  return out;
}

bool same_row(const Field& field, Side side, const Value& a, const Value& b) {
  return std::all_of(field.rows.begin(), field.rows.end(), [&](const Field& cell) {
    return cell.paths[side].empty() || same_form(cell, side, cell_form(cell, side, a), cell_form(cell, side, b));
  });
}

/// What the rows with one key have in common in their names (row_names).
std::string key_part(const std::string& name) { return name.substr(0, name.rfind(']') + 1); }

/// Whether a row of that key has the value in its cell.
bool says(const Field& field, const Field& cell, Side side, const Value& list, const std::string& key, const Value& form) {
  const auto names = row_names(field, side, list);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (key_part(names[i]) == key && same_form(cell, side, cell_form(cell, side, list.as_array()[i]), form)) return true;
  }
  return false;
}

}  // namespace

Value cell_form(const Field& cell, Side side, const Value& row) {
  const auto part = [&](const std::string& path) {
    const Value* value = row.find(path);
    return value == nullptr ? Value() : *value;
  };
  if (cell.paths[side].size() == 1) return part(cell.paths[side].front());
  Object form;
  for (const std::string& path : cell.paths[side]) form[path] = part(path);
  return Value(std::move(form));
}

void lay_cell(const Field& cell, Side side, const Value& form, Value& row) {
  for (const std::string& path : cell.paths[side]) {
    const Value* part = cell.paths[side].size() == 1 ? &form : form.find(path);
    if (part != nullptr) row[path] = *part;
  }
}

Value rows_form(const Field& field, Side side, const Value& stored) {
  Array out;
  for (const Value& row : in_order(field, side, list_of(stored))) out.push_back(row_form(field, side, row));
  return Value(std::move(out));
}

Result<void> check_rows(Side side, const Value& stored) {
  const bool nothing = stored.is_null() || (stored.is_string() && stored.as_string().empty());
  if (nothing) return {};
  const auto read = stored.is_string() ? json::parse(stored.as_string()) : Result<Value>(stored);
  const bool rows = read.ok() && read->is_array() && std::all_of(read->as_array().begin(), read->as_array().end(), [](const Value& row) { return row.is_object(); });
  if (rows) return {};
  return make_error(Code::kInvalid, "what stands on the " + std::string(store::side_name(side)) + " side is no list of rows: " + shortened(json::dump(stored), 80), "rows are a list of objects; mend it there");
}

std::vector<std::string> row_names(const Field& field, Side side, const Value& form) {
  std::vector<std::string> names;
  std::map<std::string, int> seen;
  if (!form.is_array()) return names;
  for (const Value& row : form.as_array()) {
    Array parts;
    for (const Field& cell : field.rows) {
      if (!cell.row_key) continue;
      const Value own = cell_form(cell, side, row);
      const auto plain = canonical(own, cell.type[side]);
      const Value& part = plain.ok() ? *plain : own;
      parts.push_back(part.is_string() ? part : Value(json::dump(part)));  // 2020 and "2020" name one row
    }
    std::string name = json::dump(Value(std::move(parts)));
    const int times = ++seen[name];
    names.push_back(times == 1 ? name : name + "#" + std::to_string(times));
  }
  return names;
}

bool same_rows(const Field& field, Side side, const Value& a, const Value& b) {
  const std::size_t size = a.is_array() ? a.as_array().size() : 0;
  if (size != (b.is_array() ? b.as_array().size() : 0)) return false;
  if (size == 0) return true;
  const auto a_names = row_names(field, side, a);
  const auto b_names = row_names(field, side, b);
  if (field.ordered && a_names != b_names) return false;
  std::map<std::string, const Value*> by_name;
  for (std::size_t i = 0; i < size; ++i) by_name[b_names[i]] = &b.as_array()[i];
  for (std::size_t i = 0; i < size; ++i) {
    const auto there = by_name.find(a_names[i]);
    if (there == by_name.end() || !same_row(field, side, a.as_array()[i], *there->second)) return false;
  }
  return true;
}

Value entered_cells(const Field& field, Side side, const Value& now, const Value& agreed, const std::vector<Value>& others) {
  Value entered{Object{}};
  const auto names = row_names(field, side, now), before = row_names(field, side, agreed);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto base = std::find(before.begin(), before.end(), names[i]);
    if (base == before.end()) continue;
    for (const Field& cell : field.rows) {
      if (cell.paths[side].empty() || cell.kind == Field::Kind::kConstant) continue;
      Value form = cell_form(cell, side, now.as_array()[i]);
      if (!same_form(cell, side, form, cell_form(cell, side, agreed.as_array()[static_cast<std::size_t>(base - before.begin())]))) continue;
      const bool known = std::any_of(others.begin(), others.end(), [&](const Value& list) { return says(field, cell, side, list, key_part(names[i]), form); });
      if (!known) entered[names[i]][cell.name] = std::move(form);
    }
  }
  return entered;
}

bool is_entered_cell(const Value& entered, const Field& cell, Side side, const std::string& row, const Value& form) {
  const Value* cells = entered.find(row);
  const Value* value = cells == nullptr ? nullptr : cells->find(cell.name);
  return value != nullptr && same_form(cell, side, form, *value);
}

bool has_entered_cell(const Value& entered, const Field& field, Side side, const Value& now) {
  const auto names = row_names(field, side, now);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool any = std::any_of(field.rows.begin(), field.rows.end(), [&](const Field& cell) { return is_entered_cell(entered, cell, side, names[i], cell_form(cell, side, now.as_array()[i])); });
    if (any) return true;
  }
  return false;
}

bool names_files(const Field& field, Side side) {
  return field.type[side].kind == "file" || std::any_of(field.rows.begin(), field.rows.end(), [&](const Field& cell) { return cell.type[side].kind == "file" && !cell.paths[side].empty(); });
}

std::optional<Error> unread_file(const Field& field, Side side, const Value& form) {
  if (field.type[side].kind == "file") {
    auto plain = canonical(form, field.type[side]);
    return plain.ok() ? std::nullopt : std::optional(std::move(plain).error());
  }
  if (!names_files(field, side) || !form.is_array()) return std::nullopt;
  for (const Value& row : form.as_array()) {
    for (const Field& cell : field.rows) {
      if (auto error = unread_file(cell, side, cell_form(cell, side, row))) return std::move(*error).context("'" + cell.name + "' of a row");
    }
  }
  return std::nullopt;
}

Value without_gone_files(const Field& field, Side side, const Value& form, const Value& base) {
  if (field.type[side].kind == "file") return is_gone_file(form, field.type[side]) ? base : form;
  if (!names_files(field, side) || !form.is_array()) return form;
  const auto names = row_names(field, side, form), agreed = row_names(field, side, base);
  Array rows = form.as_array();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto known = std::find(agreed.begin(), agreed.end(), names[i]);
    for (const Field& cell : field.rows) {
      if (known == agreed.end() || !is_gone_file(cell_form(cell, side, rows[i]), cell.type[side])) continue;
      lay_cell(cell, side, cell_form(cell, side, base.as_array()[static_cast<std::size_t>(known - agreed.begin())]), rows[i]);
    }
  }
  return Value(std::move(rows));
}

Value carried_over(const Field& field, Side side, const Value& form, const Value& stored) {
  const Array whole = in_order(field, side, list_of(stored));
  const auto there = row_names(field, side, rows_form(field, side, stored));
  const auto wanted = row_names(field, side, form);
  Array out;
  for (std::size_t i = 0; form.is_array() && i < form.as_array().size(); ++i) {
    const auto known = std::find(there.begin(), there.end(), wanted[i]);
    Value row = known == there.end() ? Value(Object{}) : whole[static_cast<std::size_t>(known - there.begin())];
    for (const auto& [path, value] : form.as_array()[i].as_object()) row.set_path(path, value);
    if (!field.order[side].empty()) row.set_path(field.order[side], Value(static_cast<std::int64_t>(i + 1)));
    out.push_back(std::move(row));
  }
  Value list(std::move(out));
  return field.type[side].form == "text" ? Value(json::dump(list)) : list;
}

}  // namespace tidewire::sync
