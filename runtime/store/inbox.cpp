// What was received, and its way into dirty_keys.
#include <algorithm>
#include <mutex>
#include <set>
#include <unordered_map>

#include "base/json.h"
#include "store/counters.h"
#include "store/cursors.h"
#include "store/dirty_keys.h"
#include "store/statement.h"
#include "store/verb.h"

namespace tidewire::store {
namespace {

constexpr Duration kRemember = std::chrono::hours(24);

/// False for a delivery that came within 24 h. `fresh` holds those of this call: one delivery may carry many changes.
Result<bool> first_delivery(Database& database, const Change& change, Instant now,
                            std::set<std::pair<std::string, std::string>>& fresh) {
  if (change.delivery_id.empty()) return true;
  const auto name = std::make_pair(change.connection, change.delivery_id);
  if (fresh.contains(name)) return true;
  const std::int64_t stored = TRY(execute(database,
                                          "INSERT INTO deliveries (connection, id, at) VALUES (?1, ?2, ?3) "
                                          "ON CONFLICT (connection, id) DO UPDATE SET at = ?3 WHERE at <= ?4",
                                          change.connection, change.delivery_id, now, now - kRemember));
  if (stored == 0) {
    TRY(add_count(database, connection_scope(change.connection), "repeated", 1));
    return false;
  }
  fresh.insert(name);
  return true;
}

/// Rows on their way into `received`. Many share a statement, which then moves the sequence once.
class NewRows {
 public:
  /// Changes that are new, and how many; the change outlives this.
  Result<std::int64_t> add(Database& database, const std::vector<Change>& changes, Instant now) {
    std::set<std::pair<std::string, std::string>> fresh;
    std::int64_t stored = 0;
    for (const Change& change : changes) {
      if (!TRY(first_delivery(database, change, now, fresh))) continue;
      rows_.push_back({&change, now});
      ++stored;
    }
    return stored;
  }

  Result<void> store(Database& database) const {
    static const std::string one = insert(1), many = insert(kMany);
    for (std::size_t at = 0; at < rows_.size();) {
      const std::size_t count = rows_.size() - at >= kMany ? kMany : 1;
      Statement* statement = TRY(database.prepare(count == 1 ? one : many));
      statement->bind_all(false);
      for (const std::size_t end = at + count; at < end; ++at) bind(*statement, rows_[at]);
      TRY(finish_statement(database, *statement));
    }
    return {};
  }

 private:
  static constexpr std::size_t kMany = 16;
  struct Row {
    const Change* change;
    Instant at;
  };

  static std::string insert(std::size_t count) {
    std::string sql =
        "INSERT INTO received (at, connection, collection, key, event, source, payload) VALUES (?, ?, ?, ?, ?, ?, ?)";
    for (std::size_t i = 1; i < count; ++i) sql += ", (?, ?, ?, ?, ?, ?, ?)";
    return sql;
  }

  static void bind(Statement& statement, const Row& row) {
    const Change& change = *row.change;
    statement.bind(row.at);
    for (const std::string* text : {&change.connection, &change.collection, &change.key, &change.event, &change.source}) {
      statement.bind(std::string_view(*text));
    }
    statement.bind(change.payload);
  }

  std::vector<Row> rows_;
};

/// The changes of one key that a page of `received` holds, coalesced before the table sees them.
struct GatheredKey {
  std::int64_t first_seq = 0, last_seq = 0, count = 0;
  int priority = 1;
  Instant due_at{};
  std::string event, reason;
  std::optional<std::string> payload;

  void add(Query& row) {
    last_seq = row.integer(0);
    if (count++ == 0) {
      first_seq = last_seq;
      due_at = row.instant(1);
    }
    if (event != "delete") event = row.text(5);
    reason = row.text(6);
    payload.reset();
    if (!row.is_null(7)) payload = row.text(7);
    if (reason != "sweep" && reason != "job") priority = 0;
  }
};

struct KeyHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

/// One page of `received` on its way to the mappings.
class FanOutPage {
 public:
  explicit FanOutPage(const std::vector<Route>& routes) {
    for (const Route& route : routes)
      targets_[name(route.connection, route.collection)].insert({route.mapping, route.side});
  }

  Result<void> read(Database& database, std::int64_t limit) {
    const std::int64_t from = TRY(number(database, "SELECT value + 0 FROM meta WHERE name = 'fanned_out'", 0));
    Query row(database,
              "SELECT seq, at, connection, collection, key, event, source, payload FROM received WHERE seq > ? ORDER "
              "BY seq LIMIT ?",
              from, limit);
    while (TRY(row.next())) add(row);
    result_.more = result_.seen == limit;
    return {};
  }

  Result<FanOut> store(Database& database, Instant now) {
    if (result_.seen == 0) return result_;
    for (const auto& [target, keys] : keys_) TRY(store_target(database, target, keys, now));
    for (const auto& [name, source] : sources_) {
      const std::string scope = connection_scope(source.connection);
      TRY(add_count(database, scope, "received", source.received));
      TRY(add_count(database, scope, "unparsed", source.unparsed));
      TRY(add_count(database, scope, "filtered", source.filtered));
    }
    TRY(execute(database, "UPDATE meta SET value = ? WHERE name = 'fanned_out'", std::to_string(last_seq_)));
    return result_;
  }

 private:
  using Target = std::pair<std::string, Side>;
  using Keys = std::unordered_map<std::string, GatheredKey, KeyHash, std::equal_to<>>;
  struct Source {
    std::string connection, collection;
    std::int64_t received = 0, unparsed = 0, filtered = 0;
    std::vector<Keys*> keys;  // of each target that wants it
  };

  static std::string name(std::string_view connection, std::string_view collection) {
    std::string text(connection);
    text += '\0';
    text += collection;
    return text;
  }

  /// Most rows come from where the one before came from.
  Source& source_of(std::string_view connection, std::string_view collection) {
    if (last_ != nullptr && last_->connection == connection && last_->collection == collection) return *last_;
    const auto [found, fresh] = sources_.try_emplace(name(connection, collection));
    last_ = &found->second;
    if (!fresh) return *last_;
    last_->connection = connection;
    last_->collection = collection;
    if (const auto targets = targets_.find(found->first); targets != targets_.end()) {
      for (const Target& target : targets->second) last_->keys.push_back(&keys_[target]);
    }
    return *last_;
  }

  void add(Query& row) {
    ++result_.seen;
    last_seq_ = row.integer(0);
    Source& source = source_of(row.text(2), row.text(3));
    ++source.received;
    if (row.text(5) == "unparsed" || row.text(4).empty()) {
      ++source.unparsed;
    } else if (source.keys.empty()) {
      ++source.filtered;
    } else {
      for (Keys* keys : source.keys) add_to(*keys, row);
    }
  }

  static void add_to(Keys& keys, Query& row) {
    auto key = keys.find(row.text(4));
    if (key == keys.end()) key = keys.emplace(row.text(4), GatheredKey{}).first;
    key->second.add(row);
  }

  /// Sorted, so that the table is met page by page.
  static std::vector<const Keys::value_type*> in_order(const Keys& keys) {
    std::vector<const Keys::value_type*> sorted;
    sorted.reserve(keys.size());
    for (const auto& one : keys) sorted.push_back(&one);
    std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
    return sorted;
  }

  Result<void> store_target(Database& database, const Target& target, const Keys& keys, Instant now) {
    const auto& [mapping, side] = target;
    Intake intake;
    for (const auto* one : in_order(keys)) {
      const auto& [key, gathered] = *one;
      NewChanges changes{gathered.first_seq, gathered.last_seq, gathered.count,    gathered.event,
                         gathered.reason,    gathered.payload,  gathered.priority, gathered.due_at};
      TRY(add_changes(database, mapping, side, key, changes, now, intake));
    }
    result_.marked[mapping] += intake.received;
    return count_intake(database, mapping, intake);
  }

  std::unordered_map<std::string, std::set<Target>> targets_;
  std::map<Target, Keys> keys_;
  std::map<std::string, Source> sources_;
  Source* last_ = nullptr;
  std::int64_t last_seq_ = 0;
  FanOut result_;
};

}  // namespace

/// Puts that share a member of the group: a savepoint and four closures less for each webhook.
class Store::PutGroup {
 public:
  /// False once the writer has begun with it.
  bool add(std::vector<Change>& changes, Instant now, Done<std::int64_t>& done) {
    std::lock_guard lock(mutex_);
    if (taken_ || puts_.size() >= kMostPuts) return false;
    puts_.push_back({std::move(changes), now, std::move(done), 0});
    return true;
  }

  Result<void> store(Database& database) {
    {
      std::lock_guard lock(mutex_);
      taken_ = true;
    }
    NewRows rows;
    for (Put& put : puts_) put.stored = TRY(rows.add(database, put.changes, put.now));
    return rows.store(database);
  }

  /// Also of a group that the writer never came to: who puts from here on begins another.
  void answer(const Result<void>& result, const std::weak_ptr<const bool>& alive) {
    {
      std::lock_guard lock(mutex_);
      taken_ = true;
    }
    for (Put& put : puts_) {
      if (alive.expired()) return;  // a `done` may destroy the store
      if (result.ok()) {
        put.done(put.stored);
      } else {
        put.done(result.error());
      }
    }
  }

 private:
  static constexpr std::size_t kMostPuts = 512;
  struct Put {
    std::vector<Change> changes;
    Instant now;
    Done<std::int64_t> done;
    std::int64_t stored;
  };
  std::mutex mutex_;
  bool taken_ = false;
  std::vector<Put> puts_;  // the writer's alone once taken, then the loop's again
};

void Store::put(std::vector<Change> changes, Done<std::int64_t> done) {
  const Instant now = clock_.now();
  if (puts_ && puts_->add(changes, now, done)) return;
  puts_ = std::make_shared<PutGroup>();
  puts_->add(changes, now, done);
  executor_.write(
      [group = puts_](Database& database) -> Result<void> {
        TRY(group->store(database));
        pass(CrashPoint::kIntakeInTransaction);
        return {};
      },
      [group = puts_, alive = std::weak_ptr(alive_)](Result<void> result) {
        if (result.ok()) pass(CrashPoint::kIntakeStored);
        group->answer(result, alive);
      });
}

void Store::put_polled(std::string mapping, std::vector<DirtyMark> marks, Side side, Value cursor, Done<void> done) {
  write_verb(executor_, {CrashPoint::kPollInTransaction, CrashPoint::kPollStored}, std::move(done),
             [mapping = std::move(mapping), marks = std::move(marks), side, cursor = std::move(cursor),
              now = clock_.now()](Database& database) -> Result<void> {
               TRY(add_marks(database, mapping, marks, now));
               return write_cursor(database, mapping, side, cursor, now);
             });
}

void Store::mark(std::string mapping, std::vector<DirtyMark> marks, Done<void> done) {
  write_verb(executor_, std::move(done),
             [mapping = std::move(mapping), marks = std::move(marks), now = clock_.now()](Database& database) {
               return add_marks(database, mapping, marks, now);
             });
}

void Store::fan_out(std::vector<Route> routes, std::int64_t limit, Done<FanOut> done) {
  write_verb(executor_, {CrashPoint::kFanOutInTransaction, CrashPoint::kFanOutStored}, std::move(done),
             [routes = std::move(routes), limit, now = clock_.now()](Database& database) -> Result<FanOut> {
               FanOutPage page(routes);
               TRY(page.read(database, limit));
               return page.store(database, now);
             });
}

}  // namespace tidewire::store
