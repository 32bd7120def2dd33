// What is now: status, keys that stand, how much happened when.
#include "admin/api/api.h"
#include "admin/filters.h"
#include "admin/health.h"
#include "admin/paging.h"
#include "admin/views.h"

namespace tidewire::admin {
namespace {

constexpr std::int64_t kSlices = 48;
constexpr Duration kSlice = std::chrono::minutes(30);

void status(Api& api, const Call& call) {
  api.with_summary([&api, reply = call.reply](const Result<store::Summary>& summary) {
    if (!summary.ok()) return (*reply)(problem(summary.error()));
    Value out = status_view(api.control(), *summary);
    const Health found = health(api.control(), summary, true);
    out["health"] = *found.view.find("status");
    out["problems"] = *found.view.find("problems");
    (*reply)(answer(out));
  });
}

void dead_letters(Api& api, const Call& call) {
  const auto page = page_of(call);
  if (!page.ok()) return (*call.reply)(problem(page.error()));
  const auto state = state_of(call);
  if (!state.ok()) return (*call.reply)(problem(state.error()));
  api.control().store().standing({.mapping = call.query("mapping"), .state = *state, .key = call.query("key")}, *page, api.guarded([&api, call](Result<store::Paged<store::DirtyKey>> found) {
    send_list(api, call, {}, found, [](const auto& rows) { return view_page("keys", rows); });
  }));
}

void activity(Api& api, const Call& call) {
  api.control().store().activity(api.control().engine().mappings(), kSlice, kSlices, [reply = call.reply](Result<std::map<std::string, std::vector<std::int64_t>>> found) {
    send(reply, found, [](const auto& counts) {
      Object mappings;
      for (const auto& [mapping, slices] : counts) mappings[mapping] = Value(Array(slices.begin(), slices.end()));
      return Value(Object{{"slice_s", std::chrono::duration_cast<std::chrono::seconds>(kSlice).count()}, {"mappings", Value(std::move(mappings))}});
    });
  });
}

}  // namespace

std::span<const Route> read_routes() {
  using enum Parameter::Type;
  static const Route routes[] = {
      {.method = "GET", .path = "/api/v1/status", .role = Role::kViewer, .id = "status", .summary = "The process, connections, mappings with their counts, polls and last reload", .handler = status, .answer = "Status"},
      {.method = "GET", .path = "/api/v1/activity", .role = Role::kViewer, .id = "activity", .summary = "Operations of each mapping in each half hour of the last day, oldest first", .handler = activity, .answer = "Activity"},
      {.method = "GET", .path = "/api/v1/dead-letters", .role = Role::kViewer, .id = "dead_letters", .summary = "Keys that stand: held, waiting for a parent, in conflict, dead; newest first. With `key` those of one record, whatever their state", .handler = dead_letters,
       .query = paged({{"mapping", kText, "of this mapping"}, {"state", kText, "waiting, backing_off, held, waiting_for, conflict or dead"}, {"key", kText, "of this record; either side's key"}}), .answer = "Keys"},
  };
  return routes;
}

}  // namespace tidewire::admin
