#include "store_fixture.h"

using namespace tidewire;
using namespace tidewire::store;

namespace {

Alert about(StoreFixture& f, const std::string& kind, const std::string& mapping, const std::string& text) {
  Alert alert;
  alert.condition = kind + " " + mapping;
  alert.kind = kind;
  alert.mapping = mapping;
  alert.text = text;
  alert.hint = "look";
  alert.since = f.clock.now() - std::chrono::minutes(2);
  alert.told_at = f.clock.now();
  return alert;
}

void tell(StoreFixture& f, Alert alert) {
  f.ask<void>([&](auto done) { f.store.tell({.alerts = {std::move(alert)}}, done); });
}

Alert over(StoreFixture& f, Alert alert) {
  alert.ended_at = f.clock.now();
  return alert;
}

Paged<Alert> list(StoreFixture& f, const AlertFilter& filter, const Page& page = {}) {
  return f.ask<Paged<Alert>>([&](auto done) { f.store.alerts(filter, page, done); });
}

}  // namespace

TEST_CASE("alerts: told again it is the same row with the new text; over, it is past", "[store][alerts]") {
  StoreFixture f;
  tell(f, about(f, "queue", "people", "3 wait"));
  f.clock.pass(std::chrono::hours(1));
  tell(f, about(f, "queue", "people", "30 wait"));

  REQUIRE(list(f, {}).rows.size() == 1);
  CHECK(list(f, {}).rows[0].text == "30 wait");
  CHECK(list(f, {}).rows[0].since == f.clock.now() - std::chrono::minutes(62));
  CHECK_FALSE(list(f, {}).rows[0].ended_at);

  tell(f, over(f, about(f, "queue", "people", "")));
  CHECK(list(f, {}).rows.empty());
  const auto past = list(f, {.ended_too = true}).rows;
  REQUIRE(past.size() == 1);
  CHECK(past[0].text == "30 wait");
  CHECK(past[0].ended_at == f.clock.now());
}

TEST_CASE("alerts: the end keeps the last words, and what has no hint keeps the one it had", "[store][alerts]") {
  StoreFixture f;
  tell(f, about(f, "queue", "people", "3 wait"));
  Alert restated = about(f, "queue", "people", "seems over");
  restated.hint.clear();
  tell(f, restated);
  CHECK(list(f, {}).rows.at(0).hint == "look");
  tell(f, over(f, about(f, "queue", "people", "4 wait")));

  CHECK(list(f, {.ended_too = true}).rows.at(0).text == "4 wait");
}

TEST_CASE("alerts: one that begins again is another row", "[store][alerts]") {
  StoreFixture f;
  tell(f, about(f, "queue", "people", "first"));
  tell(f, over(f, about(f, "queue", "people", "")));
  tell(f, about(f, "queue", "people", "second"));

  const auto all = list(f, {.ended_too = true}).rows;
  REQUIRE(all.size() == 2);
  CHECK(all[0].text == "second");
  CHECK_FALSE(all[0].ended_at);
  CHECK(all[1].ended_at);
}

TEST_CASE("alerts: an end whose beginning could not be stored is kept, as past", "[store][alerts]") {
  StoreFixture f;
  tell(f, over(f, about(f, "state", "", "cannot be written")));

  CHECK(list(f, {}).rows.empty());
  CHECK(list(f, {.ended_too = true}).rows.size() == 1);
}

TEST_CASE("alerts: pages go on where they were while rows are added; filters hold", "[store][alerts]") {
  StoreFixture f;
  for (const char* mapping : {"a", "b", "c"}) tell(f, about(f, "dead", mapping, mapping));
  Alert connection = about(f, "connection", "", "down");
  connection.connection = "erp";
  tell(f, connection);

  const auto first = list(f, {}, {.limit = 2, .after = ""});
  tell(f, about(f, "dead", "d", "d"));
  const auto second = list(f, {}, {.limit = 2, .after = first.next});

  CHECK(first.rows[0].connection == "erp");
  CHECK(first.rows[1].text == "c");
  REQUIRE(second.rows.size() == 2);
  CHECK(second.rows[0].text == "b");
  CHECK(second.rows[1].text == "a");
  CHECK(list(f, {.mapping = "b"}).rows.size() == 1);
  CHECK(list(f, {.connection = "erp"}).rows.size() == 1);
  CHECK(list(f, {.kind = "dead"}).rows.size() == 4);
}

TEST_CASE("alerts: the first who has one in hand stays, and is in the audit trail", "[store][alerts]") {
  StoreFixture f;
  tell(f, about(f, "queue", "people", "3 wait"));
  const std::int64_t id = list(f, {}).rows[0].id;

  f.ask<Alert>([&](auto done) { f.store.acknowledge_alert(id, "ada", done); });
  const Alert again = f.ask<Alert>([&](auto done) { f.store.acknowledge_alert(id, "grace", done); });

  CHECK(again.acknowledged_by == "ada");
  CHECK(again.acknowledged_at == f.clock.now());
  CHECK_FALSE(again.ended_at);
  const auto audit = f.ask<Paged<Value>>([&](auto done) { f.store.audit_log({}, {}, done); }).rows;
  REQUIRE(audit.size() == 1);
  CHECK(audit[0].string_or("author") == "ada");
  CHECK(audit[0].string_or("subject") == std::to_string(id) + " queue people");
  CHECK(f.try_ask<Alert>([&](auto done) { f.store.acknowledge_alert(99, "ada", done); }).error().code == Code::kNotFound);
}

TEST_CASE("alerts: what is over leaves with its age, what stands does not", "[store][alerts]") {
  StoreFixture f;
  tell(f, about(f, "queue", "people", "old"));
  tell(f, over(f, about(f, "queue", "people", "")));
  tell(f, about(f, "dead", "people", "stands"));
  f.clock.pass(std::chrono::hours(24 * 31));

  f.ask<bool>([&](auto done) { f.store.prune(std::chrono::hours(24 * 30), done); });

  const auto left = list(f, {.ended_too = true}).rows;
  REQUIRE(left.size() == 1);
  CHECK(left[0].text == "stands");
}

namespace {

/// A notice to one address, and its hook as the outbox then has it.
Hook told_to(StoreFixture& f, const std::string& address, const std::string& about = "people") {
  Notice notice;
  notice.event = "alert";
  notice.kind = "queue";
  notice.about = about;
  notice.title = about + ": queue";
  notice.text = "3 wait";
  notice.way = "mail";
  notice.address = address;
  f.ask<void>([&](auto done) { f.store.tell({.notices = {{notice, Value(Object{{"kind", "mail"}})}}}, done); });
  const auto due = f.ask<std::vector<Hook>>([&](auto done) { f.store.due_hooks("", 100, done); });
  REQUIRE_FALSE(due.empty());
  return due.back();
}

std::vector<Notice> notices(StoreFixture& f, const NoticeFilter& filter = {}) {
  return f.ask<Paged<Notice>>([&](auto done) { f.store.notices(filter, {}, done); }).rows;
}

}  // namespace

TEST_CASE("notices: what was told stays with whether it arrived, and with the error where it did not", "[store][alerts]") {
  StoreFixture f;
  const Instant told_at = f.clock.now();
  const Hook well = told_to(f, "ops@example.org");
  const Hook ill = told_to(f, "secret CHAT_HOOK");
  CHECK(notices(f).front().state == "waiting");
  CHECK_FALSE(notices(f).front().tried_at);

  f.clock.pass(std::chrono::seconds(5));
  f.ask<void>([&](auto done) { f.store.hook_done(well.id, done); });
  f.ask<void>([&](auto done) { f.store.hook_again(ill.id, f.clock.now(), "it answered 500", done); });

  auto all = notices(f);
  REQUIRE(all.size() == 2);
  CHECK(all[1].address == "ops@example.org");
  CHECK(all[1].state == "delivered");
  CHECK(all[1].at == told_at);
  CHECK(all[1].tried_at == f.clock.now());
  CHECK(all[1].attempts == 1);
  CHECK(all[1].error.empty());
  CHECK(all[0].state == "waiting");
  CHECK(all[0].error == "it answered 500");
  REQUIRE(notices(f, {.missed = true}).size() == 1);

  f.ask<void>([&](auto done) { f.store.hook_given_up(ill.id, "it answered 404", done); });
  all = notices(f, {.missed = true});
  REQUIRE(all.size() == 1);
  CHECK(all[0].state == "failed");
  CHECK(all[0].attempts == 2);
  CHECK(all[0].error == "it answered 404");
  CHECK(f.ask<std::vector<Hook>>([&](auto done) { f.store.due_hooks("", 100, done); }).empty());
}

TEST_CASE("notices: an attempt that ends well takes the error away; filters and pages hold", "[store][alerts]") {
  StoreFixture f;
  const Hook hook = told_to(f, "a");
  f.ask<void>([&](auto done) { f.store.hook_again(hook.id, f.clock.now(), "refused", done); });
  f.ask<void>([&](auto done) { f.store.hook_done(hook.id, done); });
  CHECK(notices(f).front().error.empty());
  CHECK(notices(f).front().attempts == 2);

  told_to(f, "b", "orders");
  CHECK(notices(f, {.about = "orders"}).size() == 1);
  CHECK(notices(f, {.kind = "dead"}).empty());
  const auto first = f.ask<Paged<Notice>>([&](auto done) { f.store.notices({}, {1, ""}, done); });
  REQUIRE(first.rows.size() == 1);
  CHECK(first.rows[0].address == "b");
  CHECK(f.ask<Paged<Notice>>([&](auto done) { f.store.notices({}, {1, first.next}, done); }).rows[0].address == "a");
}

TEST_CASE("notices: they leave with their age, but not while they wait", "[store][alerts]") {
  StoreFixture f;
  const Hook gone = told_to(f, "gone");
  f.ask<void>([&](auto done) { f.store.hook_done(gone.id, done); });
  told_to(f, "waits");
  f.clock.pass(std::chrono::hours(24 * 31));

  f.ask<bool>([&](auto done) { f.store.prune(std::chrono::hours(24 * 30), done); });

  REQUIRE(notices(f).size() == 1);
  CHECK(notices(f).front().address == "waits");
}
