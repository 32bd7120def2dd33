#include "sync/redaction.h"

#include "base/hash.h"
#include "base/json.h"

namespace tidewire::sync {

Value hashed(const Value& value) { return value.is_null() ? value : Value("sha256:" + sha256_hex(json::dump(value)).substr(0, 16)); }

Value as_told(const Field& field, Side side, const Value& form) {
  if (!is_redacted(field)) return form;
  if (field.redact || !form.is_array()) return hashed(form);
  Value out = form;
  for (Value& row : out.as_array()) {
    for (const Field& cell : field.rows) {
      if (!is_redacted(cell) || !row.is_object()) continue;
      for (const std::string& path : cell.paths[side]) {
        if (const Value* secret = row.at_path(path); secret != nullptr) row.set_path(path, hashed(*secret));
      }
    }
  }
  return out;
}

namespace {

std::string column_of(const std::string& path) { return path.substr(path.rfind('.') + 1); }

void add_columns(const Field& field, bool all, std::set<std::string>& columns) {
  const bool hides = all || field.redact;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    for (const std::string& path : field.paths[side]) {
      if (hides) columns.insert(column_of(path));
    }
  }
  if (hides && field.kind == Field::Kind::kFind) columns.insert({column_of(field.find.by), column_of(field.find.take)});
  for (const Field& cell : field.rows) add_columns(cell, hides, columns);
}

}  // namespace

std::set<std::string> hidden_columns(const Plan& plan) {
  std::set<std::string> columns;
  for (const Field& field : plan.fields) add_columns(field, false, columns);
  for (const Lookup& lookup : plan.lookups) {
    if (columns.contains(column_of(lookup.path))) columns.insert(column_of(lookup.by));
  }
  for (const Match& match : plan.matches) {
    for (const Match::Pair& pair : match.pairs) {
      const std::string left = column_of(pair.path.left), right = column_of(pair.path.right);
      if (columns.contains(left) || columns.contains(right)) columns.insert({left, right});
    }
  }
  columns.erase("");
  return columns;
}

namespace {

Value told(const Plan* plan, const std::string& name, Side side, const Value& form) {
  const Field* field = plan == nullptr ? nullptr : plan->field(name);
  return field == nullptr ? hashed(form) : as_told(*field, side, form);
}

}  // namespace

store::Link as_told(const Plan* plan, store::Link link) {
  for (auto& [name, agreed] : link.base) {
    agreed.left = told(plan, name, Side::kLeft, agreed.left);
    agreed.right = told(plan, name, Side::kRight, agreed.right);
  }
  return link;
}

store::Conflict as_told(const Plan* plan, store::Conflict conflict) {
  for (const Side side : {Side::kLeft, Side::kRight}) {
    for (std::optional<Value>* form : {&conflict.base[side], &conflict.shown[side], &conflict.said[side]}) {
      if (!*form) continue;
      if (!conflict.field.empty()) **form = told(plan, conflict.field, side, **form);
      // Of the whole record: keys, or the edits of a record that was deleted, by field.
      else if ((*form)->is_object())
        for (auto& [name, value] : (*form)->as_object()) value = told(plan, name, side, value);
    }
  }
  return conflict;
}

}  // namespace tidewire::sync
