// Writes of a record with its parts: the record first, then each part by a request of its own, then all of it read back.
#include <algorithm>

#include "sync/belongings/belongings.h"
#include "sync/belongings/parts_form.h"
#include "sync/belongings/with_parts.h"

namespace tidewire::sync {
namespace {

using belongings::plain_answer;

/// The columns of the part that the record's new state changes.
Value moved_columns(const Value& wanted, const Value& present) {
  Value out{Object{}};
  for (const auto& [column, value] : wanted.as_object()) {
    const Value* old = present.find(column);
    if (!column.starts_with('$') && (old == nullptr ? !value.is_null() : !(*old == value))) out[column] = value;
  }
  return out;
}

bool has_nothing(const Part& part, const Value& wanted, const Value& present) {
  return std::all_of(part.columns.begin(), part.columns.end(), [&](const std::string& column) {
    const Value* value = wanted.find(column);
    if (value == nullptr) value = present.find(column);
    return value == nullptr || value->is_null() || (value->is_string() && value->as_string().empty());
  });
}

}  // namespace

/// The steps that bring one record's parts to a state.
struct WithParts::Plan {
  WithParts& owner;
  Value root = Object{};  // what is written of the record itself
  std::shared_ptr<belongings::Write> write;

  Plan(WithParts& whose, std::string key, Done<Record> done)
      : owner(whose), write(std::make_shared<belongings::Write>(whose, whose.alive_, std::move(key), std::move(done))) {}

  void bring(const Part& part, const Value& wanted, const Value& present) {
    if (!present.is_object()) return make(part, wanted);
    Value changed = moved_columns(wanted, present);
    if (changed.as_object().empty()) return;
    if (part.emptied != Part::Emptied::kClear && has_nothing(part, wanted, present)) return drop(part, present, part.emptied == Part::Emptied::kDelete);
    write->add_update(*part.records, present, std::move(changed));
  }

  /// One that is not there; where the mapping does not make it, its fields read as before and the engine says so.
  void make(const Part& part, const Value& wanted) {
    Value values = moved_columns(wanted, Value(Object{}));
    if (!part.create || values.as_object().empty()) return;
    for (const Value* more : {&part.pick, &part.values}) {
      for (const auto& [column, value] : more->as_object()) values.as_object().try_emplace(column, value);
    }
    if (part.owner == Part::Owner::kColumn) values[part.field] = parts::key_value(part, write->key());
    if (part.owner == Part::Owner::kList) {
      Value row = part.also;
      row[part.column] = write->key();
      values[part.field] = Value(Array{std::move(row)});
    }
    write->add_create(*part.records, {{std::move(values), std::nullopt}});
  }

  /// Takes the part away from the record, or out of the system where it is nobody else's.
  void drop(const Part& part, const Value& present, bool remove) {
    if (part.owner == Part::Owner::kVia) {
      root[part.field] = Value();
      return;
    }
    Value changed{Object{}};
    changed[part.field] = Value();
    if (part.owner == Part::Owner::kList) {
      Array others;
      const Value* rows = present.find(part.field);
      for (const Value& row : rows != nullptr && rows->is_array() ? rows->as_array() : Array{}) {
        if (!parts::names(part, row) || belongings::text_of(row.find(part.column)) != write->key()) others.push_back(row);
      }
      remove = remove && others.empty();
      changed[part.field] = Value(std::move(others));
    }
    if (remove) return write->add_remove(*part.records, present);
    write->add_update(*part.records, present, std::move(changed));
  }

  void go(const std::optional<std::string>& guard) {
    if (!root.as_object().empty()) {
      write->add_first([&to = owner.root_, key = write->key(), values = std::move(root), held = belongings::own_guard(guard)](Done<Answered> then) {
        to.update(key, values, held, [then](Result<Record> answer) { then(plain_answer(answer)); });
      });
    }
    write->go();
  }
};

bool WithParts::makes(const Value& values) const {
  return root_.makes(values) || std::any_of(parts_.begin(), parts_.end(), [&](const Part& part) {
           const Value* wanted = values.find(part.name);
           return part.create && wanted != nullptr && wanted->is_object() && wanted->string_or(belongings::kKey).empty() && !moved_columns(*wanted, Value(Object{})).as_object().empty();
         });
}

/// The parts' values, taken out of what is to be written.
Value WithParts::split(Value& values) const {
  Value own{Object{}};
  for (const Part& part : parts_) {
    Value* value = values.find(part.name);
    if (value == nullptr) continue;
    own[part.name] = std::move(*value);
    values.as_object().erase(part.name);
  }
  return own;
}

/// The record as far as its parts need it: a field of its own only where one names a part.
void WithParts::whole(std::string key, Done<Record> done) {
  const auto attached = [this, alive = alive_, key, done](std::vector<Record> records) {
    attach(std::move(records), [key, done](Result<std::vector<Record>> now) {
      if (!now.ok()) return done(std::move(now).error());
      if (now->empty()) return done(make_error(Code::kNotFound, "'" + key + "' is not there any more"));
      done(std::move(now->front()));
    });
  };
  if (std::none_of(parts_.begin(), parts_.end(), [](const Part& part) { return part.owner == Part::Owner::kVia; })) return attached({Record{key, "", "", {}, Value(Object{})}});
  root_.read({key}, [alive = alive_, attached, done](Result<std::vector<Record>> records) {
    if (!*alive) return;
    if (!records.ok()) return done(std::move(records).error());
    attached(std::move(*records));
  });
}

void WithParts::update(std::string key, Value values, std::optional<std::string> guard, Done<Record> done) {
  auto plan = std::make_shared<Plan>(*this, key, std::move(done));  // owners: the callback below
  Value own = split(values);
  plan->root = std::move(values);
  if (own.as_object().empty()) return plan->go(guard);
  whole(key, [this, plan, key, own = std::move(own), guard](Result<Record> present) {
    if (!present.ok()) return plan->write->stop(std::move(present).error());
    if (belongings::is_past(guard, token(*present))) return plan->write->stop(make_error(Code::kStale, "a part of '" + key + "' changed since it was read"));
    for (const Part& part : parts_) {
      const Value* wanted = own.find(part.name);
      if (wanted == nullptr) continue;
      plan->bring(part, wanted->is_object() ? *wanted : Value(Object{}), *present->fields.find(part.name));
    }
    plan->go(guard);
  });
}

void WithParts::act(std::string key, std::string verb, std::optional<std::string> guard, Done<Record> done) {
  Plan plan(*this, key, std::move(done));
  plan.write->add([&to = root_, key, verb = std::move(verb), held = belongings::own_guard(guard)](Done<Answered> then) {
    to.act(key, verb, held, [then](Result<Record> answer) { then(plain_answer(answer)); });
  });
  plan.go(std::nullopt);
}

void WithParts::create(std::vector<CreateRequest> requests, Done<std::vector<Result<Record>>> done) {
  auto own = std::make_shared<std::vector<Value>>();  // owners: the callback below
  for (CreateRequest& request : requests) own->push_back(split(request.values));
  const auto complete = [this, own](std::size_t i, const std::string& key, Done<Record> made) {
    auto plan = std::make_shared<Plan>(*this, key, std::move(made));
    plan->write->touch();
    whole(key, [this, plan, wanted = (*own)[i]](Result<Record> present) {
      if (!present.ok()) return plan->write->stop(std::move(present).error());
      for (const Part& part : parts_) {
        if (const Value* value = wanted.find(part.name); value != nullptr && value->is_object()) plan->bring(part, *value, *present->fields.find(part.name));
      }
      plan->go(std::nullopt);
    });
  };
  belongings::create(root_, alive_, std::move(requests), complete, std::move(done));
}

void WithParts::put_back(std::string key, Done<Record> done) {
  belongings::put_back(root_, alive_, std::move(key), [this](std::vector<Record> records, Done<std::vector<Record>> then) { attach(std::move(records), std::move(then)); }, std::move(done));
}

/// Where a part holds the record fast it is taken away first; where the mapping says so it goes with the record.
void WithParts::remove(std::string key, std::optional<std::string> guard, Done<Answered> done) {
  whole(key, [this, alive = alive_, key, guard, done = std::move(done)](Result<Record> present) {
    if (!*alive) return;
    if (!present.ok()) return done(plain_answer(present));
    if (belongings::is_past(guard, token(*present))) return done(make_error(Code::kStale, "a part of '" + key + "' changed since it was read"));
    root_.remove(key, belongings::own_guard(guard), [this, alive, key, guard, done, present = std::move(*present)](Result<Answered> answer) {
      if (!*alive) return;
      if (!answer.ok() && !belongings::may_be_held_fast(answer.error())) return done(std::move(answer));
      Plan plan(*this, key, [done](Result<Record> gone) { done(plain_answer(gone)); });
      const bool held = !answer.ok();
      plan.write->heard(held ? answer.error().exchanges : answer->exchanges);
      for (const Part& part : parts_) {
        const Value& value = *present.fields.find(part.name);
        if (!value.is_object() || part.owner == Part::Owner::kVia) continue;
        if (held || part.emptied == Part::Emptied::kDelete) plan.drop(part, value, part.emptied == Part::Emptied::kDelete);
      }
      if (plan.write->empty()) return done(std::move(answer));
      if (held) plan.write->add([&from = root_, key, own = belongings::own_guard(guard)](Done<Answered> then) { from.remove(key, own, std::move(then)); });
      plan.write->ends_gone();
      plan.go(std::nullopt);
    });
  });
}

}  // namespace tidewire::sync
