#include "admin/metrics.h"

#include "admin/exposition.h"
#include "api_fixture.h"

using namespace tidewire;
using namespace tidewire::admin;

TEST_CASE("exposition: samples of a family stand together under one help and type", "[admin]") {
  Exposition out;
  out.counter("a_total", "A.", {{"x", "1"}}, 1);
  out.gauge("b", "B.", {}, 2);
  out.counter("a_total", "A.", {{"x", "2"}}, 3);

  CHECK(out.text() == "# HELP a_total A.\n# TYPE a_total counter\na_total{x=\"1\"} 1\na_total{x=\"2\"} 3\n# HELP b B.\n# TYPE b gauge\nb 2\n");
}

TEST_CASE("exposition: a label's quotes, backslashes and line ends are escaped", "[admin]") {
  Exposition out;
  out.gauge("b", "B.", {{"x", "a\"b\\c\nd"}}, 1);

  CHECK(out.text().find("b{x=\"a\\\"b\\\\c\\nd\"} 1\n") != std::string::npos);
}

TEST_CASE("exposition: seconds are exact", "[admin]") {
  Exposition out;
  out.gauge_seconds("a_seconds", "A.", {}, 1500000);
  out.gauge_seconds("b_seconds", "B.", {}, -1);
  out.gauge_seconds("c_seconds", "C.", {}, 2000000);

  CHECK(out.text().find("a_seconds 1.5\n") != std::string::npos);
  CHECK(out.text().find("b_seconds -0.000001\n") != std::string::npos);
  CHECK(out.text().find("c_seconds 2\n") != std::string::npos);
}

TEST_CASE("exposition: a histogram's buckets add up to its count", "[admin]") {
  Exposition out;
  out.histogram("d_seconds", "D.", {{"c", "erp"}}, *json::parse(R"({"bounds_ms": [5, 250], "counts": [1, 2, 4], "sum_us": 2500})"));

  const std::string text = out.text();
  CHECK(text.find("d_seconds_bucket{c=\"erp\",le=\"0.005\"} 1\n") != std::string::npos);
  CHECK(text.find("d_seconds_bucket{c=\"erp\",le=\"0.25\"} 3\n") != std::string::npos);
  CHECK(text.find("d_seconds_bucket{c=\"erp\",le=\"+Inf\"} 7\n") != std::string::npos);
  CHECK(text.find("d_seconds_sum{c=\"erp\"} 0.0025\n") != std::string::npos);
  CHECK(text.find("d_seconds_count{c=\"erp\"} 7\n") != std::string::npos);
}

TEST_CASE("exposition: a shape that is no histogram is left out", "[admin]") {
  Exposition out;
  out.histogram("d_seconds", "D.", {}, *json::parse(R"({"bounds_ms": [5], "counts": [1]})"));
  out.histogram("d_seconds", "D.", {}, Value());

  CHECK(out.text().empty());
}

TEST_CASE("metrics: tell of the process, the connections and the mappings, and no record", "[admin]") {
  ApiFixture f;
  f.connections_view["erp"]["webhooks"] = Value(Object{{"received", 7}});
  f.world.left.insert(Value(Object{{"email", "ada@example.org"}}));
  f.run_job("{}");

  const std::string text = f.ask("GET", "/metrics").body;

  CHECK(text.find("tidewire_build_info{version=\"1.2.3\"} 1\n") != std::string::npos);
  CHECK(text.find("tidewire_healthy 1\n") != std::string::npos);
  CHECK(text.find("tidewire_connection_up{connection=\"erp\",kind=\"frappe\"} 1\n") != std::string::npos);
  CHECK(text.find("tidewire_webhooks_total{connection=\"erp\",result=\"received\"} 7\n") != std::string::npos);
  CHECK(text.find("tidewire_links{mapping=\"people\"} 1\n") != std::string::npos);
  CHECK(text.find("tidewire_events_total{mapping=\"people\",event=\"created\"} 1\n") != std::string::npos);
  CHECK(text.find("ada@") == std::string::npos);
  CHECK(text.find("L1") == std::string::npos);
}

TEST_CASE("metrics: how long webhooks and changes take, reloads, scripts and copies are told", "[admin]") {
  ApiFixture f;
  const Value took = *json::parse(R"({"bounds_ms": [5, 250], "counts": [1, 2, 4], "sum_us": 2500})");
  f.connections_view["erp"]["webhooks"] = Value(Object{{"received", 7}, {"took", took}});
  f.mappings_view["people"] = Value(Object{{"reload", Value(Object{{"ok", true}, {"loaded", 3}, {"refused", 2}})}, {"quarantined", false}, {"script", Value(Object{{"memory", 1000}})}, {"latency", took}, {"drift", Value(Object{})}});
  f.process_view["backups"] = Value(Object{{"last", "1970-01-01T00:01:00Z"}, {"error", "no room"}});

  const std::string text = f.ask("GET", "/metrics").body;

  for (const char* sample : {"tidewire_webhook_duration_seconds_count{connection=\"erp\"} 7\n", "tidewire_end_to_end_seconds_count{mapping=\"people\"} 7\n", "tidewire_mapping_reloads_total{mapping=\"people\",result=\"loaded\"} 3\n",
                             "tidewire_mapping_reloads_total{mapping=\"people\",result=\"refused\"} 2\n", "tidewire_script_memory_bytes{mapping=\"people\"} 1000\n", "tidewire_mapping_drifted{mapping=\"people\"} 1\n",
                             "tidewire_backup_last_success_timestamp_seconds 60\n", "tidewire_backup_failing 1\n"}) {
    INFO(sample);
    CHECK(text.find(sample) != std::string::npos);
  }
}

TEST_CASE("metrics: changes that only polls found are told by collection", "[admin]") {
  ApiFixture f;
  f.process_view["unannounced"] = *json::parse(R"([{"connection": "erp", "collection": "Employee", "changes": 12}])");

  CHECK(f.ask("GET", "/metrics").body.find("tidewire_unannounced_changes{connection=\"erp\",collection=\"Employee\"} 12\n") != std::string::npos);
}

TEST_CASE("metrics: without the store what the process knows is still told", "[admin]") {
  ApiFixture f;

  const std::string text = metrics(f, make_error(Code::kUnavailable, "disk full"));

  CHECK(text.find("tidewire_healthy 0\n") != std::string::npos);
  CHECK(text.find("tidewire_links") == std::string::npos);
}
