// with_rows.h — a collection together with the tables whose rows belong to its records by a foreign key: one endpoint, so that
// the engine sees such rows as it sees a child table, a list below the record.
//
// A record's version covers its rows; they are read again before a write and compared, so that a row that somebody else
// changed refuses the write. What a write of several requests leaves half done is `unknown`: the engine reads it back, and
// rows that are missing then are made by a pass that begins when a lost request can no longer make them (makes()).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sync/ports.h"

namespace tidewire::sync {

struct ChildTable {
  Endpoint* rows = nullptr;
  std::string path;                // under which a record has its rows ("employee_education[]")
  std::string parent;              // the column that holds the key of the parent
  Type parent_type;
  bool polled = false;             // only its changes count: the record has these rows as a list of its own
};

class WithRows final : public Endpoint {
 public:
  /// `parent` and the children's endpoints outlive this.
  WithRows(Endpoint& parent, std::vector<ChildTable> children);
  ~WithRows() override;

  const Capabilities& capabilities() const override { return able_; }
  Duration clock_offset() const override { return parent_.clock_offset(); }
  bool same_system() const override { return parent_.same_system(); }
  std::optional<Duration> blocked() const override { return parent_.blocked(); }
  bool silent_since(Instant at) const override { return parent_.silent_since(at); }

  void read(std::vector<std::string> keys, Done<std::vector<Record>> done) override;
  void list(std::optional<Value> cursor, int limit, Done<ListPage> done) override;
  void count(Done<std::optional<std::int64_t>> done) override { parent_.count(std::move(done)); }
  void start(Done<Value> done) override;
  void changes(Value cursor, int limit, Done<ChangesPage> done) override;
  void find(std::vector<Query> queries, Done<std::vector<std::vector<Record>>> done) override { parent_.find(std::move(queries), std::move(done)); }
  void create(std::vector<CreateRequest> requests, Done<std::vector<Result<Record>>> done) override;
  void update(std::string key, Value values, std::optional<std::string> guard, Done<Record> done) override;
  bool makes(const Value& values) const override;
  void remove(std::string key, std::optional<std::string> guard, Done<Answered> done) override;
  void act(std::string key, std::string verb, std::optional<std::string> guard, Done<Record> done) override;
  void trash(std::string key, Done<std::optional<Record>> done) override { parent_.trash(std::move(key), std::move(done)); }
  void children(std::string field, std::vector<Value> values, Done<std::vector<Record>> done) override { parent_.children(std::move(field), std::move(values), std::move(done)); }
  void owners(std::string part, std::string key, Done<std::vector<std::string>> done) override { parent_.owners(std::move(part), std::move(key), std::move(done)); }
  void put_back(std::string key, Done<Record> done) override;

 private:
  struct Plan;    // what one record's write does
  struct Poll;
  void attach(std::vector<Record> records, Done<std::vector<Record>> done);
  Value split(Value& values) const;

  Endpoint& parent_;
  std::vector<ChildTable> tables_, children_;  // all of them, those whose rows a record shows
  Capabilities able_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // owners: this and the callbacks under way
};

}  // namespace tidewire::sync
