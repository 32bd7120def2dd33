// side.h — a remote system in memory, with everything that makes real ones hard: requests that arrive, are applied and are
// answered at three different times, or not at all.
//
// What it declares (Capabilities) is true: a replica is behind by less than the settle time, a late request is applied
// within it. Everything beyond what it declares is out of the engine's reach and not simulated.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "simulate/faults.h"
#include "simulate/ledger.h"
#include "simulate/time.h"

namespace tidewire::simulate {

struct Row {
  Value fields = Object{};
  std::int64_t seq = 0;  // order of writes; the version is made of it
  std::string incarnation;
  Instant modified{};
  bool made = false;   // by a create
  bool unmet = false;  // and edited before anybody was told of which record it is the other half
};

/// What the world wants to know of a side.
struct SideEvents {
  std::function<void(Side, const std::string& key, const std::string& event)> changed;  // a webhook is due
  std::function<void(Side, const std::string& key)> between;  // a person's chance just before a write is applied
  std::function<void(Side, const std::string& key, const Value* values)> written;  // by the engine, nullptr: deleted; empty = nobody asks
  std::function<void(std::string line)> note;                 // for the history; empty = nobody reads
  std::function<void(std::string law, std::string what)> wrong;  // an invariant is broken
};

class MemorySide final : public sync::Endpoint {
 public:
  MemorySide(Side side, const Profile& profile, VirtualTime& time, Faults& faults, Ledger& ledger, SideEvents events);

  /// What the system itself gives new records where nobody gave it: its columns' defaults.
  void set_defaults(Value values) { defaults_ = std::move(values); }

  // people
  /// nullopt where the key or, where it is unique, the match value is taken.
  std::optional<std::string> insert(Value fields, std::string key = {});
  void set(const std::string& key, const std::string& field, Value value);
  void erase(const std::string& key);
  /// What names it names it by the new key from now on, and tells of that or does not.
  void rename(const std::string& from, const std::string& to);
  /// Something else refers to the record: it is not deleted for so long, or until the faults end.
  void pin(const std::string& key, Duration span) { pinned_[key] = time_.ticks() + span; }
  std::optional<std::string> key_of(int thing) const;
  const std::map<std::string, Row>& rows() const { return rows_; }
  int writes() const { return writes_; }
  /// Somebody edits the record before its create is known to have made it.
  void edit_unmet(const std::string& key) { rows_.at(key).unmet |= rows_.at(key).made; }
  /// Whether it was: then of what does not read as sent nothing was agreed on.
  bool unmet(const std::string& key) const { return rows_.at(key).unmet; }
  /// Whether an update of the key went without an answer: then nobody but the record can tell whether it was applied.
  bool unanswered(const std::string& key) const { return unanswered_.contains(key); }
  /// Whether one is under way.
  bool asked(const std::string& key) const { return asked_.contains(key); }
  /// It refuses every request for so long, or until the faults end.
  void go_away(Duration span) { away_until_ = time_.ticks() + span; }
  /// The engine died: answers on their way to it are lost.
  void lose_answers();
  std::string fresh_key() { return (side_ == Side::kLeft ? "L" : "R") + std::to_string(++last_key_); }

  // Endpoint
  const sync::Capabilities& capabilities() const override { return able_; }
  Duration clock_offset() const override;
  void read(std::vector<std::string> keys, sync::Done<std::vector<sync::Record>> done) override;
  void list(std::optional<Value> cursor, int limit, sync::Done<sync::ListPage> done) override;
  void count(sync::Done<std::optional<std::int64_t>> done) override;
  void start(sync::Done<Value> done) override;
  void changes(Value cursor, int limit, sync::Done<sync::ChangesPage> done) override;
  void find(std::vector<sync::Query> queries, sync::Done<std::vector<std::vector<sync::Record>>> done) override;
  void update_many(std::vector<sync::UpdateRequest> requests, sync::Done<std::vector<Result<sync::Record>>> done) override;
  void create(std::vector<sync::CreateRequest> requests, sync::Done<std::vector<Result<sync::Record>>> done) override;
  void update(std::string key, Value values, std::optional<std::string> guard, sync::Done<sync::Record> done) override;
  void remove(std::string key, std::optional<std::string> guard, sync::Done<sync::Answered> done) override;
  void trash(std::string key, sync::Done<std::optional<sync::Record>> done) override;
  void put_back(std::string key, sync::Done<sync::Record> done) override;

 private:
  /// What becomes of one request.
  struct Fate {
    std::optional<Error> refused;  // never applied, and known to be
    bool lost = false;             // never applied, outcome unknown
    bool silent = false;           // applied, outcome unknown
    Duration arrives{}, answers{}; // since now; of a late one it arrives after the answer
  };
  Fate fate(const char* verb);
  std::optional<Error> trouble(const char* verb, bool read);
  Duration way(const char* verb);
  /// `answer` runs when the request arrives; its result goes back unless the fate says otherwise.
  template <typename T>
  void ask(const char* verb, sync::Done<T> done, std::function<T()> answer);
  template <typename T>
  void write(const char* verb, const std::string& key, sync::Done<T> done, std::function<Result<T>()> apply);

  using Rows = std::map<std::string, Row>;
  /// The rows as a read that arrives now sees them: of now or of a while ago, perhaps not all of them.
  Rows seen(const char* verb);
  Rows past(const char* verb);
  void lose_a_row();
  void leave_out_lost(Rows& rows) const;
  sync::Record record(const std::string& key, const Row& row) const;
  template <typename T>
  void show(const T& answer);
  sync::Record answered(const std::string& key, const Value& sent) const;
  std::string version(const Row& row) const;
  Value stored(const Value& values) const;
  bool taken(const Value& fields) const;
  /// Why these values, of a new record where `key` is empty, cannot stand beside what others have now.
  std::optional<Error> in_the_way(const std::string& key, const Value& values) const;
  void look_at_required(const std::string& key, const Value& values) const;
  void touch(const std::string& key, const char* event);
  void create_as_one(std::vector<sync::CreateRequest> requests, sync::Done<std::vector<Result<sync::Record>>> done);
  void look_at_group(int thing, const std::string& key);
  std::string kept_of(const std::string& key, const Value& values);
  Result<sync::Record> apply_create(const sync::CreateRequest& request);
  Result<sync::Record> apply_update(const std::string& key, const Value& values, const std::optional<std::string>& guard, std::uint64_t asked);
  Result<sync::Record> apply_put_back(const std::string& key);
  Result<sync::Answered> apply_remove(const std::string& key, const std::optional<std::string>& guard, std::uint64_t asked);
  void note(const std::string& line) const;

  const Side side_;
  const Profile::System system_;
  VirtualTime& time_;
  Faults& faults_;
  Ledger& ledger_;
  SideEvents events_;
  sync::Capabilities able_;
  Rows rows_;
  Value defaults_{Object{}};
  struct Past {
    Ticks until;  // it looked so before
    std::string key;
    std::optional<Row> row;
  };
  std::vector<Past> past_;  // oldest first
  struct Thrown {
    Row row;
    std::string back;  // the key under which it was put back
  };
  std::map<std::string, Thrown> thrown_;  // the trash, the last of each key
  std::vector<std::pair<std::int64_t, std::string>> deleted_;  // seq, key
  std::int64_t last_seq_ = 0;
  std::set<std::string> unanswered_;
  std::set<std::string> kept_;  // keys of which the last write was not taken whole
  std::multiset<std::string> asked_;  // keys of writes that left and were not answered yet
  std::map<std::string, Ticks> lost_;  // rows that lists and reads do not show until then
  Ticks away_until_{};
  std::map<std::string, Ticks> pinned_;
  const bool nobody_deletes_, demanding_;
  int last_key_ = 0, last_incarnation_ = 0, writes_ = 0;
  Duration skew_{};
};

}  // namespace tidewire::simulate
