#include "loop/loop.h"

#include <array>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

#include "loop/alarm.h"
#include "loop/handle.h"

namespace tidewire::loop {

namespace {

class OneShot final : public Timer {
 public:
  OneShot(Loop& loop, Duration delay, std::function<void()> fire) : alarm_(loop, std::move(fire)) { alarm_.set(delay); }

 private:
  Alarm alarm_;
};

}  // namespace

struct Loop::State {
  uv_loop_t loop{};
  uv_async_t wake{};  // a post from another thread
  uv_idle_t soon{};   // a post from this thread: no system call
  std::thread::id thread = std::this_thread::get_id();
  std::mutex mutex;
  std::vector<std::function<void()>> posted;  // guarded by mutex
  std::vector<std::function<void()>> batch;   // what this turn runs; kept for its capacity
  int holds = 0;
  bool stopped = false;
  bool closing = false;
  std::array<char, 64 * 1024> buffer;

  void run_posted();
  void drop_posted();
  bool has_posted();
};

namespace {

struct Job {
  uv_work_t uv{};
  std::function<void()> blocking;
  std::function<void()> done;
  const bool* closing;
};

}  // namespace

void Loop::State::run_posted() {
  {
    std::lock_guard lock(mutex);
    batch.swap(posted);
  }
  uv_idle_stop(&soon);
  if (!closing) {
    for (auto& work : batch) {
      work();
      work = nullptr;
    }
  }
  batch.clear();
  if (has_posted()) uv_idle_start(&soon, soon.idle_cb);
}

/// What was posted may own handles, so it goes before they are counted. It may post as it goes, so it goes outside the lock.
void Loop::State::drop_posted() {
  std::vector<std::function<void()>> dropped;
  do {
    dropped.clear();
    std::lock_guard lock(mutex);
    dropped.swap(posted);
  } while (!dropped.empty());
}

bool Loop::State::has_posted() {
  std::lock_guard lock(mutex);
  return !posted.empty();
}

Loop::Loop() : state_(std::make_unique<State>()) {
  std::signal(SIGPIPE, SIG_IGN);
  // Many may wait for a system that does not answer: names looked up, databases connected to. A password must still be checked.
  static std::once_flag sized;
  std::call_once(sized, [] { ::setenv("UV_THREADPOOL_SIZE", "16", 0); });
  ASSERT(uv_loop_init(&state_->loop) == 0, "the kernel gives an event loop");
  state_->wake.data = state_->soon.data = state_.get();
  ASSERT(uv_async_init(&state_->loop, &state_->wake,
                       [](uv_async_t* wake) { static_cast<State*>(wake->data)->run_posted(); }) == 0,
         "the kernel gives an event descriptor");
  uv_unref(reinterpret_cast<uv_handle_t*>(&state_->wake));
  uv_idle_init(&state_->loop, &state_->soon);
  state_->soon.idle_cb = [](uv_idle_t* soon) { static_cast<State*>(soon->data)->run_posted(); };
}

Loop::~Loop() {
  state_->closing = true;
  state_->drop_posted();
  uv_close(reinterpret_cast<uv_handle_t*>(&state_->wake), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&state_->soon), nullptr);
  while (uv_run(&state_->loop, UV_RUN_NOWAIT) != 0 && uv_loop_alive(&state_->loop) != 0) {
    bool open = false;
    uv_walk(
        &state_->loop, [](uv_handle_t* handle, void* seen) { *static_cast<bool*>(seen) |= uv_is_closing(handle) == 0; },
        &open);
    ASSERT(!open, "every handle is destroyed before its loop");
    uv_run(&state_->loop, UV_RUN_ONCE);
  }
  ASSERT(uv_loop_close(&state_->loop) == 0, "every handle is destroyed before its loop");
}

void Loop::run() {
  state_->thread = std::this_thread::get_id();
  for (;;) {
    uv_run(&state_->loop, UV_RUN_DEFAULT);
    // A post from elsewhere wakes the loop but does not keep it alive: it may have come as uv_run returned.
    if (state_->stopped || !state_->has_posted()) break;
    state_->run_posted();
  }
  state_->stopped = false;
}

void Loop::stop() {
  state_->stopped = true;
  uv_stop(&state_->loop);
}

void Loop::post(std::function<void()> work) {
  bool first = false;
  {
    std::lock_guard lock(state_->mutex);
    first = state_->posted.empty();
    state_->posted.push_back(std::move(work));
  }
  if (!first) return;
  if (std::this_thread::get_id() == state_->thread) {
    uv_idle_start(&state_->soon, state_->soon.idle_cb);
  } else {
    uv_async_send(&state_->wake);
  }
}

std::unique_ptr<Timer> Loop::after(Duration delay, std::function<void()> fire) {
  return std::make_unique<OneShot>(*this, delay, std::move(fire));
}

std::unique_ptr<Loop::Hold> Loop::hold() {
  class Token final : public Hold {
   public:
    explicit Token(State& state) : state_(state) {
      if (state_.holds++ == 0) uv_ref(reinterpret_cast<uv_handle_t*>(&state_.wake));
    }
    ~Token() override {
      if (--state_.holds == 0) uv_unref(reinterpret_cast<uv_handle_t*>(&state_.wake));
    }

   private:
    State& state_;
  };
  return std::make_unique<Token>(*state_);
}

void Loop::work(std::function<void()> blocking, std::function<void()> done) {
  auto* job = new Job{.uv = {}, .blocking = std::move(blocking), .done = std::move(done), .closing = &state_->closing};
  job->uv.data = job;
  const int status = uv_queue_work(
      &state_->loop, &job->uv, [](uv_work_t* work) { static_cast<Job*>(work->data)->blocking(); },
      [](uv_work_t* work, int) {
        std::unique_ptr<Job> finished(static_cast<Job*>(work->data));
        if (!*finished->closing) finished->done();
      });
  ASSERT(status == 0, "the thread pool takes work");
}

Ticks Loop::turn_began() const { return Ticks(std::chrono::milliseconds(uv_now(&state_->loop))); }

uv_loop_s* Loop::uv() { return &state_->loop; }

std::span<char> Loop::read_buffer() { return state_->buffer; }

}  // namespace tidewire::loop
