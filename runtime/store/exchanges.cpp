#include "store/exchanges.h"

#include <algorithm>
#include <limits>

#include "store/statement.h"
#include "store/verb.h"

namespace tidewire::store {
namespace {

constexpr std::int64_t kExchangeSlice = 100;  // they are large

/// The smallest id that can have been given at `at`.
std::int64_t first_exchange_at(Instant at) {
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(at.time_since_epoch()).count();
  return std::max<std::int64_t>(0, ms) << 20;
}

Result<void> write_exchange(Database& database, const Exchange& one) {
  const std::optional<std::int64_t> took = one.took == Duration{} ? std::nullopt : std::optional(one.took.count());
  TRY(execute(database,
              "INSERT OR IGNORE INTO exchanges (id, at, took, connection, method, target, sent_type, sent, sent_cut, sent_left_out, status, answer_type, answer, answer_cut, "
              "answer_left_out, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
              one.id, one.at, took, one.connection, one.method, one.target, one.sent.type, one.sent.text, one.sent.cut, one.sent.left_out, one.status, one.answer.type, one.answer.text,
              one.answer.cut, one.answer.left_out, one.error));
  return {};
}

Exchange::Body read_body(Query& row, int first) { return {std::string(row.text(first)), std::string(row.text(first + 1)), row.integer(first + 2), std::string(row.text(first + 3))}; }

OperationExchange read_exchange(Query& row) {
  auto one = std::make_shared<Exchange>();
  one->id = row.integer(0);
  one->at = row.instant(1);
  one->took = Duration(row.integer(2));
  one->connection = row.text(3);
  one->method = row.text(4);
  one->target = row.text(5);
  one->sent = read_body(row, 6);
  one->status = row.text(10);
  one->answer = read_body(row, 11);
  one->error = row.text(15);
  OperationExchange out{std::move(one), std::nullopt, side_from_name(row.text(17))};
  if (!row.is_null(16)) out.step = row.integer(16);
  return out;
}

Result<std::vector<std::int64_t>> named_by(Database& database, const std::string& operation) {
  std::vector<std::int64_t> ids;
  Query row(database, "SELECT exchange FROM operation_exchanges WHERE operation = ?", operation);
  while (TRY(row.next())) ids.push_back(row.integer(0));
  return ids;
}

Result<void> drop_unless_named(Database& database, const std::vector<std::int64_t>& ids) {
  for (const std::int64_t id : ids) {
    TRY(execute(database, "DELETE FROM exchanges WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM operation_exchanges WHERE exchange = ?1)", id));
  }
  return {};
}

Result<void> drop_exchange(Database& database, std::int64_t id) {
  TRY(execute(database, "DELETE FROM operation_exchanges WHERE exchange = ?", id));
  TRY(execute(database, "DELETE FROM exchanges WHERE id = ?", id));
  return {};
}

constexpr Duration kPassLasts = std::chrono::hours(24);

/// A pass that is under way may have heard it too, and will want to keep it.
Result<void> forget_exchange(Database& database, std::int64_t id, Instant now) {
  TRY(drop_exchange(database, id));
  TRY(execute(database, "INSERT OR REPLACE INTO kv (namespace, key, value, expires_at) VALUES ('forgotten_exchanges', ?, 'true', ?)", std::to_string(id), now + kPassLasts));
  return {};
}

Result<bool> is_forgotten(Database& database, std::int64_t id) {
  return TRY(number(database, "SELECT 1 FROM kv WHERE namespace = 'forgotten_exchanges' AND key = ?", 0, std::to_string(id))) != 0;
}

Result<void> drop_oldest(Database& database, const std::string& pass) {
  const std::vector<std::int64_t> before = TRY(named_by(database, pass));
  if (static_cast<std::int64_t>(before.size()) <= kMostExchanges) return {};
  TRY(execute(database,
              "DELETE FROM operation_exchanges WHERE operation = ?1 AND exchange NOT IN "
              "(SELECT exchange FROM operation_exchanges WHERE operation = ?1 ORDER BY exchange DESC LIMIT ?2)",
              pass, kMostExchanges));
  return drop_unless_named(database, before);
}

/// Where the present round of pruning has come to; 0 = it begins.
Result<void> remember_exchanges_pruned(Database& database, std::int64_t id) {
  if (id == 0) TRY(execute(database, "DELETE FROM meta WHERE name = 'exchanges_pruned'"));
  else TRY(execute(database, "INSERT INTO meta (name, value) VALUES ('exchanges_pruned', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", std::to_string(id)));
  return {};
}

// Named by an operation that is stored, or by a key that stands and whose pass stored none.
constexpr const char* kNamed =
    "EXISTS (SELECT 1 FROM operation_exchanges AS named WHERE named.exchange = exchanges.id AND (EXISTS (SELECT 1 FROM operations WHERE id = named.operation) "
    "OR EXISTS (SELECT 1 FROM dirty_keys WHERE operation = named.operation)))";

Result<std::vector<std::int64_t>> unnamed(Database& database, std::int64_t after, std::int64_t last) {
  std::vector<std::int64_t> ids;
  Query row(database, std::string("SELECT id FROM exchanges WHERE id > ? AND id <= ? AND NOT ") + kNamed, after, last);
  while (TRY(row.next())) ids.push_back(row.integer(0));
  return ids;
}

}  // namespace

Result<void> keep_exchanges(Database& database, const std::string& pass, const std::vector<OperationExchange>& exchanges) {
  for (const OperationExchange& one : exchanges) {
    if (TRY(is_forgotten(database, one.exchange->id))) continue;
    TRY(write_exchange(database, *one.exchange));
    TRY(execute(database,
                "INSERT INTO operation_exchanges (operation, exchange, step, side) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (operation, exchange) DO UPDATE SET step = excluded.step",
                pass, one.exchange->id, one.step, one.side));
  }
  return {};
}

Result<void> take_over_exchanges(Database& database, const std::string& pass, const std::vector<std::string>& earlier) {
  bool any = false;
  for (const std::string& operation : earlier) {
    if (operation == pass || TRY(number(database, "SELECT 1 FROM operations WHERE id = ?", 0, operation)) != 0) continue;
    const std::vector<std::int64_t> ids = TRY(named_by(database, operation));
    if (ids.empty()) continue;
    any = true;
    if (!pass.empty()) {
      TRY(execute(database, "INSERT OR IGNORE INTO operation_exchanges (operation, exchange, step, side) SELECT ?, exchange, NULL, side FROM operation_exchanges WHERE operation = ?", pass, operation));
    }
    TRY(execute(database, "DELETE FROM operation_exchanges WHERE operation = ?", operation));
    if (pass.empty()) TRY(drop_unless_named(database, ids));
  }
  return any && !pass.empty() ? drop_oldest(database, pass) : Result<void>();
}

Result<std::int64_t> forget_exchanges(Database& database, const std::string& operation, Instant now) {
  const std::vector<std::int64_t> ids = TRY(named_by(database, operation));
  for (const std::int64_t id : ids) TRY(forget_exchange(database, id, now));
  return static_cast<std::int64_t>(ids.size());
}

Result<std::int64_t> forget_unnamed_exchanges(Database& database, Instant now) {
  const std::vector<std::int64_t> ids = TRY(unnamed(database, 0, std::numeric_limits<std::int64_t>::max()));
  for (const std::int64_t id : ids) TRY(forget_exchange(database, id, now));
  return static_cast<std::int64_t>(ids.size());
}

Result<bool> prune_exchanges(Database& database, Instant cutoff) {
  const std::int64_t from = TRY(number(database, "SELECT value + 0 FROM meta WHERE name = 'exchanges_pruned'", 0));
  std::int64_t looked_at = 0, last = 0;
  {
    Query row(database, "SELECT id FROM exchanges WHERE id > ? AND id < ? ORDER BY id LIMIT ?", from, first_exchange_at(cutoff), kExchangeSlice);
    for (; TRY(row.next()); ++looked_at) last = row.integer(0);
  }
  const bool more = looked_at == kExchangeSlice;
  if (more || from != 0) TRY(remember_exchanges_pruned(database, more ? last : 0));
  if (looked_at == 0) return false;
  for (const std::int64_t id : TRY(unnamed(database, from, last))) TRY(drop_exchange(database, id));
  return more;
}

void Store::exchanges(std::string operation, Done<std::vector<OperationExchange>> done) {
  read_verb(executor_, std::move(done), [operation = std::move(operation)](Database& database) -> Result<std::vector<OperationExchange>> {
    std::vector<OperationExchange> found;
    Query row(database,
              "SELECT id, at, took, connection, method, target, sent_type, sent, sent_cut, sent_left_out, status, answer_type, answer, answer_cut, answer_left_out, error, "
              "step, side FROM operation_exchanges JOIN exchanges ON id = exchange WHERE operation = ? ORDER BY exchange",
              operation);
    while (TRY(row.next())) found.push_back(read_exchange(row));
    return found;
  });
}

}  // namespace tidewire::store
