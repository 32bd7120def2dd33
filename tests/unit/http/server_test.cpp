#include "support/temp_dir.h"
#include "unit/http/served.h"

using namespace tidewire;
using namespace tidewire::test;

TEST_CASE("server: a connection carries request after request", "[http]") {
  Served served;
  std::string first, second;

  served.run([&] {
    auto peer = RawSocket::connect_to(served.address);
    peer.write(post("/a", "hello"));
    first = peer.read_message();
    peer.write(kGet);
    second = peer.read_message();
  });

  CHECK(first.starts_with("HTTP/1.1 200 OK\r\nDate: "));
  CHECK(body_of(first) == "/a:hello");
  CHECK(first.find("Connection:") == std::string::npos);
  CHECK(body_of(second) == "/:");
  CHECK(served.peer == "127.0.0.1");
  CHECK(served.server->stats().requests == 2);
}

TEST_CASE("server: pipelined requests are handled one at a time and answered in order", "[http]") {
  Served served;
  std::size_t most_kept = 0;
  std::unique_ptr<Timer> timer;
  served.on_kept = [&] {
    most_kept = std::max(most_kept, served.kept.size());
    timer = served.loop.after(1ms, [&] { served.answer_kept(); });
  };
  std::vector<std::string> answers;

  served.run([&] {
    auto peer = RawSocket::connect_to(served.address);
    peer.write(post("/later1", "x") + post("/2", "y") + post("/later3", "z") + post("/4", "") + post("/later5", ""));
    for (int i = 0; i < 5; ++i) answers.push_back(body_of(peer.read_message()));
  });

  CHECK(most_kept == 1);
  CHECK(answers == std::vector<std::string>{"/later1", "/2:y", "/later3", "/4:", "/later5"});
  CHECK(served.asked.size() == 5);
}

TEST_CASE("server: thousands of pipelined requests need no deep stack", "[http]") {
  Served served;
  constexpr int kMany = 5000;
  int answered = 0;

  served.run([&] {
    auto peer = RawSocket::connect_to(served.address);
    std::string all;
    for (int i = 0; i < kMany; ++i) all += post("/n", std::to_string(i));
    std::thread writer([&] { peer.write(all); });
    for (int i = 0; i < kMany; ++i) answered += body_of(peer.read_message()) == "/n:" + std::to_string(i);
    writer.join();
  });

  CHECK(answered == kMany);
}

TEST_CASE("server: a malformed request is answered and the connection closed", "[http]") {
  Served served;
  std::string answer;
  bool ended = false;

  served.run([&] {
    auto peer = RawSocket::connect_to(served.address);
    peer.write("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + kGet);
    answer = peer.read_message();
    ended = peer.at_end();
  });

  CHECK(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"));
  CHECK(answer.find("Connection: close\r\n") != std::string::npos);
  CHECK(ended);
  CHECK(served.asked.empty());
  CHECK(served.server->stats().malformed == 1);
}

TEST_CASE("server: Connection: close, HTTP/1.0 and HEAD", "[http]") {
  Served served;
  std::string closed, old, old_kept, head;

  served.run([&] {
    auto a = RawSocket::connect_to(served.address);
    a.write("GET /c HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    closed = a.read_all();
    auto b = RawSocket::connect_to(served.address);
    b.write("GET /o HTTP/1.0\r\n\r\n");
    old = b.read_all();
    auto c = RawSocket::connect_to(served.address);
    c.write("GET /k HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    old_kept = c.read_message();
    auto d = RawSocket::connect_to(served.address);
    d.write("HEAD /h HTTP/1.1\r\nHost: a\r\n\r\n");
    d.half_close();
    head = d.read_all();
  });

  CHECK(closed.find("Connection: close\r\n") != std::string::npos);
  CHECK(body_of(closed) == "/c:");
  CHECK(body_of(old) == "/o:");
  CHECK(old_kept.find("Connection: keep-alive\r\n") != std::string::npos);
  CHECK(head.find("Content-Length: 3\r\n") != std::string::npos);
  CHECK(body_of(head).empty());
}

TEST_CASE("server: a sender that waits for 100 gets it, and 417 for what else it expects", "[http]") {
  Served served;
  std::string go_on, answer, odd;

  served.run([&] {
    auto peer = RawSocket::connect_to(served.address);
    peer.write("POST /e HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    go_on = peer.read_until("\r\n\r\n");
    peer.write("ok");
    answer = peer.read_message();
    auto other = RawSocket::connect_to(served.address);
    other.write("POST /e HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nContent-Length: 2\r\n\r\n");
    odd = other.read_message();
  });

  CHECK(go_on == "HTTP/1.1 100 Continue\r\n\r\n");
  CHECK(body_of(answer) == "/e:ok");
  CHECK(odd.starts_with("HTTP/1.1 417 "));
}

TEST_CASE("server: a half-closed sender still gets its answer", "[http]") {
  Served served;
  std::unique_ptr<Timer> timer;
  served.on_kept = [&] { timer = served.loop.after(10ms, [&] { served.answer_kept(); }); };
  std::string answer;

  served.run([&] {
    auto peer = RawSocket::connect_to(served.address);
    peer.write(post("/later", "x"));
    peer.half_close();
    answer = peer.read_all();
  });

  CHECK(body_of(answer) == "/later");
}

TEST_CASE("server: who sends several requests and ends gets all their answers", "[http]") {
  Served served;
  std::unique_ptr<Timer> timer;
  served.on_kept = [&] { timer = served.loop.after(10ms, [&] { served.answer_kept(); }); };
  std::vector<std::string> bodies;

  served.run([&] {
    auto peer = RawSocket::connect_to(served.address);
    peer.write(post("/later1", "x") + post("/2", "y") + post("/later3", "z"));
    peer.half_close();
    for (int i = 0; i < 3; ++i) bodies.push_back(body_of(peer.read_message()));
  });

  CHECK(bodies == std::vector<std::string>{"/later1", "/2:y", "/later3"});
}

TEST_CASE("server: an answer larger than the kernel takes arrives whole, also pipelined", "[http]") {
  Served served;
  std::string first, second;

  served.run([&] {
    auto peer = RawSocket::connect_to(served.address);
    peer.write("GET /big HTTP/1.1\r\nHost: a\r\n\r\n" + kGet);
    first = peer.read_message();
    second = peer.read_message();
  });

  CHECK(body_of(first).size() == 8u << 20);
  CHECK(body_of(second) == "/:");
}

TEST_CASE("server: an answer after the peer left, a forgotten one and a dropped one", "[http]") {
  Served served;
  std::string forgotten, dropped;

  served.run([&] {
    auto gone = RawSocket::connect_to(served.address);
    gone.write(post("/later", ""));
    auto b = RawSocket::connect_to(served.address);
    b.write("GET /never HTTP/1.1\r\nHost: a\r\n\r\n");
    forgotten = b.read_message();
    gone.reset();
    auto c = RawSocket::connect_to(served.address);
    c.write("GET /drop HTTP/1.1\r\nHost: a\r\n\r\n");
    dropped = c.read_all();
  });
  served.answer_kept();

  CHECK(forgotten.starts_with("HTTP/1.1 500 "));
  CHECK(dropped.empty());
}

TEST_CASE("server: an answer after the server is gone does nothing, and a handler may destroy the server", "[http]") {
  Served served;
  served.on_kept = [&] { served.server.reset(); };
  std::string answer;

  served.run([&] {
    auto peer = RawSocket::connect_to(served.address);
    peer.write(post("/later", "") + kGet);
    answer = peer.read_all();
  });
  served.answer_kept();

  CHECK(answer.empty());
  CHECK(served.asked.size() == 1);
}

TEST_CASE("server: drain finishes what is under way, closes what is idle, takes nothing new", "[http]") {
  Served served;
  bool drained = false, drained_early = false;
  std::unique_ptr<Timer> timer;
  served.on_kept = [&] {
    served.server->drain([&] { drained = true; });
    timer = served.loop.after(20ms, [&] {
      drained_early = drained;
      served.answer_kept();
    });
  };
  std::string answer, idle_rest;
  bool refused = false;

  served.run([&] {
    auto idle = RawSocket::connect_to(served.address);
    idle.write(kGet);
    idle.read_message();
    auto busy = RawSocket::connect_to(served.address);
    busy.write(post("/later", "") + kGet);
    idle_rest = idle.read_all();
    refused = !RawSocket::connect_to(served.address).is_open();
    answer = busy.read_all();
  });
  served.loop.run();

  CHECK(idle_rest.empty());
  CHECK(refused);
  CHECK(answer.find("Connection: close\r\n") != std::string::npos);
  CHECK(body_of(answer) == "/later");
  CHECK_FALSE(drained_early);
  CHECK(drained);
  CHECK(served.server->connections() == 0);
}

TEST_CASE("server: an answer that is on its way out when it drains is the last of its connection", "[http]") {
  Served served;
  served.on_kept = [&] {
    served.server->drain([] {});
    served.answer_kept();
  };
  std::string head, rest;
  Duration waited{};

  served.run([&] {
    auto slow = RawSocket::connect_to(served.address);
    slow.write("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    head = slow.read_until("\r\n\r\n");
    auto other = RawSocket::connect_to(served.address);
    other.write(post("/later", ""));
    other.read_all();
    const auto began = std::chrono::steady_clock::now();
    rest = slow.read_all();
    waited = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - began);
  });

  CHECK(head.find("Connection: close") == std::string::npos);  // it was written before
  CHECK(rest.size() == 8u << 20);
  CHECK(waited < 4s);  // the peer waits five for an end that does not come
}

TEST_CASE("server: a Unix socket", "[http]") {
  test::TempDir folder;
  Served served({}, "unix:" + folder.file("s"));
  std::string answer;

  served.run([&] {
    auto peer = RawSocket::connect_to(served.address);
    peer.write(kGet);
    answer = peer.read_message();
  });

  CHECK(body_of(answer) == "/:");
  CHECK(served.peer == "unix");
}

TEST_CASE("server: an address that cannot be", "[http]") {
  Served served;

  CHECK(served.server->listen("nonsense").error().code == Code::kInvalid);
  CHECK(served.server->listen(served.address).error().code == Code::kUnavailable);
}

TEST_CASE("server: an answer without end is written bit by bit, and its writer learns that the peer left", "[http]") {
  loop::Loop loop;
  std::unique_ptr<http::Outlet> outlet;
  http::Server server(loop, {}, [&](http::Request, http::Reply reply) {
    http::Response response = http::Response::text(200, "");
    response.stream = [&](std::unique_ptr<http::Outlet> opened) { outlet = std::move(opened); };
    reply(std::move(response));
  });
  const std::string address = *server.listen("127.0.0.1:0");
  std::string got;
  bool ended = false;
  const auto step = [&](auto&& self, std::unique_ptr<Timer>& timer) -> void {
    if (outlet && !outlet->write("tick\n")) {
      outlet.reset();
      ended = true;
      return loop.stop();
    }
    timer = loop.after(1ms, [&, &timer_ref = timer] { self(self, timer_ref); });
  };
  std::unique_ptr<Timer> timer;
  std::thread peer_thread([&] {
    auto peer = RawSocket::connect_to(address);
    peer.write(kGet);
    got = peer.read_until("tick\ntick\n");
  });
  step(step, timer);

  loop.run();
  peer_thread.join();

  CHECK(ended);
  CHECK(got.starts_with("HTTP/1.1 200 OK"));
  CHECK(got.find("Content-Length") == std::string::npos);
  CHECK(got.find("Connection: close") != std::string::npos);
  CHECK(server.connections() == 0);
}
