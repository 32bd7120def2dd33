#include "app/tracer.h"

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

}  // namespace

TEST_CASE("tracer: a span lasts from the beginning of the pass to its end, under ids of 32 and 16 digits", "[app][traces]") {
  const Instant began = *parse_instant("2024-05-01T10:00:00.123Z");
  const Value span = span_of(operation_at(began), began + std::chrono::milliseconds(40));

  CHECK(span.string_or("startTimeUnixNano") == "1714557600123000000");
  CHECK(span.string_or("endTimeUnixNano") == "1714557600163000000");
  CHECK(span.string_or("traceId").size() == 32);
  CHECK(span.string_or("spanId") == span.string_or("traceId").substr(16));
  CHECK(span.string_or("name") == "update people");
  CHECK(span.at_path("status")->as_object().empty());
}

TEST_CASE("tracer: keys and values of records stay here", "[app][traces]") {
  const Instant began = *parse_instant("2024-05-01T10:00:00.123Z");
  const std::string text = json::dump(span_of(operation_at(began), began));

  CHECK(text.find("HR-EMP") == std::string::npos);
  CHECK(text.find("secret") == std::string::npos);
  CHECK(text.find("\"tidewire.reason\",\"value\":{\"stringValue\":\"webhook\"}") != std::string::npos);
}

TEST_CASE("tracer: what failed is an error with its code, and a clock that was set back makes no negative span", "[app][traces]") {
  const Instant began = *parse_instant("2024-05-01T10:00:00.123Z");
  store::Operation operation = operation_at(began);
  operation.outcome = "dead";
  operation.record["error"] = Value(Object{{"code", "invalid"}, {"message", "no such value x@example.org"}});
  const Value span = span_of(operation, began - std::chrono::hours(1));

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
