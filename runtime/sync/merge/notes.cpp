#include "sync/merge/notes.h"

#include <utility>

#include "sync/merge/canonical.h"
#include "sync/merge/rows.h"

namespace tidewire::sync {

bool is_ignored(const store::Link& link, const std::string& field) {
  const Value* note = link.notes.find(field);
  return note != nullptr && note->find("ignored") != nullptr;
}

void drop_note(store::Link& link, const std::string& field, std::string_view what) {
  const Value* note = link.notes.find(field);
  if (note == nullptr || !note->is_object() || note->find(what) == nullptr) return;
  Object& left = link.notes[field].as_object();
  left.erase(left.find(what));
  if (left.empty()) link.notes.as_object().erase(field);
}

void note_form(store::Link& link, const std::string& field, Object form) {
  drop_form(link, field);
  Value& note = link.notes[field];
  for (auto& [name, value] : form) note[name] = std::move(value);
}

void drop_form(store::Link& link, const std::string& field) {
  for (const char* what : {"sent", "stored", "read", "side", "loses"}) drop_note(link, field, what);
}

const Value* noted_on(const store::Link& link, const Field& field, const char* what, Side side) {
  const Value* note = link.notes.find(field.name);
  const Value* sides = note == nullptr ? nullptr : note->find(what);
  return sides == nullptr ? nullptr : sides->find(side_tag(side));
}

bool is_entered(const store::Link& link, const Field& field, Side side, const Value& form) {
  const Value* value = noted_on(link, field, kEntered, side);
  if (value == nullptr) return false;
  return field.kind == Field::Kind::kRows ? has_entered_cell(*value, field, side, form) : same_form(field, side, form, *value);
}

void note_entered(store::Link& link, const Field& field, Side side, Value form) {
  Value& noted = link.notes[field.name][kEntered][side_tag(side)];
  if (field.kind != Field::Kind::kRows) {
    noted = std::move(form);
    return;
  }
  for (auto& [row, cells] : form.as_object()) {
    for (auto& [cell, value] : cells.as_object()) noted[row][cell] = std::move(value);
  }
}

}  // namespace tidewire::sync
