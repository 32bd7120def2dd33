// What an edit replaced: it ends what is under way on it, and then goes, with its VM, its sessions and what it knew.
#include <algorithm>

#include "app/state.h"

namespace tidewire::app {

namespace {

constexpr Duration kLookAgain = std::chrono::seconds(1);

}  // namespace

/// Nobody listens on it from now on: its credentials may be those that were taken back.
void App::State::retire(std::unique_ptr<Connection> connection) {
  std::erase_if(listeners_, [&](const auto& one) { return &one.second->connection() == connection.get(); });
  retired_.push_back(std::move(connection));
  plan_release();
}

/// `mapper` is the last one with them: the engine has it until its passes have ended, and so has a dry run beside it.
void App::State::retire(std::unique_ptr<MappingEndpoints> endpoints, const std::shared_ptr<ScriptMapper>& mapper) {
  if (!endpoints) return;
  retired_endpoints_.push_back({std::move(endpoints), mapper});
  plan_release();
}

void App::State::plan_release() {
  if (!release_timer_) release_timer_ = loop_.after(kLookAgain, [this] { release_retired(); });
}

bool App::State::is_used(const Connection& connection) const {
  const auto asks = [&](const auto& one) { return one.endpoints && one.endpoints->uses(connection); };
  return !connection.is_idle() || std::any_of(retired_endpoints_.begin(), retired_endpoints_.end(), asks) ||
         std::any_of(mappings_.begin(), mappings_.end(), [&](const auto& one) { return asks(one.second); });
}

void App::State::release_retired() {
  release_timer_.reset();
  std::erase_if(retired_endpoints_, [](const RetiredEndpoints& one) { return one.mapper.expired(); });
  std::erase_if(retired_, [this](const auto& one) {
    if (is_used(*one)) return false;
    log_.info("connection_released", "the former connection " + one->name() + " is closed", {{"connection", Value(one->name())}});
    return true;
  });
  if (!retired_.empty() || !retired_endpoints_.empty()) plan_release();
}

}  // namespace tidewire::app
