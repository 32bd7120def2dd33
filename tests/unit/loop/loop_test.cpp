#include "loop/loop.h"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "loop/alarm.h"

using namespace std::chrono_literals;
using tidewire::Timer;
using tidewire::loop::Alarm;
using tidewire::loop::Loop;

TEST_CASE("loop: posted work runs in order, after the call returned", "[loop]") {
  Loop loop;
  std::vector<int> order;

  loop.post([&] {
    order.push_back(1);
    loop.post([&] { order.push_back(3); });
    order.push_back(2);
  });
  CHECK(order.empty());
  loop.run();

  CHECK(order == std::vector{1, 2, 3});
}

TEST_CASE("loop: a post from another thread wakes a loop that is held", "[loop]") {
  Loop loop;
  const auto caller = std::this_thread::get_id();
  std::thread::id ran_on;
  auto hold = loop.hold();

  std::thread other([&] {
    loop.post([&] {
      ran_on = std::this_thread::get_id();
      hold.reset();
    });
  });
  loop.run();
  other.join();

  CHECK(ran_on == caller);
}

TEST_CASE("loop: run ends when nothing is left that could happen", "[loop]") {
  Loop loop;

  loop.run();

  SUCCEED();
}

TEST_CASE("loop: stop leaves run although a timer is pending, and run can go on", "[loop]") {
  Loop loop;
  bool fired = false;
  const auto timer = loop.after(1ms, [&] { fired = true; });

  loop.post([&] { loop.stop(); });
  loop.run();
  CHECK_FALSE(fired);
  loop.run();

  CHECK(fired);
}

TEST_CASE("loop: timers fire in order of their delay, and 0 is the next turn", "[loop]") {
  Loop loop;
  std::vector<int> order;

  const auto late = loop.after(20ms, [&] { order.push_back(3); });
  const auto soon = loop.after(5ms, [&] { order.push_back(2); });
  const auto now = loop.after(0ms, [&] { order.push_back(1); });
  CHECK(order.empty());
  loop.run();

  CHECK(order == std::vector{1, 2, 3});
}

TEST_CASE("loop: a timer is never early", "[loop]") {
  Loop loop;
  const auto start = std::chrono::steady_clock::now();
  std::chrono::steady_clock::duration waited{};

  const auto timer = loop.after(1500us, [&] { waited = std::chrono::steady_clock::now() - start; });
  loop.run();

  CHECK(waited >= 1500us);
}

TEST_CASE("loop: a destroyed timer never fires, also when another callback of the turn destroys it", "[loop]") {
  Loop loop;
  int fired = 0;
  std::unique_ptr<Timer> second;

  const auto first = loop.after(0ms, [&] {
    ++fired;
    second.reset();
  });
  second = loop.after(0ms, [&] { ++fired; });
  loop.run();

  CHECK(fired == 1);
}

TEST_CASE("loop: a timer may destroy itself while it fires", "[loop]") {
  Loop loop;
  std::string seen;
  std::unique_ptr<Timer> timer;

  timer = loop.after(0ms, [&timer, &seen, text = std::string(100, 'x')] {
    timer.reset();
    seen = text;
  });
  loop.run();

  CHECK(seen.size() == 100);
}

TEST_CASE("loop: blocking work runs elsewhere and is finished on the loop", "[loop]") {
  Loop loop;
  std::thread::id blocked_on, done_on;

  loop.work([&] { blocked_on = std::this_thread::get_id(); }, [&] { done_on = std::this_thread::get_id(); });
  loop.run();

  CHECK(done_on == std::this_thread::get_id());
  CHECK(blocked_on != done_on);
}

TEST_CASE("loop: what was posted or under way when the loop ends is dropped, not run", "[loop]") {
  bool called = false;
  {
    Loop loop;
    loop.post([&] { called = true; });
    loop.work([] {}, [&] { called = true; });
  }

  CHECK_FALSE(called);
}

TEST_CASE("loop: what is dropped as the loop ends may post as it goes", "[loop]") {
  auto loop = std::make_unique<Loop>();
  bool ran = false;
  struct Last {
    Loop& loop;
    bool& ran;
    ~Last() {
      loop.post([&ran = ran] { ran = true; });
    }
  };
  loop->post([last = std::make_shared<Last>(*loop, ran)] {});

  loop.reset();

  CHECK_FALSE(ran);
}

TEST_CASE("loop: sixteen calls may block at once", "[loop]") {
  Loop loop;
  std::mutex mutex;
  std::condition_variable all;
  int blocking = 0, timed_out = 0;

  for (int i = 0; i < 16; ++i) {
    loop.work(
        [&] {
          std::unique_lock lock(mutex);
          if (++blocking == 16) all.notify_all();
          timed_out += all.wait_for(lock, 20s, [&] { return blocking == 16; }) ? 0 : 1;
        },
        [] {});
  }
  loop.run();

  CHECK(timed_out == 0);
}

TEST_CASE("alarm: setting it again overtakes the former time", "[loop]") {
  Loop loop;
  int rings = 0;
  Alarm alarm(loop, [&] { ++rings; });

  alarm.set(10s);
  alarm.set(0ms);
  loop.run();
  CHECK(rings == 1);
  CHECK_FALSE(alarm.is_set());
  alarm.set(1ms);
  alarm.clear();
  loop.run();

  CHECK(rings == 1);
}
