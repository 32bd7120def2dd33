// What a remote needs so that its changes are known: shown, set up, taken away.
#include "admin/api/api.h"

namespace tidewire::admin {
namespace {

void install(Api& api, const Call& call) {
  Installation asked;
  asked.kind = call.text("kind");
  asked.mapping = call.text("mapping");
  asked.address = call.text("address");
  asked.apply = call.body.bool_or("apply", false);
  asked.remove = call.body.bool_or("remove", false);
  api.control().install(asked, [reply = call.reply](Result<Value> done) { send(reply, done, [](const Value& one) { return one; }); });
}

}  // namespace

std::span<const Route> install_routes() {
  static const Route routes[] = {
      {.method = "POST", .path = "/api/v1/install", .role = Role::kAdmin, .id = "install", .summary = "What a remote needs so that its changes are known (webhooks, triggers); with `apply` sets it up, with `remove` takes it away", .handler = install,
       .body = "Install", .answer = "Installed", .action = "install"},
  };
  return routes;
}

}  // namespace tidewire::admin
