#include "sync/settle.h"

#include <utility>

namespace tidewire::sync {

Settling::Settling(store::Store& store, const Surroundings& surroundings, At at)
    : store_(store), around_(surroundings), at_(std::move(at)), alive_(std::make_shared<bool>(true)) {}

Settling::~Settling() { *alive_ = false; }

void Settling::when(bool retries_too, std::function<void()> done) {
  waiting_.push_back({retries_too, std::move(done)});
  look();
}

void Settling::look() {
  if (waiting_.empty() || asking_) return;
  if (at_.busy()) {
    timer_ = around_.timers.after(std::chrono::milliseconds(20), [this] { look(); });
    return;
  }
  asking_ = true;
  store_.summary([this, alive = alive_](Result<store::Summary> summary) {
    if (*alive) on_summary(summary);
  });
}

void Settling::on_summary(const Result<store::Summary>& summary) {
  asking_ = false;
  std::int64_t due = 0, backing_off = 0;
  if (summary.ok()) {
    due = summary->not_fanned_out;
    for (const auto& [name, counts] : summary->mappings) {
      if (!at_.counts(name)) continue;
      due += counts.waiting - counts.waiting_later;
      backing_off += counts.backing_off + counts.waiting_later;
    }
  }
  const bool idle = summary.ok() && !at_.busy() && due == 0;
  for (Waiting& one : std::exchange(waiting_, {})) {
    if (idle && (!one.retries_too || backing_off == 0)) around_.poster.post(std::move(one.done));
    else waiting_.push_back(std::move(one));
  }
  if (waiting_.empty()) return;
  // Woken by the timer alone: a worker that finds nothing it may take says so at once, and that would be a circle.
  timer_ = around_.timers.after(std::chrono::milliseconds(50), [this] {
    at_.wake();
    look();
  });
}

}  // namespace tidewire::sync
