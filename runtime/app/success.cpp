// When everything was level last, in a file that a monitor can look at: state/last_success.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "app/state.h"

namespace tidewire::app {

namespace {

constexpr Duration kLookEvery = std::chrono::minutes(1);

std::string success_file(const Project& project) { return project.state_folder() + "/last_success"; }

}  // namespace

/// True where no mapping fails to load or to fit, no connection or poll fails, and this process has asked the systems itself.
bool App::State::all_well() const {
  if (project_trouble_ || !broken_connections_.empty() || mappings_.empty()) return false;
  for (const auto& [name, mapping] : mappings_) {
    if (mapping.trouble || mapping.drift || mapping.quarantined) return false;
  }
  for (const auto& [name, connection] : connections_) {
    const std::string state = connection->status().string_or("state");
    if (state == "failing" || state == "paused") return false;
  }
  bool asked = options_.timed;
  for (const auto& [name, status] : engine_->status()) {
    if (status.poll_error.left || status.poll_error.right || status.held) return false;
    const sync::Plan* plan = engine_->plan(name);
    for (const sync::Side side : {sync::Side::kLeft, sync::Side::kRight}) {
      if (plan == nullptr || plan->end[side].poll.empty()) continue;
      if (!status.last_poll[side]) return false;
      asked = true;
    }
  }
  return asked;
}

/// Writes the time down where everything is level: nothing waits, nothing is tried again, nothing waits for a person or a parent.
void App::State::note_success(std::function<void()> then) {
  if (!all_well()) return then();
  store_->summary([this, alive = alive_, then = std::move(then)](Result<store::Summary> summary) {
    if (!*alive) return;
    bool level = summary.ok() && summary->not_fanned_out == 0;
    for (const auto& [name, counts] : summary.ok() ? summary->mappings : std::map<std::string, store::Summary::Mapping>{}) {
      if (!mappings_.contains(name)) continue;
      level = level && counts.waiting + counts.backing_off + counts.dead + counts.held + counts.waiting_for + counts.conflict + counts.open_conflicts == 0;
    }
    const std::string file = success_file(project_), next = file + ".next";
    if (level && std::ofstream(next) << format_instant(clock_.now()) << "\n" << std::flush) {
      std::error_code bad;
      std::filesystem::rename(next, file, bad);
    }
    then();
  });
}

void App::State::watch_success() {
  success_timer_ = loop_.after(kLookEvery, [this] {
    note_success([] {});
    watch_success();
  });
}

std::string App::State::last_success() const {
  std::ifstream in(success_file(project_));
  std::string line;
  std::getline(in, line);
  return line;
}

}  // namespace tidewire::app
