// Writes of a record with its parts: the record first, then each part by a request of its own, then all of it read back.
#include <algorithm>

#include "sync/parts_form.h"
#include "sync/with_parts.h"

namespace tidewire::sync {
namespace {


std::optional<std::string> roots_guard(const std::optional<std::string>& guard) {
  if (!guard) return guard;
  return guard->substr(0, guard->rfind('/'));
}

std::optional<std::string> guard_of(const Value& present, bool able) {
  const std::string version = present.string_or(parts::kVersion);
  return able && !version.empty() ? std::optional(version) : std::nullopt;
}

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

template <typename T>
Result<void> plain_answer(const Result<T>& answer) {
  return answer.ok() ? Result<void>() : Result<void>(answer.error());
}

}  // namespace

/// The requests of one record, one after the other; `touched` once one may have been applied.
struct WithParts::Write : std::enable_shared_from_this<WithParts::Write> {
  WithParts& owner;
  std::shared_ptr<bool> alive;
  std::string key;
  bool touched = false, gone = false;
  Value root{Object{}};  // what is written of the record itself
  std::vector<std::function<void(Done<void>)>> steps;
  Done<Record> done;

  Write(WithParts& whose, std::string the_key, Done<Record> the_done) : owner(whose), alive(whose.alive_), key(std::move(the_key)), done(std::move(the_done)) {}

  void plan(const Part& part, const Value& wanted, const Value& present) {
    if (!present.is_object()) return make(part, wanted);
    Value changed = moved_columns(wanted, present);
    if (changed.as_object().empty()) return;
    if (part.emptied != Part::Emptied::kClear && has_nothing(part, wanted, present)) return drop(part, present, part.emptied == Part::Emptied::kDelete);
    steps.push_back([&part, changed = std::move(changed), part_key = present.string_or(parts::kKey), held = guard_of(present, part.records->capabilities().guarded_writes)](Done<void> then) {
      part.records->update(part_key, changed, held, [then](Result<Record> answer) { then(plain_answer(answer)); });
    });
  }

  /// One that is not there; where the mapping does not make it, its fields read as before and the engine says so.
  void make(const Part& part, const Value& wanted) {
    Value values = moved_columns(wanted, Value(Object{}));
    if (!part.create || values.as_object().empty()) return;
    for (const Value* more : {&part.pick, &part.values}) {
      for (const auto& [column, value] : more->as_object()) values.as_object().try_emplace(column, value);
    }
    if (part.owner == Part::Owner::kColumn) values[part.field] = parts::key_value(part, key);
    if (part.owner == Part::Owner::kList) {
      Value row = part.also;
      row[part.column] = key;
      values[part.field] = Value(Array{std::move(row)});
    }
    steps.push_back([this, &part, values = std::move(values)](Done<void> then) { send(part, values, std::move(then)); });
  }
  void send(const Part& part, const Value& values, Done<void> then) {
    const std::pair<std::string, std::string> doubt{key, part.name};
    if (const auto open = owner.doubts_.find(doubt); open != owner.doubts_.end() && owner.clock_.now() < open->second) {
      Error wait = make_error(Code::kUnavailable, "the part '" + part.name + "' was sent before without an answer", "it is made again once the lost request can no longer be applied");
      wait.retry_after = std::chrono::duration_cast<std::chrono::milliseconds>(open->second - owner.clock_.now()) + std::chrono::milliseconds(1);
      return then(wait);
    }
    part.records->create({{values, std::nullopt}}, [self = shared_from_this(), &part, doubt, then = std::move(then)](Result<std::vector<Result<Record>>> made) {
      if (!*self->alive) return;
      const bool refused = made.ok() && !made->empty() && !made->front().ok();
      const Result<void> answer = !made.ok() ? Result<void>(made.error()) : (refused ? Result<void>(made->front().error()) : Result<void>());
      if (!answer.ok() && answer.error().code == Code::kUnknown) self->owner.doubts_[doubt] = self->owner.clock_.now() + part.records->capabilities().settle;
      else self->owner.doubts_.erase(doubt);
      then(answer);
    });
  }

  /// Takes the part away from the record, or out of the system.
  void drop(const Part& part, const Value& present, bool remove) {
    const std::string part_key = present.string_or(parts::kKey);
    if (remove && part.owner != Part::Owner::kVia) {
      steps.push_back([&part, part_key, held = guard_of(present, part.records->capabilities().guarded_deletes)](Done<void> then) {
        part.records->remove(part_key, held, [then](Result<void> answer) { then(!answer.ok() && answer.error().code == Code::kNotFound ? Result<void>() : answer); });
      });
      return;
    }
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
        if (!parts::names(part, row) || parts::text_of(row.find(part.column)) != key) others.push_back(row);
      }
      changed[part.field] = Value(std::move(others));
    }
    steps.push_back([&part, changed = std::move(changed), part_key, held = guard_of(present, part.records->capabilities().guarded_writes)](Done<void> then) {
      part.records->update(part_key, changed, held, [then](Result<Record> answer) { then(plain_answer(answer)); });
    });
  }

  void write_root(std::optional<std::string> guard) {
    if (root.as_object().empty()) return;
    steps.insert(steps.begin(), [this, guard = std::move(guard)](Done<void> then) {
      owner.root_.update(key, root, guard, [then](Result<Record> answer) { then(plain_answer(answer)); });
    });
  }
  void go(std::size_t number = 0) {
    if (number == steps.size()) return gone ? done(Record{}) : read_back();
    steps[number]([self = shared_from_this(), number](Result<void> answer) {
      if (!*self->alive) return;
      if (!answer.ok()) return self->stop(Error(answer.error()).context("writing '" + self->key + "' and its parts"));
      self->touched = true;
      self->go(number + 1);
    });
  }
  void stop(Error error) {
    if (touched) error.code = Code::kUnknown;  // some of it is written
    done(std::move(error));
  }
  void read_back() {
    owner.read({key}, [self = shared_from_this()](Result<std::vector<Record>> records) {
      if (records.ok() && records->size() == 1) return self->done(std::move(records->front()));
      self->done(make_error(Code::kUnknown, "'" + self->key + "' was written but cannot be read back", "it is read again"));
    });
  }
};

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
  auto write = std::make_shared<Write>(*this, key, std::move(done));
  Value own = split(values);
  write->root = std::move(values);
  if (own.as_object().empty()) {
    write->write_root(roots_guard(guard));
    return write->go();
  }
  whole(key, [this, write, own = std::move(own), guard](Result<Record> present) {
    if (!present.ok()) return write->done(std::move(present).error());
    if (guard && guard->substr(guard->rfind('/') + 1) != token(*present)) {
      return write->done(make_error(Code::kStale, "a part of '" + write->key + "' changed since it was read"));
    }
    for (const Part& part : parts_) {
      const Value* wanted = own.find(part.name);
      if (wanted == nullptr) continue;
      write->plan(part, wanted->is_object() ? *wanted : Value(Object{}), *present->fields.find(part.name));
    }
    write->write_root(roots_guard(guard));
    write->go();
  });
}

void WithParts::act(std::string key, std::string verb, std::optional<std::string> guard, Done<Record> done) {
  auto write = std::make_shared<Write>(*this, key, std::move(done));
  write->steps.push_back([this, key, verb = std::move(verb), held = roots_guard(guard)](Done<void> then) {
    root_.act(key, verb, held, [then](Result<Record> answer) { then(plain_answer(answer)); });
  });
  write->go();
}

/// The records first, then the parts of each; one whose parts failed may have some of them.
void WithParts::create(std::vector<CreateRequest> requests, Done<std::vector<Result<Record>>> done) {
  auto own = std::make_shared<std::vector<Value>>();  // owners: the callbacks below
  for (CreateRequest& request : requests) own->push_back(split(request.values));
  root_.create(std::move(requests), [this, alive = alive_, own, done = std::move(done)](Result<std::vector<Result<Record>>> made) {
    if (!*alive) return;
    if (!made.ok()) return done(std::move(made).error());
    auto answers = std::make_shared<std::vector<Result<Record>>>(std::move(*made));
    auto left = std::make_shared<std::size_t>(1);
    const auto one = [answers, left, done] {
      if (--*left == 0) done(std::move(*answers));
    };
    for (std::size_t i = 0; i < answers->size() && i < own->size(); ++i) {
      if (!(*answers)[i].ok()) continue;
      ++*left;
      auto write = std::make_shared<Write>(*this, (*answers)[i]->key, [answers, one, i](Result<Record> complete) {
        (*answers)[i] = std::move(complete);
        one();
      });
      write->touched = true;
      whole(write->key, [this, write, own, i](Result<Record> present) {
        if (!present.ok()) return write->stop(std::move(present).error());
        for (const Part& part : parts_) {
          if (const Value* wanted = (*own)[i].find(part.name); wanted != nullptr && wanted->is_object()) write->plan(part, *wanted, *present->fields.find(part.name));
        }
        write->write_root(std::nullopt);
        write->go();
      });
    }
    one();
  });
}

/// Where a part holds the record fast it is taken away first; where the mapping says so it goes with the record.
void WithParts::remove(std::string key, std::optional<std::string> guard, Done<void> done) {
  whole(key, [this, alive = alive_, key, guard, done = std::move(done)](Result<Record> present) {
    if (!*alive) return;
    if (!present.ok()) return done(Result<void>(std::move(present).error()));
    root_.remove(key, roots_guard(guard), [this, alive, key, guard, done, present = std::move(*present)](Result<void> answer) {
      if (!*alive) return;
      if (!answer.ok() && answer.error().code != Code::kInvalid) return done(std::move(answer));
      auto write = std::make_shared<Write>(*this, key, [done](Result<Record> gone) { done(plain_answer(gone)); });
      const bool held = !answer.ok();
      for (const Part& part : parts_) {
        const Value& value = *present.fields.find(part.name);
        if (!value.is_object() || part.owner == Part::Owner::kVia) continue;
        if (held || part.emptied == Part::Emptied::kDelete) write->drop(part, value, part.emptied == Part::Emptied::kDelete);
      }
      if (write->steps.empty()) return done(std::move(answer));
      if (held) write->steps.push_back([this, key, guard](Done<void> then) { root_.remove(key, roots_guard(guard), std::move(then)); });
      write->gone = true;
      write->go();
    });
  });
}

}  // namespace tidewire::sync
