// tidewire explain: why each field has its value.
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/query.h"

namespace tidewire::cli {
namespace {

int explain(Context& context) {
  const Arguments& arguments = context.arguments;
  int status = kOk;
  const auto session = context.open(Session::Need::kScripts, status);
  if (!session) return status;
  Target target("/api/v1/explain");
  target.add("mapping", arguments.word(0)).add("key", arguments.word(1)).add("field", arguments.word(2)).add("side", arguments.get("--side"));
  const auto found = session->get(target.text());
  if (!found.ok()) return context.failed(found.error());
  const bool known = found->string_or("state") != "unknown";
  if (context.json()) {
    context.print_json(*found);
    return known ? kOk : kFailed;
  }
  Terminal& out = context.out;
  out.line(out.paint(plain(in_local_time(found->string_or("text"))), Style::kBold));
  for (const Value& field : found->find("fields")->as_array()) {
    if (!known) break;
    const std::string text = plain(in_local_time(field.string_or("text"))), name = field.string_or("field");
    out.line();
    out.line(out.paint(name, Style::kAccent) + text.substr(name.size()));
  }
  if (const std::string origin = found->string_or("origin"); known && !origin.empty()) {
    out.line();
    out.line(plain(in_local_time(origin)));
  }
  const Array& standing = found->find("standing")->as_array();
  if (!standing.empty()) out.line();
  for (const Value& one : standing) out.line(out.paint(plain(in_local_time(one.as_string())), Style::kDim));
  return known ? kOk : kFailed;
}

}  // namespace

const Command& explain_command() {
  static const Command command{"explain",
                               "MAPPING KEY [FIELD]",
                               "tells why a record's fields have their values: from which side, which change, which rule, when",
                               "KEY is either side's. Each field names the operation that decided it (`tidewire op ID` tells it whole) and the script\n"
                               "version that ran. What still waits, or is set aside, is told too.",
                               {{{"--side", "left|right", "whose key KEY is, where both sides have it"}}, 2, 3},
                               explain};
  return command;
}

}  // namespace tidewire::cli
