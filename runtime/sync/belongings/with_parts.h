// with_parts.h — a collection together with records of other collections that belong to its records, one of a kind: a customer
// with its main address and contact, a variant with its template. One endpoint, so that the engine sees one record whose
// fields "address.city" are a part's.
//
// A record's version covers its parts. Before a write they are read again: one that somebody changed refuses it, and each
// part is written under the version that was just read. A part that is not there is made where the mapping says so. What a
// write of several requests leaves half done is `unknown`: the engine reads it back, and has nothing made again before the
// system can no longer apply a lost request (makes()).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sync/belongings/beside.h"
#include "sync/ports.h"

namespace tidewire::sync {

struct Part {
  Endpoint* records = nullptr;
  std::string name;                  // under which a record has it ("address")
  enum class Owner { kColumn, kList, kVia } owner = Owner::kColumn;
  std::string field;                 // kColumn: of the part, holds the record's key; kList: of the part, its rows name records; kVia: of the record, holds the part's key
  std::string column;                // kList: of such a row, the record's key
  Value also = Object{};             // kList: what else such a row says
  Type key_type;                     // kColumn, kVia: of `field`
  Value pick = Object{};             // which of several it is, and what a new one gets
  std::map<std::string, Type, std::less<>> pick_type;
  Value values = Object{};           // what a new one gets besides
  bool create = false;
  enum class Emptied { kClear, kDetach, kDelete } emptied = Emptied::kClear;  // what an emptied one becomes
  std::vector<std::string> columns;  // that the mapping names

  /// `row` as a compiled mapping has it, without `records`.
  static Part from(const Value& row);
};

/// The key of the part in a record read through WithParts; "" where it has none.
std::string part_key(const Record& record, const std::string& part);

class WithParts final : public Endpoint {
 public:
  /// `root` and the parts' endpoints outlive this.
  WithParts(Endpoint& root, std::vector<Part> parts);
  ~WithParts() override;

  const Capabilities& capabilities() const override { return able_; }
  Duration clock_offset() const override { return root_.clock_offset(); }
  bool same_system() const override { return root_.same_system(); }
  std::optional<Duration> blocked() const override { return root_.blocked(); }
  bool silent_since(Instant at) const override { return root_.silent_since(at); }

  void read(std::vector<std::string> keys, Done<std::vector<Record>> done) override;
  void list(std::optional<Value> cursor, int limit, Done<ListPage> done) override;
  void count(Done<std::optional<std::int64_t>> done) override { root_.count(std::move(done)); }
  void start(Done<Value> done) override { polls_.start(std::move(done)); }
  void changes(Value cursor, int limit, Done<ChangesPage> done) override;
  void find(std::vector<Query> queries, Done<std::vector<std::vector<Record>>> done) override { root_.find(std::move(queries), std::move(done)); }
  void create(std::vector<CreateRequest> requests, Done<std::vector<Result<Record>>> done) override;
  void update(std::string key, Value values, std::optional<std::string> guard, Done<Record> done) override;
  bool makes(const Value& values) const override;
  void remove(std::string key, std::optional<std::string> guard, Done<Answered> done) override;
  void act(std::string key, std::string verb, std::optional<std::string> guard, Done<Record> done) override;
  void trash(std::string key, Done<std::optional<Record>> done) override { root_.trash(std::move(key), std::move(done)); }
  void put_back(std::string key, Done<Record> done) override;
  void children(std::string field, std::vector<Value> values, Done<std::vector<Record>> done) override { root_.children(std::move(field), std::move(values), std::move(done)); }
  void owners(std::string part, std::string key, Done<std::vector<std::string>> done) override;

 private:
  struct Gathered;  // parts of many records
  struct Plan;      // what one record's write does
  void attach(std::vector<Record> records, Done<std::vector<Record>> done);
  void ask(const std::shared_ptr<Gathered>& all, std::size_t number);
  void place(Gathered& all, const Part& part, const std::vector<Record>& found) const;
  void finish(Gathered& all) const;
  void whole(std::string key, Done<Record> done);
  Value split(Value& values) const;
  std::string token(const Record& record) const;
  bool fits(const Part& part, const Record& record) const;
  std::vector<std::string> named_in(const Part& part, const Record& record) const;

  Endpoint& root_;
  std::vector<Part> parts_;
  BesidePolls polls_;
  Capabilities able_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // owners: this and the callbacks under way
};

}  // namespace tidewire::sync
