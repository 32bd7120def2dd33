// tidewire forget: one person's data leaves the state.
#include "base/text.h"
#include "cli/author.h"
#include "cli/command.h"
#include "cli/exit_code.h"

namespace tidewire::cli {
namespace {

int forget(Context& context) {
  const Arguments& arguments = context.arguments;
  int status = kOk;
  const auto session = context.open(Session::Need::kScripts, status);
  if (!session) return status;
  Object body{{"mapping", arguments.word(0)}, {"key", arguments.word(1)}, {"author", author_of(arguments)}};
  if (arguments.has("--side")) body["side"] = arguments.get("--side");
  const auto gone = session->post("/api/v1/forget", Value(std::move(body)));
  if (!gone.ok()) return context.failed(gone.error());
  if (context.json()) {
    context.print_json(*gone);
    return kOk;
  }
  std::vector<std::string> parts;
  for (const auto& [table, count] : gone->find("forgotten")->as_object()) parts.push_back(grouped(count.as_int()) + " " + plain(table));
  context.out.line(parts.empty() ? "it was forgotten before and nothing of it was left; the file was written anew" : "forgotten: " + join(parts, ", ") + "; the file was written anew");
  context.out.line(context.out.paint("Not touched: the records in the two systems (a change there is met as new), log files, backups of the state.", Style::kDim));
  return kOk;
}

}  // namespace

const Command& forget_command() {
  static const Command command{"forget",
                               "MAPPING KEY",
                               "erases one person's data from the state: operations, base, conflicts, what was received",
                               "Delete the person in both systems first, or `ignore` the record: what is still there is met as new at its next change.\n"
                               "Jobs about the record alone end. The state file is written anew so that no byte stays behind; webhooks wait meanwhile. The audit trail keeps that it was\n"
                               "done, by whom, and a hash of the key.",
                               {{{"--side", "left|right", "whose key KEY is, where both sides have it"}, kAuthorOption}, 2, 2},
                               forget};
  return command;
}

}  // namespace tidewire::cli
