#include "support/fake_clock.h"

namespace tidewire::test {

void FakeClock::pass(Duration duration) {
  now_ += duration;
  ticks_ += duration;
}

std::unique_ptr<Timer> ManualTimers::after(Duration delay, std::function<void()> fire) {
  const Key key{clock_.ticks() + std::max(delay, Duration::zero()), ++made_};
  waiting_[key] = std::move(fire);
  return std::make_unique<Pending>(*this, key);
}

void ManualTimers::post(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  posted_.push_back(std::move(work));
}

void ManualTimers::advance(Duration duration) {
  const Ticks end = clock_.ticks() + duration;
  run_posted();
  while (!waiting_.empty() && waiting_.begin()->first.first <= end) {
    fire_first();
    run_posted();
  }
  clock_.pass(std::chrono::duration_cast<Duration>(end - clock_.ticks()));
}

std::size_t ManualTimers::run_posted() {
  std::size_t count = 0;
  while (auto work = next_posted()) {
    work();
    ++count;
    ASSERT(count < kTooMany, "posted work posts itself for ever");
  }
  return count;
}

bool ManualTimers::run_one() {
  const auto work = next_posted();
  if (work) work();
  return static_cast<bool>(work);
}

std::optional<Duration> ManualTimers::until_next() const {
  if (waiting_.empty()) return std::nullopt;
  return std::max(Duration::zero(), std::chrono::duration_cast<Duration>(waiting_.begin()->first.first - clock_.ticks()));
}

void ManualTimers::fire_first() {
  auto node = waiting_.extract(waiting_.begin());
  const Ticks due = node.key().first;
  standing_still_ = due > clock_.ticks() ? 0 : standing_still_ + 1;
  ASSERT(standing_still_ < kTooMany, "timers set timers without time passing");
  if (due > clock_.ticks()) clock_.pass(std::chrono::duration_cast<Duration>(due - clock_.ticks()));
  node.mapped()();
}

std::function<void()> ManualTimers::next_posted() {
  const std::lock_guard lock(mutex_);
  if (posted_.empty()) return {};
  auto work = std::move(posted_.front());
  posted_.pop_front();
  return work;
}

}  // namespace tidewire::test
