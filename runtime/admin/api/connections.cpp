// The remote systems: how they are, what they say of themselves, a rest for one.
#include "admin/api/api.h"
#include "admin/views.h"
#include "base/text.h"

namespace tidewire::admin {
namespace {

std::vector<std::string> connection_names(const Value& connections) {
  std::vector<std::string> names;
  for (const auto& [name, unused] : connections.as_object()) names.push_back(name);
  return names;
}

Value connection_row(const std::string& name, const Value& about) {
  Value row = about;
  row["name"] = name;
  return row;
}

void list_connections(Api& api, const Call& call) {
  Array rows;
  const Value all = api.control().connections();
  for (const auto& [name, about] : all.as_object()) rows.push_back(connection_row(name, about));
  (*call.reply)(answer(Value(Object{{"connections", Value(std::move(rows))}})));
}

/// The connection of the path; answered with 404 where there is none.
std::optional<Value> connection_of(Api& api, const Call& call) {
  const Value all = api.control().connections();
  const std::string name = call.params["name"];
  if (const Value* found = all.find(name)) return connection_row(name, *found);
  (*call.reply)(problem(make_error(Code::kNotFound, "no connection '" + name + "'" + suggestion(name, connection_names(all)), "tidewire.lua declares them")));
  return std::nullopt;
}

void show_connection(Api& api, const Call& call) {
  if (const auto found = connection_of(api, call)) (*call.reply)(answer(*found));
}

void test_connection(Api& api, const Call& call) {
  if (!connection_of(api, call)) return;
  const Ticks began = api.control().clock().ticks();
  api.control().test_connection(call.params["name"], api.guarded([&api, began, reply = call.reply](Result<Value> tested) {
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(api.control().clock().ticks() - began);
    Object out{{"ok", tested.ok()}, {"took_ms", static_cast<std::int64_t>(took.count())}};
    if (tested.ok()) out["answer"] = *tested;
    else out["error"] = view(tested.error());
    (*reply)(answer(Value(std::move(out))));
  }));
}

void show_schema(Api& api, const Call& call) {
  const std::string collection = call.query("collection");
  if (collection.empty()) return (*call.reply)(problem(make_error(Code::kInvalid, "'collection' is missing", "the doctype, table or model whose fields are asked for")));
  if (!connection_of(api, call)) return;
  api.control().describe(call.params["name"], collection, [reply = call.reply](Result<Value> described) { send(reply, described, [](const Value& one) { return Value(Object{{"schema", one}}); }); });
}

void list_collections(Api& api, const Call& call) {
  if (!connection_of(api, call)) return;
  api.control().authoring().collections(call.params["name"], [reply = call.reply](Result<Value> found) { send(reply, found, [](const Value& rows) { return Value(Object{{"collections", rows}}); }); });
}

void pause_connection(Api& api, const Call& call) {
  if (!connection_of(api, call)) return;
  const auto until = parse_instant(call.text("until"));
  if (!until.ok()) return (*call.reply)(problem(until.error()));
  if (*until <= api.control().clock().now()) return (*call.reply)(problem(make_error(Code::kInvalid, "'until' is past")));
  api.control().pause_connection(call.params["name"], *until, [reply = call.reply, until = *until](Result<void> paused) {
    (*reply)(paused.ok() ? answer(Value(Object{{"paused_until", format_instant(until)}})) : problem(paused.error()));
  });
}

void resume_connection(Api& api, const Call& call) {
  if (!connection_of(api, call)) return;
  api.control().pause_connection(call.params["name"], std::nullopt, [reply = call.reply](Result<void> resumed) { (*reply)(resumed.ok() ? answer(Value(Object{{"resumed", true}})) : problem(resumed.error())); });
}

}  // namespace

std::span<const Route> connection_routes() {
  using enum Parameter::Type;
  static const Route routes[] = {
      {.method = "GET", .path = "/api/v1/connections", .role = Role::kViewer, .id = "connections", .summary = "The remote systems with their health and latency; no secret", .handler = list_connections, .answer = "Connections"},
      {.method = "GET", .path = "/api/v1/connections/{name}", .role = Role::kViewer, .id = "connection", .summary = "One of them", .handler = show_connection, .answer = "Connection"},
      {.method = "POST", .path = "/api/v1/connections/{name}/test", .role = Role::kOperator, .id = "test_connection", .summary = "Asks the system now: does it answer, as whom are we known", .handler = test_connection, .body = "Empty", .answer = "Tested"},
      {.method = "GET", .path = "/api/v1/connections/{name}/schema", .role = Role::kOperator, .id = "schema", .summary = "The fields of one collection as the system describes them", .handler = show_schema, .query = {{"collection", kText, "doctype, table or model"}}, .answer = "Schema"},
      {.method = "GET", .path = "/api/v1/connections/{name}/collections", .role = Role::kOperator, .id = "collections", .summary = "What its key may read: doctypes, tables, models; empty where the system does not say", .handler = list_collections, .answer = "Collections"},
      {.method = "POST", .path = "/api/v1/connections/{name}/pause", .role = Role::kOperator, .id = "pause_connection", .summary = "No call is made to it before `until`; what comes waits", .handler = pause_connection, .body = "Pause", .answer = "Paused",
       .action = "pause_connection"},
      {.method = "POST", .path = "/api/v1/connections/{name}/resume", .role = Role::kOperator, .id = "resume_connection", .summary = "It goes on now", .handler = resume_connection, .body = "Empty", .answer = "Resumed", .action = "resume_connection"},
  };
  return routes;
}

}  // namespace tidewire::admin
