#include "http/client.h"

#include "http/exchange_rules.h"
#include "http/server.h"
#include "support/temp_dir.h"
#include "support/tls_server.h"
#include "unit/http/fetched.h"

using namespace tidewire;
using namespace tidewire::test;

TEST_CASE("client: a request goes out as it was asked for", "[http]") {
  Seen seen;
  RawServer server([&](RawSocket& peer, int) {
    seen.note(peer.read_message());
    peer.write("HTTP/1.1 201 Created\r\nX-A: 1\r\nx-a:  2 \r\nContent-Length: 4\r\n\r\ndone");
  });
  Fetched fetched;
  http::Exchange exchange{.request = {.method = "PATCH", .target = server.url("/a/../b?x=%20"), .body = "{}"}};
  exchange.request.headers.add("Content-Type", "application/json");
  exchange.request.headers.add("X-Empty", "");

  const auto response = fetched.send(exchange);

  REQUIRE(response.ok());
  CHECK(response->status == 201);
  CHECK(response->body == "done");
  CHECK(response->headers.count("X-A") == 2);
  CHECK(response->headers.fields()[1].second == "2");
  const std::string sent = seen.all().at(0);
  CHECK(sent.starts_with("PATCH /a/../b?x=%20 HTTP/1.1\r\n"));
  CHECK(sent.find("\r\nContent-Type: application/json\r\n") != std::string::npos);
  CHECK(sent.find("\r\nX-Empty:\r\n") != std::string::npos);
  CHECK(sent.find("\r\nUser-Agent: tidewire/") != std::string::npos);
  CHECK(sent.find("Expect") == std::string::npos);
  CHECK(sent.ends_with("\r\n\r\n{}"));
}

TEST_CASE("client: methods with and without a body", "[http]") {
  Seen seen;
  RawServer server([&](RawSocket& peer, int) {
    for (std::string got = peer.read_message(); !got.empty(); got = peer.read_message()) {
      seen.note(got);
      peer.write(got.starts_with("HEAD") ? "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" : kOk);
    }
  });
  Fetched fetched;

  for (const std::string method : {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"}) {
    const auto response = fetched.send({.request = {.method = method, .target = server.url()}});
    REQUIRE(response.ok());
    CHECK(response->body == (method == "HEAD" ? "" : "ok"));
  }
  CHECK(fetched.send({.request = {.method = "DELETE", .target = server.url(), .body = "x"}}).ok());

  const auto all = seen.all();
  REQUIRE(all.size() == 8);
  CHECK(all[2].find("Content-Length: 0\r\n") != std::string::npos);
  CHECK(all[2].find("Content-Type") == std::string::npos);
  CHECK(all[4].find("Content-Length") == std::string::npos);
  CHECK(all[6].starts_with("PROPFIND / "));
  CHECK(all[7].ends_with("\r\n\r\nx"));
  CHECK(server.connections() == 1);
}

TEST_CASE("client: what may not be sent is invalid, and nothing is", "[http]") {
  Fetched fetched;
  const auto code = [&](http::Exchange exchange) { return fetched.send(std::move(exchange)).error().code; };
  const auto with_header = [](const std::string& name, const std::string& value) {
    http::Exchange exchange{.request = {.target = "http://127.0.0.1:1/"}};
    exchange.request.headers.add(name, value);
    return exchange;
  };

  CHECK(code({.request = {.target = "ftp://x/"}}) == Code::kInvalid);
  CHECK(code({.request = {.target = "file:///etc/passwd"}}) == Code::kInvalid);
  CHECK(code({.request = {.target = "http://"}}) == Code::kInvalid);
  CHECK(code({.request = {.target = "http://a b/"}}) == Code::kInvalid);
  CHECK(code({.request = {.target = "http://127.0.0.1/\r\nX: y"}}) == Code::kInvalid);
  CHECK(code({.request = {.method = "GET /x", .target = "http://127.0.0.1:1/"}}) == Code::kInvalid);
  CHECK(code(with_header("X", "a\r\nY: b")) == Code::kInvalid);
  CHECK(code(with_header("X: Y", "a")) == Code::kInvalid);
  CHECK(code(with_header("content-length", "3")) == Code::kInvalid);
  CHECK(code({.request = {.target = "smtp://127.0.0.1:1"}, .mail = http::Mail{"me@a.example\r\nRCPT TO:<x@b.example>", {"you@a.example"}, "", ""}}) == Code::kInvalid);
  CHECK(code({.request = {.target = "smtp://127.0.0.1:1"}, .mail = http::Mail{"me@a.example", {"you@a.example", "x@b.example\n"}, "", ""}}) == Code::kInvalid);
}

TEST_CASE("client: a connection refused or a name unknown was surely not applied", "[http]") {
  Fetched fetched;

  const auto refused =
      fetched.post("http://127.0.0.1:" + std::to_string(test::closed_port()) + "/x?apikey=s3cret", "{}");
  const auto unknown_name = fetched.post("http://no-such-host.invalid/", "{}");

  CHECK(refused.error().code == Code::kUnavailable);
  CHECK(refused.error().message.find("POST http://127.0.0.1:") == 0);
  CHECK(refused.error().message.find("s3cret") == std::string::npos);
  CHECK(unknown_name.error().code == Code::kUnavailable);
}

TEST_CASE("client: lost after sending is unknown for a POST, harmless for a GET unless once", "[http]") {
  RawServer server([&](RawSocket& peer, int) {
    const std::string got = peer.read_message();
    if (got.find("/half") != std::string::npos) peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nha");
    got.find("/reset") != std::string::npos ? peer.reset() : peer.close();
  });
  Fetched fetched;

  for (const std::string path : {"/reset", "/close", "/half"}) {
    INFO(path);
    CHECK(fetched.post(server.url(path), "{}").error().code == Code::kUnknown);
    CHECK(fetched.get(server.url(path)).error().code == Code::kUnavailable);
    CHECK(fetched.send({.request = {.target = server.url(path)}, .once = true}).error().code == Code::kUnknown);
  }
}

TEST_CASE("client: a write on a reused connection that dies is never sent twice", "[http]") {
  // The server reads each request, applies it, and closes without a word: exactly what libcurl sends again by itself.
  Seen seen;
  RawServer server([&](RawSocket& peer, int) {
    for (int request = 0; request < 2; ++request) {
      const std::string got = peer.read_message();
      if (got.empty()) return;
      seen.note(got);
      if (request == 0) peer.write(kOk);
    }
  });
  const auto sent = [&](http::Exchange exchange) {
    Fetched fetched;
    const auto before = seen.all().size();
    REQUIRE(fetched.get(server.url("/warm")).ok());
    const auto result = fetched.send(std::move(exchange));
    return std::make_pair(seen.all().size() - before - 1, result.ok() ? "ok" : code_name(result.error().code));
  };
  using Sent = std::pair<std::size_t, std::string_view>;

  CHECK(sent({.request = {.method = "POST", .target = server.url(), .body = "{}"}}) == Sent(1, "unknown"));
  CHECK(sent({.request = {.method = "POST", .target = server.url(), .body = "{}"}, .once = true}) ==
        Sent(1, "unknown"));
  CHECK(sent({.request = {.method = "POST", .target = server.url()}}) == Sent(1, "unknown"));
  CHECK(sent({.request = {.method = "DELETE", .target = server.url()}}) == Sent(1, "unknown"));
  CHECK(sent({.request = {.method = "PUT", .target = server.url(), .body = "{}"}}) == Sent(1, "unknown"));
  CHECK(sent({.request = {.method = "PATCH", .target = server.url(), .body = std::string(1 << 20, 'x')}}) ==
        Sent(1, "unknown"));
  CHECK(sent({.request = {.target = server.url()}, .once = true}) == Sent(1, "unknown"));
  CHECK(sent({.request = {.target = server.url()}}) == Sent(2, "ok"));
}

TEST_CASE("client: writes reuse a living connection", "[http]") {
  RawServer server([&](RawSocket& peer, int) {
    while (!peer.read_message().empty()) peer.write(kOk);
  });
  Fetched fetched;

  for (int i = 0; i < 5; ++i)
    REQUIRE(fetched.send({.request = {.method = "POST", .target = server.url(), .body = "{}"}, .once = true}).ok());

  CHECK(server.connections() == 1);
  CHECK(fetched.client->stats().connects == 1);
  CHECK(fetched.client->stats().requests == 5);
}

TEST_CASE("client: the deadline counts all of it", "[http]") {
  RawServer server([&](RawSocket& peer, int) {
    for (std::string got = peer.read_message(); !got.empty(); got = peer.read_message()) {
      if (got.find("/loop") != std::string::npos) peer.write(redirect_to("/silent"));
      if (got.find("/body") != std::string::npos) peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nha");
    }
  });
  Fetched fetched;

  for (const std::string path : {"/silent", "/body"}) {
    const auto late =
        fetched.send({.request = {.method = "POST", .target = server.url(path), .body = "{}"}, .deadline = 50ms});
    CHECK(late.error().code == Code::kUnknown);
    CHECK(late.error().message.find("50 ms") != std::string::npos);
  }
  CHECK(fetched.send({.request = {.target = server.url("/loop")}, .deadline = 50ms}).error().code ==
        Code::kUnavailable);
}

TEST_CASE("client: a deadline that passes while waiting for a free connection is unavailable", "[http]") {
  RawServer server([&](RawSocket& peer, int) {
    while (!peer.read_message().empty()) continue;
  });
  Fetched fetched({.connections_per_host = 1, .use_proxy_variables = false});
  const auto blocking =
      fetched.client->send({.request = {.method = "POST", .target = server.url(), .body = "{}"}}, [](const auto&) {});

  const auto late =
      fetched.send({.request = {.method = "POST", .target = server.url(), .body = "{}"}, .deadline = 50ms});

  CHECK(late.error().code == Code::kUnavailable);
}

TEST_CASE("client: an untrusted certificate is denied, a trusted one is not, a peer without TLS was not reached",
          "[http]") {
  test::TempDir folder;
  const test::TlsServer server("{}");
  const std::string trusted = folder.write("ca.pem", server.certificate());
  Fetched trusting({.ca_file = trusted, .use_proxy_variables = false});
  Fetched strict({.use_proxy_variables = false});
  RawServer plain([&](RawSocket& peer, int) {
    peer.read(1);
    peer.write("HTTP/1.1 400 Bad Request\r\n\r\n");
  });

  const auto denied = strict.post(server.url(), "{}");
  const auto spoken = trusting.post(server.url(), "{}");
  const auto no_tls = trusting.post("https://127.0.0.1:" + std::to_string(plain.port()) + "/", "{}");

  CHECK(denied.error().code == Code::kDenied);
  CHECK_FALSE(denied.error().hint.empty());
  REQUIRE(spoken.ok());
  CHECK(spoken->body == "{}");
  CHECK(no_tls.error().code == Code::kUnavailable);
}

TEST_CASE("client: a cancelled call is not answered and leaves the connection of others alone", "[http]") {
  RawServer server([&](RawSocket& peer, int) {
    while (!peer.read_message().empty()) peer.write(kOk);
  });
  Fetched fetched;
  bool called = false;

  auto cancelled = fetched.client->send({.request = {.target = server.url()}}, [&](const auto&) { called = true; });
  cancelled.reset();
  CHECK(fetched.get(server.url()).ok());

  CHECK_FALSE(called);
  CHECK(fetched.client->stats().in_flight == 0);
}

TEST_CASE("client: it may be destroyed from an answer, with calls under way that outlive it", "[http]") {
  RawServer server([&](RawSocket& peer, int) {
    while (!peer.read_message().empty()) peer.write(kOk);
  });
  Fetched fetched;
  int answered = 0;
  std::vector<std::unique_ptr<Client::Call>> calls;

  for (int i = 0; i < 4; ++i) {
    calls.push_back(fetched.client->send({.request = {.target = server.url()}}, [&](const auto&) {
      ++answered;
      fetched.client.reset();
    }));
  }
  fetched.loop.run();

  CHECK(answered == 1);
}

TEST_CASE("client: an answer may start the next request, and many share few connections", "[http]") {
  loop::Loop loop;
  http::Server server(loop, {},
                      [](http::Request request, http::Reply reply) { reply(Response::text(200, request.body)); });
  const std::string url = "http://" + *server.listen("127.0.0.1:0") + "/";
  Client client(loop, {.connections_per_host = 3, .use_proxy_variables = false});
  std::vector<std::unique_ptr<Client::Call>> calls;
  int answered = 0, most_connections = 0;
  std::function<void(int)> ask = [&](int more) {
    calls.push_back(client.send({.request = {.method = "POST", .target = url, .body = std::to_string(more)}},
                                [&, more](Result<Response> response) {
                                  answered += response.ok() && response->body == std::to_string(more);
                                  most_connections = std::max(most_connections, server.connections());
                                  if (more > 0) ask(more - 1);
                                  if (answered == 300) loop.stop();
                                }));
  };

  for (int i = 0; i < 30; ++i) ask(9);
  loop.run();

  CHECK(answered == 300);
  CHECK(most_connections == 3);
}

TEST_CASE("client: proxy variables are used when allowed", "[http]") {
  Seen seen;
  RawServer proxy([&](RawSocket& peer, int) {
    seen.note(peer.read_message());
    peer.write(kOk);
  });
  ::setenv("http_proxy", proxy.url().c_str(), 1);
  Fetched with({.use_proxy_variables = true});
  Fetched without({.use_proxy_variables = false});

  const auto proxied = with.get("http://no-such-host.invalid/x");
  const auto direct = without.get("http://no-such-host.invalid/x");
  ::unsetenv("http_proxy");

  CHECK(proxied.ok());
  CHECK(seen.all().at(0).starts_with("GET http://no-such-host.invalid/x HTTP/1.1\r\n"));
  CHECK(direct.error().code == Code::kUnavailable);
}

TEST_CASE("client: which file of certificates is trusted", "[http]") {
  CHECK(http::find_ca_file({.ca_file = "/no/such/file"}).error().code == Code::kInvalid);
  ::setenv("SSL_CERT_FILE", "/no/such/file", 1);
  CHECK(http::find_ca_file({}).error().message.find("SSL_CERT_FILE") != std::string::npos);
  ::setenv("SSL_CERT_FILE", "/dev/null", 1);
  CHECK(*http::find_ca_file({}) == "/dev/null");
  ::unsetenv("SSL_CERT_FILE");
}

TEST_CASE("exchange rules: a URL is shown without what may be secret", "[http]") {
  CHECK(http::shown({.method = "GET", .target = "https://u:p@h/x?key=1"}) == "GET https://h/x");
  CHECK(http::shown({.method = "GET", .target = "https://h/a@b#f"}) == "GET https://h/a@b");
  CHECK(http::shown({.method = "GET", .target = "https://h"}) == "GET https://h");
}
