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
  MemorySide(Poster& poster, const Clock& clock, std::string prefix);
  ~MemorySide() override;

  struct Row {
    Value fields{Object{}};
    std::uint64_t version = 0;
    std::string incarnation;
    Instant modified{};
  };

  // people
  std::string insert(Value fields, std::string key = {});
  void edit(const std::string& key, const std::string& field, Value value);
  void erase(const std::string& key) { rows.erase(key); }
  /// As Frappe does it: the version stays, only the name moves.
  void rename(const std::string& from, const std::string& to);
  Value get(const std::string& key, const std::string& field) const;

  // faults: what the next calls of a kind meet, first in first out
  enum class Fault { kNone, kRefuse, kLoseAnswer, kLoseRequest, kLate, kExists, kSilent, kLateSilent };
  /// What was lost late arrives now.
  void apply_late();
  std::deque<Fault> write_faults;
  bool recorded = false;  // what is said is told with answers and errors
  std::deque<Fault> read_faults, list_faults, count_faults, change_faults, find_faults, delete_faults;
  std::size_t change_page = 1000, short_page = 0;        // of changes; of a list, whatever it was asked for
  std::optional<Value> last_deleted;                     // the trash
  bool brings_back = false;                              // and whether anything comes out of it
  std::string brought_back;                              // under this key
  std::deque<Fault> put_back_faults;
  std::function<void(Row&)> before_delete;
  bool stays = false;                                    // a poll answers nothing, promises more, and comes no further
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

  void read(std::vector<std::string> keys, sync::Done<std::vector<sync::Record>> done) override;
  void list(std::optional<Value> cursor, int limit, sync::Done<sync::ListPage> done) override;
  void count(sync::Done<std::optional<std::int64_t>> done) override;
  void start(sync::Done<Value> done) override;
  void changes(Value cursor, int, sync::Done<sync::ChangesPage> done) override;
  void find(std::vector<sync::Query> queries, sync::Done<std::vector<std::vector<sync::Record>>> done) override;
  void create(std::vector<sync::CreateRequest> asked, sync::Done<std::vector<Result<sync::Record>>> done) override;
  void update(std::string key, Value values, std::optional<std::string> guard, sync::Done<sync::Record> done) override;
  void update_many(std::vector<sync::UpdateRequest> asked, sync::Done<std::vector<Result<sync::Record>>> done) override;
  void remove(std::string key, std::optional<std::string> guard, sync::Done<sync::Answered> done) override;
  void trash(std::string, sync::Done<std::optional<sync::Record>> done) override;

  void put_back(std::string key, sync::Done<sync::Record> done) override;

  void children(std::string field, std::vector<Value> values, sync::Done<std::vector<sync::Record>> done) override;

  std::map<std::string, Row> rows;
  std::function<bool(const Value&, const Value&)> alike;  // what children() takes for the same besides equal values, as a database's collation does
  int reads = 0, lists = 0, count_calls = 0, finds = 0, writes = 0, creates = 0, create_calls = 0, update_calls = 0, deletes = 0, stale = 0;

 private:
  void touch(Row& row);
  sync::Record record(const std::string& key) const { return record(key, rows.at(key)); }
  sync::Record record(const std::string& key, const Row& row) const;
  static Fault take(std::deque<Fault>& faults);
  template <typename D>
  void fail(D done, Code code) {
    Error error = make_error(code, "by order of the test");
    error.exchanges = said("500");
    fail(done, std::move(error));
  }
  /// One request, as that of a connector is told.
  Exchanges said(const std::string& status);
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
