// When webhooks that were refused are news: a stranger's one is none.
#include <catch2/catch.hpp>

#include "app/connection.h"

using namespace tidewire;
using Webhooks = app::Connection::Webhooks;

namespace {

const Instant kStart = Instant(std::chrono::hours(24 * 365 * 50));

void refuse(Webhooks& hooks, std::size_t times, Instant first, Duration apart) {
  for (std::size_t i = 0; i < times; ++i) hooks.note_refused(first + apart * static_cast<int>(i));
}

}  // namespace

TEST_CASE("refused webhooks: as many as five within an hour are news", "[app]") {
  Webhooks hooks;

  refuse(hooks, 4, kStart, std::chrono::minutes(15));
  CHECK_FALSE(hooks.many_refused);
  hooks.note_refused(kStart + std::chrono::hours(1));

  CHECK(hooks.many_refused == kStart + std::chrono::hours(1));
  CHECK(hooks.unproved == 5);
}

TEST_CASE("refused webhooks: some now and then are none", "[app]") {
  Webhooks hooks;

  refuse(hooks, 50, kStart, std::chrono::minutes(16));

  CHECK_FALSE(hooks.many_refused);
  CHECK(hooks.refused.size() == app::Connection::kManyRefused);
}

TEST_CASE("refused webhooks: one that is proved begins the count anew", "[app]") {
  Webhooks hooks;

  refuse(hooks, 4, kStart, std::chrono::seconds(1));
  hooks.note_received(kStart + std::chrono::seconds(5));
  refuse(hooks, 4, kStart + std::chrono::seconds(6), std::chrono::seconds(1));

  CHECK_FALSE(hooks.many_refused);
  CHECK(hooks.last == kStart + std::chrono::seconds(5));
}
