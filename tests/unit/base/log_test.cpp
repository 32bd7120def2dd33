#include "base/log.h"

#include <catch2/catch.hpp>
#include <thread>

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "support/fake_clock.h"
#include "support/temp_dir.h"

using namespace tidewire;

namespace {

struct LogRoom {
  test::TempDir folder;
  test::FakeClock clock;
  Redactor redactor;
  Logger logger{clock, redactor};

  void configure(Logger::Form form, Level level = Level::kInfo) {
    Logger::Options options;
    options.form = form;
    options.level = level;
    options.file = folder.file("log");
    REQUIRE(logger.configure(options).ok());
  }
};

}  // namespace

TEST_CASE("log: the redactor replaces secrets, the longest first", "[base][log]") {
  Redactor redactor;
  redactor.add("SHORT", "admin");
  redactor.add("KEY", "hunter22");
  redactor.add("LONG", "hunter22-and-more");

  CHECK(redactor.apply("a hunter22-and-more b hunter22 c admin") == "a [secret LONG] b [secret KEY] c admin");
  CHECK(redactor.apply("") == "");
  CHECK(redactor.mark_in(redactor.apply("x hunter22")) == "[secret KEY]");
  CHECK_FALSE(redactor.mark_in("[secret SHORT] [secret ELSE] hunter22"));
}

TEST_CASE("log: a replacement is not searched again", "[base][log]") {
  Redactor redactor;
  redactor.add("A", "secret");

  CHECK(redactor.apply("secretsecret") == "[secret A][secret A]");
}

TEST_CASE("log: a secret is found percent-encoded, JSON-escaped and inside values", "[base][log]") {
  Redactor redactor;
  redactor.add("PW", "a/b\"c d");
  redactor.add("PIN", "123456");

  CHECK(redactor.apply("GET /?p=a%2Fb%22c%20d") == "GET /?p=[secret PW]");
  CHECK(redactor.apply(R"({"p":"a/b\"c d"})") == R"({"p":"[secret PW]"})");
  CHECK(json::dump(redactor.apply_within(Value(Object{{"123456", Array{123456, 7, "x123456"}}}))) ==
        R"({"[secret PIN]":["[secret PIN]",7,"x[secret PIN]"]})");
}

TEST_CASE("log: a secret is found whichever of its signs are escaped", "[base][log]") {
  Redactor redactor;
  redactor.add("APP_KEY", "sb_secret_practice");
  redactor.add("PW", "a/b\"c%d");

  CHECK(redactor.apply("?k=sb%5Fsecret%5fpractice&x=1") == "?k=[secret APP_KEY]&x=1");
  CHECK(redactor.apply("?k=%73b_secret_practic%65") == "?k=[secret APP_KEY]");
  CHECK(redactor.apply(R"({"k":"sb\u005fsecret_practice"})") == R"({"k":"[secret APP_KEY]"})");
  CHECK(redactor.apply(R"({"p":"a\/b\"c%d"})") == R"({"p":"[secret PW]"})");
  CHECK(redactor.apply(R"({"k":"\u0073b_secret_practice"})") == R"({"k":"[secret APP_KEY]"})");
  CHECK(redactor.apply("?k=s%62_secret_practice") == "?k=[secret APP_KEY]");
  CHECK(redactor.apply("?p=%61%2F%62%22c%25d&q=%6") == "?p=[secret PW]&q=%6");
  CHECK(redactor.apply("sb_secret_practices") == "[secret APP_KEY]s");
  CHECK(redactor.apply("100% of sb_secret") == "100% of sb_secret");
  CHECK(redactor.apply("%") == "%");
}

TEST_CASE("log: a secret is found in base64, alone and in a Basic header", "[base][log]") {
  Redactor redactor;
  redactor.add("ERP_SECRET", "practice-secret");
  redactor.add("ERP_KEY", "practice-key");
  redactor.add("ODD", "~~~~~~");

  for (const std::string& before : {std::string(), std::string("u:"), std::string("me:"), std::string("user:")}) {
    for (const std::string& after : {std::string(), std::string("."), std::string(";x")}) {
      const std::string told = redactor.apply("denied Basic " + base64(before + "practice-secret" + after) + " here");

      INFO(told);
      CHECK(told.find("[secret ERP_SECRET]") != std::string::npos);
      CHECK(told.ends_with(" here"));
      for (const std::string& piece : {std::string("practice"), std::string("-secret")}) {
        for (std::size_t shift = 0; shift < 3; ++shift) CHECK(told.find(base64(std::string(shift, 'x') + piece).substr(4, 4)) == std::string::npos);
      }
    }
  }
  CHECK(redactor.apply(base64("practice-key")) == "[secret ERP_KEY]");
  const std::string both = redactor.apply(base64("practice-key:practice-secret"));
  CHECK(both.find("[secret ERP_KEY]") != std::string::npos);
  CHECK(both.find("[secret ERP_SECRET]") != std::string::npos);
  CHECK(redactor.apply("fn5-fn5-") == "[secret ODD]");
}

TEST_CASE("log: of a secret that the cut of a long message went through nothing readable is left", "[base][log]") {
  Redactor redactor;
  std::string longer;
  for (int i = 0; i < 700; ++i) longer += std::to_string(10'000 + i);
  for (const std::string& secret : {std::string("k3y-OF-the-Erp-0815"), longer}) redactor.add(secret.size() < 100 ? "ERP_KEY" : "ERP_PEM", secret);
  const std::string secret = "k3y-OF-the-Erp-0815";

  for (std::size_t before = 3040; before < 3090; ++before) {
    const std::string shown = redactor.apply(make_error(Code::kInvalid, std::string(before, 'x') + secret + std::string(5000, 'x')).message);
    for (std::size_t at = 0; at + 4 <= secret.size(); ++at) CHECK(shown.find(secret.substr(at, 4)) == std::string::npos);
  }
  for (std::size_t after = 1000; after < 1040; ++after) {
    const std::string shown = redactor.apply(make_error(Code::kInvalid, std::string(5000, 'x') + secret + std::string(after, 'x')).message);
    for (std::size_t at = 0; at + 4 <= secret.size(); ++at) CHECK(shown.find(secret.substr(at, 4)) == std::string::npos);
  }
  const std::string both = redactor.apply(make_error(Code::kInvalid, std::string(2000, 'x') + longer + longer + std::string(100, 'x')).message);
  CHECK(both == std::string(2000, 'x') + "[secret ERP_PEM]…[secret ERP_PEM]" + std::string(100, 'x'));
  CHECK(redactor.apply("waits…k3") == "waits…k3");
}

TEST_CASE("log: a JSON line begins with time, level, event, message", "[base][log]") {
  LogRoom room;
  room.configure(Logger::Form::kJson);

  room.logger.info("reload", "two \"files\"\n", Object{{"count", 2}, {"event", "mine"}});

  CHECK(room.folder.read("log") ==
        R"({"time":"2024-05-01T10:00:00Z","level":"info","event":"reload","message":"two \"files\"\n","count":2,"event_":"mine"})"
        "\n");
}

TEST_CASE("log: a text line is one line whatever the message holds", "[base][log]") {
  LogRoom room;
  room.configure(Logger::Form::kText);

  room.logger.warn("remote", "bad\nINFO forged\x1b[2J", Object{{"name", "Ada Lovelace"}, {"n", 2}, {"who", "ada"}});

  CHECK(room.folder.read("log") ==
        "2024-05-01T10:00:00Z WARN  remote: bad\\nINFO forged\\x1b[2J n=2 name=\"Ada Lovelace\" who=ada\n");
}

TEST_CASE("log: a secret reaches neither file nor listener", "[base][log]") {
  LogRoom room;
  room.redactor.add("ERP_KEY", "k3y-of-erp");
  std::string heard;
  room.logger.on_line([&](Level, std::string_view line) { heard = line; });
  for (const auto form : {Logger::Form::kText, Logger::Form::kJson}) {
    room.configure(form);

    room.logger.error("http", "401 for k3y-of-erp", Object{{"url", "https://x/?k=k3y-of-erp"}});

    CHECK(heard.find("k3y-of-erp") == std::string::npos);
    CHECK(heard.find("[secret ERP_KEY]") != std::string::npos);
  }
  CHECK(room.folder.read("log").find("k3y-of-erp") == std::string::npos);
}

TEST_CASE("log: a line stays a line, whatever a script logs", "[base][log]") {
  LogRoom room;
  room.configure(Logger::Form::kJson);

  room.logger.info("script", std::string(2'000'000, 'm') + "end", Object{{"value", std::string(2'000'000, 'v')}});

  const std::string line = room.folder.read("log");
  CHECK(line.size() < 20'000);
  CHECK(line.find("mmend\"") != std::string::npos);
}

TEST_CASE("log: lines below the level are not written", "[base][log]") {
  LogRoom room;
  room.configure(Logger::Form::kText, Level::kWarn);

  room.logger.info("a", "quiet");
  room.logger.error("b", "loud");

  CHECK_FALSE(room.logger.enabled(Level::kInfo));
  CHECK(split(room.folder.read("log"), '\n').size() == 2);
  CHECK(level_from_name("warn") == Level::kWarn);
  CHECK_FALSE(level_from_name("loud"));
}

TEST_CASE("log: a file that would grow too large is put aside, the oldest is dropped", "[base][log]") {
  LogRoom room;
  Logger::Options options;
  options.form = Logger::Form::kText;
  options.file = room.folder.file("log");
  options.rotate_bytes = 100;
  options.keep_files = 2;
  REQUIRE(room.logger.configure(options).ok());

  for (int i = 0; i < 5; ++i) room.logger.info("n", std::string(60, static_cast<char>('a' + i)));

  CHECK(room.folder.read("log").find("eee") != std::string::npos);
  CHECK(room.folder.read("log.1").find("ddd") != std::string::npos);
  CHECK(room.folder.read("log.2").find("ccc") != std::string::npos);
  CHECK(room.folder.read("log.3").empty());
}

TEST_CASE("log: after an external rotation it writes to the new file", "[base][log]") {
  LogRoom room;
  room.configure(Logger::Form::kText);
  room.logger.info("a", "first");
  std::filesystem::rename(room.folder.file("log"), room.folder.file("log.old"));

  room.logger.reopen();
  room.logger.info("a", "second");

  CHECK(room.folder.read("log.old").find("second") == std::string::npos);
  CHECK(room.folder.read("log").find("second") != std::string::npos);
}

TEST_CASE("log: a file that cannot be opened leaves the former target", "[base][log]") {
  LogRoom room;
  room.configure(Logger::Form::kText);
  Logger::Options options;
  options.file = room.folder.file("missing/log");

  const auto done = room.logger.configure(options);
  room.logger.info("a", "still here");

  CHECK(done.error().code == Code::kUnavailable);
  CHECK(room.folder.read("log").find("still here") != std::string::npos);
}

TEST_CASE("log: two threads write whole lines", "[base][log]") {
  LogRoom room;
  room.configure(Logger::Form::kJson);
  const auto many = [&] {
    for (int i = 0; i < 200; ++i) room.logger.info("n", "x");
  };

  std::thread other(many);
  many();
  other.join();

  for (const std::string& line : split(trim(room.folder.read("log")), '\n')) CHECK(json::parse(line).ok());
}
