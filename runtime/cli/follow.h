// follow.h — a job followed from its start until nothing is left that could be done now.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "base/value.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/progress.h"

namespace tidewire::cli {

class Follower {
 public:
  struct Options {
    bool tells = true;    // progress, and what came of each part
    bool retries = true;  // waits for keys that are to be tried again, too
  };
  Follower(Context& context, Session& session, std::string id, Options options);

  /// The job as it is then; one that still runs was given up because a system does not answer, or waits for decisions, its own or those of a job before it.
  Result<Value> run();

 private:
  /// Keys of a job's mappings that are left for later, and what keeps them from going on.
  struct Left {
    std::int64_t keys = 0;    // that are tried again by themselves
    std::int64_t off = 0;     // of mappings that are switched off
    std::string off_text;     // "people is paused ..."
    std::string paused;  // "app: 503 ..." where a connection is, or why a mapping takes no keys
  };
  Result<Left> left_of(Value& job);
  Result<Value> look();
  Result<bool> stuck(Value& job);
  Result<void> wait_for_the_rest(Value& job);
  void pause();

  Context& context_;
  Session& session_;
  Options options_;
  std::string target_;
  SystemClock clock_;
  Progress progress_;
  Duration pause_ = std::chrono::milliseconds(20);
  Ticks moved_at_;
  std::int64_t moved_to_ = -1;
  std::string gave_up_;
  bool off_ = false;  // what is left is a mapping's that is switched off
};

/// Conflicts that a staged job waits for; 0 where it has more to look at first.
std::int64_t undecided_of(const Value& job);
/// It does, or the staged job that it has to follow does.
bool waits_for_decisions(const Value& job);
/// What a load leaves behind: level, to be tried again, or for a person.
Exit exit_of_load(const Value& job);
/// Asks for the job with `body`, follows it, and complains where that fails: nullopt, with the exit status.
std::optional<Value> follow(Context& context, Session& session, const std::string& target, const Value& body, Follower::Options options, int& status);
/// Mappings that do not run, which a job over all of them leaves out: why, by name.
struct LeftOut {
  Object why;
  Exit exit = kOk;
  /// To standard error; with --json they are a member of the job.
  void tell(const Context& context) const;
  /// What the command ends with: that something was left out is worse than what became of the rest.
  int worsened(int status) const { return exit == kOk || status == kUsage ? status : exit; }
};
enum class Work { kLooks, kWrites };
/// None where `mapping` names one: the answer says so then. `status` is that of the API. A mapping that is held is looked at, unless its
/// file names other records than its links are of.
LeftOut left_out(const Value& status, const std::string& mapping, Work work = Work::kLooks);
/// What went wrong with the whole and with each part.
void print_errors(Context& context, const Value& job);
/// So many of the records that a job found are listed where nobody asked for all.
constexpr std::size_t kFirstFound = 20;
/// One line per record, with its story below, as a job found it.
void print_findings(Context& context, const Value& findings, bool stories);
/// Field by field what the rules make of the records that both sides have, and of how many, mapping by mapping.
void print_rules(Context& context, const Value& job);

}  // namespace tidewire::cli
