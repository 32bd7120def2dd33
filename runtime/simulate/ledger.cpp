#include "simulate/ledger.h"

#include <charconv>

namespace tidewire::simulate {

Value Ledger::edit(Side side, int thing, const std::string& field, const Value& present, bool trailing_blank) {
  Edit edit;
  edit.id = static_cast<int>(edits_.size()) + 1;
  edit.side = side;
  edit.thing = thing;
  edit.field = field;
  if (field == "amount") {
    edit.added = std::int64_t{1} << (numbers_[thing]++ % 60);
    edit.value = Value((present.is_int() ? present.as_int() : 0) + edit.added);
  } else {
    edit.value = Value(field + "#" + std::to_string(edit.id) + (trailing_blank ? "  " : ""));
    if (const Edit* before = of(present)) edit.saw = before->id;
  }
  edits_.push_back(edit);
  return edit.value;
}

void Ledger::bury(Burial burial, const Value& fields) {
  for (const auto& [field, value] : fields.as_object()) {
    const Edit* edit = of(value);
    for (; edit != nullptr; edit = edit->saw == 0 ? nullptr : &edits_[static_cast<std::size_t>(edit->saw) - 1]) {
      edits_[static_cast<std::size_t>(edit->id) - 1].buried = true;
      burial.saw.insert(edit->id);
    }
    if (field != "amount" || !value.is_int()) continue;
    for (Edit& one : edits_) {
      if (one.thing != burial.thing || one.added == 0 || (value.as_int() & one.added) == 0) continue;
      one.buried = true;
      burial.saw.insert(one.id);
    }
  }
  burials_.push_back(std::move(burial));
}

void Ledger::empty(const Value& value) {
  for (const Edit* edit = of(value); edit != nullptr; edit = edit->saw == 0 ? nullptr : &edits_[static_cast<std::size_t>(edit->saw) - 1]) edits_[static_cast<std::size_t>(edit->id) - 1].buried = true;
}

void Ledger::forget(int thing, const std::function<bool(const Edit&)>& stands) {
  for (Edit& edit : edits_) edit.excused = edit.excused || (edit.thing == thing && !stands(edit));
}

void Ledger::show(const Value& fields, std::uint64_t step) {
  const int thing = thing_of(fields);
  for (const auto& [field, value] : fields.as_object()) {
    if (const Edit* edit = of(value); edit != nullptr && edit->shown == 0) edits_[static_cast<std::size_t>(edit->id) - 1].shown = step;
    if (field != "amount" || !value.is_int()) continue;
    for (Edit& one : edits_) {
      if (one.thing == thing && one.added != 0 && one.shown == 0 && (value.as_int() & one.added) != 0) one.shown = step;
    }
  }
}

void Ledger::overwritten(int thing, const std::string& field, const Value& before, const Value& after, std::uint64_t asked) {
  const auto unseen = [asked](const Edit& edit) { return edit.shown == 0 || edit.shown > asked; };
  if (field == "amount") {
    if (!before.is_int() || !after.is_int()) return;
    for (Edit& one : edits_) {
      if (one.thing == thing && one.added != 0 && (before.as_int() & one.added) != 0 && (after.as_int() & one.added) == 0 && unseen(one)) one.excused = true;
    }
    return;
  }
  const Edit* lost = of(before);
  const Edit* now = of(after);
  if (lost != nullptr && (now == nullptr || now->id != lost->id) && unseen(*lost)) edits_[static_cast<std::size_t>(lost->id) - 1].excused = true;
}

std::string Ledger::combination(const Value& fields) const {
  std::string text;
  for (const std::string& field : group_) {
    const Value* value = fields.find(field);
    text += (text.empty() ? "" : ", ") + (value != nullptr && value->is_string() ? value->as_string() : field + " left empty");
  }
  return text;
}

const Edit* Ledger::of(const Value& value) const {
  if (!value.is_string()) return nullptr;
  const std::string& text = value.as_string();
  const std::size_t mark = text.find('#');
  if (mark == std::string::npos) return nullptr;
  std::size_t id = 0;
  std::from_chars(text.data() + mark + 1, text.data() + text.size(), id);
  return id == 0 || id > edits_.size() ? nullptr : &edits_[id - 1];
}

int Ledger::thing_of(const Value& fields) const {
  if (!fields.is_object()) return -1;
  for (const auto& [field, value] : fields.as_object()) {
    if (const Edit* edit = of(value)) return edit->thing;
  }
  return -1;
}

std::int64_t Ledger::sum(int thing) const {
  std::int64_t sum = 0;
  for (const Edit& edit : edits_) sum += edit.thing == thing ? edit.added : 0;
  return sum;
}

std::int64_t Ledger::may_miss(int thing) const {
  std::int64_t mask = 0;
  for (const Edit& edit : edits_) mask |= edit.thing == thing && (edit.excused || edit.buried) ? edit.added : 0;
  return mask;
}

bool Ledger::follows(const Edit& later, const Edit& earlier) const {
  for (int id = later.saw; id != 0; id = edits_[static_cast<std::size_t>(id) - 1].saw) {
    if (id == earlier.id) return true;
  }
  return false;
}

Value Ledger::first(int thing, const std::string& field) const {
  for (const Edit& edit : edits_) {
    if (edit.thing == thing && edit.field == field) return edit.value;
  }
  return Value();
}

void Ledger::withdraw(const Value& fields) {
  for (const auto& [field, value] : fields.as_object()) {
    if (const Edit* edit = of(value)) edits_[static_cast<std::size_t>(edit->id) - 1].excused = true;
  }
}

}  // namespace tidewire::simulate
