#include "unit/http/fetched.h"

using namespace tidewire;
using namespace tidewire::test;

TEST_CASE("client: redirects are followed for GET within an origin, with all headers", "[http]") {
  Seen seen;
  RawServer server([&](RawSocket& peer, int) {
    for (std::string got = peer.read_message(); !got.empty(); got = peer.read_message()) {
      seen.note(got);
      peer.write(got.starts_with("GET /a") ? redirect_to("/b?x=1", 301) : kOk);
    }
  });
  Fetched fetched;
  http::Exchange exchange{.request = {.target = server.url("/a")}};
  exchange.request.headers.add("Authorization", "token k:s");

  const auto response = fetched.send(exchange);

  REQUIRE(response.ok());
  CHECK(response->body == "ok");
  REQUIRE(seen.all().size() == 2);
  CHECK(seen.all()[1].starts_with("GET /b?x=1 "));
  CHECK(seen.all()[1].find("Authorization: token k:s") != std::string::npos);
}

TEST_CASE("client: no credential of any name follows a redirect to another origin, nor comes back", "[http]") {
  Seen seen;
  std::string home;
  RawServer other([&](RawSocket& peer, int) {
    seen.note(peer.read_message());
    peer.write(redirect_to(home + "back"));
  });
  RawServer server([&](RawSocket& peer, int) {
    for (std::string got = peer.read_message(); !got.empty(); got = peer.read_message()) {
      const bool back = seen.note(got).starts_with("GET /back");
      peer.write(back ? kOk : redirect_to(other.url("/x")));
    }
  });
  home = server.url();
  Fetched fetched;
  http::Exchange exchange{.request = {.target = "http://user:pass@127.0.0.1:" + std::to_string(server.port()) + "/"}};
  for (const char* name : {"Authorization", "apikey", "Cookie", "X-Whatever", "Host"})
    exchange.request.headers.add(name, "s3cret");
  exchange.request.headers.add("Accept", "application/json");

  const auto response = fetched.send(exchange);

  REQUIRE(response.ok());
  const auto all = seen.all();
  REQUIRE(all.size() == 3);
  CHECK(all[0].find("s3cret") != std::string::npos);
  for (const auto& later : {all[1], all[2]}) {
    CHECK(later.find("s3cret") == std::string::npos);
    CHECK(later.find("Authorization") == std::string::npos);
    CHECK(later.find("Accept: application/json") != std::string::npos);
  }
}

TEST_CASE("client: with same_origin a redirect that leaves the origin is the answer, one within it is followed", "[http]") {
  RawServer server([&](RawSocket& peer, int) {
    for (std::string got = peer.read_message(); !got.empty(); got = peer.read_message()) {
      peer.write(got.starts_with("GET /a") ? redirect_to("/b", 301) : redirect_to("http://127.0.0.2:9/c", 301));
    }
  });
  Fetched fetched;

  const auto response = fetched.send({.request = {.target = server.url("/a")}, .same_origin = true});

  REQUIRE(response.ok());
  CHECK(response->status == 301);
  CHECK(*response->headers.find("Location") == "http://127.0.0.2:9/c");
}

TEST_CASE("client: a POST's redirect is its answer; endless and foreign redirects are the server's fault", "[http]") {
  RawServer server([&](RawSocket& peer, int) {
    for (std::string got = peer.read_message(); !got.empty(); got = peer.read_message()) {
      peer.write(redirect_to(got.find(" /file") != std::string::npos ? "file:///etc/passwd" : "/again", 307));
    }
  });
  Fetched fetched;

  const auto posted = fetched.post(server.url(), "{}");
  REQUIRE(posted.ok());
  CHECK(posted->status == 307);
  CHECK(fetched.get(server.url()).error().code == Code::kUnavailable);
  CHECK(fetched.get(server.url("/file")).error().code == Code::kUnavailable);
  CHECK(fetched.send({.request = {.target = server.url()}, .redirects = 0})->status == 307);
}

TEST_CASE("client: a gzipped body comes out as it was meant", "[http]") {
  const std::string text(100000, 'z');
  Seen seen;
  RawServer server([&](RawSocket& peer, int) {
    seen.note(peer.read_message());
    peer.write(answer_with(gzip(text), "Content-Encoding: gzip\r\nETag: e\r\n"));
  });
  Fetched fetched;

  const auto response = fetched.get(server.url());

  REQUIRE(response.ok());
  CHECK((response->body == text));
  CHECK(response->headers.find("Content-Encoding") == nullptr);
  CHECK(response->headers.find("Content-Length") == nullptr);
  CHECK(*response->headers.find("ETag") == "e");
  CHECK(seen.all()[0].find("Accept-Encoding: gzip\r\n") != std::string::npos);
}

TEST_CASE("client: more than max_bytes is invalid, also when it was packed small", "[http]") {
  RawServer server([&](RawSocket& peer, int) {
    const bool packed = peer.read_message().find("/packed") != std::string::npos;
    const std::string text(2000, 'z');
    peer.write(packed ? answer_with(gzip(text), "Content-Encoding: gzip\r\n") : answer_with(text));
  });
  Fetched fetched;

  for (const std::string path : {"/plain", "/packed"}) {
    CHECK(fetched.send({.request = {.target = server.url(path)}, .max_bytes = 1999}).error().code == Code::kInvalid);
    CHECK(fetched.send({.request = {.target = server.url(path)}, .max_bytes = 2000}).ok());
  }
}

TEST_CASE("client: a write whose answer is too large may have been applied", "[http]") {
  RawServer server([&](RawSocket& peer, int) {
    peer.read_message();
    peer.write(answer_with(std::string(2000, 'z')));
  });
  Fetched fetched;

  const auto answer = fetched.send({.request = {.method = "PATCH", .target = server.url(), .body = "{}"}, .max_bytes = 1999});
  CHECK(answer.error().code == Code::kUnknown);
}

TEST_CASE("client: an answer that is no HTTP condemns no request", "[http]") {
  RawServer server([&](RawSocket& peer, int) {
    peer.read_message();
    peer.write("SSH-2.0-OpenSSH_9.2p1 Debian\r\n");
  });
  Fetched fetched;

  CHECK(fetched.get(server.url()).error().code == Code::kUnavailable);
  CHECK(fetched.post(server.url(), "{}").error().code == Code::kUnknown);
  CHECK(fetched.send({.request = {.target = server.url()}, .once = true}).error().code == Code::kUnknown);
}

TEST_CASE("client: 100 Continue and early hints are not the answer", "[http]") {
  RawServer server([&](RawSocket& peer, int) {
    peer.read_message();
    peer.write("HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\nHTTP/1.1 103 Early Hints\r\nX-Early: 2\r\n\r\n" + kOk);
  });
  Fetched fetched;

  const auto response = fetched.get(server.url());

  REQUIRE(response.ok());
  CHECK(response->status == 200);
  CHECK(response->headers.find("X-Early") == nullptr);
}
