// tidewire release: what the brake holds goes on.
#include "base/text.h"
#include "cli/command.h"
#include "cli/exit_code.h"

namespace tidewire::cli {
namespace {

int release(Context& context) {
  const Arguments& arguments = context.arguments;
  Object body{{"mapping", Value(arguments.word(0))}};
  if (arguments.words().size() > 1) body["field"] = arguments.word(1);
  int status = kOk;
  const auto session = context.open(Session::Need::kWork, status);
  if (!session) return status;
  const auto answer = session->post("/api/v1/release", Value(std::move(body)));
  if (!answer.ok()) return context.failed(answer.error());
  const std::int64_t count = answer->int_or("released", 0);
  if (context.json()) context.print_json(*answer);
  else context.out.line(count == 0 ? "the brake holds nothing there" : grouped(count) + (count == 1 ? " record goes" : " records go") + " on");
  return kOk;
}

}  // namespace

const Command& release_command() {
  static const Command command{"release",
                               "MAPPING [FIELD]",
                               "lets go what the brake holds",
                               "The brake holds deletes, fields that a change of the mapping would write or ask about, and records that read older than\n"
                               "they did (a system restored from a backup), above a share of the records in 24 hours. With FIELD that field alone goes\n"
                               "on; without, all of it. `tidewire status` shows what is held.",
                               {{}, 1, 2},
                               release};
  return command;
}

}  // namespace tidewire::cli
