// tidewire revert: takes back what a mapping wrote since a moment.
#include "base/text.h"
#include "cli/author.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/follow.h"

namespace tidewire::cli {
namespace {

int revert(Context& context) {
  const Arguments& arguments = context.arguments;
  if (!arguments.has("--since") || !arguments.has("--mapping")) return context.failed(make_error(Code::kInvalid, "what shall be taken back?", "--since TIME and --mapping M"));
  const bool apply = arguments.has("--apply");
  Object body{{"since", arguments.get("--since")}, {"mapping", arguments.get("--mapping")}, {"apply", apply}, {"author", author_of(arguments)}};
  for (const char* name : {"key", "side"}) {
    const std::string option = std::string("--") + name;
    if (arguments.has(option)) body[name] = arguments.get(option);
  }
  int status = kOk;
  const auto session = context.open(apply ? Session::Need::kWork : Session::Need::kScripts, status);
  if (!session) return status;
  const auto job = follow(context, *session, "/api/v1/revert", Value(std::move(body)), {.retries = false}, status);
  if (!job) return status;
  const bool done = job->string_or("state") == "done";
  const auto count = [&](const char* kind) {
    const Value* number = job->at_path(std::string("found.") + kind);
    return number == nullptr ? std::int64_t{0} : number->as_int();
  };
  if (context.json()) {
    context.print_json(*job);
  } else if (!done) {
    print_errors(context, *job);
  } else {
    print_findings(context, *job->find("findings"), false);
    context.out.line(std::string(apply ? "took back " : "would take back ") + grouped(count("reverted")) + ", refused in " + grouped(count("refused")) + " because values moved on since, not undone " + grouped(count("not_undone")) +
                     " (created, deleted or redacted), stopped " + grouped(count("stopped")) + (apply ? "." : ". Nothing was written: --apply does it."));
  }
  if (!done || count("stopped") > 0) return kFailed;
  return apply && count("refused") > 0 ? kAttention : kOk;
}

}  // namespace

const Command& revert_command() {
  static const Command command{"revert",
                               "--since TIME --mapping M [--key K] [--apply]",
                               "takes back what was written since a moment, field by field, with guarded writes",
                               "Each side gets back what it held before the first write of that time. A field that somebody changed since is refused,\n"
                               "never overwritten. Records that were created or deleted are listed, not undone. Without --apply it says what it would do.\n"
                               "Refused where something of that time is no longer on record (`keep` in tidewire.lua), and where the mapping may not write.\n"
                               "Mend the mapping first: the next edit of a field travels by the rules it has then.",
                               {{{"--since", "TIME", "2024-05-01T10:00:00Z, or how long ago: 30m, 2h, 1d"},
                                 {"--mapping", "M", "whose writes"},
                                 {"--key", "K", "of one record, by either side's key"},
                                 {"--side", "left|right", "whose key K is, where both sides have it"},
                                 {"--apply", "", "writes"},
                                 kAuthorOption},
                                0, 0},
                               revert};
  return command;
}

}  // namespace tidewire::cli
