// The side's requests: on their way, refused, lost or late, and what those that arrive show and do.
#include <algorithm>
#include <type_traits>
#include <utility>

#include "base/json.h"
#include "simulate/side.h"
#include "simulate/side_words.h"

namespace tidewire::simulate {

namespace {

constexpr const char* kNoAnswer = "no answer that tells whether it was applied";

}  // namespace

/// What an answer shows is seen once it has arrived, be it a read or a page that counts as one: while it is on its way nobody
/// can heed it.
template <typename T>
void MemorySide::show(const T& answer) {
  const auto see = [this](const std::vector<sync::Record>& records) {
    for (const sync::Record& record : records) ledger_.show(record.fields, time_.steps());
  };
  if constexpr (std::is_same_v<T, std::vector<sync::Record>>) see(answer);
  if constexpr (std::is_same_v<T, sync::ListPage> || std::is_same_v<T, sync::ChangesPage>) {
    if (system_.pages) see(answer.records);
  }
}

// what becomes of requests

Duration MemorySide::way(const char* verb) {
  const std::string where = word_of(side_, verb);
  if (faults_.strikes(Fault::kSlow, where)) return faults_.between(where + " slow", std::chrono::milliseconds(200), std::chrono::seconds(20));
  return faults_.between(where + " way", std::chrono::milliseconds(1), std::chrono::milliseconds(15));
}

std::optional<Error> MemorySide::trouble(const char* verb, bool read) {
  const std::string where = word_of(side_, verb);
  if (time_.ticks() < away_until_ && !faults_.is_calm()) return make_error(Code::kUnavailable, "connection refused: it is away");
  if (faults_.strikes(Fault::kRefused, where)) return make_error(Code::kUnavailable, "connection refused");
  if (read && faults_.strikes(Fault::kFailedBefore, where)) return make_error(Code::kUnavailable, "500 internal server error");
  if (!read && faults_.strikes(Fault::kRejected, where)) return make_error(Code::kInvalid, "a rule of the system refuses it");
  if (!faults_.strikes(Fault::kThrottled, where)) return std::nullopt;
  Error error = make_error(Code::kThrottled, "too many requests");
  error.retry_after = std::chrono::milliseconds(700);
  return error;
}

MemorySide::Fate MemorySide::fate(const char* verb) {
  const std::string where = word_of(side_, verb);
  Fate fate;
  fate.arrives = way(verb);
  fate.answers = fate.arrives + way(verb);
  fate.refused = trouble(verb, false);
  if (fate.refused) return fate;
  fate.lost = faults_.strikes(Fault::kFailedBefore, where);
  fate.silent = !fate.lost && faults_.strikes(Fault::kFailedAfter, where);
  if (fate.lost || fate.silent) return fate;
  const Duration given_up = faults_.between(where + " timeout", std::chrono::seconds(1), std::chrono::seconds(15));
  fate.lost = faults_.strikes(Fault::kLostRequest, where);
  fate.silent = !fate.lost && faults_.strikes(Fault::kLostAnswer, where);
  if (!fate.lost && faults_.strikes(Fault::kLate, where)) {
    fate.silent = true;
    fate.arrives = given_up + faults_.between(where + " late", std::chrono::milliseconds(1), able_.settle * 7 / 10);
  }
  if (fate.lost || fate.silent) fate.answers = std::max(given_up, fate.silent && fate.arrives < given_up ? fate.arrives : given_up);
  return fate;
}

template <typename T>
void MemorySide::ask(const char* verb, sync::Done<T> done, std::function<T()> answer) {
  const Duration there = way(verb), back = way(verb);
  const int life = time_.life();
  if (auto error = trouble(verb, true)) {
    note(std::string(verb) + " fails: " + error->message);
    return time_.answer(life, there, [done = std::move(done), error = std::move(*error)] { done(error); });
  }
  time_.outside(there, [this, life, back, done = std::move(done), answer = std::move(answer)]() mutable {
    time_.answer(life, back, [this, done = std::move(done), found = answer()]() mutable {
      show(found);
      done(std::move(found));
    });
  });
}

template <typename T>
void MemorySide::write(const char* verb, const std::string& key, sync::Done<T> done, std::function<Result<T>()> apply) {
  const Fate fate = this->fate(verb);
  const int life = time_.life();
  if (fate.refused) {
    note(std::string(verb) + " fails: " + fate.refused->message);
    return time_.answer(life, fate.arrives, [done = std::move(done), error = *fate.refused] { done(error); });
  }
  if (fate.lost || fate.silent) unanswered_.insert(key);
  if (fate.lost) {
    note(std::string(verb) + " is lost on its way");
    return time_.answer(life, fate.answers, [done = std::move(done)] { done(make_error(Code::kUnknown, kNoAnswer)); });
  }
  if (fate.silent) {
    note(std::string(verb) + (fate.arrives > fate.answers ? " will be applied late" : " will get no answer"));
    time_.outside(fate.arrives, [apply = std::move(apply)] { (void)apply(); });
    return time_.answer(life, fate.answers, [done = std::move(done)] { done(make_error(Code::kUnknown, kNoAnswer)); });
  }
  asked_.insert(key);
  time_.outside(fate.arrives, [this, key, life, back = fate.answers - fate.arrives, done = std::move(done), apply = std::move(apply)]() mutable {
    time_.answer(life, back, [this, key, done = std::move(done), result = apply()]() mutable {
      asked_.erase(asked_.find(key));
      done(std::move(result));
    });
  });
}

void MemorySide::lose_answers() {
  unanswered_.insert(asked_.begin(), asked_.end());
  asked_.clear();
}

// Endpoint: reads

void MemorySide::read(std::vector<std::string> keys, sync::Done<std::vector<sync::Record>> done) {
  ask<std::vector<sync::Record>>("read", std::move(done), [this, keys = std::move(keys)] {
    std::vector<sync::Record> found;
    Rows rows = seen("read");
    leave_out_lost(rows);
    for (const std::string& key : keys) {
      const auto row = rows.find(key);
      if (row == rows.end()) continue;
      found.push_back(record(key, row->second));
    }
    return found;
  });
}

void MemorySide::find(std::vector<sync::Query> queries, sync::Done<std::vector<std::vector<sync::Record>>> done) {
  ask<std::vector<std::vector<sync::Record>>>("find", std::move(done), [this, queries = std::move(queries)] {
    std::vector<std::vector<sync::Record>> lists;
    const Rows rows = seen("find");
    for (const sync::Query& query : queries) {
      auto& list = lists.emplace_back();
      for (const auto& [key, row] : rows) {
        const bool fits = std::all_of(query.begin(), query.end(), [&, &row = row](const sync::Condition& condition) {
          if (condition.field == "$incarnation") return condition.value == Value(row.incarnation);
          const Value* value = row.fields.find(condition.field);
          return value != nullptr && *value == condition.value;
        });
        if (fits && list.size() < 3) list.push_back(record(key, row));
      }
    }
    return lists;
  });
}

void MemorySide::list(std::optional<Value> cursor, int, sync::Done<sync::ListPage> done) {
  ask<sync::ListPage>("list", std::move(done), [this, cursor = std::move(cursor)] {
    constexpr std::size_t kPage = 2;  // small, so that page edges are met
    sync::ListPage page;
    Rows rows = seen("list");
    lose_a_row();
    leave_out_lost(rows);
    for (auto row = cursor ? rows.upper_bound(cursor->as_string()) : rows.begin(); row != rows.end() && page.records.size() < kPage; ++row) page.records.push_back(record(row->first, row->second));
    if (!page.records.empty()) page.cursor = Value(page.records.back().key);
    return page;
  });
}

void MemorySide::count(sync::Done<std::optional<std::int64_t>> done) {
  if (!system_.counts) return done(std::optional<std::int64_t>());
  ask<std::optional<std::int64_t>>("count", std::move(done), [this] { return std::optional(static_cast<std::int64_t>(rows_.size())); });
}

void MemorySide::start(sync::Done<Value> done) {
  ask<Value>("start", std::move(done), [this] { return Value(last_seq_); });
}

void MemorySide::changes(Value cursor, int, sync::Done<sync::ChangesPage> done) {
  ask<sync::ChangesPage>("changes", std::move(done), [this, cursor = cursor.as_int()] {
    std::vector<std::pair<std::int64_t, sync::Record>> found;
    const Rows rows = seen("changes");
    for (const auto& [key, row] : rows) {
      if (row.seq > cursor) found.emplace_back(row.seq, record(key, row));
    }
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    constexpr std::size_t kPage = 2;
    sync::ChangesPage page;
    page.more = found.size() > kPage;
    if (page.more) found.resize(kPage);
    page.cursor = Value(found.empty() ? cursor : found.back().first);
    for (auto& [seq, record] : found) page.records.push_back(std::move(record));
    return page;
  });
}

void MemorySide::trash(std::string key, sync::Done<std::optional<sync::Record>> done) {
  ask<std::optional<sync::Record>>("trash", std::move(done), [this, key = std::move(key)] {
    const auto thrown = thrown_.find(key);
    return thrown == thrown_.end() ? std::optional<sync::Record>() : std::optional(record(key, thrown->second.row));
  });
}

// Endpoint: writes

using Answers = std::vector<Result<sync::Record>>;

/// Of the rows of one call: `done` once each has its answer.
static std::function<sync::Done<sync::Record>(std::size_t)> gathered(std::size_t count, sync::Done<Answers> done) {
  auto answers = std::make_shared<Answers>(count, make_error(Code::kUnknown, kNoAnswer));  // owners: the callbacks of the rows
  auto left = std::make_shared<std::size_t>(count);
  return [answers, left, done = std::move(done)](std::size_t row) {
    return [answers, left, row, done](Result<sync::Record> one) {
      (*answers)[row] = std::move(one);
      if (--*left == 0) done(std::move(*answers));
    };
  };
}

void MemorySide::create(std::vector<sync::CreateRequest> requests, sync::Done<std::vector<Result<sync::Record>>> done) {
  if (system_.whole_calls) return create_as_one(std::move(requests), std::move(done));
  const auto answer_of = gathered(requests.size(), std::move(done));
  for (std::size_t i = 0; i < requests.size(); ++i) write<sync::Record>("create", "", answer_of(i), [this, request = std::move(requests[i])] { return apply_create(request); });
}

void MemorySide::create_as_one(std::vector<sync::CreateRequest> requests, sync::Done<std::vector<Result<sync::Record>>> done) {
  const std::size_t count = requests.size();
  write<Answers>(
      "create", "",
      [count, done = std::move(done)](Result<Answers> all) {
        // An error of the whole call would say that nothing was sent.
        done(!all.ok() && all.error().code == Code::kUnknown ? Result<Answers>(Answers(count, all.error())) : std::move(all));
      },
      [this, requests = std::move(requests)]() -> Result<Answers> {
        Answers answers;
        for (const sync::CreateRequest& request : requests) answers.push_back(apply_create(request));
        return answers;
      });
}

void MemorySide::update_many(std::vector<sync::UpdateRequest> requests, sync::Done<std::vector<Result<sync::Record>>> done) {
  const auto answer_of = gathered(requests.size(), std::move(done));
  for (std::size_t i = 0; i < requests.size(); ++i) update(std::move(requests[i].key), std::move(requests[i].values), std::move(requests[i].guard), answer_of(i));
}

/// What is made anew, and what is written under a guard, lands on what was read: the whole group is as somebody left it.
void MemorySide::look_at_group(int thing, const std::string& key) {
  const Value& fields = rows_.at(key).fields;
  if (thing < 0 || ledger_.composed(thing, fields)) return;
  events_.wrong("no torn group", key + " on the " + store::side_name(side_) + " was given " + ledger_.combination(fields) + ", which nobody wrote together");
}

/// The field of a write that stays as it was; "" = none. Not of two writes in a row: what is put back is taken.
std::string MemorySide::kept_of(const std::string& key, const Value& values) {
  const bool again = kept_.erase(key) > 0;
  if (!ledger_.whole() || values.as_object().empty() || !faults_.strikes(Fault::kKept, word_of(side_, "update")) || again) return "";
  kept_.insert(key);
  return std::next(values.as_object().begin(), static_cast<std::ptrdiff_t>(faults_.number(word_of(side_, "kept"), values.as_object().size())))->first;
}

Result<sync::Record> MemorySide::apply_create(const sync::CreateRequest& request) {
  const int thing = ledger_.thing_of(request.values);
  const bool there = thing >= 0 && key_of(thing).has_value();
  if (auto refused = in_the_way("", request.values)) {
    note("create " + json::dump(request.values) + " refused: " + refused->message);
    return *refused;
  }
  const auto key = insert(request.values, request.key.value_or(""));
  note("create " + json::dump(request.values) + (key ? " -> " + *key : " refused: it exists"));
  if (!key) return make_error(Code::kStale, "it exists already");
  ++writes_;
  if (events_.written) events_.written(side_, *key, &request.values);
  rows_.at(*key).made = true;
  look_at_group(thing, *key);
  look_at_required(*key, rows_.at(*key).fields);
  if (there) events_.wrong("no duplicate create", "thing " + std::to_string(thing) + " was created on the " + store::side_name(side_) + " a second time, as " + *key);
  return answered(*key, request.values);
}

void MemorySide::update(std::string key, Value values, std::optional<std::string> guard, sync::Done<sync::Record> done) {
  write<sync::Record>("update", key, std::move(done), [this, key, values = std::move(values), guard = std::move(guard), asked = time_.steps()] { return apply_update(key, values, guard, asked); });
}

Result<sync::Record> MemorySide::apply_update(const std::string& key, const Value& values, const std::optional<std::string>& guard, std::uint64_t asked) {
  if (faults_.strikes(Fault::kPerson, word_of(side_, "update"))) events_.between(side_, key);
  const auto row = rows_.find(key);
  const std::string what = "update " + key + " " + json::dump(values);
  if (row == rows_.end()) {
    note(what + " refused: it is gone");
    return make_error(Code::kNotFound, "no such record");
  }
  if (guard && *guard != version(row->second)) {
    note(what + " refused by its guard");
    return make_error(Code::kStale, "somebody else changed it");
  }
  if (auto refused = in_the_way(key, values)) {
    note(what + " refused: " + refused->message);
    return *refused;
  }
  note(what);
  if (events_.written) events_.written(side_, key, &values);
  ++writes_;
  past_.push_back({time_.ticks(), key, row->second});
  const Value taken = stored(values);
  const std::string kept = kept_of(key, values);
  if (!kept.empty()) note(key + " keeps its " + kept);
  const int thing = ledger_.thing_of(row->second.fields);
  for (const auto& [field, value] : taken.as_object()) {
    if (field == kept) continue;
    const Value before = row->second.fields[field];
    if (!system_.guarded) ledger_.overwritten(thing, field, before, value, asked);
    row->second.fields[field] = value;
  }
  if (guard && kept.empty()) look_at_group(thing, key);  // of what was kept the rest is to be put back
  if (values.find("title") != nullptr) look_at_required(key, values);
  touch(key, "upsert");
  return answered(key, values);
}

void MemorySide::put_back(std::string key, sync::Done<sync::Record> done) {
  write<sync::Record>("put back", key, std::move(done), [this, key] { return apply_put_back(key); });
}

/// As another incarnation, and under another key where somebody has that one by now.
Result<sync::Record> MemorySide::apply_put_back(const std::string& key) {
  const auto thrown = thrown_.find(key);
  if (thrown == thrown_.end()) return make_error(Code::kInvalid, "the trash has no such record");
  if (!thrown->second.back.empty()) {
    const auto row = rows_.find(thrown->second.back);
    if (row == rows_.end()) return make_error(Code::kInvalid, "it was put back, and deleted again");
    return record(row->first, row->second);
  }
  const auto made = insert(thrown->second.row.fields, rows_.contains(key) ? fresh_key() : key);
  note("put back " + key + (made ? " as " + *made : " refused: it exists"));
  if (!made) return make_error(Code::kInvalid, "it exists already");
  ++writes_;
  thrown->second.back = *made;
  return record(*made, rows_.at(*made));
}

void MemorySide::remove(std::string key, std::optional<std::string> guard, sync::Done<sync::Answered> done) {
  write<sync::Answered>("remove", key, std::move(done), [this, key, guard = std::move(guard), asked = time_.steps()] { return apply_remove(key, guard, asked); });
}

Result<sync::Answered> MemorySide::apply_remove(const std::string& key, const std::optional<std::string>& guard, std::uint64_t asked) {
  if (faults_.strikes(Fault::kPerson, word_of(side_, "remove"))) events_.between(side_, key);
  const auto row = rows_.find(key);
  if (row == rows_.end()) return make_error(Code::kNotFound, "no such record");
  if (guard && *guard != version(row->second)) {
    note("delete " + key + " refused by its guard");
    return make_error(Code::kStale, "somebody else changed it");
  }
  const auto pinned = pinned_.find(key);
  if (pinned != pinned_.end() && time_.ticks() < pinned->second && !faults_.is_calm()) {
    note("delete " + key + " refused: it is referred to");
    return make_error(Code::kBlocked, "another record refers to it");
  }
  note("delete " + key);
  if (events_.written) events_.written(side_, key, nullptr);
  if (nobody_deletes_) events_.wrong("no delete of our own", key + " was deleted on the " + store::side_name(side_) + ", where nobody deleted anything");
  ++writes_;
  const int thing = ledger_.thing_of(row->second.fields);
  if (!system_.guarded && !system_.trash) {
    for (const auto& [field, value] : row->second.fields.as_object()) ledger_.overwritten(thing, field, value, Value(std::int64_t{0}), asked);
  }
  erase(key);
  return sync::Answered{};
}

}  // namespace tidewire::simulate
