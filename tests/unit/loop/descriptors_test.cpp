#include "loop/descriptors.h"

#include <catch2/catch.hpp>
#include <sys/resource.h>

#include <algorithm>

using namespace tidewire;

TEST_CASE("descriptors: the soft limit is raised to what is allowed or wanted, and never lowered", "[loop]") {
  struct rlimit before {};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  struct rlimit low = before;
  low.rlim_cur = std::min<rlim_t>(before.rlim_max, 200);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &low) == 0);

  const auto wanted = static_cast<std::size_t>(std::min<rlim_t>(before.rlim_max, 300));
  CHECK(loop::raise_descriptors(wanted) == wanted);
  CHECK(loop::raise_descriptors(10) == wanted);
  struct rlimit raised {};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &raised) == 0);
  CHECK(raised.rlim_cur == wanted);
  CHECK(raised.rlim_max == before.rlim_max);

  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
}
