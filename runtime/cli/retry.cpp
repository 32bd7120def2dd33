// tidewire retry: dead and held keys, those in conflict as a whole and those that back off, try again.
#include "base/text.h"
#include "cli/command.h"
#include "cli/exit_code.h"

namespace tidewire::cli {
namespace {

int retry(Context& context) {
  const Arguments& arguments = context.arguments;
  Object body;
  if (!arguments.words().empty()) body["id"] = arguments.word(0);
  if (arguments.has("--all")) body["all"] = true;
  for (const char* name : {"mapping", "side", "key"}) {
    const std::string option = std::string("--") + name;
    if (arguments.has(option)) body[name] = arguments.get(option);
  }
  if (body.empty()) return context.failed(make_error(Code::kInvalid, "what shall be tried again?", "an operation's ID, --all, or --mapping M [--side S --key K]"));
  int status = kOk;
  const auto session = context.open(Session::Need::kWork, status);
  if (!session) return status;
  const auto answer = session->post("/api/v1/retry", Value(std::move(body)));
  if (!answer.ok()) return context.failed(answer.error());
  const std::int64_t count = answer->int_or("retried", 0);
  if (context.json()) context.print_json(*answer);
  else context.out.line(count == 0 ? "nothing was dead, held or to be tried again there" : grouped(count) + (count == 1 ? " key is" : " keys are") + " being tried again");
  return kOk;
}

}  // namespace

const Command& retry_command() {
  static const Command command{"retry",
                               "[ID] [--all] [--mapping M [--side S --key K]]",
                               "tries dead letters, held keys, records in conflict as a whole and those that wait for their next try again now",
                               "ID is an operation's, as `tidewire ops --failed` shows it. What the brake holds is let go by `tidewire release`, or one by\n"
                               "one by its key.",
                               {{{"--all", "", "of every mapping"},
                                 {"--mapping", "M", "of one mapping"},
                                 {"--side", "S", "left or right, with --key"},
                                 {"--key", "K", "one record"}},
                                0, 1},
                               retry};
  return command;
}

}  // namespace tidewire::cli
