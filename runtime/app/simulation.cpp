#include "app/simulation.h"

#include "app/state.h"
#include "base/text.h"
#include "simulate/run.h"

namespace tidewire::app {
namespace {

/// "    5.117  left person: deletes L1"; what happens to the engine as a whole has no colon.
SimulationFailure::Line told(const std::string& note) {
  SimulationFailure::Line line;
  const std::string text(trim(note));
  const std::size_t time = text.find("  ");
  line.time = text.substr(0, time);
  const std::string rest = time == std::string::npos ? "" : text.substr(time + 2);
  const std::size_t colon = rest.find(": ");
  const bool named = colon != std::string::npos && (rest.rfind("left", 0) == 0 || rest.rfind("right", 0) == 0 || rest.rfind("person", 0) == 0 || rest.rfind("engine", 0) == 0);
  line.who = named ? rest.substr(0, colon) : "";
  line.what = named ? rest.substr(colon + 2) : rest;
  return line;
}

SimulationFailure shortest(std::uint64_t seed, const simulate::Profile& profile, const simulate::Wraps& wraps) {
  const simulate::Outcome outcome = simulate::shrink(seed, profile, wraps);
  SimulationFailure failure{seed, profile.name, outcome.violation.law, outcome.violation.what, {}};
  for (const std::string& note : outcome.history) failure.history.push_back(told(note));
  return failure;
}

Result<SimulationReport> run_all(const SimulationOptions& options, const simulate::Wraps& wraps, const std::function<std::optional<simulate::Profile>(const simulate::Profile&)>& adapted, const SimulationProgress& progress) {
  std::vector<simulate::Profile> chosen;
  std::string names;
  for (const simulate::Profile& profile : simulate::profiles()) {
    auto fitting = adapted(profile);
    if (!fitting) continue;
    names += (names.empty() ? "" : ", ") + profile.name;
    if (options.profile.empty() || options.profile == profile.name) chosen.push_back(std::move(*fitting));
  }
  if (chosen.empty()) return make_error(Code::kInvalid, "no profile '" + options.profile + "'", "there are: " + names);
  SimulationReport report;
  for (std::uint64_t i = 0; i < options.runs; ++i) {
    for (const simulate::Profile& profile : chosen) {
      const std::uint64_t seed = options.seed + i;
      ++report.runs;
      if (!simulate::run(seed, profile, wraps).ok) {
        report.failure = shortest(seed, profile, wraps);
        return report;
      }
      progress(report.runs, options.runs * chosen.size(), profile.name);
    }
  }
  return report;
}

}  // namespace

std::vector<SimulationProfile> simulation_profiles() {
  std::vector<SimulationProfile> all;
  for (const simulate::Profile& profile : simulate::profiles()) all.push_back({profile.name, profile.about});
  return all;
}

Result<SimulationReport> simulate_histories(const SimulationOptions& options, const SimulationProgress& progress) {
  return run_all(options, {}, [](const simulate::Profile& profile) { return std::optional(profile); }, progress);
}

Result<App::Subject> App::subject(const std::string& mapping) const {
  const auto found = state_->mappings_.find(mapping);
  if (found == state_->mappings_.end()) {
    std::string names;
    for (const auto& [name, one] : state_->mappings_) names += (names.empty() ? "" : ", ") + name;
    return make_error(Code::kNotFound, "no mapping '" + mapping + "' is loaded", "there are: " + names);
  }
  const LoadedMapping& loaded = found->second;
  if (loaded.trouble) return *loaded.trouble;
  if (!loaded.mapper) return make_error(Code::kUnavailable, "mapping '" + mapping + "' does not run", "`tidewire check` says why");
  Subject subject{loaded.mapper, {}, {}};
  const Value* tests = loaded.mapper->compiled().find("tests");
  for (const sync::Side side : {sync::Side::kLeft, sync::Side::kRight}) {
    const auto connection = state_->connections_.find(loaded.mapper->plan().end[side].connection);
    if (connection != state_->connections_.end()) subject.capabilities[side] = connection->second->capabilities();
    for (const Value& test : tests == nullptr || !tests->is_array() ? Array{} : tests->as_array()) {
      if (const Value* named = test.find(store::side_name(side)); named != nullptr) subject.examples[side].push_back(record_of_test(loaded.mapper->plan(), side, named));
    }
  }
  return subject;
}

Result<SimulationReport> simulate_mapping(const SimulatedProject& project, const SimulationOptions& options, const SimulationProgress& progress) {
  loop::Loop loop;
  Options wanted;
  wanted.folder = project.folder;
  wanted.environment = project.environment;
  wanted.scripts_folder = project.scripts_folder;
  wanted.serve = wanted.timed = wanted.watch = wanted.work = false;
  wanted.quiet = true;
  auto opened = App::open(loop, std::move(wanted));
  if (!opened.ok() && opened.error().code == Code::kUnavailable) return std::move(opened).error().with_hint("stop the daemon, or simulate in a copy of the project's folder");
  const std::unique_ptr<App> app = TRY(std::move(opened));
  Result<std::string> started = std::string();
  app->start([&](Result<std::string> ready) {
    started = std::move(ready);
    loop.stop();
  });
  const auto hold = loop.hold();
  loop.run();
  const auto report = [&]() -> Result<SimulationReport> {
    if (!started.ok()) return started.error();
    App::Subject subject = TRY(app->subject(project.mapping));
    simulate::Wraps wraps;
    wraps.sample = TRY(simulate::Sample::make(subject.mapper, subject.examples));
    auto report = run_all(options, wraps, [&](const simulate::Profile& profile) { return wraps.sample->adapted(profile, subject.capabilities); }, progress);
    if (report.ok()) report->left_out = wraps.sample->left_out();
    return report;
  }();
  app->drain([&] { loop.stop(); });
  loop.run();
  return report;
}

}  // namespace tidewire::app
