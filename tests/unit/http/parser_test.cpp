#include "http/parser.h"

#include <catch2/catch.hpp>

using namespace tidewire::http;

namespace {

const std::string kGet = "GET /x?y=1 HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string kPost = "POST /w HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nX-Sig:  v \r\nX-Empty:\r\n\r\nhello";
const std::string kChunked =
    "POST /w HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;ext=1\r\nhel\r\n2\r\nlo\r\n0\r\nX-Trailer: "
    "t\r\n\r\n";

struct Parsed {
  std::vector<Request> requests;
  Parser::State state = Parser::State::kHead;
  int status = 0;
  std::string why;
};

/// Feeds `bytes` in pieces and collects what comes out.
Parsed parse(std::string_view bytes, std::size_t piece = std::string::npos, ParserLimits limits = {}) {
  Parser parser(limits);
  Parsed parsed;
  while (!bytes.empty() && parser.state() != Parser::State::kRefused) {
    auto now = bytes.substr(0, piece);
    bytes.remove_prefix(now.size());
    while (!now.empty() && parser.state() != Parser::State::kRefused) {
      now.remove_prefix(parser.feed(now));
      if (parser.state() == Parser::State::kComplete) parsed.requests.push_back(parser.take());
    }
  }
  parsed.state = parser.state();
  parsed.status = parser.status();
  parsed.why = parser.why();
  return parsed;
}

std::string with_fields(const std::string& fields) { return "POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"; }

}  // namespace

TEST_CASE("parser: a request comes out the same however its bytes arrive", "[http]") {
  for (const std::size_t piece : {std::string::npos, std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{40}}) {
    INFO("pieces of " << piece);
    const auto parsed = parse(kPost + kGet + kChunked + "\r\n" + kGet, piece);

    REQUIRE(parsed.requests.size() == 4);
    const Request& post = parsed.requests[0];
    CHECK(post.method == "POST");
    CHECK(post.target == "/w");
    CHECK(post.body == "hello");
    CHECK(*post.headers.find("X-Sig") == "v");
    REQUIRE(post.headers.find("X-Empty") != nullptr);
    CHECK(post.headers.find("X-Empty")->empty());
    CHECK(post.headers.fields().size() == 4);
    CHECK(parsed.requests[1].target == "/x?y=1");
    CHECK(parsed.requests[1].body.empty());
    CHECK(parsed.requests[2].body == "hello");
    CHECK(parsed.requests[2].headers.count("X-Trailer") == 0);
    CHECK(parsed.requests[3].target == "/x?y=1");
    CHECK(parsed.state == Parser::State::kHead);
  }
}

TEST_CASE("parser: it stops at the end of one request", "[http]") {
  Parser parser({});

  CHECK(parser.feed(kPost + "GET") == kPost.size());
  CHECK(parser.state() == Parser::State::kComplete);
  CHECK(parser.feed("GET") == 0);
  parser.take();
  CHECK(parser.idle());
  CHECK(parser.feed("G") == 1);
  CHECK_FALSE(parser.idle());
}

TEST_CASE("parser: what could be read in two ways is refused", "[http]") {
  struct Case {
    std::string what;
    std::string bytes;
    int status;
  };
  const std::vector<Case> cases = {
      {"folded header", with_fields("X-A: b\r\n c\r\n"), 400},
      {"folded header with tab", with_fields("X-A: b\r\n\tTransfer-Encoding: chunked\r\n"), 400},
      {"folded first header", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
      {"no Host", "GET / HTTP/1.1\r\nX: a\r\n\r\n", 400},
      {"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"two Hosts in 1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"length and chunked", with_fields("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400},
      {"chunked and length", with_fields("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400},
      {"two lengths", with_fields("Content-Length: 5\r\nContent-Length: 6\r\n"), 400},
      {"two equal lengths", with_fields("Content-Length: 5\r\nContent-Length: 5\r\n"), 400},
      {"list of lengths", with_fields("Content-Length: 5, 5\r\n"), 400},
      {"signed length", with_fields("Content-Length: +5\r\n"), 400},
      {"negative length", with_fields("Content-Length: -1\r\n"), 400},
      {"hex length", with_fields("Content-Length: 0x5\r\n"), 400},
      {"endless length", with_fields("Content-Length: 99999999999999999999999\r\n"), 400},
      {"TE xchunked", with_fields("Transfer-Encoding: xchunked\r\n"), 400},
      {"TE chunked, identity", with_fields("Transfer-Encoding: chunked, identity\r\n"), 400},
      {"TE gzip, chunked", with_fields("Transfer-Encoding: gzip, chunked\r\n"), 400},
      {"TE twice", with_fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
      {"TE identity", with_fields("Transfer-Encoding: identity\r\n"), 400},
      {"TE with vertical tab",
       with_fields("Transfer-Encoding: \x0b"
                   "chunked\r\n"),
       400},
      {"TE in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"blank before colon", with_fields("Content-Length : 5\r\n"), 400},
      {"no colon", with_fields("nonsense\r\n"), 400},
      {"empty name", with_fields(": x\r\n"), 400},
      {"NUL in a name", with_fields(std::string("X\0A: b\r\n", 8)), 400},
      {"NUL in a value", with_fields(std::string("X: a\0b\r\n", 8)), 400},
      {"bare LF", "GET / HTTP/1.1\nHost: a\n\n", 400},
      {"bare LF in the middle", with_fields("X: a\nTransfer-Encoding: chunked\r\n"), 400},
      {"bare CR hides a field", with_fields("X-A:\rTransfer-Encoding: chunked\r\n"), 400},
      {"CR CR LF", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", 400},
      {"bad chunk size", with_fields("Transfer-Encoding: chunked\r\n") + "zz\r\n", 400},
      {"chunk size with sign", with_fields("Transfer-Encoding: chunked\r\n") + "+1\r\na\r\n0\r\n\r\n", 400},
      {"chunk size too large", with_fields("Transfer-Encoding: chunked\r\n") + "fffffffffffffffff\r\n", 400},
      {"chunk without end", with_fields("Transfer-Encoding: chunked\r\n") + "1\r\naXX0\r\n\r\n", 400},
      {"chunk ended by LF", with_fields("Transfer-Encoding: chunked\r\n") + "1\na\n0\n\n", 400},
      {"no version", "GET /\r\n\r\n", 400},
      {"version 2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"version 1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
      {"h2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"lower-case version", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
      {"two blanks", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"two targets", "GET / /b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"target no path", "GET b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"control in target", "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"unknown method", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"lower-case method", "get / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 501},
      {"TLS on a plain port", std::string("\x16\x03\x01\x02\x00\x01\x00\n\r\n", 10), 400},
      {"blank lines first", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"unknown expectation", with_fields("Expect: tea\r\n"), 417},
  };
  for (const auto& refused : cases) {
    for (const std::size_t piece : {std::string::npos, std::size_t{1}}) {
      INFO(refused.what << (piece == 1 ? ", byte by byte" : ""));
      const auto parsed = parse(refused.bytes, piece);

      CHECK(parsed.state == Parser::State::kRefused);
      CHECK(parsed.status == refused.status);
      CHECK_FALSE(parsed.why.empty());
      CHECK(parsed.requests.empty());
    }
  }
}

TEST_CASE("parser: what cannot begin a request is refused at its first byte", "[http]") {
  Parser tls{ParserLimits{}};
  CHECK(tls.feed(std::string_view("\x16\x03\x01", 3)) == 0);
  CHECK(tls.state() == Parser::State::kRefused);
  CHECK(tls.status() == 400);
  CHECK(tls.why() == "TLS where plain HTTP is spoken");

  for (const std::string& first : {std::string(1, '\0'), std::string("\xff"), std::string(" ")}) {
    CHECK(parse(first).status == 400);
  }
  CHECK(parse("\r").state == Parser::State::kHead);
}

TEST_CASE("parser: unusual but clear requests are taken", "[http]") {
  CHECK(parse("GET / HTTP/1.0\r\n\r\n").requests.size() == 1);
  CHECK(parse("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").requests.size() == 1);
  CHECK(parse("GET http://a/b?c HTTP/1.1\r\nHost: a\r\n\r\n").requests.at(0).target == "/b?c");
  CHECK(parse("GET http://a?c HTTP/1.1\r\nHost: a\r\n\r\n").requests.at(0).target == "/?c");
  CHECK(parse(with_fields("Transfer-Encoding: CHUNKED\r\n") + "0\r\n\r\n").requests.size() == 1);
  CHECK(parse(with_fields("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nContent-Length: 2\r\n") + "hi" + kGet)
            .requests.size() == 2);
  CHECK(
      parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n" + kGet).requests.size() ==
      2);
  CHECK(parse(with_fields("X: \xc3\xbc\r\n")).requests.size() == 1);
}

TEST_CASE("parser: limits", "[http]") {
  const ParserLimits limits{.max_head = 200, .max_body = 10, .max_fields = 3};
  for (const std::size_t piece : {std::string::npos, std::size_t{1}}) {
    CHECK(parse(with_fields("X: " + std::string(300, 'x') + "\r\n"), piece, limits).status == 431);
    CHECK(parse("GET /" + std::string(300, 'x'), piece, limits).status == 431);
    CHECK(parse(with_fields("A: 1\r\nB: 2\r\nC: 3\r\n"), piece, limits).status == 431);
    CHECK(parse(with_fields("A: 1\r\nB: 2\r\n"), piece, limits).requests.size() == 1);
    CHECK(parse(with_fields("Content-Length: 11\r\n"), piece, limits).status == 413);
    CHECK(parse(with_fields("Content-Length: 10\r\n") + "0123456789", piece, limits).requests.size() == 1);
    CHECK(parse(with_fields("Transfer-Encoding: chunked\r\n") + "6\r\n012345\r\n5\r\n01234\r\n0\r\n\r\n", piece, limits)
              .status == 413);
    CHECK(parse(with_fields("Transfer-Encoding: chunked\r\n") + "0\r\nX: " + std::string(20000, 'x'), piece, limits)
              .status == 400);
    CHECK(parse(with_fields("Transfer-Encoding: chunked\r\n") + "1;" + std::string(20000, 'x'), piece, limits).status ==
          400);
  }
}

TEST_CASE("parser: whether the connection is kept, and whether the sender waits for 100", "[http]") {
  const auto kept = [](const std::string& bytes) {
    Parser parser({});
    parser.feed(bytes);
    return parser.state() == Parser::State::kComplete && parser.keep_alive();
  };
  CHECK(kept(kGet));
  CHECK(kept(kPost));
  CHECK_FALSE(kept("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
  CHECK_FALSE(kept("GET / HTTP/1.0\r\nHost: a\r\n\r\n"));
  CHECK(kept("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));

  Parser parser({});
  parser.feed(with_fields("Expect: 100-continue\r\nContent-Length: 2\r\n"));
  CHECK(parser.state() == Parser::State::kBody);
  CHECK(parser.expects_continue());
}
