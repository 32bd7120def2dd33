#include "sync/fan_out.h"

#include <algorithm>

namespace tidewire::sync {
namespace {

constexpr std::int64_t kRowsAtOnce = 20000;  // rows
constexpr std::int64_t kFlood = 16;    // rows in one page
constexpr Duration kFloodPause = std::chrono::milliseconds(20);
constexpr Duration kPausePerRow = std::chrono::microseconds(50);
constexpr Duration kLongestPause = std::chrono::milliseconds(200);

}  // namespace

FanOut::FanOut(store::Store& store, const Surroundings& surroundings, std::function<std::vector<store::Route>()> routes, std::function<void()> handed)
    : store_(store), around_(surroundings), routes_(std::move(routes)), handed_(std::move(handed)), alive_(std::make_shared<bool>(true)) {}

FanOut::~FanOut() { *alive_ = false; }

void FanOut::look() {
  if (stopping_) return;
  if (busy_) {
    again_ = true;
    return;
  }
  busy_ = true;
  const Duration pause = std::chrono::duration_cast<Duration>(not_before_ - around_.clock.ticks());
  if (pause > Duration::zero()) {
    timer_ = around_.timers.after(pause, [this] { take_page(); });
    return;
  }
  around_.poster.post([this, alive = alive_] {
    if (*alive) take_page();
  });
}

void FanOut::take_page() {
  again_ = false;
  store_.fan_out(routes_(), kRowsAtOnce, [this, alive = alive_](Result<store::FanOut> page) {
    if (*alive) on_page(std::move(page));
  });
}

void FanOut::on_page(Result<store::FanOut> page) {
  if (!page.ok()) {
    if (!stopping_) timer_ = around_.timers.after(std::chrono::seconds(1), [this] { take_page(); });
    return;
  }
  busy_ = false;
  if (page->seen >= kFlood && !page->more) not_before_ = around_.clock.ticks() + std::clamp<Duration>(page->seen * kPausePerRow, kFloodPause, kLongestPause);
  if (page->more || again_) look();
  handed_();
}

void FanOut::stop() {
  stopping_ = true;
  timer_.reset();
}

}  // namespace tidewire::sync
