// tidewire resolve: a person decides a conflict.
#include "base/json.h"
#include "cli/author.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/query.h"

namespace tidewire::cli {
namespace {

/// JSON, or a bare text where it is none: --value 12.50, --value '"12"', --value Berlin.
Value value_from(const std::string& text) {
  auto value = json::parse(text);
  return value.ok() ? std::move(*value) : Value(text);
}

Value resolution_body(const Arguments& arguments) {
  Object body{{"method", arguments.word(1)}};
  for (const char* name : {"value", "left", "right"}) {
    const std::string option = std::string("--") + name;
    if (arguments.has(option)) body[name] = value_from(arguments.get(option));
  }
  if (const std::string at = arguments.get("--shown-at"); !at.empty()) body["shown_at"] = at;
  const std::string author = author_of(arguments);
  if (!author.empty()) body["author"] = author;
  return Value(std::move(body));
}

int resolve(Context& context) {
  int status = kOk;
  const auto session = context.open(Session::Need::kWork, status);
  if (!session) return status;
  const auto answer = session->post("/api/v1/conflicts/" + segment(context.arguments.word(0)) + "/resolve", resolution_body(context.arguments));
  if (!answer.ok()) return context.failed(answer.error());
  if (context.json()) {
    context.print_json(*answer);
    return kOk;
  }
  const std::string method = context.arguments.word(1);
  const char* follows = method == "skip" || method == "accept" ? "; both stay as they are" : "; it will be written";
  context.out.line(context.out.paint("✓ ", Style::kGood) + plain(answer->string_or("mapping")) + " " + plain(answer->string_or("field")) + ": " + method + follows);
  return kOk;
}

}  // namespace

const Command& resolve_command() {
  static const Command command{"resolve",
                               "ID left|right|value|skip|accept [--value JSON]",
                               "decides a conflict",
                               "left, right: that side's value goes to the other. value: the one given is the left side's, and the mapping turns it\n"
                               "for the right; or --left and --right, each as its side spells it. skip: leaves both as they are until one changes. accept: they may differ.",
                               {{{"--value", "JSON", "for both sides, as the left one spells it; what is no JSON is taken as text"},
                                 {"--left", "JSON", "the left side's form"},
                                 {"--right", "JSON", "the right side's form"},
                                 {"--shown-at", "TIME", "refuse where the values have changed since (`shown_at` of the conflict)"},
                                 {"--author", "NAME", "who decides; default: the user"}},
                                2, 2},
                               resolve};
  return command;
}

}  // namespace tidewire::cli
