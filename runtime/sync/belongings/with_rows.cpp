#include "sync/belongings/with_rows.h"

#include <algorithm>
#include <map>

#include "base/hash.h"
#include "base/json.h"
#include "sync/belongings/belongings.h"
#include "sync/merge/canonical.h"

namespace tidewire::sync {
namespace {

using belongings::plain_answer;

Value parent_value(const ChildTable& child, const std::string& key) {
  const auto typed = convert(Value(key), Type::of("text"), child.parent_type);
  return typed.ok() ? *typed : Value(key);
}

Value row_of(const Record& record) {
  Value row = record.fields;
  row[belongings::kKey] = record.key;
  row[belongings::kVersion] = record.version;
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
  for (const ChildTable& child : children_) able_.settle = std::max(able_.settle, child.rows->capabilities().settle);
}

WithRows::~WithRows() { *alive_ = false; }

/// The rows of each child table, gathered for all records with one question per table.
void WithRows::attach(std::vector<Record> records, Done<std::vector<Record>> done) {
  struct Gathered {
    std::vector<Record> records;
    std::map<std::string, std::size_t> place;
    belongings::Keys keys;
    std::size_t left = 0;
    std::optional<Error> error;
    Done<std::vector<Record>> done;
  };
  auto all = std::make_shared<Gathered>();  // owners: the callbacks below
  all->records = std::move(records);
  all->left = children_.size();
  all->done = std::move(done);
  for (std::size_t i = 0; i < all->records.size(); ++i) all->place[all->records[i].key] = i;
  for (const Record& record : all->records) all->keys.add(record.key);
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
        const auto whose = all->keys.meant(belongings::text_of(row.fields.find(child.parent)));
        if (whose) all->records[all->place[*whose]].fields[child.path].as_array().push_back(row_of(row));
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

bool WithRows::makes(const Value& values) const {
  return parent_.makes(values) || std::any_of(children_.begin(), children_.end(), [&](const ChildTable& child) {
           const Value* wanted = values.find(child.path);
           if (wanted == nullptr || !wanted->is_array()) return false;
           return std::any_of(wanted->as_array().begin(), wanted->as_array().end(), [](const Value& row) { return row.string_or(belongings::kKey).empty(); });
         });
}

/// The steps that bring one record's rows to a state.
struct WithRows::Plan {
  std::shared_ptr<belongings::Write> write;

  Plan(WithRows& whose, std::string key, Done<Record> done) : write(std::make_shared<belongings::Write>(whose, whose.alive_, std::move(key), std::move(done))) {}

  void bring(const ChildTable& child, const Value& wanted, const Value& present) {
    std::map<std::string, const Value*> there;
    for (const Value& row : present.as_array()) there[row.string_or(belongings::kKey)] = &row;
    std::vector<CreateRequest> fresh;
    for (const Value& row : wanted.as_array()) {
      const auto before = there.find(row.string_or(belongings::kKey));
      if (before == there.end()) {
        Value values = without_marks(row);
        values[child.parent] = parent_value(child, write->key());
        fresh.push_back({std::move(values), std::nullopt});
        continue;
      }
      if (Value changed = differences(row, *before->second); !changed.as_object().empty()) write->add_update(*child.rows, *before->second, std::move(changed));
      there.erase(before);
    }
    for (const auto& [row_key, row] : there) write->add_remove(*child.rows, *row);
    make(child, std::move(fresh));
  }

  void make(const ChildTable& child, std::vector<CreateRequest> fresh) {
    const std::size_t most = static_cast<std::size_t>(std::max(1, child.rows->capabilities().bulk_create));
    for (std::size_t at = 0; at < fresh.size(); at += most) {
      std::vector<CreateRequest> some(fresh.begin() + static_cast<std::ptrdiff_t>(at), fresh.begin() + static_cast<std::ptrdiff_t>(std::min(fresh.size(), at + most)));
      write->add_create(*child.rows, std::move(some));
    }
  }
};

void WithRows::update(std::string key, Value values, std::optional<std::string> guard, Done<Record> done) {
  Plan plan(*this, key, std::move(done));
  const auto lists = std::make_shared<Value>(split(values));  // owners: the callback below
  attach({Record{key, "", "", {}, Value(Object{})}}, [this, alive = alive_, plan, key, lists, values = std::move(values), guard](Result<std::vector<Record>> now) mutable {
    if (!*alive) return;
    if (!now.ok()) return plan.write->stop(std::move(now).error());
    const Record& present = now->front();
    if (belongings::is_past(guard, token(children_, present))) {  // also where none is written: the record may be marked as deleted
      return plan.write->stop(make_error(Code::kStale, "the rows below '" + key + "' changed since they were read"));
    }
    if (!values.as_object().empty()) {
      plan.write->add([&to = parent_, key, values, held = belongings::own_guard(guard)](Done<Answered> then) {
        to.update(key, values, held, [then](Result<Record> answer) { then(plain_answer(answer)); });
      });
    }
    for (const ChildTable& child : children_) {
      if (const Value* wanted = lists->find(child.path); wanted != nullptr && wanted->is_array()) plan.bring(child, *wanted, *present.fields.find(child.path));
    }
    plan.write->go();
  });
}

void WithRows::act(std::string key, std::string verb, std::optional<std::string> guard, Done<Record> done) {
  Plan plan(*this, key, std::move(done));
  plan.write->add([&to = parent_, key, verb = std::move(verb), held = belongings::own_guard(guard)](Done<Answered> then) {
    to.act(key, verb, held, [then](Result<Record> answer) { then(plain_answer(answer)); });
  });
  plan.write->go();
}

void WithRows::create(std::vector<CreateRequest> requests, Done<std::vector<Result<Record>>> done) {
  auto lists = std::make_shared<std::vector<Value>>();  // owners: the callback below
  for (CreateRequest& request : requests) lists->push_back(split(request.values));
  const auto complete = [this, lists](std::size_t i, const std::string& key, Done<Record> made) {
    Plan plan(*this, key, std::move(made));
    plan.write->touch();
    for (const ChildTable& child : children_) {
      if (const Value* wanted = (*lists)[i].find(child.path); wanted != nullptr && wanted->is_array()) plan.bring(child, *wanted, Value(Array{}));
    }
    plan.write->go();
  };
  belongings::create(parent_, alive_, std::move(requests), complete, std::move(done));
}

void WithRows::put_back(std::string key, Done<Record> done) {
  belongings::put_back(parent_, alive_, std::move(key), [this](std::vector<Record> records, Done<std::vector<Record>> then) { attach(std::move(records), std::move(then)); }, std::move(done));
}

/// The rows go with the record, so its guard is theirs, too. Where they hold it fast, they go first.
void WithRows::remove(std::string key, std::optional<std::string> guard, Done<Answered> done) {
  attach({Record{key, "", "", {}, Value(Object{})}}, [this, alive = alive_, key, guard, done = std::move(done)](Result<std::vector<Record>> now) {
    if (!*alive) return;
    if (!now.ok()) return done(std::move(now).error());
    if (belongings::is_past(guard, token(children_, now->front()))) return done(make_error(Code::kStale, "the rows below '" + key + "' changed since they were read"));
    parent_.remove(key, belongings::own_guard(guard), [this, alive, key, guard, done, present = std::move(now->front())](Result<Answered> answer) {
      if (!*alive) return;
      if (answer.ok() || !belongings::may_be_held_fast(answer.error())) return done(std::move(answer));
      Plan plan(*this, key, [done](Result<Record> gone) { done(plain_answer(gone)); });
      for (const ChildTable& child : children_) plan.bring(child, Value(Array{}), *present.fields.find(child.path));
      if (plan.write->empty()) return done(std::move(answer));
      plan.write->heard(answer.error().exchanges);
      plan.write->add([&from = parent_, key, own = belongings::own_guard(guard)](Done<Answered> then) { from.remove(key, own, std::move(then)); });
      plan.write->ends_gone();
      plan.write->go();
    });
  });
}

}  // namespace tidewire::sync
