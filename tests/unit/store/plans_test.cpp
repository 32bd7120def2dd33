// How SQLite goes about each list: none walks a whole table.
#include <sqlite3.h>

#include <set>

#include "base/text.h"
#include "store/statement.h"
#include "store_fixture.h"

using namespace tidewire;
using namespace tidewire::store;

namespace {

/// What the store asks of its database, as SQLite was given it.
class Asked {
 public:
  explicit Asked(StoreFixture& f) : f_(f) {
    sqlite3_trace_v2(f_.database->handle(), SQLITE_TRACE_STMT, [](unsigned, void* asked, void* statement, void* text) {
      if (std::string_view(static_cast<const char*>(text)).starts_with("--")) return 0;  // a trigger's own
      static_cast<Asked*>(asked)->texts_.insert(sqlite3_sql(static_cast<sqlite3_stmt*>(statement)));
      return 0;
    }, this);
  }
  ~Asked() { stop(); }

  /// The plan of each, one step a line.
  std::vector<std::string> plans() {
    stop();
    std::vector<std::string> out;
    for (const std::string& text : texts_) {
      if (!text.starts_with("SELECT") && !text.starts_with("WITH")) continue;
      std::string plan = text + "\n";
      Query row(*f_.database, "EXPLAIN QUERY PLAN " + text);
      while (row.next().value()) plan += "  " + std::string(row.text(3)) + "\n";
      out.push_back(std::move(plan));
    }
    return out;
  }

 private:
  void stop() { sqlite3_trace_v2(f_.database->handle(), 0, nullptr, nullptr); }

  StoreFixture& f_;
  std::set<std::string> texts_;
};

/// The step that walks all of a table which grows with the records or the changes; "" where each is found by an index or by its key.
std::string whole_table(const std::string& plan) {
  for (const std::string& step : split(plan, '\n')) {
    for (const char* table : {"operations", "received", "links", "dirty_keys", "conflicts", "findings", "operation_exchanges", "exchanges", "audit", "notices"}) {
      if (trim(step) == std::string("SCAN ") + table) return step;
    }
  }
  return "";
}

template <typename Row, typename Filter>
void list(StoreFixture& f, void (Store::*verb)(Filter, Page, Done<Paged<Row>>), Filter filter, const std::string& after = "") {
  f.ask<Paged<Row>>([&](auto done) { (f.store.*verb)(std::move(filter), {10, after}, done); });
}

}  // namespace

TEST_CASE("plans: no list of operations, changes, links, keys or conflicts walks a whole table", "[store][plans]") {
  StoreFixture f;
  Asked asked(f);
  const Instant now = f.clock.now();
  const std::string id = "018f33a3-020d-7abc-8000-000000000000";

  for (const OperationFilter& filter : std::initializer_list<OperationFilter>{
           {}, {.mapping = "m"}, {.outcome = "dead"}, {.mapping = "m", .outcome = "dead"}, {.mapping = "m", .key = "K"}, {.mapping = "m", .key = "K", .key_side = Side::kLeft}, {.link = 1}, {.mapping = "m", .link = 1}, {.failed = true},
           {.mapping = "m", .failed = true}, {.since = now}, {.mapping = "m", .since = now, .until = now}, {.kind = "create"}, {.author = "ada"}, {.job = id}, {.side = Side::kRight}, {.mapping = "m", .side = Side::kRight}, {.text = "word"},
           {.mapping = "m", .text = "word"}, {.link = 1, .text = "word"}, {.failed = true, .text = "word"}}) {
    list<Operation>(f, &Store::operations, filter);
    list<Operation>(f, &Store::operations, filter, id);
  }
  for (const ReceivedFilter& filter : std::initializer_list<ReceivedFilter>{{}, {.connection = "erp"}, {.connection = "erp", .collection = "Employee"}, {.connection = "erp", .collection = "Employee", .key = "K"}, {.event = "delete"}, {.source = "webhook"}, {.since = now}, {.text = "word"}}) {
    list<Value>(f, &Store::received, filter);
  }
  for (const LinkFilter& filter : std::initializer_list<LinkFilter>{{}, {.mapping = "m"}, {.mapping = "m", .key = "K"}, {.mapping = "m", .state = LinkState::kTombstone}, {.mapping = "m", .state = LinkState::kLive}, {.mapping = "m", .older = now}, {.mapping = "m", .error = true}}) {
    list<Link>(f, &Store::find_links, filter);
  }
  for (const KeyFilter& filter : std::initializer_list<KeyFilter>{{.mapping = "m"}, {.mapping = "m", .state = KeyState::kDead}, {.mapping = "m", .key = "K"}}) list<DirtyKey>(f, static_cast<void (Store::*)(KeyFilter, Page, Done<Paged<DirtyKey>>)>(&Store::standing), filter);
  for (const auto which : {ConflictFilter::Which::kOpen, ConflictFilter::Which::kClosed, ConflictFilter::Which::kAll}) {
    for (const ConflictFilter& filter : std::initializer_list<ConflictFilter>{{.which = which}, {.mapping = "m", .which = which}, {.mapping = "m", .field = "phone", .which = which}, {.mapping = "m", .key = "K", .which = which}}) {
      list<Conflict>(f, static_cast<void (Store::*)(ConflictFilter, Page, Done<Paged<Conflict>>)>(&Store::conflicts), filter);
    }
  }
  list<Value>(f, &Store::audit_log, AuditFilter{});
  for (const NoticeFilter& filter : {NoticeFilter{}, NoticeFilter{.missed = true}}) list<Notice>(f, &Store::notices, filter);
  for (const bool open : {false, true}) f.ask<Paged<std::vector<Job>>>([&](auto done) { f.store.batches(open, {10, ""}, done); });
  f.ask<Paged<Finding>>([&](auto done) { f.store.findings(id, "", {10, ""}, done); });
  f.ask<std::vector<OperationExchange>>([&](auto done) { f.store.exchanges(id, done); });
  f.ask<Paged<Value>>([&](auto done) { f.store.script_versions("mapping m", {10, ""}, done); });

  const std::vector<std::string> plans = asked.plans();
  CHECK(plans.size() > 40);
  for (const std::string& plan : plans) {
    INFO(plan);
    CHECK(whole_table(plan).empty());
  }
}
