// parser_fuzz.cpp — libFuzzer over the request parser. The first byte says in what pieces the rest arrives.
//
// Beside crashes it looks for what smuggling lives on: the same bytes must give the same requests and the same refusal
// however they are cut, and no limit may be passed.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/parser.h"

namespace {

using tidewire::http::Parser;
using tidewire::http::Request;

constexpr tidewire::http::ParserLimits kLimits{.max_head = 512, .max_body = 256, .max_fields = 16};

struct Outcome {
  std::vector<Request> requests;
  int status = 0;
};

Outcome parse(std::string_view bytes, std::size_t piece) {
  Parser parser(kLimits);
  Outcome outcome;
  while (!bytes.empty() && parser.state() != Parser::State::kRefused) {
    std::string_view now = bytes.substr(0, piece);
    bytes.remove_prefix(now.size());
    while (!now.empty() && parser.state() != Parser::State::kRefused) {
      const std::size_t used = parser.feed(now);
      ASSERT(used <= now.size(), "no more is used than was given");
      ASSERT(parser.body_size() <= kLimits.max_body, "the body stays within its limit");
      now.remove_prefix(used);
      if (parser.state() == Parser::State::kComplete) {
        outcome.requests.push_back(parser.take());
      } else {
        ASSERT(now.empty() || parser.state() == Parser::State::kRefused, "all is used until something ends");
      }
    }
  }
  outcome.status = parser.status();
  return outcome;
}

bool same(const Request& a, const Request& b) {
  return a.method == b.method && a.target == b.target && a.body == b.body && a.headers.fields() == b.headers.fields();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome whole = parse(bytes, std::string_view::npos);
  const Outcome pieces = parse(bytes, 1 + data[0] % 64u);
  ASSERT(whole.requests.size() == pieces.requests.size(), "as many requests however they are cut");
  for (std::size_t i = 0; i < whole.requests.size(); ++i) {
    ASSERT(same(whole.requests[i], pieces.requests[i]), "the same requests however they are cut");
  }
  // Which of two faults is met first may depend on the cut (a head too large that also holds a bare LF), the refusal
  // not.
  ASSERT((whole.status == 0) == (pieces.status == 0), "refused however they are cut");
  return 0;
}
