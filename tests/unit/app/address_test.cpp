#include "app/address.h"

#include <catch2/catch.hpp>

#include "http/exchange_rules.h"

using namespace tidewire;
using namespace tidewire::app;

TEST_CASE("address: of one that may hold a token only the host is shown", "[app]") {
  for (const char* url : {"https://chat.example/hooks/a-token", "https://chat.example/hooks/a-token?wait=true", "https://ada:word@chat.example/a-token#x", "https://chat.example?key=a-token"}) {
    INFO(url);
    http::Request request;
    request.method = "POST";
    request.target = url;

    CHECK(host_of(url) == "chat.example");
    CHECK(by_host(http::shown(request) + ": connection refused", url) == "POST chat.example: connection refused");
  }
}

TEST_CASE("address: a text without it stays as it is", "[app]") {
  CHECK(by_host("an address to tell is no text", "") == "an address to tell is no text");
  CHECK(by_host("POST https://other.example/x: gone", "https://chat.example/x") == "POST https://other.example/x: gone");
  CHECK(host_of("[::1]:25") == "[::1]:25");
}
