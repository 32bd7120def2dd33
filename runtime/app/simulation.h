// simulation.h — simulated histories for a command: which profiles there are, one seed after the other, a failing one made
// short. The room simulate/ does the work; here its answers become plain values.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace tidewire::app {

struct SimulationProfile {
  std::string name, about;
};
std::vector<SimulationProfile> simulation_profiles();

struct SimulationOptions {
  std::uint64_t seed = 1;
  std::uint64_t runs = 1000;  // of each profile
  std::string profile;        // "" = all, in turn
};

struct SimulationFailure {
  std::uint64_t seed = 0;
  std::string profile, law, what;
  struct Line {
    std::string time, who, what;  // seconds since the beginning; "left", "right person", "engine"
  };
  std::vector<Line> history;      // of the shortest that breaks the same law
};

struct SimulationReport {
  std::uint64_t runs = 0;
  std::optional<SimulationFailure> failure;  // the first one ends the run
  std::vector<std::string> left_out;         // of a mapping: fields that are not simulated, and why
};

/// Histories of a project's own mapping, on records drawn from its types and its tests. The connectors' declared
/// capabilities hold. The project is opened as a command that works alone does: kUnavailable while a daemon is at work on it.
struct SimulatedProject {
  std::string folder, environment, scripts_folder, mapping;
};
using SimulationProgress = std::function<void(std::uint64_t, std::uint64_t, const std::string&)>;
Result<SimulationReport> simulate_mapping(const SimulatedProject& project, const SimulationOptions& options, const SimulationProgress& progress);

/// `progress(runs done, runs in all, profile under way)` after each history. kInvalid, with the names, for an unknown profile.
Result<SimulationReport> simulate_histories(const SimulationOptions& options, const SimulationProgress& progress);

}  // namespace tidewire::app
