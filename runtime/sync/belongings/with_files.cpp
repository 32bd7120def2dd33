#include "sync/belongings/with_files.h"

#include <algorithm>
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

constexpr std::size_t kMostSeen = 4000;

Error untold(Error error) {
  error.message = "its file cannot be copied, and why is not told: the mapping redacts it";
  return error;
}

/// The value at a dotted path, to be changed where it stands.
Value* inside(Value& value, const std::string& path) {
  Value* at = &value;
  for (const std::string& step : split(path, '.')) {
    at = at->is_object() ? at->find(step) : nullptr;
    if (at == nullptr) return nullptr;
  }
  return at;
}

}  // namespace

WithFiles::WithFiles(Endpoint& own, Files& files, FilesOf mine, std::vector<Path> paths) : own_(own), files_(files), mine_(std::move(mine)), paths_(std::move(paths)) {
  const auto verbs = mine_.verbs.lock();
  if (!verbs || verbs->shared()) return;
  able_ = own_.capabilities();
  able_->bulk_create = able_->bulk_update = 1;  // each request may hold what is in files
}

// Where -------------------------------------------------------------------------------------------------------------------

/// The record's fields or the row of it that has the field; nullptr where it is not there.
Value* WithFiles::holder(Value& fields, const Place& place) const {
  const std::string& list = paths_[place.path].list;
  if (list.empty()) return &fields;
  Value* rows = inside(fields, list);
  return rows != nullptr && rows->is_array() && place.row < rows->as_array().size() ? &rows->as_array()[place.row] : nullptr;
}

/// Every place whose field is there.
std::vector<WithFiles::Place> WithFiles::places_in(const Value& fields) const {
  std::vector<Place> out;
  for (std::size_t path = 0; path < paths_.size(); ++path) {
    const Path& one = paths_[path];
    const Value* rows = one.list.empty() ? nullptr : fields.at_path(one.list);
    if (one.list.empty() && fields.at_path(one.path) != nullptr) out.push_back({path, 0});
    for (std::size_t row = 0; rows != nullptr && rows->is_array() && row < rows->as_array().size(); ++row) {
      if (rows->as_array()[row].at_path(one.path) != nullptr) out.push_back({path, row});
    }
  }
  return out;
}

// Reading -----------------------------------------------------------------------------------------------------------------

bool WithFiles::has_moved(const Record& record) const {
  const auto before = seen_.find(record.key);
  return record.version.empty() || before == seen_.end() || before->second != record.version;
}

void WithFiles::seen(const Record& record) {
  if (record.version.empty()) return;
  if (seen_.insert_or_assign(record.key, record.version).second) order_.push_back(record.key);
  while (order_.size() > kMostSeen) {
    seen_.erase(order_.front());
    order_.pop_front();
  }
}

void WithFiles::attach(std::vector<Record> records, Doubt doubt, Done<std::vector<Record>> done) {
  std::set<std::string> refs, doubted;
  for (Record& record : records) {
    const bool doubtful = doubt == Doubt::kAll || (doubt == Doubt::kMoved && has_moved(record));
    for (const Place& place : places_in(record.fields)) {
      Value& at = *holder(record.fields, place);
      const std::string& path = paths_[place.path].path;
      const Value& value = *at.at_path(path);
      if (names_none(value)) {
        at.set_path(path, Value());
        continue;
      }
      refs.insert(ref_of(value));
      if (doubtful) doubted.insert(ref_of(value));
    }
  }
  if (refs.empty()) return done(std::move(records));
  auto all = std::make_shared<std::vector<Record>>(std::move(records));  // owner: the callback below
  files_.look_at(mine_, {refs.begin(), refs.end()}, std::move(doubted), [this, alive = alive_, all, done = std::move(done)](Result<Files::Found> looked) {
    if (!*alive) return;
    if (!looked.ok()) {
      const bool redacted = std::ranges::any_of(paths_, [](const Path& one) { return one.redact; });
      return done(redacted ? untold(std::move(looked).error()) : std::move(looked).error());
    }
    const Files::Found& found = *looked;
    for (Record& record : *all) {
      seen(record);
      for (const Place& place : places_in(record.fields)) {
        Value& at = *holder(record.fields, place);
        const Path& one = paths_[place.path];
        const Value value = *at.at_path(one.path);
        if (value.is_null()) continue;
        const std::string ref = ref_of(value);
        const auto file = found.find(ref);
        if (file == found.end()) continue;
        Value form = form_of_file(ref, file->second);
        if (!one.list.empty() && file->second.ok()) form["as"] = Value(Object{{"place", Value(mine_.place)}, {"value", value}});
        at.set_path(one.path, std::move(form));
      }
    }
    done(std::move(*all));
  });
}

/// Of records that nobody but us has moved since.
void WithFiles::attach_whole(std::vector<Record> records, std::function<void(std::vector<Record>)> done) {
  attach(std::move(records), Doubt::kNone, [done = std::move(done)](Result<std::vector<Record>> whole) { done(std::move(*whole)); });
}

Done<Record> WithFiles::with_files(Done<Record> done) {
  return [this, alive = alive_, done = std::move(done)](Result<Record> record) {
    if (!*alive) return;
    if (!record.ok()) return done(std::move(record));
    attach_whole({std::move(*record)}, [done](std::vector<Record> records) { done(std::move(records.front())); });
  };
}

Done<std::vector<Record>> WithFiles::with_all_files(Done<std::vector<Record>> done) {
  return [this, alive = alive_, done = std::move(done)](Result<std::vector<Record>> records) {
    if (!*alive) return;
    if (!records.ok()) return done(std::move(records));
    attach(std::move(*records), Doubt::kMoved, done);
  };
}

void WithFiles::read(std::vector<std::string> keys, Done<std::vector<Record>> done) { own_.read(std::move(keys), with_all_files(std::move(done))); }

void WithFiles::list(std::optional<Value> cursor, int limit, Done<ListPage> done) {
  own_.list(std::move(cursor), limit, [this, alive = alive_, done = std::move(done)](Result<ListPage> page) {
    if (!*alive) return;
    if (!page.ok()) return done(std::move(page));
    attach(std::move(page->records), Doubt::kAll, [done, next = page->cursor](Result<std::vector<Record>> whole) {
      if (!whole.ok()) return done(std::move(whole).error());
      done(ListPage{std::move(*whole), next});
    });
  });
}

void WithFiles::changes(Value cursor, int limit, Done<ChangesPage> done) {
  own_.changes(std::move(cursor), limit, [this, alive = alive_, done = std::move(done)](Result<ChangesPage> page) {
    if (!*alive) return;
    if (!page.ok()) return done(std::move(page));
    auto rest = std::make_shared<ChangesPage>(std::move(*page));  // owner: the callback below
    attach(std::exchange(rest->records, {}), Doubt::kMoved, [done, rest](Result<std::vector<Record>> whole) {
      if (!whole.ok()) return done(std::move(whole).error());
      rest->records = std::move(*whole);
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
    attach(std::move(all), Doubt::kMoved, [done, sizes](Result<std::vector<Record>> whole) {
      if (!whole.ok()) return done(std::move(whole).error());
      std::vector<std::vector<Record>> dealt;
      auto next = whole->begin();
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
    attach_whole({std::move(**record)}, [done](std::vector<Record> records) { done(std::optional<Record>(std::move(records.front()))); });
  });
}

void WithFiles::attach_each(std::vector<Result<Record>> made, std::function<void(std::vector<Result<Record>>)> done) {
  std::vector<Record> good;
  for (const auto& one : made) {
    if (one.ok()) good.push_back(*one);
  }
  auto all = std::make_shared<std::vector<Result<Record>>>(std::move(made));  // owner: the callback below
  attach_whole(std::move(good), [all, done = std::move(done)](std::vector<Record> whole) {
    auto next = whole.begin();
    for (auto& one : *all) {
      if (one.ok()) one = std::move(*next++);
    }
    done(std::move(*all));
  });
}

// Writing -----------------------------------------------------------------------------------------------------------------

/// One file after the other, those of `left` in their order from the end.
void WithFiles::prepare(Ready so_far, std::vector<Place> left, std::function<void(Result<Ready>)> done) {
  if (left.empty()) return done(std::move(so_far));
  const Place place = left.back();
  left.pop_back();
  const Path& path = paths_[place.path];
  Value& at = *holder(so_far.values, place);
  const Value file = *at.at_path(path.path);
  const Value* kept = file.find("as");
  if (file.is_null()) return prepare(std::move(so_far), std::move(left), std::move(done));
  if (kept != nullptr && kept->string_or("place") == mine_.place && kept->find("value") != nullptr) {
    at.set_path(path.path, *kept->find("value"));
    return prepare(std::move(so_far), std::move(left), std::move(done));
  }
  const std::string sha256 = file.is_string() ? file.as_string() : file.string_or("sha256");
  if (sha256.empty()) return done(make_error(Code::kInvalid, "'" + path.path + "' names a file, and " + shortened(json::dump(file), 80) + " is none", "give {\"sha256\": \"…\"} of a file that one of both sides has"));
  auto rest = std::make_shared<Ready>(std::move(so_far));  // owner: the callback below
  store::File sent{mine_.place, "", sha256, file.int_or("size", 0), file.string_or("name"), true};
  files_.bring(mine_, path.theirs, sha256, path.path, [this, alive = alive_, rest, place, sent = std::move(sent), left = std::move(left), done = std::move(done)](Result<Uploaded> brought) mutable {
    if (!*alive) return;
    const Path& field = paths_[place.path];
    if (!brought.ok()) return done(field.redact ? untold(std::move(brought).error()) : std::move(brought).error().context("'" + field.path + "'"));
    if (brought->ref.empty()) rest->put.emplace_back(place, std::move(sent));
    holder(rest->values, place)->set_path(field.path, std::move(brought->value));
    add(rest->exchanges, brought->exchanges);
    prepare(std::move(*rest), std::move(left), std::move(done));
  });
}

/// What was put there for a record, by the references that the answer shows.
std::vector<store::File> WithFiles::shown(Record record, const std::vector<std::pair<Place, store::File>>& put) const {
  std::vector<store::File> out;
  for (const auto& [place, file] : put) {
    const Value* at = holder(record.fields, place);
    const Value* value = at == nullptr ? nullptr : at->at_path(paths_[place.path].path);
    if (value == nullptr || names_none(*value)) continue;
    out.push_back(file);
    out.back().ref = ref_of(*value);
  }
  return out;
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
    auto places = places_in(values[i]);
    prepare({std::move(values[i])}, std::move(places), [all, i](Result<Ready> ready) {
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
    std::vector<std::vector<std::pair<Place, store::File>>> put;  // of each of `some`
    for (std::size_t i = 0; i < ready.size(); ++i) {
      if (!ready[i].ok()) continue;
      put.push_back(std::move(ready[i]->put));
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
    send(std::move(some), [this, alive, done, whole, put = std::move(put)](Result<std::vector<Result<Record>>> sent) {
      if (!*alive) return;
      if (!sent.ok()) return done(std::move(sent));
      std::vector<store::File> known;
      for (std::size_t i = 0; i < sent->size() && i < put.size(); ++i) {
        if ((*sent)[i].ok() && !put[i].empty()) std::ranges::copy(shown(*(*sent)[i], put[i]), std::back_inserter(known));
      }
      files_.know(mine_, std::move(known), [this, alive, whole, answers = std::make_shared<std::vector<Result<Record>>>(std::move(*sent))] {
        if (*alive) attach_each(std::move(*answers), whole);
      });
    });
  });
}

void WithFiles::create(std::vector<CreateRequest> requests, Done<std::vector<Result<Record>>> done) {
  write(std::move(requests), std::move(done), [this](std::vector<CreateRequest> some, Done<std::vector<Result<Record>>> sent) { own_.create(std::move(some), std::move(sent)); });
}

void WithFiles::update(std::string key, Value values, std::optional<std::string> guard, Done<Record> done) {
  auto places = places_in(values);
  prepare({std::move(values)}, std::move(places), [this, alive = alive_, key = std::move(key), guard = std::move(guard), done = std::move(done)](Result<Ready> ready) {
    if (!*alive) return;
    if (!ready.ok()) return done(std::move(ready).error());
    auto whole = with_files([done, said = ready->exchanges](Result<Record> record) {
      Exchanges all = said;
      Exchanges& kept = record.ok() ? record->exchanges : record.error().exchanges;
      add(all, kept);
      kept = std::move(all);
      done(std::move(record));
    });
    own_.update(key, std::move(ready->values), guard, [this, alive, whole, put = std::move(ready->put)](Result<Record> record) {
      if (!*alive) return;
      if (!record.ok() || put.empty()) return whole(std::move(record));
      files_.know(mine_, shown(*record, put), [whole, record] { whole(record); });
    });
  });
}

void WithFiles::update_many(std::vector<UpdateRequest> requests, Done<std::vector<Result<Record>>> done) {
  write(std::move(requests), std::move(done), [this](std::vector<UpdateRequest> some, Done<std::vector<Result<Record>>> sent) { own_.update_many(std::move(some), std::move(sent)); });
}

}  // namespace tidewire::sync
