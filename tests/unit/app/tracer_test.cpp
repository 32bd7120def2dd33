#include "app/tracer.h"

#include <set>

#include <catch2/catch.hpp>

#include "base/json.h"

using namespace tidewire;
using namespace tidewire::app;

namespace {

store::Operation operation_at(Instant began) {
  const auto ms = static_cast<unsigned long long>(std::chrono::duration_cast<std::chrono::milliseconds>(began.time_since_epoch()).count());
  char id[64];
  std::snprintf(id, sizeof id, "%08llx-%04llx-7abc-8def-0123456789ab", (ms >> 16) & 0xffffffff, ms & 0xffff);
  store::Operation operation;
  operation.id = id;
  operation.mapping = "people";
  operation.kind = "update";
  operation.outcome = "applied";
  operation.link = 7;
  operation.key.left = "HR-EMP-0001";
  operation.record = Value(Object{{"taken", Value(Array{Value(Object{{"side", "left"}, {"key", "HR-EMP-0001"}, {"reason", "webhook"}})})}, {"writes", Value(Array{Value(Object{{"values", "secret"}})})}});
  return operation;
}

Value step(const char* name, const char* side, std::int64_t after_us, std::int64_t took_us) {
  Object out{{"step", name}, {"after_us", after_us}, {"took_us", took_us}};
  if (*side != 0) out["side"] = side;
  return Value(std::move(out));
}

/// What a pass of 40 ms keeps: its change had waited for 7, then two reads together, a decision, the announcement, a write that was refused.
store::Operation stepped(store::Operation operation, Instant began) {
  operation.at = began + std::chrono::milliseconds(35);
  operation.record["began"] = format_instant(began + std::chrono::microseconds(250));
  (*operation.record.find("taken")).as_array().front()["since"] = format_instant(began - std::chrono::milliseconds(7));
  Value write = step("write", "right", 20000, 14000);
  write["error"] = "stale";
  operation.record["steps"] = Value(Array{step("read", "left", 100, 9000), step("read", "right", 150, 12000), step("decide", "", 12200, 300), step("announce", "", 12600, 7000), write});
  return operation;
}

}  // namespace

TEST_CASE("tracer: below an operation stand the wait, its steps and the commit, with the times that the record has", "[app][traces]") {
  const Instant began = *parse_instant("2024-05-01T10:00:00.123Z");
  const auto spans = spans_of(stepped(operation_at(began), began), began + std::chrono::milliseconds(40));

  std::vector<std::string> told;
  for (const Value& span : spans) told.push_back(span.string_or("name") + " " + span.string_or("startTimeUnixNano").substr(7) + " " + span.string_or("endTimeUnixNano").substr(7));
  CHECK(told == std::vector<std::string>{
                    "update people 600116000000 600163000000",  // from when the change was noticed
                    "wait 600116000000 600123250000",
                    "read left 600123350000 600132350000",
                    "read right 600123400000 600135400000",
                    "decide 600135450000 600135750000",
                    "announce 600135850000 600142850000",
                    "write right 600143250000 600157250000",
                    "commit 600158000000 600163000000",
                });
  std::set<std::string> ids;
  for (const Value& span : spans) {
    ids.insert(span.string_or("spanId"));
    CHECK(span.string_or("spanId").size() == 16);
    CHECK(span.string_or("traceId") == spans.front().string_or("traceId"));
    if (&span == &spans.front()) CHECK(span.find("parentSpanId") == nullptr);
    else CHECK(span.string_or("parentSpanId") == spans.front().string_or("spanId"));
  }
  CHECK(ids.size() == spans.size());
  CHECK(spans[2].int_or("kind", 0) == 3);  // a call to a system
  CHECK(spans[4].int_or("kind", 0) == 1);
  CHECK(spans[6].at_path("status.message")->as_string() == "stale");
  CHECK(spans[2].at_path("status")->as_object().empty());
}

TEST_CASE("tracer: a span lasts from the beginning of the pass to its end, under ids of 32 and 16 digits", "[app][traces]") {
  const Instant began = *parse_instant("2024-05-01T10:00:00.123Z");
  const auto spans = spans_of(operation_at(began), began + std::chrono::milliseconds(40));
  REQUIRE(spans.size() == 1);  // the record keeps no steps
  const Value& span = spans.front();

  CHECK(span.string_or("startTimeUnixNano") == "1714557600123000000");
  CHECK(span.string_or("endTimeUnixNano") == "1714557600163000000");
  CHECK(span.string_or("traceId").size() == 32);
  CHECK(span.string_or("spanId") == span.string_or("traceId").substr(16));
  CHECK(span.string_or("name") == "update people");
  CHECK(span.at_path("status")->as_object().empty());
}

TEST_CASE("tracer: keys and values of records stay here", "[app][traces]") {
  const Instant began = *parse_instant("2024-05-01T10:00:00.123Z");
  const auto spans = spans_of(stepped(operation_at(began), began), began);
  const std::string text = json::dump(Value(Array(spans.begin(), spans.end())));

  CHECK(text.find("HR-EMP") == std::string::npos);
  CHECK(text.find("secret") == std::string::npos);
  CHECK(text.find("\"tidewire.reason\",\"value\":{\"stringValue\":\"webhook\"}") != std::string::npos);
}

TEST_CASE("tracer: what failed is an error with its code, and a clock that was set back makes no negative span", "[app][traces]") {
  const Instant began = *parse_instant("2024-05-01T10:00:00.123Z");
  store::Operation operation = operation_at(began);
  operation.outcome = "dead";
  operation.record["error"] = Value(Object{{"code", "invalid"}, {"message", "no such value x@example.org"}});
  const Value span = spans_of(operation, began - std::chrono::hours(1)).front();

  CHECK(span.at_path("status.code")->as_int() == 2);
  CHECK(span.at_path("status.message")->as_string() == "dead: invalid");
  CHECK(span.string_or("startTimeUnixNano") == span.string_or("endTimeUnixNano"));
}

TEST_CASE("tracer: one in ten is about one in ten, and the same one each time", "[app][traces]") {
  int taken = 0;
  for (int n = 0; n < 1000; ++n) {
    char id[64];
    std::snprintf(id, sizeof id, "018f0000-0000-7000-8000-%012x", n * 7919);
    taken += is_sampled(id, 10) ? 1 : 0;
    CHECK(is_sampled(id, 10) == is_sampled(id, 10));
    CHECK(is_sampled(id, 1));
  }
  CHECK(taken > 60);
  CHECK(taken < 140);
}
