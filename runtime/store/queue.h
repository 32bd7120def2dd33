// queue.h — a thread that works off store members in batches and hands their answers to the loop.
//
// Members are destroyed on the loop too: what their `done` captures may belong to it.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "store/executor.h"

namespace tidewire::store {

struct Member {
  Executor::Work work;
  Executor::Done done;
  Result<void> result;
  bool alone = false;  // makes a batch by itself
};

class Queue {
 public:
  using Batch = std::vector<Member>;
  /// `run` fills in the results of a batch, on the queue's thread. An empty batch comes where `idle` says so.
  struct Options {
    std::size_t largest = 64;
    std::function<void(Batch&)> run;
    /// How long to wait for a member before `run` gets an empty batch; nullopt for ever. Asked on the queue's thread.
    std::function<std::optional<Duration>()> idle = [] { return std::nullopt; };
  };
  Queue(Options options, Poster& poster);
  /// Runs what is queued, then ends the thread; no `done` is called any more.
  ~Queue();
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  void add(Executor::Work work, Executor::Done done, bool alone = false);
  std::size_t queued() const;
  /// Who is added now waits.
  bool is_busy() const;

 private:
  void loop();
  bool next(Batch& batch);  // false at the end
  void deliver(Batch batch);

  Options options_;
  Poster& poster_;
  // Owned here; answers under way on the loop hold it weakly and see by it that the executor is gone.
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Member> queue_;
  bool stopping_ = false, running_ = false;
  std::thread thread_;
};

}  // namespace tidewire::store
