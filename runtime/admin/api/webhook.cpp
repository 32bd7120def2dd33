// What systems tell of their changes, as the document has it: it is answered before the API is asked (app/webhook.h), because thousands
// a second may come, larger than any other body, and no login or token says who sent them.
#include "admin/route.h"

namespace tidewire::admin {

std::span<const Route> webhook_routes() {
  using enum Parameter::Type;
  static const Route routes[] = {
      {.method = "POST", .path = "/webhook/{connection}", .role = Role::kNobody, .id = "webhook",
       .summary = "Takes what a system tells of its changes; answered once they are on disk. `connection` is a connection's name, one of `webhook_names`, or a kind (of several connections of it the one whose secret proves the request). "
                  "The body is what the system sends, up to 10 MiB: JSON that names the collection and the key (Frappe `doctype` and `name`, Supabase `table` and `record`, Notion `entity.id`), or what the connector's own `webhook` reads. "
                  "It is proved by its bytes as they are: signed by HMAC-SHA256, or with the secret itself in a header, as the connection says (`webhook_secret`, `webhook = { header, secret, hmac, encoding, prefix }`, `verification_token`)",
       .query = {{"collection", kText, "where the body does not name it"}, {"event", kText, "likewise, of Frappe: on_change, on_trash ..."}}, .body = "Webhook", .answer = "Accepted", .status = 202,
       .refuses = {{400, "Not UTF-8, or no JSON object"}, {401, "No valid proof, by no connection that may be meant: nothing is taken"}, {404, "No such connection; or several of the kind with one secret"}, {413, "Longer than 10 MiB"},
                   {429, "More than `limits.inbound` of the connection: come again"}, {503, "It could not be stored, the connection does not run, or the daemon stops: come again"}},
       .proved = true},
  };
  return routes;
}

}  // namespace tidewire::admin
