#include "app/remote.h"

#include <catch2/catch.hpp>

using namespace tidewire;
using namespace tidewire::app;

TEST_CASE("remote: a token travels in clear to this machine only", "[app]") {
  for (const char* here : {"http://localhost:8080", "http://127.0.0.1:8080", "http://127.1.2.3", "http://[::1]:8080", "https://sync.example.org"}) {
    INFO(here);
    CHECK(Remote::checked_url(here, "token").ok());
  }
  for (const char* there : {"http://127.evil.com", "http://127.0.0.1.evil.com:8080", "http://localhost.evil.com", "http://127.0.0.1@evil.com", "http://localhost:8080@evil.com", "http://[::2]", "http://sync.example.org"}) {
    INFO(there);
    CHECK_FALSE(Remote::checked_url(there, "token").ok());
    CHECK(Remote::checked_url(there, "").ok());
  }
}
