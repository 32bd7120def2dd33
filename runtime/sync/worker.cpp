#include "sync/worker.h"

#include <algorithm>

namespace tidewire::sync {

Worker::Worker(Lane& lane, std::shared_ptr<Mapper> mapper) : lane_(lane), mapper_(std::move(mapper)), alive_(std::make_shared<bool>(true)) {
  for (const Side side : {Side::kLeft, Side::kRight}) {
    lane_.batcher[side]->gather_while([this, alive = alive_] { return *alive && creates_to_come(); });
  }
  lane_.freed = [this, alive = alive_] {
    if (*alive && owned_due_) wake();
  };
}

Worker::~Worker() { *alive_ = false; }

void Worker::set_mapper(std::shared_ptr<Mapper> mapper) {
  mapper_ = std::move(mapper);
  wake();
}

void Worker::pause(bool paused) {
  paused_ = paused;
  paused_ ? look_at_creates() : wake();
}

void Worker::hold_backfill(bool held) {
  live_only_ = held;
  held ? look_at_creates() : wake();
}

void Worker::wake() {
  if (taking_) again_ = true;
  if (pumping_ || taking_ || stopping_) return;
  pumping_ = true;
  lane_.around.poster.post([this, alive = alive_] {
    if (!*alive) return;
    pumping_ = false;
    pump();
  });
}

void Worker::pump() {
  if (taking_) return;
  again_ = false;  // whatever keeps it from looking now wakes it when it ends
  if (stopping_ || paused_ || rest_ || under_way_ >= mapper_->plan().parallel) return went_idle();
  for (const Side side : {Side::kLeft, Side::kRight}) {
    const auto wait = lane_.batcher[side]->endpoint().blocked();
    if (!wait) continue;
    more_due_ = false;
    look_at_creates();
    arm(*wait);
    return went_idle();
  }
  taking_ = true;
  looked_at_ = lane_.around.clock.now();
  // Keys that are owned or parked are due too and come first again: ask for so many more.
  const std::int64_t limit = mapper_->plan().parallel - under_way_ + static_cast<std::int64_t>(lane_.owners.size() + parked_.size());
  const auto taken = [this, alive = alive_, limit](Result<std::vector<store::DirtyKey>> rows) {
    if (*alive) on_taken(std::move(rows), limit);
  };
  if (live_only_) return lane_.store.take_live(lane_.mapping, limit, taken);
  lane_.store.take(lane_.mapping, limit, taken);
}

void Worker::on_taken(Result<std::vector<store::DirtyKey>> rows, std::int64_t limit) {
  taking_ = false;
  if (stopping_) {
    went_idle();
    return;
  }
  if (!rows.ok()) {
    more_due_ = false;
    look_at_creates();
    arm(std::chrono::seconds(1));
    went_idle();
    return;
  }
  bool full = false;
  owned_due_ = false;
  for (const store::DirtyKey& row : *rows) {
    const SideKey key{row.side, row.key};
    if (under_way_ >= mapper_->plan().parallel) {
      full = true;
      break;
    }
    if (parked_.contains(key)) continue;
    if (!lane_.owners.claim(key)) {
      owned_due_ = true;
      continue;
    }
    const bool backfill = row.priority > 0;
    ++under_way_;
    backfill_ += backfill ? 1 : 0;
    PassOptions options;
    options.waited_for_creates = waited_.erase(key) > 0;
    start_pass(lane_, mapper_, key, options, [this, alive = alive_, key, backfill](Report report) {
      if (*alive) on_report(key, backfill, report);
    });
  }
  more_due_ = full || static_cast<std::int64_t>(rows->size()) >= limit;
  look_at_creates();
  if (again_) return wake();
  if (!more_due_) sleep_until_due();
  went_idle();
}

/// Out of the way, not under way: keys that wait must not use up the places of those they wait for.
void Worker::park(const SideKey& key, const Report& report) {
  parked_.insert(key);
  const auto free = [this, alive = alive_, key, creates = report.creates.has_value()] {
    if (!*alive) return;
    parked_.erase(key);
    if (creates) waited_.insert(key);
    wake();
  };
  if (report.creates) lane_.creates.when_closed(*report.creates, free);
  else if (report.busy && lane_.owners.owned(*report.busy)) lane_.owners.when_free(*report.busy, free);
  else lane_.around.poster.post(free);
}

void Worker::on_report(const SideKey& key, bool backfill, const Report& report) {
  --under_way_;
  backfill_ -= backfill ? 1 : 0;
  look_at_creates();
  if (report.end == Report::End::kBusy) park(key, report);
  if (stopping_) {
    if (under_way_ == 0 && stopped_) std::exchange(stopped_, nullptr)();
    return;
  }
  if (report.end == Report::End::kDropped && report.error) rest();
  else wake();
  went_idle();
}

/// A pass of a load that has not come to its create, unless it waits for its turn at first contact; or one that there is a place for.
bool Worker::creates_to_come() const {
  const std::size_t there = lane_.batcher.left->waiting_creates() + lane_.batcher.right->waiting_creates() + lane_.turns.waiting();
  const bool takes = !stopping_ && !paused_ && !live_only_ && !rest_ && under_way_ < mapper_->plan().parallel;
  return static_cast<std::size_t>(backfill_) > there || (more_due_ && takes);
}

void Worker::look_at_creates() {
  for (const Side side : {Side::kLeft, Side::kRight}) lane_.batcher[side]->look();
}

/// What is due already is under way, owned or parked and wakes us by itself; what becomes due after the last look does not.
void Worker::sleep_until_due() {
  lane_.store.next_due(lane_.mapping, looked_at_, [this, alive = alive_](Result<std::optional<Instant>> due) {
    if (!*alive || stopping_) return;
    if (!due.ok()) return arm(std::chrono::seconds(1));  // asked again, or what becomes due later would wait for whoever wakes us
    if (!*due) return;
    arm(std::min<Duration>(**due - lane_.around.clock.now(), std::chrono::hours(1)));
  });
}

void Worker::arm(Duration wait) {
  timer_ = lane_.around.timers.after(std::max<Duration>(wait, std::chrono::milliseconds(1)), [this] { wake(); });
}

/// The store is in trouble: nothing is taken for a while, whoever wakes us.
void Worker::rest() {
  rest_ = lane_.around.timers.after(std::chrono::seconds(1), [this] {
    rest_.reset();
    wake();
  });
}

void Worker::went_idle() {
  if (idle() && idle_listener_) idle_listener_();
}

void Worker::stop(std::function<void()> done) {
  stopping_ = true;
  timer_.reset();
  rest_.reset();
  stopped_ = std::move(done);
  look_at_creates();
  if (under_way_ == 0) lane_.around.poster.post([this, alive = alive_] {
    if (*alive && stopped_) std::exchange(stopped_, nullptr)();
  });
}

}  // namespace tidewire::sync
