// tidewire jobs: loads, sweeps and comparisons, how far they are, and pause, resume, cancel.
#include "base/text.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/query.h"
#include "cli/table.h"

namespace tidewire::cli {
namespace {

Style style_of_job(const std::string& state) {
  if (state == "done") return Style::kGood;
  if (state == "failed") return Style::kBad;
  return state == "running" ? Style::kAccent : Style::kWarn;
}

Cell state_cell(const Value& job) {
  const std::string state = job.string_or("state");
  const std::int64_t undecided = job.int_or("undecided", 0);
  if (undecided > 0) return Cell("waits for " + std::to_string(undecided) + (undecided == 1 ? " decision" : " decisions"), Style::kWarn);
  if (const Value* waits = job.at_path("waits_for.text")) return Cell(plain(waits->as_string()), Style::kWarn);
  if (const Value* trouble = job.at_path("trouble.message")) return Cell("waits: " + plain(trouble->as_string()), Style::kWarn);
  return Cell(state, style_of_job(state));
}

int list(Context& context, Session& session) {
  const auto found = session.get(Target("/api/v1/jobs").add("open", context.arguments.has("--all") ? "" : "1").add("after", context.arguments.get("--after")).text());
  if (!found.ok()) return context.failed(found.error());
  if (context.json()) {
    context.print_json(*found);
    return kOk;
  }
  const Instant now = SystemClock().now();
  Table table({{"job", false, true}, {"kind"}, {"state"}, {"mappings"}, {"looked at", true}, {"marked", true}, {"begun"}});
  for (const Value& job : found->find("jobs")->as_array()) {
    std::vector<std::string> names;
    for (const Value& name : job.find("mappings")->as_array()) names.push_back(name.as_string());
    table.add({job.string_or("id"), job_word(job.string_or("kind")), state_cell(job), join(names, ", "), grouped(job.int_or("looked_at", 0)), grouped(job.int_or("marked", 0)),
               Cell(moment(job.string_or("started_at"), now), Style::kDim)});
  }
  if (table.empty()) {
    context.out.line(context.arguments.has("--all") ? "no job yet" : "no job is at work; --all shows those that ended");
    return kOk;
  }
  std::string text = table.text(context.out.look());
  text.pop_back();
  context.out.line(text);
  if (const std::string next = found->string_or("next"); !next.empty()) context.out.line(context.out.paint("older ones: --after " + next, Style::kDim));
  return kOk;
}

int jobs(Context& context) {
  const std::string what = context.arguments.word(0, "list"), id = context.arguments.word(1);
  const bool acts = what == "pause" || what == "resume" || what == "cancel";
  if (what != "list" && !acts) return context.failed(make_error(Code::kInvalid, "no '" + what + "' of jobs", "list, pause ID, resume ID or cancel ID"));
  if (acts && id.empty()) return context.failed(make_error(Code::kInvalid, "which job? `tidewire jobs` lists them"));
  int status = kOk;
  const auto session = context.open(Session::Need::kState, status);
  if (!session) return status;
  if (!acts) return list(context, *session);
  const auto job = session->post("/api/v1/jobs/" + segment(id) + "/" + what, Value(Object{}));
  if (!job.ok()) return context.failed(job.error());
  if (context.json()) context.print_json(*job);
  else context.out.line("job " + job->string_or("id") + " is " + job->string_or("state"));
  return kOk;
}

}  // namespace

const Command& jobs_command() {
  static const Command command{"jobs",
                               "[list|pause|resume|cancel] [ID]",
                               "loads, sweeps and comparisons at work: lists, pauses, resumes, cancels them",
                               "A job survives a restart: it goes on where it was, a paused one stays paused. While it is paused, what it has\n"
                               "marked already waits too; live changes go on. Cancelled, what it has marked and nobody else asked for is dropped.",
                               {{{"--all", "", "also those that ended"}, {"--after", "MARK", "the page after one shown before"}}, 0, 2},
                               jobs};
  return command;
}

}  // namespace tidewire::cli
