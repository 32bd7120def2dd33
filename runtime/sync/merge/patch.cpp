// What a decision writes, laid into the patch for a side: by path, whole objects where only a part of one changes.
#include <utility>

#include "sync/merge/pass.h"

namespace tidewire::sync {

Result<void> Pass::lay_value(Side side, const std::string& path, Value value) {
  return lay_path(s_.record[side], out_.patch[side], path, std::move(value));
}

/// Rows are written as one list, with what the mapping does not name of each.
Result<void> Pass::lay_rows(const Field& field, Side side, const Value& form) {
  const std::string& path = field.paths[side].front();
  const Value* stored = s_.record[side] == nullptr ? nullptr : s_.record[side]->fields.at_path(path);
  return lay_value(side, path, carried_over(field, side, form, stored == nullptr ? Value() : *stored));
}

Result<void> Pass::lay(const Decision& decision) {
  for (const Side side : {Side::kLeft, Side::kRight}) {
    const auto& value = decision.to[side];
    if (!value) continue;
    if (decision.field->kind == Field::Kind::kRows) {
      TRY(lay_rows(*decision.field, side, *value));
      continue;
    }
    for (const std::string& path : decision.field->paths[side]) {
      const Value* part = decision.field->paths[side].size() == 1 ? &*value : value->find(path);
      if (part != nullptr) TRY(lay_value(side, path, *part));
    }
  }
  return {};
}

Result<void> lay_path(const Record* record, Value& patch, const std::string& path, Value value) {
  const std::string top = path.substr(0, path.find('.'));
  const Value* whole = record == nullptr ? nullptr : record->fields.find(top);
  if (top.size() != path.size() && patch.find(top) == nullptr && whole != nullptr) patch[top] = *whole;
  if (!patch.takes_path(path)) {
    return make_error(Code::kInvalid, "'" + path + "' names a part of '" + top + "', which holds a value without parts there", "it is not written, because that value would be lost: map '" + top + "' as a whole");
  }
  patch.set_path(path, std::move(value));
  return {};
}

void lay_form(const Field& field, Side side, const Value& form, Value& record) {
  const auto& paths = field.paths[side];
  if (paths.size() == 1) {
    record.set_path(paths.front(), form);
    return;
  }
  for (const std::string& path : paths) {
    if (const Value* part = form.find(path); part != nullptr) record.set_path(path, *part);
  }
}

}  // namespace tidewire::sync
