// tidewire retry: dead and held keys, those in conflict as a whole and those that back off, try again.
#include "base/text.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/standing.h"

namespace tidewire::cli {
namespace {

/// Of the mapping, or of all, how many keys are to be tried again by themselves.
std::int64_t backing_off(const Value& status, const std::string& mapping) {
  std::int64_t sum = 0;
  const Value* mappings = status.find("mappings");
  for (const auto& [name, one] : mappings == nullptr || !mappings->is_object() ? Object{} : mappings->as_object()) {
    if (mapping.empty() || name == mapping) sum += one.int_or("waiting", 0) + one.int_or("backing_off", 0);
  }
  return sum;
}

std::string left_text(const Value& status, const std::string& mapping) {
  const std::int64_t again = backing_off(status, mapping);
  const std::string standing = standing_text(status, mapping);
  std::string text;
  if (again > 0) text += "; " + grouped(again) + " to be tried again";
  if (!standing.empty()) text += "; open: " + standing + ": `tidewire conflicts`";
  return text;
}

/// As `sync` ends.
Exit exit_of_retry(const Value& status, const std::string& mapping) {
  if (backing_off(status, mapping) > 0) return kFailed;
  return standing_text(status, mapping).empty() ? kOk : kAttention;
}

int retry(Context& context) {
  const Arguments& arguments = context.arguments;
  Value body(Object{});
  if (!arguments.words().empty()) body["id"] = arguments.word(0);
  if (arguments.has("--all")) body["all"] = true;
  for (const char* name : {"mapping", "side", "key"}) {
    const std::string option = std::string("--") + name;
    if (arguments.has(option)) body[name] = arguments.get(option);
  }
  if (body.as_object().empty()) return context.failed(make_error(Code::kInvalid, "what shall be tried again?", "an operation's ID, --all, or --mapping M [--side S --key K]"));
  int status = kOk;
  const auto session = context.open(Session::Need::kWork, status);
  if (!session) return status;
  const auto answer = session->post("/api/v1/retry", body);
  if (!answer.ok()) return context.failed(answer.error());
  const std::int64_t count = answer->int_or("retried", 0);
  Value left(Object{});
  if (!session->with_daemon()) {
    session->settle();
    auto now = session->get("/api/v1/status");
    if (!now.ok()) return context.failed(now.error());
    left = std::move(*now);
  }
  const std::string mapping = body.string_or("mapping");
  const std::string tried = session->with_daemon() ? " tried again by the daemon: `tidewire ops` tells what comes of it" : " tried again" + left_text(left, mapping);
  if (context.json()) context.print_json(*answer);
  else context.out.line(count == 0 ? "nothing was dead, held or to be tried again there" : grouped(count) + (count == 1 ? " key" : " keys") + tried);
  return count == 0 ? kOk : exit_of_retry(left, mapping);
}

}  // namespace

const Command& retry_command() {
  static const Command command{"retry",
                               "[ID] [--all] [--mapping M [--side S --key K]]",
                               "tries dead letters, held keys, records in conflict as a whole and those that wait for their next try again now",
                               "ID is an operation's, as `tidewire ops --failed` shows it. What the brake holds is let go by `tidewire release`, or one by\n"
                               "one by its key. Without a daemon it waits for what comes of them, and ends as `sync` does.",
                               {{{"--all", "", "of every mapping"},
                                 {"--mapping", "M", "of one mapping"},
                                 {"--side", "S", "left or right, with --key"},
                                 {"--key", "K", "one record"}},
                                0, 1},
                               retry};
  return command;
}

}  // namespace tidewire::cli
