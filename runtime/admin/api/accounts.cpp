// Users and tokens.
#include "admin/api/api.h"
#include "admin/paging.h"

namespace tidewire::admin {
namespace {

void list_users(Api& api, const Call& call) { (*call.reply)(answer(api.accounts().users_view())); }

void save_user(Api& api, const Call& call) {
  const std::string name = call.params["name"];
  std::string role = call.text("role");
  if (role.empty() && api.accounts().user(name) == nullptr) role = api.accounts().any_user() ? "viewer" : "admin";
  const bool new_password = !call.text("password").empty();
  api.accounts().save_user(name, role, call.text("password"), [&api, call, name, new_password](Result<void> saved) {
    if (!saved.ok()) return (*call.reply)(problem(saved.error()));
    if (new_password) api.lockout().succeeded(by_name(name));
    const store::User* now = api.accounts().user(name);
    (*call.reply)(answer(Value(Object{{"name", name}, {"role", now != nullptr ? now->role : ""}})));
  });
}

void remove_user(Api& api, const Call& call) {
  const std::string name = call.params["name"];
  api.accounts().remove_user(name, [call, name](Result<void> removed) {
    (*call.reply)(removed.ok() ? answer(Value(Object{{"removed", name}})) : problem(removed.error()));
  });
}

void list_tokens(Api& api, const Call& call) { (*call.reply)(answer(api.accounts().tokens_view())); }

Result<Accounts::NewToken> new_token(Api& api, const Call& call) {
  Accounts::NewToken wanted{.name = call.text("name"), .role = call.text("role"), .mapping = call.text("mapping"), .expires_at = {}, .author = call.caller.author};
  if (wanted.role.empty()) wanted.role = "viewer";
  if (wanted.role == "trigger" && wanted.mapping.empty()) {
    return make_error(Code::kInvalid, "'mapping' is missing: a token of the role trigger runs one mapping", "name it: tidewire token add NAME --role trigger --mapping M");
  }
  if (wanted.role != "trigger" && !wanted.mapping.empty()) {
    return make_error(Code::kInvalid, "'mapping' goes with the role trigger, and with no other", "leave it out, or let the role be trigger: tidewire token add NAME --role trigger --mapping M");
  }
  const sync::Engine& engine = api.control().engine();
  const bool there = engine.plan(wanted.mapping) != nullptr || api.control().mappings().find(wanted.mapping) != nullptr;  // or it is broken now
  if (!wanted.mapping.empty() && !there) return no_mapping(wanted.mapping, engine.mappings());
  if (const std::string lasts = call.text("expires_in"); !lasts.empty()) {
    const Duration until_then = TRY(parse_duration(lasts));
    if (until_then == Duration::zero()) return make_error(Code::kInvalid, "a token that ends after '" + lasts + "' is none", "expires_in says how long it lasts, such as 90d; without it, it does not end");
    wanted.expires_at = api.control().clock().now() + until_then;
  }
  return wanted;
}

void add_token(Api& api, const Call& call) {
  auto wanted = new_token(api, call);
  if (!wanted.ok()) return (*call.reply)(problem(wanted.error()));
  api.accounts().add_token(std::move(*wanted), [call](Result<Value> made) {
    (*call.reply)(made.ok() ? answer(*made, 201) : problem(made.error()));
  });
}

void remove_token(Api& api, const Call& call) {
  const std::string id = call.params["id"];
  api.accounts().remove_token(id, [call, id](Result<void> removed) {
    (*call.reply)(removed.ok() ? answer(Value(Object{{"removed", id}})) : problem(removed.error()));
  });
}

}  // namespace

std::span<const Route> account_routes() {
  static const Route routes[] = {
      {.method = "GET", .path = "/api/v1/users", .role = Role::kAdmin, .id = "users", .summary = "Who may log in", .handler = list_users, .answer = "Users"},
      {.method = "PUT", .path = "/api/v1/users/{name}", .role = Role::kAdmin, .id = "save_user", .summary = "Adds a user, or changes role or password; a new password ends the user's logins", .handler = save_user, .body = "NewUser", .answer = "User",
       .action = "user_save", .shows_secret = true},
      {.method = "DELETE", .path = "/api/v1/users/{name}", .role = Role::kAdmin, .id = "remove_user", .summary = "Removes a user and ends the logins", .handler = remove_user, .answer = "Removed", .action = "user_remove"},
      {.method = "GET", .path = "/api/v1/tokens", .role = Role::kAdmin, .id = "tokens", .summary = "Tokens of programs, without their text", .handler = list_tokens, .answer = "Tokens"},
      {.method = "POST", .path = "/api/v1/tokens", .role = Role::kAdmin, .id = "add_token", .summary = "Makes a token; the answer alone shows it", .handler = add_token, .body = "NewToken", .answer = "MadeToken", .status = 201, .action = "token_add",
       .shows_secret = true},
      {.method = "DELETE", .path = "/api/v1/tokens/{id}", .role = Role::kAdmin, .id = "remove_token", .summary = "Ends a token", .handler = remove_token, .answer = "Removed", .action = "token_remove"},
  };
  return routes;
}

}  // namespace tidewire::admin
