// tidewire adopt: two systems that are filled already: what is the same, before anything is written.
#include <algorithm>

#include "base/text.h"
#include "cli/author.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/follow.h"

namespace tidewire::cli {
namespace {

/// Times that say nothing of who edited last, and by which `newest` would decide all the same.
void print_times(Context& context, const Value& part) {
  Terminal& out = context.out;
  for (const char* side : {"left", "right"}) {
    const Value* of = part.at_path(std::string("at_once.") + side);
    if (of == nullptr) continue;
    out.line(out.paint("! ", Style::kWarn) + "the " + side + " side's times are all of one moment: " + grouped(of->int_or("records", 0)) + " records between " + plain(of->string_or("first")) + " and " + plain(of->string_or("last")) +
             ", an import or a new column rather than edits. `newest` decides by them: look at who wins before you accept");
  }
}

/// Those that need a look, first those that no rule decides; all of them where that is asked for.
void print_records(Context& context, const Value& job) {
  const bool all = context.arguments.has("--all");
  const auto rank = [](const std::string& kind) { return kind == "differing" ? 1 : (kind == "ambiguous" || kind == "stopped" ? 0 : 2); };
  Array shown;
  for (const Value& one : job.find("findings")->as_array()) {
    if (all || rank(one.string_or("finding")) < 2) shown.push_back(one);
  }
  std::stable_sort(shown.begin(), shown.end(), [&](const Value& a, const Value& b) { return rank(a.string_or("finding")) < rank(b.string_or("finding")); });
  const std::size_t more = all || shown.size() <= kFirstFound ? 0 : shown.size() - kFirstFound;
  shown.resize(shown.size() - more);
  print_findings(context, Value(std::move(shown)), false);
  if (more > 0) context.out.line(context.out.paint("… " + grouped(static_cast<std::int64_t>(more)) + (job.bool_or("more", false) ? " and more" : " more") + ": --all lists them, `tidewire run` has them on its page", Style::kDim));
}

void print_report(Context& context, const Value& job, const std::string& mapping) {
  Terminal& out = context.out;
  const auto count = [&](const char* kind) {
    const Value* number = job.at_path(std::string("found.") + kind);
    return grouped(number == nullptr ? 0 : number->as_int());
  };
  print_records(context, job);
  print_rules(context, job);
  out.line();
  out.line("exact " + count("exact") + ", differing " + count("differing") + ", left only " + count("left_only") + ", right only " + count("right_only") + ", ambiguous " + count("ambiguous") + ", stopped " + count("stopped") +
           ", linked already " + count("linked") + ". Nothing was written.");
  std::int64_t alone = 0;
  for (const char* kind : {"soft_deleted", "ignored_delete", "out_of_scope"}) {
    const Value* number = job.at_path(std::string("found.") + kind);
    alone += number == nullptr ? 0 : number->as_int();
  }
  if (alone > 0) out.line(grouped(alone) + " more are what is left of pairs that were deleted or parted: nothing is made of them.");
  if (count("after_parents") != "0") out.line(count("after_parents") + " of these name a parent in another mapping that is not linked yet: that field is compared, and they are linked or made, once it is. Adopt that mapping first.");
  for (const Value& part : job.find("parts")->as_array()) print_times(context, part);
  out.line("The mapping is held until this is decided: `tidewire adopt " + plain(mapping) + " --accept` links, merges and copies; --drop lets it go without.");
}

int adopt(Context& context) {
  const bool accept = context.arguments.has("--accept"), drop = context.arguments.has("--drop"), same = context.arguments.has("--same");
  const std::string mapping = context.arguments.word(0);
  int status = kOk;
  const auto session = context.open(accept ? Session::Need::kWork : Session::Need::kScripts, status);
  if (!session) return status;
  const Value body(Object{{"mapping", mapping}, {"accept", accept}, {"drop", drop}, {"same", same}, {"anew", context.arguments.has("--anew")}, {"author", author_of(context.arguments)}});
  if (drop || same) {
    const auto dropped = session->post("/api/v1/adopt", body);
    if (!dropped.ok()) return context.failed(dropped.error());
    context.json() ? context.print_json(*dropped) : context.out.line(mapping + (same ? " goes on with the links that it has" : " is not held any more"));
    return kOk;
  }
  const auto job = follow(context, *session, "/api/v1/adopt", body, {.retries = accept}, status);
  if (!job) return status;
  const bool done = job->string_or("state") == "done";
  if (context.json()) context.print_json(*job);
  else if (!done) print_errors(context, *job);
  else if (!accept) print_report(context, *job, mapping);
  return accept ? exit_of_load(*job) : done ? kOk : kFailed;
}

}  // namespace

const Command& adopt_command() {
  static const Command command{"adopt",
                               "MAPPING [--accept|--drop|--same|--anew]",
                               "two sides that are filled already: reports which records are the same, writes only once accepted",
                               "exact: the same on both sides. differing: the same record, with fields that the mapping's rules would decide. left_only,\n"
                               "right_only: would be created on the other side. ambiguous: a match is not unique. From the report until --accept or\n"
                               "--drop nothing of the mapping is worked off, so that no change writes before you have decided. --accept ends as `sync` does.",
                               {{{"--accept", "", "links, merges and copies as the report said"},
                                 {"--drop", "", "lets the mapping go without a load"},
                                 {"--same", "", "the file names other records than the links are of: they are the same ones under another name"},
                                 {"--anew", "", "they are others: the links are forgotten, nothing is deleted, and what is the same is reported"},
                                 {"--all", "", "lists every record of the report, not only the first 20 that need a look"},
                                 kAuthorOption},
                                1, 1},
                               adopt};
  return command;
}

}  // namespace tidewire::cli
