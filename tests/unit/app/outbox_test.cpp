#include "app/outbox.h"

#include <atomic>

#include <catch2/catch.hpp>

#include "base/hash.h"
#include "base/log.h"
#include "base/text.h"
#include "store/migrate.h"
#include "support/raw_peer.h"
#include "support/seeded_random.h"

using namespace tidewire;
using namespace tidewire::app;
using namespace std::chrono_literals;

namespace {

/// Reads, and from `full` on refuses every write.
struct Disk final : store::Executor {
  Disk(store::Database& database, Poster& poster) : inner(database, poster), poster(poster) {}
  void write(Work work, Done done) override {
    if (!full) return inner.write(std::move(work), std::move(done));
    poster.post([done = std::move(done)] { done(make_error(Code::kUnavailable, "the disk is full")); });
  }
  void read(Work work, Done done) override { inner.read(std::move(work), std::move(done)); }
  store::InlineExecutor inner;
  Poster& poster;
  bool full = false;
};

/// An outbox with one notice for an address that answers 200 and counts.
struct Told {
  std::atomic<int> posts = 0;
  test::RawServer server{[this](test::RawSocket& peer, int) {
    while (!peer.read_message().empty()) {
      ++posts;
      peer.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
  }};
  loop::Loop loop;
  SystemClock clock;
  test::SeededRandom random{7};
  Redactor redactor;
  Logger log{clock, redactor};
  std::unique_ptr<store::Database> database = std::move(store::Database::open(":memory:")).value();
  Disk disk{*database, loop};
  store::Store store{disk, clock};
  http::Client client{loop, {.use_proxy_variables = false}};
  Outbox outbox{{loop, clock, random, store, client, log, [] { return std::vector<std::string>(); }, [] { return Result<MailServer>(MailServer{}); },
                 [](const Value& value) { return Result<Value>(value); }, [](const std::string& text) { return text; }}};

  Told() {
    REQUIRE(store::migrate(*database).ok());
    Logger::Options quiet;
    quiet.level = Level::kError;
    REQUIRE(log.configure(quiet).ok());
    store::Tidings tidings;
    store::Notice row;
    row.event = "alert";
    row.title = "the disk is full";
    row.address = server.url();
    const Value notice(Object{{"id", "n1"}, {"title", row.title}});
    tidings.notices.push_back({row, Value(Object{{"event", "alert"}, {"kind", "post"}, {"to", server.url()}, {"notice", notice}})});
    store.tell(std::move(tidings), [this](Result<void> stored) {
      CHECK(stored.ok());
      loop.stop();
    });
    loop.run();
  }
  void pass(Duration time) {
    const auto timer = loop.after(time, [this] { loop.stop(); });
    loop.run();
  }
  void until_told() {
    for (int i = 0; posts == 0 && i < 1000; ++i) pass(20ms);
    pass(300ms);
  }
};

}  // namespace

TEST_CASE("outbox: a subject of other signs than ASCII goes in encoded words of whole letters, in lines of 76 at most", "[app]") {
  std::string subject;
  for (int i = 0; i < 60; ++i) subject += i % 3 == 0 ? "ß" : i % 3 == 1 ? "€" : "😀";

  std::string decoded;
  for (const std::string& line : split("Subject: " + header_text(subject), '\n')) {
    CHECK(line.size() - (line.ends_with('\r') ? 1 : 0) <= 76);
    const std::size_t begin = line.find("=?utf-8?B?"), end = line.rfind("?=");
    REQUIRE(begin != std::string::npos);
    const auto letters = from_base64(line.substr(begin + 10, end - begin - 10));
    REQUIRE(letters.has_value());
    CHECK((static_cast<unsigned char>(letters->front()) & 0xc0) != 0x80);
    decoded += *letters;
  }

  CHECK(decoded == subject);
}

TEST_CASE("outbox: a plain subject stays as it is, and no value of a record begins a header", "[app]") {
  CHECK(header_text("people: 3 dead letters") == "people: 3 dead letters");
  CHECK(header_text("a\r\nBcc: all@example.org") == "a  Bcc: all@example.org");
}

TEST_CASE("outbox: what was delivered is not told again while its row cannot be written", "[app]") {
  Told it;
  it.disk.full = true;
  it.outbox.look();
  it.until_told();
  it.outbox.look();
  it.pass(300ms);

  CHECK(it.posts == 1);
}

TEST_CASE("outbox: a notice that was delivered leaves", "[app]") {
  Told it;
  it.outbox.look();
  it.until_told();
  it.outbox.look();
  it.pass(300ms);

  CHECK(it.posts == 1);
}
