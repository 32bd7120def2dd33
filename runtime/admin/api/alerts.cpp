// What needs a person, and what did: the alerts, whether anybody is told of them or not; and what was told to whom.
#include <charconv>

#include "admin/api/api.h"
#include "admin/filters.h"
#include "admin/named.h"
#include "admin/paging.h"
#include "admin/views.h"

namespace tidewire::admin {
namespace {

const Words kAlertWords[] = {{"kind", {"mapping", "poll", "held", "brake", "paused", "queue", "conflict", "dead", "job", "connection", "webhooks", "disk", "state", "certificate", "backup"}}};
const Words kNoticeWords[] = {{"kind", {"mapping", "poll", "held", "brake", "paused", "queue", "conflict", "dead", "job", "connection", "webhooks", "disk", "state", "certificate", "backup", "drift", "report"}}};

void list_alerts(Api& api, const Call& call) {
  const auto page = page_of(call);
  if (!page.ok()) return (*call.reply)(problem(page.error()));
  store::AlertFilter filter{.mapping = call.query("mapping"), .connection = call.query("connection"), .kind = call.query("kind"), .ended_too = call.flag("all")};
  api.control().store().alerts(std::move(filter), *page, api.guarded([&api, call](Result<store::Paged<store::Alert>> found) {
    send_list(api, call, kAlertWords, found, [](const auto& rows) { return view_page("alerts", rows); });
  }));
}

void list_notices(Api& api, const Call& call) {
  const auto page = page_of(call);
  if (!page.ok()) return (*call.reply)(problem(page.error()));
  store::NoticeFilter filter{.about = call.query("about"), .kind = call.query("kind"), .missed = call.flag("missed")};
  api.control().store().notices(std::move(filter), *page, api.guarded([&api, call](Result<store::Paged<store::Notice>> found) {
    send_list(api, call, kNoticeWords, found, [](const auto& rows) { return view_page("notices", rows); });
  }));
}

void acknowledge(Api& api, const Call& call) {
  const std::string text = call.params["id"];
  std::int64_t number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc() || end != text.data() + text.size()) return (*call.reply)(problem(make_error(Code::kNotFound, "no alert " + text)));
  api.control().store().acknowledge_alert(number, author_of(call), [reply = call.reply](Result<store::Alert> alert) {
    send(reply, alert, [](const auto& one) { return view(one); });
  });
}

}  // namespace

// The audit trail is written with the change itself, in one transaction.
std::span<const Route> alert_routes() {
  using enum Parameter::Type;
  static const Route routes[] = {
      {.method = "GET", .path = "/api/v1/alerts", .role = Role::kViewer, .id = "alerts", .summary = "What needs a person, newest first; with `all` also what is over", .handler = list_alerts,
       .query = paged({{"mapping", kText, "about this mapping"}, {"connection", kText, "about this connection"}, {"kind", kText, "mapping, poll, held, brake, paused, queue, conflict, dead, job, connection, webhooks, disk, state, certificate or backup"}, {"all", kFlag, "1: those that are over too"}}),
       .answer = "Alerts"},
      {.method = "GET", .path = "/api/v1/notices", .role = Role::kViewer, .id = "notices", .summary = "What `alerts` told to whom, newest first, and whether it arrived", .handler = list_notices,
       .query = paged({{"about", kText, "about this mapping or connection"}, {"kind", kText, "as of alerts; job, drift or report"}, {"missed", kFlag, "1: those alone that did not arrive, or not yet"}}),
       .answer = "Notices"},
      {.method = "POST", .path = "/api/v1/alerts/{id}/acknowledge", .role = Role::kOperator, .id = "acknowledge", .summary = "Says that a person has it in hand; it stays open until it is over. The first who said so stays", .handler = acknowledge,
       .body = "Acknowledgement", .answer = "Alert"},
  };
  return routes;
}

}  // namespace tidewire::admin
