// tidewire simulate: the engine under histories drawn from seeds, with everything that can go wrong.
#include "app/simulation.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/progress.h"
#include "cli/table.h"

namespace tidewire::cli {
namespace {

/// Says how far it is, a few times a second at most.
class Pace {
 public:
  explicit Pace(const Context& context) : context_(context), began_(clock_.ticks()), told_(began_) {}

  void tell(std::uint64_t done, std::uint64_t all, const std::string& profile) {
    const Ticks now = clock_.ticks();
    if (context_.json() || now - told_ < std::chrono::milliseconds(200)) return;
    told_ = now;
    context_.out.show(bar(static_cast<std::int64_t>(done), static_cast<std::int64_t>(all), 24) + " " + std::to_string(done) + " of " + std::to_string(all) + " histories, " + std::to_string(rate(done)) + " a minute, " + profile);
  }

  std::int64_t rate(std::uint64_t done) const {
    const double seconds = std::chrono::duration<double>(clock_.ticks() - began_).count();
    return seconds <= 0 ? 0 : static_cast<std::int64_t>(static_cast<double>(done) / seconds * 60);
  }

 private:
  const Context& context_;
  SystemClock clock_;
  Ticks began_, told_;
};

Value failure_json(const app::SimulationFailure& failure) {
  Array history;
  for (const auto& line : failure.history) history.push_back(Value(Object{{"time", Value(line.time)}, {"who", Value(line.who)}, {"what", Value(line.what)}}));
  return Value(Object{{"seed", Value(static_cast<std::int64_t>(failure.seed))}, {"profile", Value(failure.profile)}, {"law", Value(failure.law)}, {"what", Value(failure.what)}, {"history", Value(std::move(history))}});
}

void print_failure(const Context& context, const app::SimulationFailure& failure, const std::string& mapping) {
  context.out.line(context.out.paint("✗ " + failure.law, Style::kBad) + ": " + plain(failure.what));
  context.out.line();
  Table table({{"seconds", true}, {"who"}, {"what"}});
  for (const auto& line : failure.history) {
    const bool person = line.who.find("person") != std::string::npos;
    table.add({Cell(line.time, Style::kDim), Cell(line.who, person ? Style::kAccent : Style::kPlain), plain(line.what)});
  }
  context.out.line(table.text(context.out.look()));
  std::string place;
  for (const char* option : {"--project", "--env", "--scripts-dir"}) {
    if (!mapping.empty() && context.arguments.has(option)) place += std::string(option) + " " + context.arguments.get(option) + " ";
  }
  context.out.line("the same again: tidewire simulate " + (mapping.empty() ? "" : mapping + " ") + place + "--profile " + failure.profile + " --seed " + std::to_string(failure.seed) + " --runs 1");
}

int simulate(Context& context) {
  const auto seed = context.arguments.number("--seed", 1);
  if (!seed.ok()) return context.failed(seed.error());
  const auto runs = context.arguments.number("--runs", 100);
  if (!runs.ok()) return context.failed(runs.error());
  Pace pace(context);
  app::SimulationOptions options{static_cast<std::uint64_t>(*seed), static_cast<std::uint64_t>(*runs), context.arguments.get("--profile")};
  const auto tell = [&](std::uint64_t done, std::uint64_t all, const std::string& profile) { pace.tell(done, all, profile); };
  const std::string mapping = context.arguments.word(0);
  const app::SimulatedProject project{context.folder(), context.arguments.get("--env"), context.arguments.get("--scripts-dir"), mapping};
  const auto report = mapping.empty() ? app::simulate_histories(options, tell) : app::simulate_mapping(project, options, tell);
  if (!report.ok()) return context.failed(report.error());
  const std::int64_t rate = pace.rate(report->runs);
  context.out.clear();
  if (context.json()) {
    Object out{{"runs", Value(static_cast<std::int64_t>(report->runs))}, {"per_minute", Value(rate)}, {"seed", Value(*seed)}, {"ok", Value(!report->failure)}};
    if (!mapping.empty()) out["left_out"] = Value(Array(report->left_out.begin(), report->left_out.end()));
    if (report->failure) out["failure"] = failure_json(*report->failure);
    context.print_json(Value(std::move(out)));
    return report->failure ? kFailed : kOk;
  }
  for (const std::string& field : report->left_out) context.out.line(context.out.paint("simplified: ", Style::kDim) + plain(field));
  if (report->failure) print_failure(context, *report->failure, mapping);
  else context.out.line(context.out.paint("✓ ", Style::kGood) + std::to_string(report->runs) + " histories from seed " + std::to_string(*seed) + ", every law kept, " + std::to_string(rate) + " a minute");
  return report->failure ? kFailed : kOk;
}

std::string simulate_about() {
  std::string text = "Two systems in memory, people who edit both, and requests, answers, webhooks, disks and the process itself that fail. A seed gives the same history every time; one that breaks a law is made as short as it can be.\n\nWith MAPPING it is a mapping of the project that runs, with its own functions, strategies, checks and scope, on records drawn from the types of its systems (they are asked for them) and from the values of its `tests`. The systems can what their connectors declare; nothing is read from them or written to them. Found are: a function that raises an error, a value that comes back from the other side as another one, records that do not become equal, an edit that is nowhere, a thing made twice, writes without end. References are copied as they are, rows and states are left out, and it says so; functions with `lookup` are refused. Not watched: sums and merged lists beyond that both sides end equal, deletes that should win, doubles in a mapping without a text that is copied as it is. Profiles (with MAPPING those that its systems can meet):\n";
  for (const auto& profile : app::simulation_profiles()) text += "\n  " + profile.name + ": " + profile.about;
  return text;
}

}  // namespace

const Command& simulate_command() {
  static const std::string about = simulate_about();
  static const Command command{"simulate",
                               "[MAPPING] [--seed N] [--runs N] [--profile P]",
                               "tries the engine on histories in which everything goes wrong",
                               about.c_str(),
                               {{{"--seed", "N", "the first history; default 1"}, {"--runs", "N", "histories of each profile; default 100"}, {"--profile", "P", "this kind of trouble only"}}, 0, 1},
                               simulate};
  return command;
}

}  // namespace tidewire::cli
