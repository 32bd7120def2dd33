// tidewire pause, resume, reset: a rest for a mapping or a connection, and a poll that begins anew.
#include "base/text.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/query.h"

namespace tidewire::cli {
namespace {

/// Whether the name is a mapping's or a connection's; what both have is asked for.
Result<bool> is_connection(Session& session, const Arguments& arguments) {
  const std::string name = arguments.word(0);
  const Value status = TRY(session.get("/api/v1/status"));
  const bool mapping = status.find("mappings")->find(name) != nullptr, connection = status.find("connections")->find(name) != nullptr;
  if (arguments.has("--connection") || arguments.has("--mapping")) return arguments.has("--connection");
  if (mapping && connection) return make_error(Code::kInvalid, "a mapping and a connection are called '" + name + "'", "say --mapping or --connection");
  if (mapping || connection) return connection;
  std::vector<std::string> names;
  for (const char* list : {"mappings", "connections"}) {
    for (const auto& [known, unused] : status.find(list)->as_object()) names.push_back(known);
  }
  return make_error(Code::kNotFound, "no mapping and no connection '" + name + "'" + suggestion(name, names), "`tidewire status` lists them");
}

Result<std::string> pause_until(const Arguments& arguments) {
  if (arguments.has("--until")) return format_instant(TRY(parse_instant(arguments.get("--until"))));
  return format_instant(SystemClock().now() + TRY(parse_duration(arguments.get("--for", "365d"))));
}

int switch_to(Context& context, bool on) {
  const std::string name = context.arguments.word(0);
  int status = kOk;
  const auto session = context.open(Session::Need::kScripts, status);
  if (!session) return status;
  const auto connection = is_connection(*session, context.arguments);
  if (!connection.ok()) return context.failed(connection.error());
  const bool timed = context.arguments.has("--for") || context.arguments.has("--until");
  if (!*connection && timed) return context.failed(make_error(Code::kInvalid, "a mapping is paused until it is resumed; only a connection rests for a time"));
  Object body;
  if (*connection && !on) {
    const auto until = pause_until(context.arguments);
    if (!until.ok()) return context.failed(until.error());
    body["until"] = *until;
  }
  const char* verb = *connection ? (on ? "/resume" : "/pause") : (on ? "/enable" : "/disable");
  const auto answer = session->post((*connection ? "/api/v1/connections/" : "/api/v1/mappings/") + segment(name) + verb, Value(std::move(body)));
  if (!answer.ok()) return context.failed(answer.error());
  if (context.json()) context.print_json(*answer);
  else if (on) context.out.line(plain(name) + " goes on");
  else context.out.line(plain(name) + (*connection ? " is not called" + (timed ? " before " + moment(answer->string_or("paused_until"), SystemClock().now()) : std::string(" until it is resumed")) : " takes no more keys until it is resumed") + "; what comes waits");
  return kOk;
}

int pause(Context& context) { return switch_to(context, false); }
int resume(Context& context) { return switch_to(context, true); }

int reset(Context& context) {
  const std::string mapping = context.arguments.word(0);
  int status = kOk;
  const auto session = context.open(Session::Need::kScripts, status);
  if (!session) return status;
  Object body;
  if (context.arguments.has("--side")) body["side"] = context.arguments.get("--side");
  const auto answer = session->post("/api/v1/cursors/" + segment(mapping) + "/reset", Value(std::move(body)));
  if (!answer.ok()) return context.failed(answer.error());
  if (context.json()) context.print_json(*answer);
  else context.out.line("the next poll of " + plain(mapping) + (context.arguments.has("--side") ? ", " + plain(context.arguments.get("--side")) + "," : "") + " begins anew; links and what the sides agreed on stay");
  return kOk;
}

const std::vector<Option> kWhich{{"--mapping", "", "the name is a mapping's"}, {"--connection", "", "the name is a connection's"}};

}  // namespace

const Command& pause_command() {
  static const Command command{"pause",
                               "NAME [--for T|--until TIME]",
                               "a mapping takes no more keys, a connection is not called; what comes waits",
                               "It outlasts a restart. A connection may rest for a time: --for 2h, or --until 2024-05-01T10:00:00Z.",
                               {[] {
                                  auto options = kWhich;
                                  options.push_back({"--for", "T", "of a connection: for so long"});
                                  options.push_back({"--until", "TIME", "of a connection: until then"});
                                  return options;
                                }(),
                                1, 1},
                               pause};
  return command;
}

const Command& resume_command() {
  static const Command command{"resume", "NAME", "lets a paused mapping or connection go on", "", {kWhich, 1, 1}, resume};
  return command;
}

const Command& reset_command() {
  static const Command command{"reset",
                               "MAPPING [--side S]",
                               "forgets where the polls of a mapping continue",
                               "The next poll begins from now on, with the connector's overlap, as after the first start. For what the sides agreed on:\n"
                               "`tidewire reset-base`; for a full comparison: `tidewire sync MAPPING --all`.",
                               {{{"--side", "S", "left or right alone"}}, 1, 1},
                               reset};
  return command;
}

}  // namespace tidewire::cli
