#include <latch>
#include <list>

#include "support/temp_dir.h"
#include "unit/http/served.h"

using namespace tidewire;
using namespace tidewire::test;

TEST_CASE("server: a body too large is answered 413 while the sender still sends", "[http]") {
  Served served({.max_body = 1000});
  std::string announced, chunked;

  served.run([&] {
    auto peer = RawSocket::connect_to(served.address);
    peer.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n" + std::string(500000, 'x'));
    announced = peer.read_message();
    auto other = RawSocket::connect_to(served.address);
    other.write("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + std::string(1001, 'x'));
    chunked = other.read_message();
  });

  CHECK(announced.starts_with("HTTP/1.1 413 "));
  CHECK(chunked.starts_with("HTTP/1.1 413 "));
  CHECK(served.asked.empty());
}

TEST_CASE("server: bodies that are too much together are answered 503, until others are answered", "[http]") {
  Served served({.max_bodies = 250'000});
  std::latch kept(1);
  served.on_kept = [&] { kept.count_down(); };
  std::string refused, first, again;

  served.run([&] {
    auto holding = RawSocket::connect_to(served.address);
    holding.write(post("/later", std::string(100'000, 'x')));
    kept.wait();
    auto late = RawSocket::connect_to(served.address);
    late.write(post("/b", std::string(240'000, 'y')));
    refused = late.read_message();
    served.loop.post([&] { served.answer_kept(); });
    first = holding.read_message();
    auto later = RawSocket::connect_to(served.address);
    later.write(post("/c", std::string(20'000, 'z')));
    again = later.read_message();
  });

  CHECK(refused.starts_with("HTTP/1.1 503 "));
  CHECK(refused.find("Retry-After: ") != std::string::npos);
  CHECK(first.starts_with("HTTP/1.1 200 "));
  CHECK(again.starts_with("HTTP/1.1 200 "));
  CHECK(served.asked.size() == 2);
}

TEST_CASE("server: what is refused before a handler sees it is said in the owner's words", "[http]") {
  Served served({.max_body = 10, .refusal = [](int status, std::string_view why) { return Response::json(status, "{\"" + std::string(why) + "\"}"); }});
  std::string long_body, no_request;

  served.run([&] {
    auto a = RawSocket::connect_to(served.address);
    a.write(post("/x", std::string(11, 'b')));
    long_body = a.read_message();
    auto b = RawSocket::connect_to(served.address);
    b.write("nonsense\r\n\r\n");
    no_request = b.read_message();
  });

  CHECK(long_body.starts_with("HTTP/1.1 413 "));
  CHECK(body_of(long_body) == "{\"body too large\"}");
  CHECK(long_body.find("Connection: close\r\n") != std::string::npos);
  CHECK(no_request.starts_with("HTTP/1.1 400 "));
  CHECK(body_of(no_request) == "{\"no HTTP request line\"}");
}

TEST_CASE("server: a head too large is answered 431", "[http]") {
  Served served({.max_head = 300});
  std::string answer;

  served.run([&] {
    auto peer = RawSocket::connect_to(served.address);
    peer.write("GET / HTTP/1.1\r\nX: " + std::string(400, 'x'));
    answer = peer.read_message();
  });

  CHECK(answer.starts_with("HTTP/1.1 431 "));
}

TEST_CASE("server: a head or a body that trickles is answered 408, an idle connection closed", "[http]") {
  Served served({.head_time = 60ms, .body_time = 60ms, .idle_time = 60ms});
  std::string head, body, idle, kept;

  served.run([&] {
    auto slow_head = RawSocket::connect_to(served.address);
    auto slow_body = RawSocket::connect_to(served.address);
    auto silent = RawSocket::connect_to(served.address);
    auto used = RawSocket::connect_to(served.address);
    slow_head.write("GET / HTTP/1.1\r\nHo");
    slow_body.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345");
    used.write(kGet);
    head = slow_head.read_all();
    body = slow_body.read_all();
    idle = silent.read_all();
    used.read_message();
    kept = used.read_all();
  });

  CHECK(head.starts_with("HTTP/1.1 408 "));
  CHECK(body.starts_with("HTTP/1.1 408 "));
  CHECK(idle.empty());
  CHECK(kept.empty());
  CHECK(served.server->stats().timed_out == 4);
}

TEST_CASE("server: bytes that keep coming do not stretch the time for the head", "[http]") {
  Served served({.head_time = 100ms});
  std::string answer;

  served.run([&] {
    auto peer = RawSocket::connect_to(served.address);
    peer.write("GET / HTTP/1.1\r\n");
    std::atomic<bool> stop = false;
    std::thread dripping([&] {
      while (!stop) {
        peer.write("X: y\r\n");
        std::this_thread::yield();
        ::usleep(5000);
      }
    });
    answer = peer.read_until("\r\n\r\n");
    stop = true;
    dripping.join();
  });

  CHECK(answer.starts_with("HTTP/1.1 408 "));
}

TEST_CASE("server: a body below the least rate is given up early", "[http]") {
  Served hurried({.body_time = 150ms, .min_body_rate = 1u << 30});
  std::string answer;

  hurried.run([&] {
    auto peer = RawSocket::connect_to(hurried.address);
    peer.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n12345");
    answer = peer.read_until("\r\n\r\n");
  });

  CHECK(answer.starts_with("HTTP/1.1 408 "));
}

TEST_CASE("server: one connection too many is answered 503", "[http]") {
  Served served({.max_connections = 2});
  std::string third, first;

  served.run([&] {
    auto a = RawSocket::connect_to(served.address);
    auto b = RawSocket::connect_to(served.address);
    a.write(kGet);
    b.write(kGet);
    first = a.read_message();
    b.read_message();
    auto c = RawSocket::connect_to(served.address);
    third = c.read_all();
  });

  CHECK(first.starts_with("HTTP/1.1 200 "));
  CHECK(third.starts_with("HTTP/1.1 503 "));
  CHECK(served.server->stats().refused == 1);
}

TEST_CASE("server: whoever watches is told of each connection that is too many", "[http]") {
  int crowded = 0;
  ServerOptions options{.max_connections = 1};
  options.crowded = [&](const std::string&) { ++crowded; };
  Served served(options);

  served.run([&] {
    auto a = RawSocket::connect_to(served.address);
    a.write(kGet);
    a.read_message();
    RawSocket::connect_to(served.address).read_all();
    RawSocket::connect_to(served.address).read_all();
  });

  CHECK(crowded == 2);
  CHECK(served.server->stats().refused == 2);
}

TEST_CASE("server: one address has so many connections and no more, and takes no place from the others", "[http]") {
  std::vector<std::string> greedy;
  int accepted = 0;
  ServerOptions options{.max_connections = 12};
  options.whose = [&](const std::string&) { return ++accepted > 11 ? "somebody else" : "198.51.100.7"; };
  options.max_of_one = [] { return 2; };
  options.crowded = [&](const std::string& whose) { greedy.push_back(whose); };
  Served served(options);
  std::string third, other, again;

  served.run([&] {
    std::list<RawSocket> held;
    for (int i = 0; i < 2; ++i) {
      held.push_back(RawSocket::connect_to(served.address));
      held.back().write(kGet);
      held.back().read_message();
    }
    third = RawSocket::connect_to(served.address).read_all();
    for (int i = 0; i < 8; ++i) held.push_back(RawSocket::connect_to(served.address));  // refused ones that stay
    held.push_back(RawSocket::connect_to(served.address));
    held.back().write(kGet);
    other = held.back().read_message();
  });

  CHECK(third.starts_with("HTTP/1.1 429 "));
  CHECK(third.find("Retry-After: ") != std::string::npos);
  CHECK(other.starts_with("HTTP/1.1 200 "));
  CHECK(greedy == std::vector<std::string>(9, "198.51.100.7"));
}

TEST_CASE("server: an address whose connections end may have others, and nobody's are not counted", "[http]") {
  ServerOptions options;
  options.whose = [](const std::string&) { return "198.51.100.7"; };
  options.max_of_one = [] { return 1; };
  Served counted(options);
  options.whose = [](const std::string&) { return ""; };
  Served uncounted(options);
  std::vector<std::string> answers;
  const auto ask = [&](RawSocket& from) {
    from.write(kGet);
    answers.push_back(from.read_message().substr(0, 13));
  };

  counted.run([&] {
    for (int i = 0; i < 3; ++i) {
      auto one = RawSocket::connect_to(counted.address);
      one.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      answers.push_back(one.read_all().substr(0, 13));
    }
  });
  uncounted.run([&] {
    auto a = RawSocket::connect_to(uncounted.address), b = RawSocket::connect_to(uncounted.address);
    ask(a);
    ask(b);
  });

  CHECK(answers == std::vector<std::string>(5, "HTTP/1.1 200 "));
}

TEST_CASE("server: as many connections as the process has descriptors for, with room for the rest", "[http]") {
  CHECK(http::connections_within(65'536) == 1024);
  CHECK(http::connections_within(1024) == 704);
  CHECK(http::connections_within(64) == 16);
}

TEST_CASE("server: strangers of the network take no place from who comes by a Unix socket", "[http]") {
  test::TempDir folder;
  Served served({.max_connections = 2});
  const std::string socket = "unix:" + folder.file("s");
  REQUIRE(served.server->listen(socket).ok());
  std::string near, far;

  served.run([&] {
    auto a = RawSocket::connect_to(served.address);
    auto b = RawSocket::connect_to(served.address);
    a.write(kGet);
    b.write(kGet);
    a.read_message();
    b.read_message();
    auto operators = RawSocket::connect_to(socket);
    operators.write(kGet);
    near = operators.read_message();
    far = RawSocket::connect_to(served.address).read_all();
  });

  CHECK(near.starts_with("HTTP/1.1 200 "));
  CHECK(far.starts_with("HTTP/1.1 503 "));
}

TEST_CASE("server: a peer that does not take its answer is given up", "[http]") {
  Served served({.body_time = 80ms});
  bool cut_short = false;

  served.run([&] {
    auto peer = RawSocket::connect_to(served.address);
    peer.write("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    auto other = RawSocket::connect_to(served.address);
    while (served.server->stats().timed_out == 0) {
      other.write(kGet);
      if (other.read_message().empty()) other = RawSocket::connect_to(served.address);
    }
    cut_short = peer.read_all().size() < (8u << 20);
  });

  CHECK(cut_short);
}

TEST_CASE("server: while a request is answered only one read's worth is taken from the sender", "[http]") {
  Served served;
  const std::string much(32u << 20, 'x');
  std::atomic<std::size_t> written = 0;
  std::atomic<bool> answered_before_all = false;
  std::unique_ptr<Timer> timer;
  served.on_kept = [&] {
    timer = served.loop.after(100ms, [&] {
      answered_before_all = written < much.size();
      served.kept.clear();
      served.server.reset();
    });
  };

  served.run([&] {
    auto peer = RawSocket::connect_to(served.address);
    peer.write(post("/later", ""));
    for (std::size_t at = 0; at < much.size(); at += 65536) {
      peer.write(std::string_view(much).substr(at, 65536));
      written += 65536;
    }
  });

  CHECK(answered_before_all);
}
