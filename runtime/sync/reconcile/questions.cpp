#include "sync/reconcile/questions.h"

#include <algorithm>
#include <functional>
#include <set>

#include "base/json.h"
#include "sync/merge/canonical.h"

namespace tidewire::sync {

using store::other;

const Array& elements_of(const Value& form) {
  static const Array none;
  return form.is_array() ? form.as_array() : none;
}

const Field::Word* word_of(const Field& field, Side side, const Value& form) {
  const Value* said = form.find(field.paths[side].front());
  if (said == nullptr || !said->is_string()) return nullptr;
  const auto found = std::find_if(field.words.begin(), field.words.end(), [&](const Field::Word& word) { return word.said[side] == said->as_string(); });
  return found == field.words.end() ? nullptr : &*found;
}

Question question_of(const Finder& find, Side to, const Value& value, const Type& type) {
  const bool there = to == find.side;
  const auto typed = convert(value, type.kind == "list" || type.kind == "set" ? Type::of("json") : type, there ? find.by_type : find.take_type);
  const bool by_key = there ? find.by_key : find.take_key;
  return {find.id, by_key ? "" : (there ? find.by : find.take), typed.ok() ? *typed : value, find.cache};
}

namespace {

/// Every field that holds a value of its own: of rows, each cell of each row.
void visit(const Field& field, Side side, const Value& form, const std::function<void(const Field&, const Value&)>& see) {
  if (field.kind != Field::Kind::kRows) return see(field, form);
  for (const Value& row : elements_of(form)) {
    for (const Field& cell : field.rows) {
      if (!cell.paths[side].empty()) see(cell, cell_form(cell, side, row));
    }
  }
}

void add_reference(const Field& field, Side side, const Value& form, std::set<Reference>& wanted) {
  if (field.kind != Field::Kind::kReference || empty_form(field, side, form)) return;
  const auto add = [&](const std::string& mapping, const Value& key) { wanted.insert({mapping, side, key.is_string() ? key.as_string() : json::dump(key)}); };
  if (!field.words.empty()) {
    const Field::Word* word = word_of(field, side, form);
    const Value* key = form.find(field.paths[side].back());
    if (word != nullptr && key != nullptr && !key->is_null()) add(word->mapping, *key);
  } else if (field.list) {
    for (const Value& key : elements_of(form)) add(field.reference, key);
  } else {
    add(field.reference, form);
  }
}

}  // namespace

std::vector<Reference> references_in(const Field& field, Side side, const Value& form) {
  std::set<Reference> named;
  visit(field, side, form, [&](const Field& one, const Value& value) { add_reference(one, side, value, named); });
  return {named.begin(), named.end()};
}

namespace {

void add_questions(const Field& field, Side side, const Value& form, bool redact, std::vector<Question>& wanted) {
  if (field.kind != Field::Kind::kFind || empty_form(field, side, form)) return;
  const Side to = other(side);
  for (const Value& one : field.list ? elements_of(form) : Array{form}) {
    wanted.push_back(question_of(field.find, to, one, field.type[side]));
    wanted.back().redact = redact;
  }
}

/// What a person has decided of the field, and what was shown: neither record need say it by now.
std::vector<const Value*> decided_forms(const Situation& situation, const Field& field, Side side) {
  std::vector<const Value*> forms;
  for (const store::Conflict& conflict : situation.conflicts) {
    if (conflict.field != field.name || !conflict.method) continue;
    for (const std::optional<Value>* form : {&conflict.said[side], &conflict.shown[side]}) {
      if (*form) forms.push_back(&**form);
    }
  }
  return forms;
}

}  // namespace

std::vector<Question> questions_of(const Situation& situation) {
  std::vector<Question> wanted;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    for (const Field& field : situation.plan.fields) {
      if (field.kind != Field::Kind::kFind && field.kind != Field::Kind::kRows) continue;
      const auto see = [&](const Field& one, const Value& form) { add_questions(one, side, form, field.redact || one.redact, wanted); };
      for (const Value* form : decided_forms(situation, field, side)) visit(field, side, *form, see);
      if (situation.record[side] != nullptr) visit(field, side, form_of(field, side, situation.record[side]->fields), see);
    }
    if (situation.record[side] == nullptr) continue;
    for (const Lookup& lookup : situation.plan.lookups) {
      if (auto question = question_of(lookup, side, situation)) wanted.push_back(std::move(*question));
    }
  }
  std::set<std::string> seen;
  std::erase_if(wanted, [&](const Question& question) { return !seen.insert(question.name()).second; });
  return wanted;
}

std::vector<Reference> references_of(const Situation& situation) {
  std::set<Reference> wanted;
  for (const Field& field : situation.plan.fields) {
    if (field.kind != Field::Kind::kReference && field.kind != Field::Kind::kRows) continue;
    const auto base = situation.link.base.find(field.name);
    for (const Side side : {Side::kLeft, Side::kRight}) {
      const auto see = [&](const Field& one, const Value& form) { add_reference(one, side, form, wanted); };
      if (field.kind == Field::Kind::kRows && base != situation.link.base.end()) visit(field, side, base->second[side], see);
      for (const Value* form : decided_forms(situation, field, side)) visit(field, side, *form, see);
      if (situation.record[side] != nullptr) visit(field, side, form_of(field, side, situation.record[side]->fields), see);
    }
  }
  return {wanted.begin(), wanted.end()};
}

std::optional<Question> question_of(const Lookup& lookup, Side side, const Situation& situation) {
  if (lookup.side != side || situation.record[side] == nullptr) return std::nullopt;
  const Value* value = situation.record[side]->fields.at_path(lookup.path);
  const Value asked = value == nullptr ? Value() : *value;
  if (asked.is_null() || asked == Value("")) return std::nullopt;
  const bool redact = std::any_of(situation.plan.fields.begin(), situation.plan.fields.end(), [&](const Field& field) {
    return is_redacted(field) && std::find(field.paths[side].begin(), field.paths[side].end(), lookup.path) != field.paths[side].end();
  });
  return Question{lookup.id, lookup.by, asked, lookup.cache, redact};
}

}  // namespace tidewire::sync
