// Connections made, edited, tried and removed from the page. Their secrets come in and never go out.
#include "admin/api/api.h"
#include "admin/views.h"

namespace tidewire::admin {
namespace {

ConnectionDraft draft_of(const Call& call, const std::string& name) {
  ConnectionDraft draft{.name = name, .kind = call.text("kind"), .hash = call.text("hash")};
  if (const Value* options = call.body.find("options"); options != nullptr && options->is_object()) draft.options = *options;
  if (const Value* secrets = call.body.find("secrets"); secrets != nullptr && secrets->is_object()) draft.secrets = *secrets;
  return draft;
}

Value as_it_is(const Value& value) { return value; }

void list_kinds(Api& api, const Call& call) {
  send(call.reply, api.control().authoring().connection_kinds(), [](const Value& kinds) { return Value(Object{{"kinds", kinds}}); });
}

void show_settings(Api& api, const Call& call) { send(call.reply, api.control().authoring().connection_settings(call.params["name"]), as_it_is); }

void try_draft(Api& api, const Call& call) {
  const Ticks began = api.control().clock().ticks();
  api.control().authoring().test_connection_draft(draft_of(call, call.text("name")), api.guarded([&api, began, reply = call.reply](Result<Value> tested) {
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(api.control().clock().ticks() - began);
    Object out{{"ok", tested.ok()}, {"took_ms", static_cast<std::int64_t>(took.count())}};
    if (!tested.ok()) out["error"] = view(tested.error());
    for (const auto& [name, value] : tested.ok() ? tested->as_object() : Object{}) out[name] = value;
    (*reply)(answer(Value(std::move(out))));
  }));
}

void create(Api& api, const Call& call) {
  const auto made = api.control().authoring().create_connection(draft_of(call, call.text("name")));
  (*call.reply)(made.ok() ? answer(*made, 201) : problem(made.error()));
}

void edit(Api& api, const Call& call) { send(call.reply, api.control().authoring().edit_connection(draft_of(call, call.params["name"])), as_it_is); }

void remove(Api& api, const Call& call) { send(call.reply, api.control().authoring().delete_connection(call.params["name"]), as_it_is); }

}  // namespace

std::span<const Route> connecting_routes() {
  static const Route routes[] = {
      {.method = "GET", .path = "/api/v1/connection-kinds", .role = Role::kViewer, .id = "connection_kinds", .summary = "Kinds of systems that can be connected, and what each wants to be told", .handler = list_kinds, .answer = "ConnectionKinds"},
      {.method = "POST", .path = "/api/v1/connection-drafts", .role = Role::kAdmin, .id = "try_connection", .summary = "Asks a system as a connection would that is not saved: does it answer, as whom, and what does its key not see", .handler = try_draft,
       .body = "ConnectionDraft", .answer = "Tested", .action = "try_connection"},
      {.method = "POST", .path = "/api/v1/connections", .role = Role::kAdmin, .id = "create_connection", .summary = "Saves a connection as connections/NAME.lua, its secrets in .env, and loads it", .handler = create, .body = "NewConnection",
       .answer = "SavedConnection", .status = 201, .action = "create_connection"},
      {.method = "GET", .path = "/api/v1/connections/{name}/settings", .role = Role::kAdmin, .id = "connection_settings", .summary = "Its options, and which secrets are set; never a secret", .handler = show_settings, .answer = "ConnectionSettings"},
      {.method = "PUT", .path = "/api/v1/connections/{name}", .role = Role::kAdmin, .id = "edit_connection",
       .summary = "Saves it anew; one that tidewire.lua declares takes new secrets only. 412 where the file is not `hash` any more", .handler = edit, .body = "ConnectionEdit", .answer = "SavedConnection", .action = "edit_connection"},
      {.method = "DELETE", .path = "/api/v1/connections/{name}", .role = Role::kAdmin, .id = "delete_connection", .summary = "Removes it with its secrets; refused while a mapping uses it", .handler = remove, .answer = "Removed", .action = "delete_connection"},
  };
  return routes;
}

}  // namespace tidewire::admin
