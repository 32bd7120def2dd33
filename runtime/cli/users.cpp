// tidewire user: who may log in on the admin page.
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/prompt.h"
#include "cli/query.h"
#include "cli/table.h"

namespace tidewire::cli {
namespace {

int list_users(Context& context, Session& session) {
  const auto answer = session.get("/api/v1/users");
  if (!answer.ok()) return context.failed(answer.error());
  if (context.json()) {
    context.print_json(*answer);
    return kOk;
  }
  SystemClock clock;
  Table table({{"user", false, true}, {"role"}, {"last login"}});
  for (const Value& one : answer->find("users")->as_array()) {
    const std::string login = one.string_or("login_at");
    table.add({plain(one.string_or("name")), one.string_or("role"), login.empty() ? "never" : moment(login, clock.now())});
  }
  context.print_page(table, *answer, "no user yet: tidewire user add NAME --role admin");
  return kOk;
}

int add_user(Context& context, Session& session, const std::string& name) {
  Object body;
  if (context.arguments.has("--role")) body["role"] = context.arguments.get("--role");
  if (!context.arguments.has("--keep-password")) {
    auto password = new_password(name);
    if (!password.ok()) return context.failed(password.error());
    body["password"] = std::move(*password);
  }
  const auto answer = session.send("PUT", "/api/v1/users/" + segment(name), Value(std::move(body)));
  if (!answer.ok()) return context.failed(answer.error());
  if (context.json()) context.print_json(*answer);
  else context.out.line(plain(name) + " may log in as " + answer->string_or("role"));
  return kOk;
}

int remove_user(Context& context, Session& session, const std::string& name) {
  const auto answer = session.send("DELETE", "/api/v1/users/" + segment(name), Value(Object{}));
  if (!answer.ok()) return context.failed(answer.error());
  if (context.json()) context.print_json(*answer);
  else context.out.line(plain(name) + " is removed and logged out");
  return kOk;
}

int user(Context& context) {
  const std::string verb = context.arguments.word(0), name = context.arguments.word(1);
  const bool known = verb == "list" || verb == "add" || verb == "remove";
  if (!known || (verb == "list") != name.empty()) {
    context.complain(make_error(Code::kInvalid, "what about users?", "tidewire user list, tidewire user add NAME, tidewire user remove NAME"));
    return kUsage;
  }
  int status = kOk;
  const auto session = context.open(Session::Need::kState, status);
  if (!session) return status;
  if (verb == "list") return list_users(context, *session);
  return verb == "add" ? add_user(context, *session, name) : remove_user(context, *session, name);
}

}  // namespace

const Command& user_command() {
  static const Command command{"user",
                               "list | add NAME [--role R] | remove NAME",
                               "who may log in on the admin page",
                               "add also changes role and password of one that is there. The password is asked for, or read from standard input.\n"
                               "Roles: viewer looks, operator also decides and retries, admin also edits scripts and users. The first is an admin.",
                               {{{"--role", "ROLE", "viewer (default, but of the first), operator or admin"}, {"--keep-password", "", "changes the role alone"}}, 1, 2},
                               user};
  return command;
}

}  // namespace tidewire::cli
