// The server over TLS, spoken to by OpenSSL's own client on a blocking socket.
#include "support/temp_dir.h"
#include "support/tls_peer.h"
#include "unit/http/served.h"

using namespace tidewire;
using namespace tidewire::test;

namespace {

struct TlsServed : Served {
  explicit TlsServed(ServerOptions options = {}) : Served(options, "unix:" + folder().file("plain.sock")) {
    address = *server->listen("127.0.0.1:0", [this] { return identity; });
  }
  static TempDir& folder() {
    static TempDir folder;
    return folder;
  }
  Pair pair = make_pair_of("first");
  std::shared_ptr<const loop::TlsIdentity> identity = *loop::TlsIdentity::make(pair.certificate, pair.key);
};

}  // namespace

TEST_CASE("server: TLS carries requests, kept alive and large in both directions", "[http][tls]") {
  TlsServed served;
  std::string first, second, echoed, big;

  served.run([&] {
    TlsPeer peer(served.address);
    peer.write(kGet);
    first = peer.read_message();
    peer.write(kGet);
    second = peer.read_message();
    peer.write(post("/", std::string(300000, 'x')));
    echoed = peer.read_message();
    peer.write("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    big = peer.read_message();
  });

  CHECK(first.starts_with("HTTP/1.1 200 "));
  CHECK(second.starts_with("HTTP/1.1 200 "));
  CHECK(body_of(echoed) == "/:" + std::string(300000, 'x'));
  CHECK(body_of(big) == std::string(8u << 20, 'b'));
  CHECK(served.secure == std::vector<bool>{true, true, true, true});
}

TEST_CASE("server: who sends several requests and ends gets all their answers, over TLS", "[http][tls]") {
  TlsServed served;
  std::unique_ptr<Timer> timer;
  served.on_kept = [&] { timer = served.loop.after(1ms, [&] { served.answer_kept(); }); };
  std::vector<std::string> bodies;
  std::string rest;

  served.run([&] {
    TlsPeer peer(served.address);
    peer.write_last(post("/later1", "x") + post("/2", "y") + post("/later3", "z") + post("/4", "") + "POST /unfinished HTTP/1.1\r\n");
    for (int i = 0; i < 4; ++i) bodies.push_back(body_of(peer.read_message()));
    rest = peer.read_all();
  });

  CHECK(bodies == std::vector<std::string>{"/later1", "/2:y", "/later3", "/4:"});
  CHECK(rest.empty());
  CHECK(served.asked.size() == 4);
}

TEST_CASE("server: who speaks plainly where TLS is spoken is told so", "[http][tls]") {
  TlsServed served;
  std::string answer;

  served.run([&] {
    auto peer = RawSocket::connect_to(served.address);
    peer.write(kGet);
    answer = peer.read_all();
  });

  CHECK(answer.starts_with("HTTP/1.1 400 "));
  CHECK(answer.find("use https://") != std::string::npos);
  CHECK(served.asked.empty());
}

TEST_CASE("server: half a handshake, silence and noise end by themselves", "[http][tls]") {
  TlsServed served({.head_time = 60ms, .body_time = 60ms, .idle_time = 60ms});
  std::string half, silent, noise, after;

  served.run([&] {
    auto begun = RawSocket::connect_to(served.address);
    begun.write(TlsPeer::hello().substr(0, 40));
    auto mute = RawSocket::connect_to(served.address);
    auto loud = RawSocket::connect_to(served.address);
    loud.write("\x16\x03\x01\x40" + std::string(70000, '\x7f'));
    noise = loud.read_all();
    half = begun.read_all();
    silent = mute.read_all();
    TlsPeer peer(served.address);
    peer.write(kGet);
    after = peer.read_message();
  });

  CHECK(half.empty());
  CHECK(silent.empty());
  CHECK((noise.empty() || noise[0] == '\x15'));  // an alert, or the door
  CHECK(after.starts_with("HTTP/1.1 200 "));
  CHECK(served.server->stats().timed_out >= 2);
}

TEST_CASE("server: a handshake byte by byte, a request cut anywhere", "[http][tls]") {
  TlsServed served;
  std::string answer;

  served.run([&] {
    TlsPeer peer(served.address, {.trickle = true});
    for (const char c : kGet) peer.write(std::string(1, c));
    answer = peer.read_message();
  });

  CHECK(answer.starts_with("HTTP/1.1 200 "));
}

TEST_CASE("server: versions before TLS 1.2 are refused, HTTP/1.1 is what ALPN gets", "[http][tls]") {
  TlsServed served;
  bool old = true, newer = false;
  std::string chosen;

  served.run([&] {
    old = TlsPeer(served.address, {.newest = TLS1_1_VERSION}).connected();
    TlsPeer peer(served.address, {.newest = TLS1_2_VERSION, .alpn = std::string("\x02h2\x08http/1.1")});
    newer = peer.connected();
    chosen = peer.alpn();
  });

  CHECK_FALSE(old);
  CHECK(newer);
  CHECK(chosen == "http/1.1");
}

TEST_CASE("server: a new certificate is for new connections, the old ones go on", "[http][tls]") {
  TlsServed served;
  const Pair renewed = make_pair_of("second");
  std::string before, still, after;

  served.run([&] {
    TlsPeer old(served.address);
    before = old.subject();
    on_loop(served.loop, [&] { served.identity = *loop::TlsIdentity::make(renewed.certificate, renewed.key); });
    old.write(kGet);
    still = old.read_message();
    after = TlsPeer(served.address).subject();
  });

  CHECK(before == "first");
  CHECK(still.starts_with("HTTP/1.1 200 "));
  CHECK(after == "second");
}

TEST_CASE("server: one connection too many is told so over TLS", "[http][tls]") {
  TlsServed served({.max_connections = 1});
  std::string second;

  served.run([&] {
    TlsPeer first(served.address);
    first.write(kGet);
    first.read_message();
    second = TlsPeer(served.address).read_all();
  });

  CHECK(second.starts_with("HTTP/1.1 503 "));
}

TEST_CASE("tls identity: what does not fit is refused with what to do", "[http][tls]") {
  const Pair one = make_pair_of("one"), other = make_pair_of("other");

  const auto wrong = loop::TlsIdentity::make(one.certificate, other.key);
  REQUIRE_FALSE(wrong.ok());
  CHECK(wrong.error().message.starts_with("the key does not belong to the certificate"));
  CHECK(loop::TlsIdentity::make("", one.key).error().message.starts_with("the certificate is no PEM text"));
  CHECK(loop::TlsIdentity::make(one.key, one.key).error().message.starts_with("the certificate is no PEM text"));
  CHECK(loop::TlsIdentity::make(one.certificate, one.certificate).error().message.starts_with("the key is no PEM text"));
  CHECK(loop::TlsIdentity::make(one.certificate, locked(one)).error().message.starts_with("the key is locked with a passphrase"));
  const auto good = loop::TlsIdentity::make(one.certificate, one.key);
  REQUIRE(good.ok());
  CHECK((*good)->valid_until() > SystemClock().now());
}
