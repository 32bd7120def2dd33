// tidewire token: tokens for programs that call the API.
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/query.h"
#include "cli/table.h"

namespace tidewire::cli {
namespace {

int list_tokens(Context& context, Session& session) {
  const auto answer = session.get("/api/v1/tokens");
  if (!answer.ok()) return context.failed(answer.error());
  if (context.json()) {
    context.print_json(*answer);
    return kOk;
  }
  SystemClock clock;
  Table table({{"id", false, true}, {"name"}, {"role"}, {"mapping"}, {"last use"}, {"ends"}});
  const auto when = [&](const Value& one, const char* member, const char* otherwise) {
    const std::string text = one.string_or(member);
    return text.empty() ? std::string(otherwise) : moment(text, clock.now());
  };
  for (const Value& one : answer->find("tokens")->as_array()) {
    table.add({one.string_or("id"), plain(one.string_or("name")), one.string_or("role"), plain(one.string_or("mapping")), when(one, "used_at", "never"), when(one, "expires_at", "never")});
  }
  context.print_page(table, *answer, "no token: tidewire token add NAME");
  return kOk;
}

int add_token(Context& context, Session& session, const std::string& name) {
  Object body{{"name", name}};
  if (context.arguments.has("--role")) body["role"] = context.arguments.get("--role");
  if (context.arguments.has("--mapping")) body["mapping"] = context.arguments.get("--mapping");
  if (context.arguments.has("--expires-in")) body["expires_in"] = context.arguments.get("--expires-in");
  const auto answer = session.post("/api/v1/tokens", Value(std::move(body)));
  if (!answer.ok()) return context.failed(answer.error());
  if (context.json()) {
    context.print_json(*answer);
    return kOk;
  }
  context.out.line(answer->string_or("token"));
  context.err.line("It is shown this once. `tidewire token remove " + answer->string_or("id") + "` ends it.");
  return kOk;
}

int remove_token(Context& context, Session& session, const std::string& id) {
  const auto answer = session.send("DELETE", "/api/v1/tokens/" + segment(id), Value(Object{}));
  if (!answer.ok()) return context.failed(answer.error());
  if (context.json()) context.print_json(*answer);
  else context.out.line("token " + plain(id) + " is ended");
  return kOk;
}

int token(Context& context) {
  const std::string verb = context.arguments.word(0), name = context.arguments.word(1);
  const bool known = verb == "list" || verb == "add" || verb == "remove";
  if (!known || (verb == "list") != name.empty()) {
    context.complain(make_error(Code::kInvalid, "what about tokens?", "tidewire token list, tidewire token add NAME, tidewire token remove ID"));
    return kUsage;
  }
  int status = kOk;
  const auto session = context.open(context.arguments.has("--mapping") ? Session::Need::kScripts : Session::Need::kState, status);
  if (!session) return status;
  if (verb == "list") return list_tokens(context, *session);
  return verb == "add" ? add_token(context, *session, name) : remove_token(context, *session, name);
}

}  // namespace

const Command& token_command() {
  static const Command command{"token",
                               "list | add NAME [--role R] [--mapping M] [--expires-in T] | remove ID",
                               "tokens for programs that call the API",
                               "add prints the token, this once. A program sends it as `Authorization: Bearer TOKEN`.\n"
                               "A token of role trigger may run the one mapping that --mapping names (POST /trigger/MAPPING), and nothing else.",
                               {{{"--role", "ROLE", "trigger, viewer (default), operator or admin"}, {"--mapping", "NAME", "of a token of role trigger"}, {"--expires-in", "T", "such as 90d; default: never"}}, 1, 2},
                               token};
  return command;
}

}  // namespace tidewire::cli
