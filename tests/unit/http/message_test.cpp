#include "http/message.h"

#include <catch2/catch.hpp>

#include "http/answer.h"

using namespace tidewire::http;

TEST_CASE("headers: names compare without case, order and repeats stay", "[http]") {
  Headers headers;
  headers.add("X-A", "1");
  headers.add("b", "2");
  headers.add("x-a", "3");

  CHECK(*headers.find("X-a") == "1");
  CHECK(headers.count("x-A") == 2);
  CHECK(headers.find("c") == nullptr);
  headers.set("X-A", "4");
  REQUIRE(headers.fields().size() == 2);
  CHECK(headers.fields()[0].second == "4");
  CHECK(headers.fields()[1].first == "b");
}

TEST_CASE("request: path and decoded query", "[http]") {
  const Request request{.target = "/a%20b?x=1&y=a+b%26&x=2&flag&=v"};

  CHECK(request.path() == "/a%20b");
  CHECK(request.query("x") == "1");
  CHECK(request.query("y") == "a b&");
  CHECK(request.query("flag").empty());
  CHECK(request.query("none").empty());
  CHECK(parse_query("a=1&&b").size() == 2);
}

TEST_CASE("percent: any bytes survive, and what is no escape stays", "[http]") {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);

  CHECK(percent_decode(percent_encode(all)) == all);
  CHECK(percent_encode("a-._~ /ü") == "a-._~%20%2F%C3%BC");
  CHECK(percent_decode("100%") == "100%");
  CHECK(percent_decode("%zz%4") == "%zz%4");
  CHECK(percent_decode("a+b") == "a+b");
}

TEST_CASE("answer: length and connection are ours, and no field can end the head early", "[http]") {
  Response response{.status = 200, .body = "hello"};
  response.headers.add("Content-Length", "99");
  response.headers.add("transfer-encoding", "chunked");
  response.headers.add("X-Good", "yes");
  response.headers.add("X-Bad", "a\r\nSet-Cookie: x");
  response.headers.add("X Bad", "a");
  std::string out;

  write_answer_head(response, {.date = "D", .close = true}, out);

  CHECK(out == "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Length: 5\r\nConnection: close\r\nX-Good: yes\r\n\r\n");
}

TEST_CASE("answer: a date of the response's own stands in the place of ours, once, where it is a value", "[http]") {
  Response response{.status = 204};
  response.headers.add("date", "Sun, 06 Nov 1994 08:49:37 GMT");
  response.headers.add("Date", "D");
  Response broken{.status = 204};
  broken.headers.add("Date", "a\r\nSet-Cookie: x");
  std::string out, other;

  write_answer_head(response, {.date = "ours"}, out);
  write_answer_head(broken, {.date = "ours"}, other);

  CHECK(out == "HTTP/1.1 204 No Content\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
  CHECK(other == "HTTP/1.1 204 No Content\r\nDate: ours\r\n\r\n");
}

TEST_CASE("answer: 204 has neither body nor length; dates are English", "[http]") {
  std::string out;
  write_answer_head({.status = 204, .body = ""}, {.date = "D"}, out);

  CHECK(out == "HTTP/1.1 204 No Content\r\nDate: D\r\n\r\n");
  CHECK(http_date(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");
}
