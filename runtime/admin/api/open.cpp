// For monitors: does it run, is it well, how much does it do.
#include "admin/access.h"
#include "admin/api/api.h"
#include "admin/health.h"
#include "admin/metrics.h"

namespace tidewire::admin {
namespace {

void ping(Api&, const Call& call) { (*call.reply)(http::Response::text(200, "pong\n")); }

bool is_known(const Call& call) { return call.caller.role != Role::kNobody || call.caller.neighbour; }

void with_counts(Api& api, const Call& call, Api::WithSummary then) { is_known(call) ? api.with_summary(std::move(then)) : api.with_recent_summary(std::move(then)); }

void show_health(Api& api, const Call& call) {
  with_counts(api, call, [&api, trusted = is_known(call), reply = call.reply](const Result<store::Summary>& summary) {
    const Health found = health(api.control(), summary, trusted);
    (*reply)(answer(found.view, found.ok() ? 200 : 503));
  });
}

void show_metrics(Api& api, const Call& call) {
  with_counts(api, call, [&api, reply = call.reply](const Result<store::Summary>& summary) {
    http::Response response = http::Response::text(200, metrics(api.control(), summary));
    response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    (*reply)(std::move(response));
  });
}

}  // namespace

std::span<const Route> open_routes() {
  static const Route routes[] = {
      {.method = "GET", .path = "/ping", .role = Role::kNobody, .id = "ping", .summary = "The process runs", .handler = ping, .any_host = true, .media = "text/plain"},
      {.method = "GET", .path = "/health", .role = Role::kNobody, .id = "health", .summary = "Whether all is well; 503 where not. Strangers are not told the reasons", .handler = show_health,
       .answer = "Health", .any_host = true},
      {.method = "GET", .path = "/metrics", .role = Role::kNobody, .id = "metrics", .summary = "Figures for Prometheus", .handler = show_metrics, .any_host = true, .media = "text/plain"},
  };
  return routes;
}

}  // namespace tidewire::admin
