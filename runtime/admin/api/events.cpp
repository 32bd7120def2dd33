// What happens, as it happens.
#include <charconv>

#include "admin/api/api.h"

namespace tidewire::admin {
namespace {

std::uint64_t last_event(const http::Request& request) {
  const std::string* header = request.headers.find("Last-Event-ID");
  const std::string text = header != nullptr ? *header : request.query("last");
  std::uint64_t last = 0;
  std::from_chars(text.data(), text.data() + text.size(), last);
  return last;
}

void stream_events(Api& api, const Call& call) {
  if (const auto refused = api.events().refusal(call.caller)) return (*call.reply)(problem(*refused));
  http::Response response = http::Response::text(200, "");
  response.headers.set("Content-Type", "text/event-stream");
  response.headers.set("X-Accel-Buffering", "no");  // nginx would hold it back
  response.stream = [&api, last = last_event(call.request), caller = call.caller](std::unique_ptr<http::Outlet> outlet) {
    api.events().add(std::move(outlet), {caller, last, [&api, caller] { return api.accounts().still_is(caller, Role::kViewer); }});
  };
  (*call.reply)(std::move(response));
}

void show_log(Api& api, const Call& call) {
  const auto limit = limit_of(call.request, LogLines::kMost, LogLines::kMost);
  if (!limit.ok()) return (*call.reply)(problem(limit.error()));
  const auto lines = api.log_lines().last(static_cast<std::size_t>(*limit));
  (*call.reply)(answer(Value(Object{{"lines", Value(Array(lines.begin(), lines.end()))}})));
}

}  // namespace

std::span<const Route> event_routes() {
  using enum Parameter::Type;
  static const Route routes[] = {
      {.method = "GET", .path = "/api/v1/events", .role = Role::kViewer, .id = "events", .summary = "Operations, retries, jobs and log lines as they happen (server-sent events)", .handler = stream_events,
       .query = {{"last", kCount, "id of the last event seen, where the header Last-Event-ID cannot be sent"}}, .media = "text/event-stream"},
      {.method = "GET", .path = "/api/v1/log", .role = Role::kViewer, .id = "log", .summary = "The last lines of the log since the start, of level info or worse, oldest first; those that follow are events", .handler = show_log,
       .query = {{"limit", kCount, "at most so many, the newest; 500 are kept"}}, .answer = "LogLines"},
  };
  return routes;
}

}  // namespace tidewire::admin
