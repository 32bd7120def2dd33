#include "sync/merge/turn.h"

#include "base/json.h"
#include "sync/merge/canonical.h"
#include "sync/reconcile/questions.h"

namespace tidewire::sync {

using store::other;

namespace {

/// The form of a field in which nothing is.
Value nothing_in(const Field& field, Side side) {
  if (field.paths[side].size() == 1) return {};
  Value form{Object{}};
  for (const std::string& path : field.paths[side]) form[path] = Value();
  return form;
}

}  // namespace

Result<Turned> Turner::turn_function(const Field& field, Side to, const Value& form) {
  const Record* source = s_.record[other(to)];
  static const Value nothing{Object{}};
  const char* op = (row_ != nullptr ? !new_row_ : s_.exists[to]) ? "update" : "create";
  const Value& record = row_ != nullptr ? *row_ : (source == nullptr ? nothing : source->fields);
  CallContext context{op, nullptr, Value(Object{})};
  const Value target = field.own_function ? target_of(to) : Value();
  if (target.is_object()) context.target = &target;
  if (row_ == nullptr) context.lookup = looked_up(other(to));
  const Outcome outcome = TRY(s_.mapper.convert_in(field, to, form, record, context));
  switch (outcome.kind) {
    case Outcome::Kind::kLeave: return Turned{true, {}};
    case Outcome::Kind::kSkip: out_.skip = outcome.why.empty() ? "skipped by " + field.name : outcome.why; return Turned{true, {}};
    case Outcome::Kind::kDead: return make_error(Code::kInvalid, outcome.why, "the mapping's function refused this record");
    case Outcome::Kind::kWait: out_.missing.push_back({outcome.why, other(to), ""}); return Turned{true, {}};
    case Outcome::Kind::kValue: break;
  }
  if (field.paths[to].size() > 1) return Turned{false, outcome.value};
  Type plain;
  return Turned{false, TRY(convert(outcome.value, plain, field.type[to]))};
}

/// The target's record as a function may look at it: as read, else as both last agreed on.
Value Turner::target_of(Side to) const {
  if (row_ != nullptr || !s_.exists[to]) return {};
  if (s_.record[to] != nullptr) return s_.record[to]->fields;
  Value record{Object{}};
  for (const auto& [name, base] : s_.link.base) {
    if (const Field* field = s_.plan.field(name); field != nullptr && !field->paths[to].empty()) lay_form(*field, to, base[to], record);
  }
  return record;
}

Value Turner::looked_up(Side from) const {
  Value found{Object{}};
  for (const Lookup& lookup : s_.plan.lookups) {
    const auto question = question_of(lookup, from, s_);
    if (!question || s_.answers == nullptr) continue;
    const auto answer = s_.answers->find(question->name());
    if (answer != s_.answers->end() && answer->second) found[lookup.name] = answer->second->fields;
  }
  return found;
}

Result<std::optional<Value>> Turner::key_there(const std::string& mapping, bool optional, Side to, const Value& own, const Type& type) {
  const std::string key = own.is_string() ? own.as_string() : json::dump(own);
  const auto found = s_.translations.find({mapping, other(to), key});
  if (found == s_.translations.end() || !found->second) {
    owed_ = Reference{mapping, other(to), key};
    if (!optional && (s_.coming == nullptr || !s_.coming->contains(*owed_))) out_.missing.push_back(*owed_);
    return std::optional<Value>();
  }
  return std::optional<Value>(TRY(convert(Value(*found->second), Type::of("text"), type)));
}

Result<std::optional<Turned>> Turner::turn_reference(const Field& field, Side to, const Value& form) {
  if (empty_form(field, other(to), form)) return std::optional<Turned>(Turned{false, nothing_in(field, to)});
  if (!field.words.empty()) return turn_word(field, to, form);
  if (!field.list) {
    auto key = TRY(key_there(field.reference, field.optional_reference, to, form, field.type[to]));
    return key ? std::optional<Turned>(Turned{false, std::move(*key)}) : std::nullopt;
  }
  Array keys;
  for (const Value& one : elements_of(form)) {
    auto key = TRY(key_there(field.reference, field.optional_reference, to, one, Type::of("json")));
    if (!key) return std::optional<Turned>();
    keys.push_back(std::move(*key));
  }
  return std::optional<Turned>(Turned{false, TRY(convert(Value(std::move(keys)), Type::of("json"), field.type[to]))});
}

/// The word and the key beside it, both in the other side's.
Result<std::optional<Turned>> Turner::turn_word(const Field& field, Side to, const Value& form) {
  const Side from = other(to);
  const Field::Word* word = word_of(field, from, form);
  const Value* own = form.find(field.paths[from].back());
  if (word == nullptr) return make_error(Code::kInvalid, "t.ref_by does not name " + json::dump(form), "name the word in t.ref_by, or mend the record");
  Value turned{Object{}};
  turned[field.paths[to].front()] = Value(word->said[to]);
  turned[field.paths[to].back()] = Value();
  if (own != nullptr && !own->is_null()) {
    auto key = TRY(key_there(word->mapping, field.optional_reference, to, *own, field.type[to]));
    if (!key) return std::optional<Turned>();
    turned[field.paths[to].back()] = std::move(*key);
  }
  return std::optional<Turned>(Turned{false, std::move(turned)});
}

/// One value of t.find; nullopt leaves the target alone.
Result<std::optional<Value>> Turner::found_there(const Field& field, Side to, const Value& value, const Type& type) {
  const Finder& find = field.find;
  const bool there = to == find.side;
  const Question question = question_of(find, to, value, field.type[other(to)]);
  const auto answer = s_.answers == nullptr ? Answers::const_iterator{} : s_.answers->find(question.name());
  if (s_.answers == nullptr || answer == s_.answers->end()) return make_error(Code::kUnavailable, "nobody looked up " + json::dump(value) + " in " + find.id);
  const std::string& wanted = there ? find.take : find.by;
  if (answer->second) {
    if (there ? find.take_key : find.by_key) return std::optional<Value>(TRY(convert(Value(answer->second->key), Type::of("text"), type)));
    const Value* taken = answer->second->fields.at_path(wanted);
    return std::optional<Value>(TRY(convert(taken == nullptr ? Value() : *taken, there ? find.take_type : find.by_type, type)));
  }
  switch (find.missing) {
    case Finder::Missing::kClear: return std::optional<Value>(Value());
    case Finder::Missing::kKeep: return std::optional<Value>();
    case Finder::Missing::kCreate:
      if (!there) break;
      out_.making.push_back({question, find.values, to});
      return std::optional<Value>();
    case Finder::Missing::kDead: break;
  }
  return make_error(Code::kInvalid, find.id + " has no record with " + (there ? find.by : find.take) + " = " + json::dump(value), "make it there, or say missing = \"clear\", \"keep\" or \"create\"");
}

Result<std::optional<Turned>> Turner::turn_found(const Field& field, Side to, const Value& form) {
  if (empty_form(field, other(to), form)) return std::optional<Turned>(Turned{false, field.list ? form : Value()});
  if (!field.list) {
    auto found = TRY(found_there(field, to, form, field.type[to]));
    return std::optional<Turned>(found ? Turned{false, std::move(*found)} : Turned{true, {}});
  }
  Array values;
  for (const Value& one : elements_of(form)) {
    auto found = TRY(found_there(field, to, one, Type::of("json")));
    if (found && !found->is_null()) values.push_back(std::move(*found));
  }
  return std::optional<Turned>(Turned{false, TRY(convert(Value(std::move(values)), Type::of("json"), field.type[to]))});
}

/// The source's form as the target should have it; nullopt = a reference that is not linked yet.
Result<std::optional<Turned>> Turner::turn(const Field& field, Side to, const Value& form) {
  if (field.kind == Field::Kind::kReference) return turn_reference(field, to, form);
  if (field.kind == Field::Kind::kFind) return turn_found(field, to, form);
  if (field.kind == Field::Kind::kFunction) {
    if (!field.function[to]) return std::optional<Turned>(Turned{true, {}});
    Turned turned = TRY(turn_function(field, to, form));
    if (!turned.leave && turned.value.is_null() && field.default_value) turned.value = *field.default_value;
    return std::optional<Turned>(std::move(turned));
  }
  if (empty_form(field, other(to), form)) {
    if (field.default_value) return std::optional<Turned>(Turned{false, *field.default_value});
    if (field.null == Field::Null::kKeep) return std::optional<Turned>(Turned{true, {}});
    if (field.null == Field::Null::kReplace) return std::optional<Turned>(Turned{false, field.null_value});
  }
  return std::optional<Turned>(Turned{false, TRY(convert(form, field.type[other(to)], field.type[to]))});
}

Result<std::optional<Value>> Turner::turn_cell(const Field& cell, Side to, const Value& form, const Value& row, bool create) {
  row_ = &row;
  new_row_ = create;
  auto turned = turn(cell, to, form);
  row_ = nullptr;
  if (!turned.ok()) return std::move(turned).error().context("row field '" + cell.name + "'");
  if (!*turned || (*turned)->leave) return std::optional<Value>();
  return std::optional<Value>(std::move((*turned)->value));
}

std::optional<Value> Turner::turn_past_cell(const Field& cell, Side to, const Value& form, const Value& row) {
  const std::size_t waits = out_.missing.size(), making = out_.making.size();
  auto turned = turn_cell(cell, to, form, row, false);
  out_.missing.resize(waits, Reference{});
  out_.making.resize(making);
  return turned.ok() ? std::move(*turned) : std::nullopt;
}

}  // namespace tidewire::sync
