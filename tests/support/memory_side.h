// memory_side.h — a remote system in memory: records with versions and incarnations, people who edit, faults on order.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "base/text.h"
#include "sync/ports.h"

namespace tidewire::test {

class MemorySide final : public sync::Endpoint {
 public:
  MemorySide(Poster& poster, const Clock& clock, std::string prefix) : poster_(poster), clock_(clock), prefix_(std::move(prefix)) {
    able.guarded_writes = able.guarded_deletes = true;
    able.answer = sync::Capabilities::Answer::kStored;
    able.absence_proves_delete = able.incarnation = true;
    able.bulk_read = able.bulk_find = able.bulk_create = 100;
    able.settle = std::chrono::seconds(60);
    able.time_resolution = std::chrono::microseconds(1);
  }

  struct Row {
    Value fields{Object{}};
    std::uint64_t version = 0;
    std::string incarnation;
    Instant modified{};
  };

  // people
  std::string insert(Value fields, std::string key = {}) {
    if (key.empty()) key = prefix_ + std::to_string(++last_key_);
    Row& row = rows[key];
    row.fields = std::move(fields);
    row.incarnation = std::to_string(++last_incarnation_);
    touch(row);
    return key;
  }
  void edit(const std::string& key, const std::string& field, Value value) {
    rows.at(key).fields[field] = std::move(value);
    touch(rows.at(key));
  }
  void erase(const std::string& key) { rows.erase(key); }
  /// As Frappe does it: the version stays, only the name moves.
  void rename(const std::string& from, const std::string& to) {
    rows[to] = rows.at(from);
    rows.erase(from);
  }
  Value get(const std::string& key, const std::string& field) const {
    const auto row = rows.find(key);
    const Value* value = row == rows.end() ? nullptr : row->second.fields.find(field);
    return value == nullptr ? Value() : *value;
  }

  // faults: what the next calls of a kind meet, first in first out
  enum class Fault { kNone, kRefuse, kLoseAnswer, kLoseRequest, kLate, kExists, kSilent, kLateSilent };
  /// What was lost late arrives now.
  void apply_late() {
    for (auto& arrive : std::exchange(late_, {})) arrive();
  }
  std::deque<Fault> write_faults;
  bool recorded = false;  // what is said is told with answers and errors
  std::deque<Fault> read_faults, list_faults, count_faults, change_faults, find_faults, delete_faults;
  std::size_t change_page = 1000, short_page = 0;        // of changes; of a list, whatever it was asked for
  std::optional<Value> last_deleted;                     // the trash
  bool brings_back = false;                              // and whether anything comes out of it
  std::string brought_back;                              // under this key
  std::deque<Fault> put_back_faults;
  std::function<void(Row&)> before_delete;
  std::function<void()> after_changes;                   // what happens while a poll's answer is on its way
  std::map<std::string, std::vector<std::string>> parents;  // whose rows are gone, as the next changes tell it
  bool emptied = false;  // so they tell that, too, and not which rows there were
  std::function<void()> before_write;                    // an edit by a person at the last moment
  std::function<void()> after_read, after_list, after_find, after_update;  // what happens while an answer is on its way
  std::string hidden_from_list;                          // a key
  std::string poison;                                    // records whose e-mail begins so are refused for ever
  int find_misses = 0;                                   // so many searches show nothing
  std::string refused;                                   // a search for this value, and whatever goes with it, is refused
  std::map<std::string, Row>* replica = nullptr;         // where reads look instead of the rows
  std::function<std::optional<Error>(const std::string& key, const Value& values)> rule;  // what constraints refuse of an update or, without values, a delete
  std::optional<Error> denied;                           // what every read, list and write is answered
  /// What was asked of it, in order.
  struct Request {
    std::string verb, key;
    Value values{Object{}};
    std::optional<std::string> guard;
    Instant at{};
  };
  std::vector<Request> requests;
  std::string numbers;                                   // the field in which the system gives new records a number
  std::function<Value(const std::string&, Value)> store_as;  // what the system makes of a value (field, value)

  // Endpoint
  sync::Capabilities able;
  bool same = true;      // the system first met
  bool counts = false;   // it tells how many rows it has
  std::int64_t counted_more = 0;  // than it has
  bool versions = true, times = true;  // what its records have
  Duration ahead{};      // its clock, as its answers tell
  std::optional<Duration> broken;  // the breaker is open
  Duration clock_offset() const override { return ahead; }
  std::optional<Duration> blocked() const override { return broken; }
  std::optional<Instant> answered;  // when it did last; set where it has been silent since then
  bool silent_since(Instant at) const override { return answered && *answered <= at; }
  bool same_system() const override { return same; }
  const sync::Capabilities& capabilities() const override { return able; }

  void read(std::vector<std::string> keys, sync::Done<std::vector<sync::Record>> done) override {
    ++reads;
    for (const std::string& key : keys) requests.push_back({"read", key, Value(Object{}), {}, clock_.now()});
    if (denied) return fail(done, *denied);
    if (take(read_faults) == Fault::kRefuse) return fail(done, Code::kUnavailable);
    std::vector<sync::Record> found;
    for (const std::string& key : keys) {
      const auto& seen = replica != nullptr ? *replica : rows;
      if (const auto row = seen.find(key); row != seen.end()) found.push_back(record(key, row->second));
    }
    if (after_read) std::exchange(after_read, nullptr)();
    poster_.post([done, found] { done(found); });
  }
  void list(std::optional<Value> cursor, int limit, sync::Done<sync::ListPage> done) override {
    ++lists;
    if (denied) return fail(done, *denied);
    if (take(list_faults) == Fault::kRefuse) return fail(done, Code::kUnavailable);
    if (short_page > 0) limit = static_cast<int>(short_page);
    sync::ListPage page;
    auto row = cursor ? rows.upper_bound(cursor->as_string()) : rows.begin();
    for (; row != rows.end() && static_cast<int>(page.records.size()) < limit; ++row) {
      if (row->first != hidden_from_list) page.records.push_back(record(row->first));
    }
    if (!page.records.empty()) page.cursor = Value(page.records.back().key);
    if (after_list) std::exchange(after_list, nullptr)();
    poster_.post([done, page] { done(page); });
  }
  void count(sync::Done<std::optional<std::int64_t>> done) override {
    if (!counts) return done(std::optional<std::int64_t>());
    ++count_calls;
    if (denied) return fail(done, *denied);
    if (take(count_faults) == Fault::kRefuse) return fail(done, Code::kUnavailable);
    poster_.post([done, now = static_cast<std::int64_t>(rows.size()) + counted_more] { done(std::optional(now)); });
  }
  void start(sync::Done<Value> done) override {
    poster_.post([done, now = static_cast<std::int64_t>(last_version_)] { done(Value(now)); });
  }
  void changes(Value cursor, int, sync::Done<sync::ChangesPage> done) override {
    if (take(change_faults) == Fault::kRefuse) return fail(done, Code::kUnavailable);
    std::map<std::uint64_t, std::string> since;
    for (const auto& [key, row] : rows) {
      if (static_cast<std::int64_t>(row.version) > cursor.as_int()) since[row.version] = key;
    }
    sync::ChangesPage page;
    page.cursor = Value(static_cast<std::int64_t>(last_version_));
    for (const auto& [version, key] : since) {
      page.more = page.records.size() == change_page;
      if (page.more) break;
      page.records.push_back(record(key));
      if (page.records.size() == change_page) page.cursor = Value(static_cast<std::int64_t>(version));
    }
    page.parents = std::exchange(parents, {});
    page.sweep = std::exchange(emptied, false);
    if (after_changes) std::exchange(after_changes, nullptr)();
    poster_.post([done, page] { done(page); });
  }
  void find(std::vector<sync::Query> queries, sync::Done<std::vector<std::vector<sync::Record>>> done) override {
    ++finds;
    if (take(find_faults) == Fault::kRefuse) return fail(done, Code::kUnavailable);
    const auto refuses = [this](const sync::Query& query) { return !refused.empty() && query.front().value == Value(refused); };
    if (std::any_of(queries.begin(), queries.end(), refuses)) return fail(done, Code::kInvalid);
    std::vector<std::vector<sync::Record>> lists;
    for (const sync::Query& query : queries) {
      auto& list = lists.emplace_back();
      for (const auto& [key, row] : rows) {
        bool fits = true;
        for (const sync::Condition& condition : query) {
          const Value token(row.incarnation);
          const Value* value = condition.field == "$incarnation" ? &token : row.fields.find(condition.field);
          const bool folded = condition.fold && value != nullptr && value->is_string() && condition.value.is_string() && fold(value->as_string()) == fold(condition.value.as_string());
          fits = fits && value != nullptr && (*value == condition.value || folded);
        }
        if (fits && list.size() < 3) list.push_back(record(key));
      }
      if (find_misses > 0 && find_misses-- > 0) list.clear();
    }
    if (after_find) std::exchange(after_find, nullptr)();
    poster_.post([done, lists] { done(lists); });
  }
  void create(std::vector<sync::CreateRequest> asked, sync::Done<std::vector<Result<sync::Record>>> done) override {
    ++create_calls;
    bool silent = false;
    std::vector<Result<sync::Record>> answers;
    for (sync::CreateRequest& request : asked) {
      requests.push_back({"create", request.key.value_or(""), request.values, {}, clock_.now()});
      const Fault fault = take(write_faults);
      if (denied || (!poison.empty() && request.values.string_or("email").rfind(poison, 0) == 0)) {
        answers.emplace_back(denied.value_or(make_error(Code::kUnavailable, "poison")));
        continue;
      }
      if (fault == Fault::kRefuse) answers.emplace_back(make_error(Code::kUnavailable, "refused"));
      else if (fault == Fault::kLoseRequest) answers.emplace_back(make_error(Code::kUnknown, "the answer was lost"));
      else if (fault == Fault::kLate || fault == Fault::kLateSilent) {
        silent |= fault == Fault::kLateSilent;
        late_.push_back([this, request] { ++writes, ++creates, insert(request.values, request.key.value_or("")); });
        answers.emplace_back(make_error(Code::kUnknown, "the answer was lost"));
      } else if (fault == Fault::kSilent) silent = true;
      else if (fault == Fault::kExists) answers.emplace_back(make_error(Code::kStale, "it exists already"));
      else {
        ++writes;
        ++creates;
        Value stored{Object{}};
        for (const auto& [field, value] : request.values.as_object()) stored[field] = store_as ? store_as(field, value) : value;
        const std::string key = insert(std::move(stored), request.key.value_or(""));
        if (!numbers.empty()) rows[key].fields[numbers] = Value("N-" + key);
        if (fault == Fault::kLoseAnswer) answers.emplace_back(make_error(Code::kUnknown, "the answer was lost"));
        else answers.emplace_back(record(key));
        if (able.answer == sync::Capabilities::Answer::kAsSent && answers.back().ok()) answers.back()->fields = request.values;
      }
    }
    if (!silent) poster_.post([done, answers] { done(answers); });
  }
  void update(std::string key, Value values, std::optional<std::string> guard, sync::Done<sync::Record> done) override {
    if (before_write) std::exchange(before_write, nullptr)();
    requests.push_back({"update", key, values, guard, clock_.now()});
    if (denied) return fail(done, *denied);
    const Fault fault = take(write_faults);
    if (fault == Fault::kSilent) return;
    if (fault == Fault::kRefuse) return fail(done, Code::kUnavailable);
    if (fault == Fault::kLoseRequest) return fail(done, Code::kUnknown);
    const auto row = rows.find(key);
    if (row == rows.end()) return fail(done, Code::kNotFound);
    if (guard && *guard != std::to_string(row->second.version)) {
      ++stale;
      return fail(done, Code::kStale);
    }
    if (auto broken_rule = rule ? rule(key, values) : std::nullopt) return fail(done, *broken_rule);
    if (fault == Fault::kLate) {
      late_.push_back([this, key, values] {
        ++writes;
        for (const auto& [field, value] : values.as_object()) rows.at(key).fields[field] = value;
        touch(rows.at(key));
      });
      return fail(done, Code::kUnknown);
    }
    ++writes;
    for (const auto& [field, value] : values.as_object()) row->second.fields[field] = store_as ? store_as(field, value) : value;
    touch(row->second);
    if (fault == Fault::kLoseAnswer) return fail(done, Code::kUnknown);
    sync::Record answer = record(key);
    if (able.answer != sync::Capabilities::Answer::kStored) answer.fields = able.answer == sync::Capabilities::Answer::kAsSent ? values : Value(Object{});
    if (after_update) std::exchange(after_update, nullptr)();
    answer.exchanges = said("200");
    poster_.post([done, answer] { done(answer); });
  }
  void update_many(std::vector<sync::UpdateRequest> asked, sync::Done<std::vector<Result<sync::Record>>> done) override {
    ++update_calls;
    auto answers = std::make_shared<std::vector<Result<sync::Record>>>();
    for (const sync::UpdateRequest& request : asked) {
      update(request.key, request.values, request.guard, [answers, count = asked.size(), done](Result<sync::Record> one) {
        answers->push_back(std::move(one));
        if (answers->size() == count) done(*answers);
      });
    }
  }
  void remove(std::string key, std::optional<std::string> guard, sync::Done<sync::Answered> done) override {
    requests.push_back({"delete", key, Value(Object{}), guard, clock_.now()});
    if (denied) return fail(done, *denied);
    const Fault fault = take(delete_faults);
    if (fault == Fault::kRefuse) return fail(done, Code::kUnavailable);
    if (fault == Fault::kLoseAnswer) rows.erase(key);
    if (fault == Fault::kLoseAnswer || fault == Fault::kLoseRequest) return fail(done, Code::kUnknown);
    const auto row = rows.find(key);
    if (row == rows.end()) return fail(done, Code::kNotFound);
    if (guard && *guard != std::to_string(row->second.version)) return fail(done, Code::kStale);
    if (auto broken_rule = rule ? rule(key, Value(Object{})) : std::nullopt) return fail(done, *broken_rule);
    ++writes;
    ++deletes;
    if (before_delete) std::exchange(before_delete, nullptr)(row->second);
    last_deleted = row->second.fields;
    rows.erase(row);
    poster_.post([done, gone = sync::Answered{said("200")}] { done(gone); });
  }
  void trash(std::string, sync::Done<std::optional<sync::Record>> done) override {
    std::optional<sync::Record> copy;
    if (last_deleted) copy = sync::Record{"", "", "", {}, *last_deleted};
    poster_.post([done, copy] { done(copy); });
  }

  void put_back(std::string key, sync::Done<sync::Record> done) override {
    if (!brings_back || !last_deleted) return fail(done, Code::kInvalid);
    const Fault fault = take(put_back_faults);
    if (fault == Fault::kRefuse) return fail(done, Code::kUnavailable);
    if (brought_back.empty()) {
      ++writes;
      brought_back = insert(*last_deleted, rows.contains(key) ? std::string() : key);
    }
    if (fault == Fault::kLoseAnswer) return fail(done, Code::kUnknown);
    poster_.post([done, record = record(brought_back)] { done(record); });
  }

  void children(std::string field, std::vector<Value> values, sync::Done<std::vector<sync::Record>> done) override {
    std::vector<sync::Record> found;
    const auto named = [&](const Value* value) {
      return value != nullptr && std::any_of(values.begin(), values.end(), [&](const Value& one) { return one == *value || (alike && alike(one, *value)); });
    };
    const std::size_t dot = field.find('.');
    for (const auto& [key, row] : rows) {
      const Value* parent = row.fields.find(field.substr(0, dot));
      bool fits = dot == std::string::npos && named(parent);
      if (dot != std::string::npos && parent != nullptr && parent->is_array()) {
        fits = std::any_of(parent->as_array().begin(), parent->as_array().end(), [&](const Value& one) { return named(one.find(field.substr(dot + 1))); });
      }
      if (fits) found.push_back(record(key));
    }
    poster_.post([done, found] { done(found); });
  }

  std::map<std::string, Row> rows;
  std::function<bool(const Value&, const Value&)> alike;  // what children() takes for the same besides equal values, as a database's collation does
  int reads = 0, lists = 0, count_calls = 0, finds = 0, writes = 0, creates = 0, create_calls = 0, update_calls = 0, deletes = 0, stale = 0;

 private:
  void touch(Row& row) {
    row.version = ++last_version_;
    row.modified = clock_.now() + ahead;
  }
  sync::Record record(const std::string& key) const { return record(key, rows.at(key)); }
  sync::Record record(const std::string& key, const Row& row) const {
    const bool tells = able.incarnation;
    return {key, versions ? std::to_string(row.version) : "", tells ? row.incarnation : "", times ? std::optional(row.modified) : std::nullopt, row.fields};
  }
  static Fault take(std::deque<Fault>& faults) {
    if (faults.empty()) return Fault::kNone;
    const Fault fault = faults.front();
    faults.pop_front();
    return fault;
  }
  template <typename D>
  void fail(D done, Code code) {
    Error error = make_error(code, "by order of the test");
    error.exchanges = said("500");
    fail(done, std::move(error));
  }
  /// One request, as that of a connector is told.
  Exchanges said(const std::string& status) {
    if (!recorded) return {};
    Exchange one;
    one.id = (std::chrono::floor<std::chrono::milliseconds>(clock_.now().time_since_epoch()).count() << 20) + prefix_.front() * 1024 + ++last_said_;
    one.at = clock_.now();
    one.status = status;
    return {std::make_shared<const Exchange>(std::move(one))};
  }
  template <typename D>
  void fail(D done, Error error) {
    poster_.post([done, error = std::move(error)] { done(error); });
  }
  std::vector<std::function<void()>> late_;
  Poster& poster_;
  const Clock& clock_;
  std::string prefix_;
  std::uint64_t last_key_ = 0, last_version_ = 0, last_incarnation_ = 0;
  std::int64_t last_said_ = 0;
};

}  // namespace tidewire::test
