#include "loop/stream.h"

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include "loop/address.h"
#include "support/raw_peer.h"
#include "support/temp_dir.h"

using namespace tidewire;
using loop::Connection;
using loop::Listener;
using loop::Loop;
using test::RawSocket;
using test::run_beside;

namespace {

/// Keeps one connection and what it received.
struct OneConnection {
  explicit OneConnection(Loop& loop) : listener(loop) {}

  std::string listen(const std::string& address = "127.0.0.1:0") {
    return *listener.listen(address, [this](std::unique_ptr<Connection> accepted) {
      connection = std::move(accepted);
      connection->start_reading([this](std::string_view bytes) { on_bytes(bytes); },
                                [this](bool is_lost) {
                                  ended = true;
                                  lost = is_lost;
                                  if (!keep) connection.reset();
                                  on_end();
                                });
    });
  }

  Listener listener;
  std::unique_ptr<Connection> connection;
  std::function<void(std::string_view)> on_bytes = [this](std::string_view bytes) { received += bytes; };
  std::function<void()> on_end = [] {};
  std::string received;
  bool ended = false, lost = false, keep = false;
};

}  // namespace

TEST_CASE("stream: bytes go both ways and an orderly end is told", "[loop]") {
  Loop loop;
  OneConnection server(loop);
  const std::string address = server.listen();
  server.on_bytes = [&](std::string_view bytes) {
    server.received += bytes;
    server.connection->write("echo ", bytes);
  };
  std::string echoed;

  run_beside(loop, [&] {
    auto peer = RawSocket::connect_to(address);
    peer.write("hello");
    echoed = peer.read(10);
    peer.half_close();
    peer.at_end();
  });

  CHECK(echoed == "echo hello");
  CHECK(server.ended);
  CHECK_FALSE(server.lost);
}

TEST_CASE("stream: a reset is told as lost", "[loop]") {
  Loop loop;
  OneConnection server(loop);
  const std::string address = server.listen();
  server.on_bytes = [&](std::string_view) { server.connection->write("x"); };
  server.on_end = [&] { loop.stop(); };
  std::thread peer_thread([&] {
    auto peer = RawSocket::connect_to(address);
    peer.write("hello");
    peer.read(1);
    peer.reset();
  });

  loop.run();
  peer_thread.join();

  CHECK(server.lost);
}

TEST_CASE("stream: what the kernel does not take at once is written later, whole and in order", "[loop]") {
  Loop loop;
  OneConnection server(loop);
  const std::string address = server.listen();
  std::string sent;
  for (int i = 0; sent.size() < (16u << 20); ++i) sent += std::to_string(i) + ",";
  bool had_to_wait = false, drained = false;
  server.keep = true;
  server.on_bytes = [&](std::string_view) {
    server.connection->write(std::string_view(sent).substr(0, 1000), std::string_view(sent).substr(1000, 15u << 20));
    server.connection->write(std::string_view(sent).substr(1000 + (15u << 20)));
    had_to_wait = server.connection->unwritten() > 0;
    server.connection->on_written([&](bool ok) {
      drained = ok;
      server.connection->finish_writing();
    });
  };
  std::string got;

  run_beside(loop, [&] {
    auto peer = RawSocket::connect_to(address);
    peer.write("go");
    got = peer.read_all();
  });

  CHECK(had_to_wait);
  CHECK(drained);
  CHECK((got == sent));
}

TEST_CASE("stream: a connection destroyed with bytes to write calls nobody", "[loop]") {
  Loop loop;
  OneConnection server(loop);
  const std::string address = server.listen();
  bool called = false;
  server.on_bytes = [&](std::string_view) {
    server.connection->write(std::string(64u << 20, 'x'));
    server.connection->on_written([&](bool) { called = true; });
    server.connection.reset();
  };

  run_beside(loop, [&] {
    auto peer = RawSocket::connect_to(address);
    peer.write("go");
    peer.read_all();
  });

  CHECK_FALSE(called);
  CHECK_FALSE(server.ended);
}

TEST_CASE("stream: reading stopped leaves the bytes to the kernel until it goes on", "[loop]") {
  Loop loop;
  OneConnection server(loop);
  const std::string address = server.listen();
  std::string before;
  std::unique_ptr<Timer> timer;
  server.on_bytes = [&](std::string_view bytes) {
    server.received += bytes;
    if (timer) return;
    server.connection->stop_reading();
    server.connection->write("1");
    timer = loop.after(std::chrono::milliseconds(20), [&] {
      before = server.received;
      server.connection->continue_reading();
    });
  };

  run_beside(loop, [&] {
    auto peer = RawSocket::connect_to(address);
    peer.write("one");
    peer.read(1);
    peer.write("two");
    peer.half_close();
    peer.at_end();
  });

  CHECK(before == "one");
  CHECK(server.received == "onetwo");
}

TEST_CASE("listener: a Unix socket is the owner's alone, names the peer, and its file goes with the listener",
          "[loop]") {
  Loop loop;
  test::TempDir folder;
  const std::string path = folder.path().string() + "/s";
  std::string peer_name;
  int peer_uid = -2;
  mode_t mode = 0;
  {
    OneConnection server(loop);
    const std::string address = server.listen("unix:" + path);
    struct stat found {};
    ::lstat(path.c_str(), &found);
    mode = found.st_mode;
    server.on_bytes = [&](std::string_view) {
      peer_name = server.connection->peer();
      peer_uid = server.connection->peer_uid();
    };
    run_beside(loop, [&] {
      auto peer = RawSocket::connect_to(address);
      peer.write("x");
      peer.half_close();
      peer.at_end();
    });
  }

  CHECK((mode & 0777) == 0600);
  CHECK(peer_name == "unix");
  CHECK(peer_uid == static_cast<int>(::getuid()));
  CHECK(::access(path.c_str(), F_OK) != 0);
}

TEST_CASE("listener: a stale socket file is replaced, one in use and other files are not", "[loop]") {
  Loop loop;
  test::TempDir folder;
  const std::string path = folder.path().string() + "/s";
  const auto nobody = [](std::unique_ptr<Connection>) {};
  ::close(*loop::bind_unix(path));  // bound, never listened on: what a killed process leaves

  Listener first(loop), second(loop), third(loop);
  CHECK(first.listen("unix:" + path, nobody).ok());
  const auto taken = second.listen("unix:" + path, nobody);
  const auto folder_in_the_way = third.listen("unix:" + folder.path().string(), nobody);

  CHECK(taken.error().code == Code::kUnavailable);
  CHECK(taken.error().message.find("another process") != std::string::npos);
  CHECK(folder_in_the_way.error().code == Code::kUnavailable);
}

TEST_CASE("listener: a port in use is unavailable, with the reason", "[loop]") {
  Loop loop;
  OneConnection server(loop);
  const std::string address = server.listen();

  Listener second(loop);
  const auto bound = second.listen(address, [](std::unique_ptr<Connection>) {});

  REQUIRE_FALSE(bound.ok());
  CHECK(bound.error().code == Code::kUnavailable);
  CHECK(bound.error().message.find(address) != std::string::npos);
  CHECK(bound.error().message.find("in use") != std::string::npos);
}

TEST_CASE("address: only numbers, localhost and unix paths are addresses", "[loop]") {
  CHECK(loop::parse_address("127.0.0.1:80")->text() == "127.0.0.1:80");
  CHECK(loop::parse_address("localhost:80")->text() == "127.0.0.1:80");
  CHECK(loop::parse_address("[::1]:0")->text() == "[::1]:0");
  CHECK(loop::parse_address("unix:/x/y")->text() == "unix:/x/y");
  for (const std::string bad :
       {"", "80", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000", "::1:80", "[::1]",
        "[127.0.0.1]:80", "example.org:80", "unix:", "127.0.0.1:-1", "127.0.0.1:80 "}) {
    INFO(bad);
    CHECK_FALSE(loop::parse_address(bad).ok());
  }
  CHECK_FALSE(loop::parse_address("unix:/" + std::string(200, 'x')).ok());
}
