#include "store/queue.h"

namespace tidewire::store {

Queue::Queue(Options options, Poster& poster)
    : options_(std::move(options)), poster_(poster), thread_([this] { loop(); }) {}

Queue::~Queue() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Queue::add(Executor::Work work, Executor::Done done, bool alone) {
  bool sleeping;
  {
    std::lock_guard lock(mutex_);
    sleeping = queue_.empty();
    queue_.push_back(Member{std::move(work), std::move(done), {}, alone});
  }
  if (sleeping) wake_.notify_one();
}

std::size_t Queue::queued() const {
  std::lock_guard lock(mutex_);
  return queue_.size();
}

bool Queue::is_busy() const {
  std::lock_guard lock(mutex_);
  return running_ || !queue_.empty();
}

void Queue::loop() {
  for (Batch batch; next(batch); batch.clear()) {
    options_.run(batch);
    if (!batch.empty()) deliver(std::move(batch));
  }
}

bool Queue::next(Batch& batch) {
  const std::optional<Duration> idle = options_.idle();
  std::unique_lock lock(mutex_);
  running_ = false;
  const auto something = [this] { return stopping_ || !queue_.empty(); };
  if (idle) {
    wake_.wait_for(lock, *idle, something);
  } else {
    wake_.wait(lock, something);
  }
  while (!queue_.empty() && batch.size() < options_.largest) {
    const bool alone = queue_.front().alone;
    if (alone && !batch.empty()) break;
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
    if (alone) break;
  }
  running_ = !batch.empty();
  return running_ || !stopping_;
}

void Queue::deliver(Batch batch) {
  // std::function copies: one shared batch, held by this closure's copies alone.
  auto answered = std::make_shared<Batch>(std::move(batch));
  poster_.post([answered, alive = std::weak_ptr<const bool>(alive_)] {
    for (Member& member : *answered) {
      if (alive.expired()) return;  // a `done` may destroy the executor
      member.done(std::move(member.result));
    }
  });
}

}  // namespace tidewire::store
