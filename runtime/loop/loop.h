// loop.h — the one thread on which everything but blocking work happens. The only room that names uv_.
//
// Callback contract, for every room: the callback is the last parameter, called exactly once, never before the
// starting call returns, never after its handle is destroyed. Destroying the handle cancels, also from inside its
// own callback.
#pragma once

#include <functional>
#include <memory>
#include <span>

#include "base/clock.h"
#include "base/result.h"

struct uv_loop_s;

namespace tidewire::loop {

class Loop final : public Poster, public Timers {
 public:
  /// While one exists, run() waits even when nothing else is pending: for work that another thread will post back.
  class Hold {
   public:
    virtual ~Hold() = default;
  };

  /// Also makes the process ignore SIGPIPE: a peer that went away is an error code here, never a signal. The first one gives
  /// work() 16 threads, where UV_THREADPOOL_SIZE says nothing else.
  Loop();
  /// Asserts that every handle was closed. Waits for work() under way; its `done` and all that was posted is dropped.
  ~Loop() override;

  /// Runs until stop() or until nothing is left that could happen.
  void run();
  /// Leaves run() after the present turn. From the loop's thread; elsewhere post it.
  void stop();
  /// Runs `work` on the loop's thread in the next turn, in order of calls. From any thread.
  void post(std::function<void()> work) override;
  /// Millisecond steps, never early.
  [[nodiscard]] std::unique_ptr<Timer> after(Duration delay, std::function<void()> fire) override;
  [[nodiscard]] std::unique_ptr<Hold> hold();

  /// Runs `blocking` on a pool thread, then `done` on the loop. Not cancellable: `blocking` must own what it touches.
  void work(std::function<void()> blocking, std::function<void()> done);

  /// When the present turn began: free to ask, exact enough for limits of seconds.
  Ticks turn_began() const;

  uv_loop_s* uv();                // for the files of this room
  std::span<char> read_buffer();  // one for all streams: bytes are used up before the next read

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tidewire::loop
