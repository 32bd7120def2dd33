// tidewire tail: operations as they happen, one line each, until it is interrupted.
//
// It asks the list of operations again and again rather than reading the event stream: a line that was missed while the
// connection was away is told afterwards, from the state, and the same code serves the socket and an address.
#include <deque>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/query.h"
#include "cli/story.h"

namespace tidewire::cli {
namespace {

constexpr Duration kPause = std::chrono::milliseconds(400);
constexpr std::int64_t kPage = 200;
constexpr int kMostPages = 25;  // of one look

class Tail {
 public:
  Tail(Context& context, Session& session) : context_(context), session_(session) {}

  int run(std::int64_t lines, std::optional<Duration> how_long) {
    const Ticks began = clock_.ticks();
    bool first = true;
    for (;;) {
      const auto found = newest(first);
      // A daemon that restarts comes again; whoever was never there does not.
      if (!found.ok() && (first || found.error().code != Code::kUnavailable)) return context_.failed(found.error());
      if (found.ok()) tell(*found, first ? static_cast<std::size_t>(lines) : SIZE_MAX);
      if (found.ok() && context_.arguments.has("--jobs")) tell_jobs(first);
      first = false;
      if (how_long && clock_.ticks() - began >= *how_long) return kOk;
      session_.wait(kPause);
    }
  }

 private:
  struct Look {
    Array operations;   // newest first
    bool more = false;  // than are told of
  };

  /// Back to what was told already: in a burst that is more than one page.
  Result<Look> newest(bool first) {
    Look look;
    std::string after;
    for (int page = 0; page < kMostPages; ++page) {
      Target target("/api/v1/operations");
      target.add("mapping", context_.arguments.get("--mapping")).add("failed", context_.arguments.has("--failed") ? "1" : "").add("key", context_.arguments.get("--key")).add("limit", std::to_string(kPage)).add("after", after);
      Value found = TRY(session_.get(target.text()));
      bool met = first;
      for (Value& one : found["operations"].as_array()) {
        met = met || told_.contains(mark_of(one));
        look.operations.push_back(std::move(one));
      }
      after = found.string_or("next");
      if (met || after.empty()) return look;
    }
    look.more = true;
    return look;
  }

  static std::string mark_of(const Value& operation) { return operation.string_or("id") + operation.string_or("outcome"); }

  /// Oldest first, what was not told yet. An operation that was announced and is now applied is told again.
  void tell(const Look& found, std::size_t most) {
    std::deque<const Value*> fresh;
    std::set<std::string> present;
    for (const Value& one : found.operations) {
      const std::string mark = mark_of(one);
      present.insert(mark);
      if (!told_.contains(mark) && fresh.size() < most) fresh.push_front(&one);
    }
    if (found.more && !context_.json()) context_.out.line(context_.out.paint("… more happened than is told here: `tidewire ops` lists all", Style::kDim));
    for (const Value* one : fresh) print(*one);
    told_ = std::move(present);
    context_.out.flush();
  }

  /// Those that are open when it begins, and from then on each as it begins and ends. Where it cannot be asked it is, the next time.
  void tell_jobs(bool first) {
    const auto found = session_.get(Target("/api/v1/jobs").add("limit", std::to_string(kPage)).text());
    if (!found.ok()) return;
    const Array& jobs = found->find("jobs")->as_array();
    std::set<std::string> present;
    for (auto job = jobs.rbegin(); job != jobs.rend(); ++job) {
      const std::string mark = job->string_or("id") + job->string_or("state");
      present.insert(mark);
      if (!told_jobs_.contains(mark) && !(first && job->find("finished_at") != nullptr)) print_job(*job);
    }
    told_jobs_ = std::move(present);
    context_.out.flush();
  }

  void print_job(const Value& job) {
    if (context_.json()) return context_.out.line(json::dump(job));
    std::vector<std::string> names;
    for (const Value& name : job.find("mappings")->as_array()) names.push_back(plain(name.as_string()));
    const std::string at = job.string_or("finished_at", format_instant(clock_.now()));
    const Value* waits = job.at_path("waits_for.text");
    Terminal& out = context_.out;
    out.line(out.paint(at.substr(11, 8), Style::kDim) + "  " + join(names, ", ") + "  " + job_word(job.string_or("kind")) + " " + job.string_or("state") + ", " + grouped(job.int_or("looked_at", 0)) + " looked at" +
             (waits == nullptr ? "" : ", " + plain(waits->as_string())) + "  " + out.paint(job.string_or("id"), Style::kDim));
  }

  void print(const Value& one) {
    if (context_.json()) return context_.out.line(json::dump(one));
    const std::string outcome = one.string_or("outcome"), at = one.string_or("at");
    Terminal& out = context_.out;
    out.line(out.paint(at.size() >= 19 ? at.substr(11, 8) : at, Style::kDim) + "  " + plain(one.string_or("mapping")) + "  " + plain(keys_of(one)) + "  " + one.string_or("kind") + " " + out.paint(outcome, style_of_outcome(outcome)) + "  " + gist(one) +
             "  " + out.paint(one.string_or("id"), Style::kDim));
  }

  Context& context_;
  Session& session_;
  SystemClock clock_;
  std::set<std::string> told_, told_jobs_;
};

int tail(Context& context) {
  const auto lines = context.arguments.number("--lines", 10);
  if (!lines.ok()) return context.failed(lines.error());
  std::optional<Duration> how_long;
  if (context.arguments.has("--for")) {
    const auto wanted = parse_duration(context.arguments.get("--for"));
    if (!wanted.ok()) return context.failed(wanted.error());
    how_long = *wanted;
  }
  int status = kOk;
  const auto session = context.open(Session::Need::kState, status);
  if (!session) return status;
  if (!session->with_daemon()) return context.failed(make_error(Code::kUnavailable, "no daemon runs, so nothing happens", "`tidewire run` starts one; `tidewire ops` shows what was done"));
  return Tail(context, *session).run(*lines, how_long);
}

}  // namespace

const Command& tail_command() {
  static const Command command{"tail",
                               "[--mapping M] [--key K] [--failed] [--jobs] [--lines N] [--for T]",
                               "shows operations as they happen, until it is interrupted",
                               "With --json each operation is one line. What happened while the daemon was away is told when it is back.",
                               {{{"--mapping", "M", "of one mapping"}, {"--key", "K", "of one record; needs --mapping"}, {"--failed", "", "conflicts and dead letters only"}, {"--jobs", "", "jobs too, as they begin and end"}, {"--lines", "N", "so many that were before; default 10"}, {"--for", "T", "ends after so long, such as 30s"}}, 0, 0},
                               tail};
  return command;
}

}  // namespace tidewire::cli
