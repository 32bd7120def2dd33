#include "sync/belongings/with_files.h"

#include <iterator>
#include <set>
#include <utility>

#include "base/json.h"
#include "base/text.h"

namespace tidewire::sync {
namespace {

/// A field that names no file: null, no text, and the number 0, as systems that count their files spell it.
bool names_none(const Value& value) { return value.is_null() || value == Value("") || value == Value(0); }

std::string ref_of(const Value& value) { return value.is_string() ? value.as_string() : json::dump(value); }

Value form_of_file(const std::string& ref, const Result<store::File>& file) {
  if (file.ok()) return Value(Object{{"name", Value(file->name)}, {"sha256", Value(file->sha256)}, {"size", Value(file->size)}});
  const Error& error = file.error();
  return Value(Object{{"ref", Value(ref)}, {"failed", Value(Object{{"code", Value(std::string(code_name(error.code)))}, {"message", Value(error.message)}, {"hint", Value(error.hint)}})}});
}

Error untold(Error error) {
  error.message = "its file cannot be copied, and why is not told: the mapping redacts it";
  return error;
}

}  // namespace

// Reading -----------------------------------------------------------------------------------------------------------------

void WithFiles::attach(std::vector<Record> records, std::function<void(std::vector<Record>)> done) {
  std::set<std::string> refs;
  for (Record& record : records) {
    for (const Path& one : paths_) {
      const Value* value = record.fields.at_path(one.path);
      if (value == nullptr) continue;
      if (names_none(*value)) record.fields.set_path(one.path, Value());
      else refs.insert(ref_of(*value));
    }
  }
  if (refs.empty()) return done(std::move(records));
  auto all = std::make_shared<std::vector<Record>>(std::move(records));  // owner: the callback below
  files_.look_at(mine_, {refs.begin(), refs.end()}, [this, alive = alive_, all, done = std::move(done)](const Files::Found& found) {
    if (!*alive) return;
    for (Record& record : *all) {
      for (const Path& one : paths_) {
        const Value* value = record.fields.at_path(one.path);
        if (value == nullptr || value->is_null()) continue;
        const std::string ref = ref_of(*value);
        if (const auto file = found.find(ref); file != found.end()) record.fields.set_path(one.path, form_of_file(ref, file->second));
      }
    }
    done(std::move(*all));
  });
}

Done<Record> WithFiles::with_files(Done<Record> done) {
  return [this, alive = alive_, done = std::move(done)](Result<Record> record) {
    if (!*alive) return;
    if (!record.ok()) return done(std::move(record));
    attach({std::move(*record)}, [done](std::vector<Record> records) { done(std::move(records.front())); });
  };
}

void WithFiles::read(std::vector<std::string> keys, Done<std::vector<Record>> done) {
  own_.read(std::move(keys), [this, alive = alive_, done = std::move(done)](Result<std::vector<Record>> records) {
    if (!*alive) return;
    if (!records.ok()) return done(std::move(records));
    attach(std::move(*records), [done](std::vector<Record> whole) { done(std::move(whole)); });
  });
}

void WithFiles::list(std::optional<Value> cursor, int limit, Done<ListPage> done) {
  own_.list(std::move(cursor), limit, [this, alive = alive_, done = std::move(done)](Result<ListPage> page) {
    if (!*alive) return;
    if (!page.ok()) return done(std::move(page));
    attach(std::move(page->records), [done, next = page->cursor](std::vector<Record> whole) { done(ListPage{std::move(whole), next}); });
  });
}

void WithFiles::changes(Value cursor, int limit, Done<ChangesPage> done) {
  own_.changes(std::move(cursor), limit, [this, alive = alive_, done = std::move(done)](Result<ChangesPage> page) {
    if (!*alive) return;
    if (!page.ok()) return done(std::move(page));
    auto rest = std::make_shared<ChangesPage>(std::move(*page));  // owner: the callback below
    attach(std::exchange(rest->records, {}), [done, rest](std::vector<Record> whole) {
      rest->records = std::move(whole);
      done(std::move(*rest));
    });
  });
}

void WithFiles::find(std::vector<Query> queries, Done<std::vector<std::vector<Record>>> done) {
  own_.find(std::move(queries), [this, alive = alive_, done = std::move(done)](Result<std::vector<std::vector<Record>>> lists) {
    if (!*alive) return;
    if (!lists.ok()) return done(std::move(lists));
    std::vector<std::size_t> sizes;
    std::vector<Record> all;
    for (auto& list : *lists) {
      sizes.push_back(list.size());
      for (Record& record : list) all.push_back(std::move(record));
    }
    attach(std::move(all), [done, sizes](std::vector<Record> whole) {
      std::vector<std::vector<Record>> dealt;
      auto next = whole.begin();
      for (const std::size_t size : sizes) {
        dealt.emplace_back(std::make_move_iterator(next), std::make_move_iterator(next + static_cast<std::ptrdiff_t>(size)));
        next += static_cast<std::ptrdiff_t>(size);
      }
      done(std::move(dealt));
    });
  });
}

void WithFiles::trash(std::string key, Done<std::optional<Record>> done) {
  own_.trash(std::move(key), [this, alive = alive_, done = std::move(done)](Result<std::optional<Record>> record) {
    if (!*alive) return;
    if (!record.ok() || !*record) return done(std::move(record));
    attach({std::move(**record)}, [done](std::vector<Record> records) { done(std::optional<Record>(std::move(records.front()))); });
  });
}

void WithFiles::attach_each(std::vector<Result<Record>> made, std::function<void(std::vector<Result<Record>>)> done) {
  std::vector<Record> good;
  for (const auto& one : made) {
    if (one.ok()) good.push_back(*one);
  }
  auto all = std::make_shared<std::vector<Result<Record>>>(std::move(made));  // owner: the callback below
  attach(std::move(good), [all, done = std::move(done)](std::vector<Record> whole) {
    auto next = whole.begin();
    for (auto& one : *all) {
      if (one.ok()) one = std::move(*next++);
    }
    done(std::move(*all));
  });
}

// Writing -----------------------------------------------------------------------------------------------------------------

/// One field after the other, from `from` on.
void WithFiles::prepare(Value values, std::size_t from, Exchanges said, std::function<void(Result<Ready>)> done) {
  const Value* file = nullptr;
  for (; from < paths_.size(); ++from) {
    file = values.at_path(paths_[from].path);
    if (file != nullptr && !file->is_null()) break;
  }
  if (from == paths_.size()) return done(Ready{std::move(values), std::move(said)});
  const Path& path = paths_[from];
  const std::string sha256 = file->is_string() ? file->as_string() : file->string_or("sha256");
  if (sha256.empty()) return done(make_error(Code::kInvalid, "'" + path.path + "' names a file, and " + shortened(json::dump(*file), 80) + " is none", "give {\"sha256\": \"…\"} of a file that one of both sides has"));
  auto rest = std::make_shared<Value>(std::move(values));  // owner: the callback below
  files_.bring(mine_, theirs_, sha256, path.path, [this, alive = alive_, rest, from, said = std::move(said), done = std::move(done)](Result<Uploaded> brought) mutable {
    if (!*alive) return;
    const Path& field = paths_[from];
    if (!brought.ok()) return done(field.redact ? untold(std::move(brought).error()) : std::move(brought).error().context("'" + field.path + "'"));
    rest->set_path(field.path, std::move(brought->value));
    add(said, brought->exchanges);
    prepare(std::move(*rest), from + 1, std::move(said), std::move(done));
  });
}

void WithFiles::prepare_all(std::vector<Value> values, std::function<void(std::vector<Result<Ready>>)> done) {
  struct Preparing {
    std::vector<Result<Ready>> ready;
    std::size_t left = 0;
    std::function<void(std::vector<Result<Ready>>)> done;
  };
  auto all = std::make_shared<Preparing>();  // owners: the callbacks below
  all->ready.assign(values.size(), Result<Ready>(Ready{}));
  all->left = values.size();
  all->done = std::move(done);
  if (values.empty()) return all->done({});
  for (std::size_t i = 0; i < values.size(); ++i) {
    prepare(std::move(values[i]), 0, {}, [all, i](Result<Ready> ready) {
      all->ready[i] = std::move(ready);
      if (--all->left == 0) all->done(std::move(all->ready));
    });
  }
}

/// Requests whose files are there are sent; the others have their error, and nothing was sent for them.
template <typename Request, typename Send>
void WithFiles::write(std::vector<Request> requests, Done<std::vector<Result<Record>>> done, Send send) {
  std::vector<Value> values;
  for (const Request& request : requests) values.push_back(request.values);
  auto all = std::make_shared<std::vector<Request>>(std::move(requests));  // owner: the callback below
  prepare_all(std::move(values), [this, alive = alive_, all, done = std::move(done), send](std::vector<Result<Ready>> ready) {
    std::vector<Request> some;
    for (std::size_t i = 0; i < ready.size(); ++i) {
      if (!ready[i].ok()) continue;
      (*all)[i].values = std::move(ready[i]->values);
      some.push_back(std::move((*all)[i]));
    }
    const auto whole = [done, ready = std::move(ready)](std::vector<Result<Record>> sent) {
      std::vector<Result<Record>> answers;
      auto next = sent.begin();
      for (const auto& one : ready) {
        if (!one.ok() || next == sent.end()) {
          answers.emplace_back(one.ok() ? make_error(Code::kUnknown, "the answer says nothing of this record") : one.error());
          continue;
        }
        answers.push_back(std::move(*next++));
        Exchanges said = one->exchanges;
        Exchanges& kept = answers.back().ok() ? answers.back()->exchanges : answers.back().error().exchanges;
        add(said, kept);
        kept = std::move(said);
      }
      done(std::move(answers));
    };
    if (some.empty()) return whole({});
    send(std::move(some), [this, alive, done, whole](Result<std::vector<Result<Record>>> sent) {
      if (!*alive) return;
      if (!sent.ok()) return done(std::move(sent));
      attach_each(std::move(*sent), whole);
    });
  });
}

void WithFiles::create(std::vector<CreateRequest> requests, Done<std::vector<Result<Record>>> done) {
  write(std::move(requests), std::move(done), [this](std::vector<CreateRequest> some, Done<std::vector<Result<Record>>> sent) { own_.create(std::move(some), std::move(sent)); });
}

void WithFiles::update(std::string key, Value values, std::optional<std::string> guard, Done<Record> done) {
  prepare(std::move(values), 0, {}, [this, alive = alive_, key = std::move(key), guard = std::move(guard), done = std::move(done)](Result<Ready> ready) {
    if (!*alive) return;
    if (!ready.ok()) return done(std::move(ready).error());
    own_.update(key, std::move(ready->values), guard, with_files([done, said = ready->exchanges](Result<Record> record) {
      Exchanges all = said;
      Exchanges& kept = record.ok() ? record->exchanges : record.error().exchanges;
      add(all, kept);
      kept = std::move(all);
      done(std::move(record));
    }));
  });
}

void WithFiles::update_many(std::vector<UpdateRequest> requests, Done<std::vector<Result<Record>>> done) {
  write(std::move(requests), std::move(done), [this](std::vector<UpdateRequest> some, Done<std::vector<Result<Record>>> sent) { own_.update_many(std::move(some), std::move(sent)); });
}

}  // namespace tidewire::sync
