#include "app/simulation.h"

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

SimulationFailure shortest(std::uint64_t seed, const simulate::Profile& profile) {
  const simulate::Outcome outcome = simulate::shrink(seed, profile);
  SimulationFailure failure{seed, profile.name, outcome.violation.law, outcome.violation.what, {}};
  for (const std::string& note : outcome.history) failure.history.push_back(told(note));
  return failure;
}

}  // namespace

std::vector<SimulationProfile> simulation_profiles() {
  std::vector<SimulationProfile> all;
  for (const simulate::Profile& profile : simulate::profiles()) all.push_back({profile.name, profile.about});
  return all;
}

Result<SimulationReport> simulate_histories(const SimulationOptions& options, const std::function<void(std::uint64_t, std::uint64_t, const std::string&)>& progress) {
  std::vector<const simulate::Profile*> chosen;
  std::string names;
  for (const simulate::Profile& profile : simulate::profiles()) {
    names += (names.empty() ? "" : ", ") + profile.name;
    if (options.profile.empty() || options.profile == profile.name) chosen.push_back(&profile);
  }
  if (chosen.empty()) return make_error(Code::kInvalid, "no profile '" + options.profile + "'", "there are: " + names);
  SimulationReport report;
  for (std::uint64_t i = 0; i < options.runs; ++i) {
    for (const simulate::Profile* profile : chosen) {
      const std::uint64_t seed = options.seed + i;
      ++report.runs;
      if (!simulate::run(seed, *profile).ok) {
        report.failure = shortest(seed, *profile);
        return report;
      }
      progress(report.runs, options.runs * chosen.size(), profile->name);
    }
  }
  return report;
}

}  // namespace tidewire::app
