// tidewire connections: the remote systems, and whether one answers now.
#include "base/text.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/query.h"
#include "cli/table.h"

namespace tidewire::cli {
namespace {

int list_connections(Context& context, Session& session) {
  const auto found = session.get("/api/v1/connections");
  if (!found.ok()) return context.failed(found.error());
  if (context.json()) {
    context.print_json(*found);
    return kOk;
  }
  const Instant now = SystemClock().now();
  Table table({{"connection"}, {"kind"}, {"address", false, true}, {"state"}, {"last answer"}, {"why"}});
  for (const Value& one : found->find("connections")->as_array()) {
    const std::string last = one.string_or("last_success"), state = one.string_or("state");
    table.add({one.string_or("name"), Cell(one.string_or("kind"), Style::kDim), one.string_or("url"), Cell(state, state == "ok" ? Style::kGood : Style::kWarn), Cell(last.empty() ? "" : moment(last, now), Style::kDim), one.string_or("reason")});
  }
  context.print_page(table, *found, "tidewire.lua declares no connection");
  return kOk;
}

int test_connection(Context& context, Session& session, const std::string& name) {
  const auto tested = session.post("/api/v1/connections/" + segment(name) + "/test", Value(Object{}));
  if (!tested.ok()) return context.failed(tested.error());
  const Value* error = tested->find("error");
  const Error failure = error == nullptr ? Error{} : make_error(code_from_name(error->string_or("code")).value_or(Code::kUnavailable), error->string_or("message"), error->string_or("hint"));
  const std::string took = std::to_string(tested->int_or("took_ms", 0)) + " ms";
  if (context.json()) {
    context.print_json(*tested);
  } else if (error != nullptr) {
    context.out.line(context.out.paint("✗ ", Style::kBad) + plain(name) + " fails after " + took);
    context.complain(failure);
  } else {
    std::vector<std::string> about;
    for (const char* part : {"product", "version", "user"}) {
      if (const Value* said = tested->find("answer"); said != nullptr && !said->string_or(part).empty()) about.push_back(plain(said->string_or(part)));
    }
    context.out.line(context.out.paint("✓ ", Style::kGood) + plain(name) + " answers within " + took + (about.empty() ? "" : ": " + join(about, ", ")));
  }
  return error == nullptr ? kOk : kUnavailable;
}

int connections(Context& context) {
  const std::string verb = context.arguments.word(0, "list"), name = context.arguments.word(1);
  const bool known = verb == "list" || verb == "test";
  if (!known || (verb == "list") != name.empty()) {
    context.complain(make_error(Code::kInvalid, "what about connections?", "tidewire connections, tidewire connections test NAME"));
    return kUsage;
  }
  int status = kOk;
  const auto session = context.open(Session::Need::kScripts, status);
  if (!session) return status;
  return verb == "list" ? list_connections(context, *session) : test_connection(context, *session, name);
}

}  // namespace

const Command& connections_command() {
  static const Command command{"connections",
                               "[list] | test NAME",
                               "the remote systems; asks one whether it answers, and as whom we are known",
                               "They are declared in tidewire.lua, or made on the admin page. `tidewire pause NAME` gives one a rest, `tidewire schema NAME` says what it has.",
                               {{}, 0, 2},
                               connections};
  return command;
}

}  // namespace tidewire::cli
