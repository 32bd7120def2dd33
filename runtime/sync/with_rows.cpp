#include "sync/with_rows.h"

#include <algorithm>
#include <map>

#include "base/hash.h"
#include "base/json.h"
#include "sync/canonical.h"

namespace tidewire::sync {
namespace {

// A row of a list remembers which record it is; the engine carries both over as columns that no mapping names.
constexpr const char* kKey = "$key";
constexpr const char* kVersion = "$version";

std::string text_of(const Value* value) {
  if (value == nullptr || value->is_null()) return "";
  return value->is_string() ? value->as_string() : json::dump(*value);
}

Value parent_value(const ChildTable& child, const std::string& key) {
  const auto typed = convert(Value(key), Type::of("text"), child.parent_type);
  return typed.ok() ? *typed : Value(key);
}

Value row_of(const Record& record) {
  Value row = record.fields;
  row[kKey] = record.key;
  row[kVersion] = record.version;
  return row;
}

/// What tells one state of the rows from another.
std::string token(const std::vector<ChildTable>& children, const Record& record) {
  std::string text;
  for (const ChildTable& child : children) {
    const Value* rows = record.fields.find(child.path);
    text += rows == nullptr ? "-" : json::dump(*rows);
  }
  return sha256_hex(text).substr(0, 16);
}

std::optional<std::string> own_guard(const std::optional<std::string>& guard) {
  if (!guard) return guard;
  return guard->substr(0, guard->rfind('/'));
}

Value without_marks(const Value& row) {
  Value out{Object{}};
  for (const auto& [column, value] : row.as_object()) {
    if (!column.starts_with('$')) out[column] = value;
  }
  return out;
}

/// The columns of `row` that differ from those of `before`.
Value differences(const Value& row, const Value& before) {
  Value out{Object{}};
  const Value plain = without_marks(row);
  for (const auto& [column, value] : plain.as_object()) {
    const Value* old = before.find(column);
    if (old == nullptr || !(*old == value)) out[column] = value;
  }
  return out;
}

}  // namespace

WithRows::WithRows(Endpoint& parent, std::vector<ChildTable> children) : parent_(parent), tables_(std::move(children)), able_(parent.capabilities()) {
  std::copy_if(tables_.begin(), tables_.end(), std::back_inserter(children_), [](const ChildTable& table) { return !table.polled; });
  able_.ordered_versions = false;
  able_.versions_recur = true;
  able_.page_reads = false;  // a page has no rows of its records
  able_.bulk_update = 1;  // a record and its rows are written one after the other
  able_.answer = Capabilities::Answer::kStored;
}

WithRows::~WithRows() { *alive_ = false; }

/// The rows of each child table, gathered for all records with one question per table.
void WithRows::attach(std::vector<Record> records, Done<std::vector<Record>> done) {
  struct Gathered {
    std::vector<Record> records;
    std::map<std::string, std::size_t> place;
    std::size_t left = 0;
    std::optional<Error> error;
    Done<std::vector<Record>> done;
  };
  auto all = std::make_shared<Gathered>();  // owners: the callbacks below
  all->records = std::move(records);
  all->left = children_.size();
  all->done = std::move(done);
  for (std::size_t i = 0; i < all->records.size(); ++i) all->place[all->records[i].key] = i;
  const auto finish = [this, all] {
    for (Record& record : all->records) {
      if (!record.version.empty()) record.version += "/" + token(children_, record);
    }
    all->done(std::move(all->records));
  };
  if (all->records.empty() || children_.empty()) return finish();
  for (const ChildTable& child : children_) {
    std::vector<Value> keys;
    for (Record& record : all->records) {
      keys.push_back(parent_value(child, record.key));
      record.fields[child.path] = Value(Array{});
    }
    child.rows->children(child.parent, std::move(keys), [all, finish, alive = alive_, &child](Result<std::vector<Record>> rows) {
      if (!*alive) return;
      if (!rows.ok()) all->error = rows.error();
      if (rows.ok()) std::sort(rows->begin(), rows->end(), [](const Record& a, const Record& b) { return a.key < b.key; });
      for (const Record& row : rows.ok() ? *rows : std::vector<Record>{}) {
        const auto whose = all->place.find(text_of(row.fields.find(child.parent)));
        if (whose != all->place.end()) all->records[whose->second].fields[child.path].as_array().push_back(row_of(row));
      }
      if (--all->left > 0) return;
      if (all->error) return all->done(Error(*all->error).context("reading the rows below records"));
      finish();
    });
  }
}

void WithRows::read(std::vector<std::string> keys, Done<std::vector<Record>> done) {
  parent_.read(std::move(keys), [this, alive = alive_, done = std::move(done)](Result<std::vector<Record>> records) {
    if (!*alive) return;
    if (!records.ok()) return done(std::move(records).error());
    attach(std::move(*records), done);
  });
}

void WithRows::list(std::optional<Value> cursor, int limit, Done<ListPage> done) {
  parent_.list(std::move(cursor), limit, [this, alive = alive_, done = std::move(done)](Result<ListPage> page) {
    if (!*alive) return;
    if (!page.ok()) return done(std::move(page).error());
    attach(std::move(page->records), [done, next = page->cursor](Result<std::vector<Record>> records) {
      if (!records.ok()) return done(std::move(records).error());
      done(ListPage{std::move(*records), next});
    });
  });
}

/// The lists of rows, taken out of what is to be written.
Value WithRows::split(Value& values) const {
  Value lists{Object{}};
  for (const ChildTable& child : children_) {
    Value* list = values.find(child.path);
    if (list == nullptr) continue;
    lists[child.path] = std::move(*list);
    values.as_object().erase(child.path);
  }
  return lists;
}

/// The requests of one record's rows, one after the other; `touched` once one may have been applied.
struct WithRows::Write : std::enable_shared_from_this<WithRows::Write> {
  WithRows& owner;
  std::shared_ptr<bool> alive;
  std::string key;
  bool touched = false;
  std::vector<std::function<void(Done<void>)>> steps;
  Done<Record> done;

  Write(WithRows& whose, std::string the_key, Done<Record> the_done) : owner(whose), alive(whose.alive_), key(std::move(the_key)), done(std::move(the_done)) {}

  void plan(const ChildTable& child, const Value& wanted, const Value& present) {
    std::map<std::string, const Value*> there;
    for (const Value& row : present.as_array()) there[row.string_or(kKey)] = &row;
    std::vector<CreateRequest> fresh;
    for (const Value& row : wanted.as_array()) {
      const auto before = there.find(row.string_or(kKey));
      if (before == there.end()) {
        Value values = without_marks(row);
        values[child.parent] = parent_value(child, key);
        fresh.push_back({std::move(values), std::nullopt});
        continue;
      }
      if (Value changed = differences(row, *before->second); !changed.as_object().empty()) change(child, *before->second, std::move(changed));
      there.erase(before);
    }
    for (const auto& [row_key, row] : there) drop(child, *row);
    add(child, std::move(fresh));
  }
  static std::optional<std::string> guard(const Value& row, bool able) {
    const std::string version = row.string_or(kVersion);
    return able && !version.empty() ? std::optional(version) : std::nullopt;
  }
  void change(const ChildTable& child, const Value& row, Value changed) {
    steps.push_back([&child, row_key = row.string_or(kKey), held = guard(row, child.rows->capabilities().guarded_writes), changed = std::move(changed)](Done<void> then) {
      child.rows->update(row_key, changed, held, [then](Result<Record> answer) { then(answer.ok() ? Result<void>() : Result<void>(answer.error())); });
    });
  }
  void drop(const ChildTable& child, const Value& row) {
    steps.push_back([&child, row_key = row.string_or(kKey), held = guard(row, child.rows->capabilities().guarded_deletes)](Done<void> then) {
      child.rows->remove(row_key, held, [then](Result<void> answer) { then(!answer.ok() && answer.error().code == Code::kNotFound ? Result<void>() : answer); });
    });
  }
  void add(const ChildTable& child, std::vector<CreateRequest> fresh) {
    const std::size_t most = static_cast<std::size_t>(std::max(1, child.rows->capabilities().bulk_create));
    for (std::size_t at = 0; at < fresh.size(); at += most) {
      std::vector<CreateRequest> some(fresh.begin() + static_cast<std::ptrdiff_t>(at), fresh.begin() + static_cast<std::ptrdiff_t>(std::min(fresh.size(), at + most)));
      steps.push_back([&child, some = std::move(some)](Done<void> then) {
        child.rows->create(some, [then](Result<std::vector<Result<Record>>> answer) {
          if (!answer.ok()) return then(answer.error());
          for (const auto& one : *answer) {
            if (!one.ok()) return then(one.error());
          }
          then({});
        });
      });
    }
  }
  void go(std::size_t number = 0) {
    if (number == steps.size()) return read_back();
    steps[number]([self = shared_from_this(), number](Result<void> answer) {
      if (!*self->alive) return;
      if (!answer.ok()) return self->stop(Error(answer.error()).context("writing a row below '" + self->key + "'"));
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

void WithRows::update(std::string key, Value values, std::optional<std::string> guard, Done<Record> done) {
  auto write = std::make_shared<Write>(*this, key, std::move(done));
  const auto lists = std::make_shared<Value>(split(values));  // owners: the callback below
  attach({Record{key, "", "", {}, Value(Object{})}}, [this, alive = alive_, write, lists, values = std::move(values), guard](Result<std::vector<Record>> now) {
    if (!*alive) return;
    if (!now.ok()) return write->done(std::move(now).error());
    const Record& present = now->front();
    const bool rows_move = !lists->as_object().empty();
    if (guard && rows_move && guard->substr(guard->rfind('/') + 1) != token(children_, present)) {
      return write->done(make_error(Code::kStale, "the rows below '" + write->key + "' changed since they were read"));
    }
    if (!values.as_object().empty()) {
      write->steps.push_back([this, write_key = write->key, values, held = own_guard(guard)](Done<void> then) {
        parent_.update(write_key, values, held, [then](Result<Record> answer) { then(answer.ok() ? Result<void>() : Result<void>(answer.error())); });
      });
    }
    for (const ChildTable& child : children_) {
      if (const Value* wanted = lists->find(child.path); wanted != nullptr && wanted->is_array()) write->plan(child, *wanted, *present.fields.find(child.path));
    }
    write->go();
  });
}

void WithRows::act(std::string key, std::string verb, std::optional<std::string> guard, Done<Record> done) {
  auto write = std::make_shared<Write>(*this, key, std::move(done));
  write->steps.push_back([this, key, verb = std::move(verb), held = own_guard(guard)](Done<void> then) {
    parent_.act(key, verb, held, [then](Result<Record> answer) { then(answer.ok() ? Result<void>() : Result<void>(answer.error())); });
  });
  write->go();
}

/// The records first, then the rows of each; one whose rows failed may have some of them.
void WithRows::create(std::vector<CreateRequest> requests, Done<std::vector<Result<Record>>> done) {
  auto lists = std::make_shared<std::vector<Value>>();  // owners: the callbacks below
  for (CreateRequest& request : requests) lists->push_back(split(request.values));
  parent_.create(std::move(requests), [this, alive = alive_, lists, done = std::move(done)](Result<std::vector<Result<Record>>> made) {
    if (!*alive) return;
    if (!made.ok()) return done(std::move(made).error());
    auto answers = std::make_shared<std::vector<Result<Record>>>(std::move(*made));
    auto left = std::make_shared<std::size_t>(1);
    const auto one = [answers, left, done] {
      if (--*left == 0) done(std::move(*answers));
    };
    for (std::size_t i = 0; i < answers->size() && i < lists->size(); ++i) {
      if (!(*answers)[i].ok()) continue;
      ++*left;
      auto write = std::make_shared<Write>(*this, (*answers)[i]->key, [answers, one, i](Result<Record> whole) {
        (*answers)[i] = std::move(whole);
        one();
      });
      write->touched = true;
      for (const ChildTable& child : children_) {
        if (const Value* wanted = (*lists)[i].find(child.path); wanted != nullptr && wanted->is_array()) write->plan(child, *wanted, Value(Array{}));
      }
      write->go();
    }
    one();
  });
}

/// Where the rows hold the record fast, they go first.
void WithRows::remove(std::string key, std::optional<std::string> guard, Done<void> done) {
  parent_.remove(key, own_guard(guard), [this, alive = alive_, key, guard, done = std::move(done)](Result<void> answer) {
    if (!*alive) return;
    if (answer.ok() || answer.error().code != Code::kInvalid) return done(std::move(answer));
    attach({Record{key, "", "", {}, Value(Object{})}}, [this, alive, key, guard, done, refused = answer.error()](Result<std::vector<Record>> now) {
      if (!*alive) return;
      if (!now.ok()) return done(std::move(now).error());
      auto write = std::make_shared<Write>(*this, key, [done](Result<Record> answer) { done(answer.ok() ? Result<void>() : Result<void>(answer.error())); });
      for (const ChildTable& child : children_) write->plan(child, Value(Array{}), *now->front().fields.find(child.path));
      if (write->steps.empty()) return done(refused);
      write->steps.push_back([this, key, guard, done](Done<void>) { parent_.remove(key, own_guard(guard), done); });
      write->go();
    });
  });
}

}  // namespace tidewire::sync
