#include "sched/limiter.h"

#include <catch2/catch.hpp>

#include "support/fake_clock.h"

using namespace tidewire;
using namespace tidewire::sched;
using namespace std::chrono_literals;

TEST_CASE("limiter: rates are read per second, minute and hour", "[sched]") {
  CHECK(parse_rate("20/s")->per_second == Approx(20));
  CHECK(parse_rate("600/m")->per_second == Approx(10));
  CHECK(parse_rate("10000/h")->per_second == Approx(2.7778).epsilon(0.001));
  CHECK(parse_rate("20/s")->burst == Approx(5));
  CHECK(parse_rate("3/s")->burst == Approx(1));
  for (const char* text : {"", "20", "20/", "/s", "0/s", "-1/s", "20/d", "20 /s", "2.5/s", "20/s "}) {
    INFO(text);
    CHECK_FALSE(parse_rate(text).ok());
  }
}

TEST_CASE("limiter: after the burst one token comes per interval", "[sched]") {
  test::FakeClock clock;
  TokenBucket bucket(10, 3, clock);

  for (int i = 0; i < 3; ++i) CHECK(bucket.try_take());
  CHECK_FALSE(bucket.try_take());
  CHECK(bucket.wait() == 100ms);
  clock.pass(99ms);
  CHECK_FALSE(bucket.try_take());
  clock.pass(1ms);
  CHECK(bucket.try_take());
  CHECK_FALSE(bucket.try_take());
}

TEST_CASE("limiter: waiting as long as told is always enough", "[sched]") {
  test::FakeClock clock;
  TokenBucket bucket(parse_rate("10000/h").value(), clock);
  for (int i = 0; i < 1000; ++i) {
    clock.pass(bucket.wait());
    CHECK(bucket.try_take());
  }
}

TEST_CASE("limiter: over an hour the rate is kept", "[sched]") {
  test::FakeClock clock;
  TokenBucket bucket(parse_rate("600/m").value(), clock);
  int taken = 0;
  for (int i = 0; i < 3'600'00; ++i) {
    taken += bucket.try_take();
    clock.pass(10ms);
  }

  CHECK(taken <= 36'000 + 3);
  CHECK(taken >= 36'000 - 3);
}

TEST_CASE("limiter: a batch larger than the burst goes on credit", "[sched]") {
  test::FakeClock clock;
  TokenBucket bucket(10, 5, clock);

  CHECK(bucket.try_take(25));
  CHECK_FALSE(bucket.try_take());
  CHECK(bucket.wait() == 2100ms);
}

TEST_CASE("limiter: a pause holds back a full bucket, and the longer of two counts", "[sched]") {
  test::FakeClock clock;
  TokenBucket bucket(10, 5, clock);

  bucket.pause(30s);
  bucket.pause(5s);

  CHECK_FALSE(bucket.try_take());
  CHECK(bucket.wait() == 30s);
  clock.pass(30s);
  CHECK(bucket.try_take());
}

TEST_CASE("limiter: no pause is longer than a day", "[sched]") {
  test::FakeClock clock;
  TokenBucket bucket(10, 5, clock);

  bucket.pause(200'000'000s);

  CHECK(bucket.wait() == 24h);
  clock.pass(24h);
  CHECK(bucket.try_take());
}

TEST_CASE("limiter: setting the machine's clock changes nothing", "[sched]") {
  test::FakeClock clock;
  TokenBucket bucket(1, 1, clock);
  CHECK(bucket.try_take());

  clock.set(clock.now() + 24h);

  CHECK_FALSE(bucket.try_take());
}
