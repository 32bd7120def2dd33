// tidewire discard: lets a dead letter go, with a reason; or all that waits for a mapping that is gone.
#include "base/text.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/query.h"

namespace tidewire::cli {
namespace {

/// The side whose key of that name stands.
Result<std::string> side_of(Session& session, const std::string& mapping, const std::string& key) {
  const Value page = TRY(session.get(Target("/api/v1/dead-letters").add("mapping", mapping).add("key", key).text()));
  std::string side;
  for (const Value& one : page.find("keys")->as_array()) {
    if (!side.empty()) return make_error(Code::kInvalid, "both sides have a key '" + key + "' that stands", "say --side left or --side right");
    side = one.string_or("side");
  }
  if (side.empty()) return make_error(Code::kNotFound, "no key '" + key + "' of " + mapping + " waits or stands", "`tidewire conflicts " + mapping + "` lists them");
  return side;
}

int discard_all(Context& context, const std::string& mapping) {
  const auto links = context.arguments.number("--links");
  if (!links.ok()) return context.failed(links.error());
  int status = kOk;
  const auto session = context.open(Session::Need::kScripts, status);
  if (!session) return status;
  Object body{{"reason", context.arguments.get("--reason")}};
  if (context.arguments.has("--links")) body["links"] = *links;
  const auto answer = session->post("/api/v1/mappings/" + segment(mapping) + "/discard", Value(std::move(body)));
  if (!answer.ok()) return context.failed(answer.error());
  if (context.json()) context.print_json(*answer);
  else {
    const std::int64_t keys = answer->int_or("discarded", 0), pairs = answer->int_or("links", 0);
    context.out.line(grouped(keys) + (keys == 1 ? " key" : " keys") + " that waited for " + plain(mapping) + (keys == 1 ? " is" : " are") + " let go, and nothing more is taken in for it; " +
                     (context.arguments.has("--links") ? "its " + grouped(pairs) + (pairs == 1 ? " pair is" : " pairs are") + " gone, and `status` knows it no more; its history stays" : "its pairs and its history stay"));
  }
  return kOk;
}

int discard(Context& context) {
  const Arguments& arguments = context.arguments;
  const std::string mapping = arguments.word(0), key = arguments.word(1);
  if (arguments.has("--all") == !key.empty()) return context.failed(make_error(Code::kInvalid, "which key is let go?", "tidewire discard MAPPING KEY, or --all of a mapping whose file is gone"));
  if (!arguments.has("--reason")) return context.failed(make_error(Code::kInvalid, "why is it let go?", "--reason \"not needed any more\": it goes into the audit trail"));
  if (arguments.has("--links") && !arguments.has("--all")) return context.failed(make_error(Code::kInvalid, "--links goes with --all", "of one pair `tidewire unlink MAPPING KEY` lets go"));
  if (arguments.has("--all")) return discard_all(context, mapping);
  int status = kOk;
  const auto session = context.open(Session::Need::kWork, status);
  if (!session) return status;
  const auto side = arguments.has("--side") ? Result<std::string>(arguments.get("--side")) : side_of(*session, mapping, key);
  if (!side.ok()) return context.failed(side.error());
  const auto answer = session->post("/api/v1/discard", Value(Object{{"mapping", mapping}, {"side", *side}, {"key", key}, {"reason", arguments.get("--reason")}}));
  if (!answer.ok()) return context.failed(answer.error());
  if (context.json()) context.print_json(*answer);
  else context.out.line(plain(key) + " of " + plain(mapping) + " is let go; a later change of it is looked at as ever");
  return kOk;
}

}  // namespace

const Command& discard_command() {
  static const Command command{"discard",
                               "MAPPING KEY|--all [--links N] --reason WHY [--side S]",
                               "lets a dead letter go, or a key that waits or is held",
                               "What was to be done with it is forgotten and counted as discarded; the record and its link stay as they are.\n"
                               "With --all of a mapping whose file is gone for good: all that waits or stands, its open conflicts, and what would still\n"
                               "come for it. A mapping of that name begins to take changes in again once its file is back; `sync --sweep` finds the rest.\n"
                               "--links N, how many pairs `status` shows, drops those too, and `status` shows the mapping no more: a mapping of that name\n"
                               "would then begin anew, its records being strangers to each other.",
                               {{{"--reason", "WHY", "for the audit trail"}, {"--side", "left|right", "whose key KEY is, where both sides have it"}, {"--all", "", "of a mapping whose file is gone"}, {"--links", "N", "with --all: drops its pairs, too, which are so many"}}, 1, 2},
                               discard};
  return command;
}

}  // namespace tidewire::cli
