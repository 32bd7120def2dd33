// tidewire sync: makes both sides level now, or says what that would write.
#include <algorithm>
#include <map>

#include "base/text.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/follow.h"

namespace tidewire::cli {
namespace {

Result<Value> sync_body(const Arguments& arguments) {
  Object body;
  if (const std::string mapping = arguments.word_or(0, "--mapping"); !mapping.empty()) body["mapping"] = mapping;
  for (const char* name : {"key", "side", "direction", "from", "to"}) {
    const std::string option = std::string("--") + name;
    if (arguments.has(option)) body[name] = arguments.get(option);
  }
  if (arguments.has("--limit")) body["limit"] = TRY(arguments.number("--limit"));
  body["dry_run"] = arguments.has("--dry-run");
  body["all"] = arguments.has("--all");
  body["sweep"] = arguments.has("--sweep");
  body["staged"] = arguments.has("--staged");
  return Value(std::move(body));
}

/// A record that nothing but its parent, when it is linked, can tell from others is no trouble either.
bool waits_for_parent(const Value& finding) {
  const Value* error = finding.find("error");
  return error != nullptr && error->string_or("code") == "not_found" && error->string_or("message").starts_with("waits for its parent");
}

std::string would_text(const Value& found, std::int64_t waiting) {
  const auto count = [&](const char* name) { return grouped(found.int_or(name, 0)); };
  std::string text = "would create " + count("creates") + ", update " + count("updates") + ", delete " + count("deletes") + ", link " + count("links") + "; " + count("conflicts") + " in conflict, ";
  const std::int64_t stopped = std::max<std::int64_t>(0, found.int_or("stopped", 0) - waiting);
  text += grouped(stopped) + " stopped by an error";
  if (waiting > 0) text += ", " + grouped(waiting) + " known only once their parents are linked";
  return found.int_or("after_parents", 0) == 0 ? text : text + "; " + count("after_parents") + " of these after their parents";
}

/// What it comes to first, mapping by mapping, then the first records.
void print_dry_run(Context& context, const Value& job) {
  Terminal& out = context.out;
  const Array& writes = job.find("writes")->as_array();
  std::map<std::string, std::int64_t> waiting;
  for (const Value& one : writes) waiting[one.string_or("mapping")] += waits_for_parent(one) ? 1 : 0;
  std::int64_t all_waiting = 0;
  for (const auto& [mapping, count] : waiting) all_waiting += count;
  const Array& parts = job.find("parts")->as_array();
  for (const Value& part : parts) {
    const Value* found = part.find("found");
    const std::string mapping = part.string_or("mapping");
    if (parts.size() > 1) out.line(out.paint(plain(mapping), Style::kBold) + "  " + would_text(found == nullptr ? Value(Object{}) : *found, waiting[mapping]));
  }
  out.line(would_text(*job.find("found"), all_waiting) + "; looked at " + grouped(job.int_or("looked_at", 0)) + ". Nothing was written.");
  print_rules(context, job);
  const bool all = context.arguments.has("--details");
  const std::size_t shown = all ? writes.size() : std::min(writes.size(), kFirstFound);
  if (shown > 0) out.line();
  print_findings(context, Value(Array(writes.begin(), writes.begin() + static_cast<std::ptrdiff_t>(shown))), true);
  if (shown < writes.size()) out.line(out.paint("… " + grouped(static_cast<std::int64_t>(writes.size() - shown)) + (job.bool_or("more", false) ? " and more" : " more") + ": --details shows them", Style::kDim));
  else if (job.bool_or("more", false)) out.line(out.paint("… more are counted above", Style::kDim));
}

int sync(Context& context) {
  const auto body = sync_body(context.arguments);
  if (!body.ok()) return context.failed(body.error());
  const bool dry = context.arguments.has("--dry-run");
  int status = kOk;
  const auto session = context.open(dry ? Session::Need::kScripts : Session::Need::kWork, status);
  if (!session) return status;
  auto job = follow(context, *session, "/api/v1/sync", *body, {.tells = !dry, .retries = !dry && !context.arguments.has("--once")}, status);
  if (!job) return status;
  const bool done = job->string_or("state") == "done";
  const auto now = session->get("/api/v1/status");
  if (!now.ok()) return context.failed(now.error());
  const LeftOut out = left_out(*now, body->string_or("mapping"), dry ? Work::kLooks : Work::kWrites);
  if (context.json()) {
    if (!out.why.empty()) (*job)["left_out"] = out.why;
    context.print_json(*job);
  } else if (dry) {
    if (!done) print_errors(context, *job);
    print_dry_run(context, *job);
  } else if (const Value* error = job->find("error")) {
    context.err.line(plain(error->string_or("message")));
  }
  if (!context.json()) out.tell(context);
  return out.worsened(dry ? (done ? kOk : kFailed) : exit_of_load(*job));
}

}  // namespace

const Command& sync_command() {
  static const Command command{"sync",
                               "[MAPPING] [--key K] [--direction D] [--limit N] [--dry-run] [--staged] [--once]",
                               "makes both sides level now: first load, or what was missed",
                               "Without MAPPING all of them, those first that others refer to. Ends with 0 when level, 1 when something failed, is to be\n"
                               "tried again or is held for a person (which does not stop the others), 5 when conflicts, dead letters, held keys, keys\n"
                               "without their parent or the work of a mapping that is paused remain.",
                               {{{"--mapping", "M", "this mapping alone, as MAPPING"},
                                 {"--key", "K", "this record alone"},
                                 {"--side", "left|right", "whose records; of --key: whose key it is (default: the source's, else left)"},
                                 {"--direction", "D", "whose records are gone over: left_to_right, right_to_left, or by connections: erp_to_app; an edit of the other side that is met travels as ever"},
                                 {"--from", "K", "records from this key on (numbers by size, else as text); also when they look level"},
                                 {"--to", "K", "up to this key"},
                                 {"--limit", "N", "at most so many records of each mapping"},
                                 {"--dry-run", "", "says what would be written, field by field, and writes nothing"},
                                 {"--details", "", "with --dry-run: every record, not the first twenty alone"},
                                 {"--all", "", "also records that look level, and what an edited mapping makes of them now"},
                                 {"--sweep", "", "also looks for what was deleted"},
                                 {"--staged", "", "writes nothing before each of its conflicts is decided (`tidewire resolve`), then all of it"},
                                 {"--once", "", "does not wait for records that are to be tried again"}},
                                0, 1},
                               sync};
  return command;
}

}  // namespace tidewire::cli
