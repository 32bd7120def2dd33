// fetched.h — a client with its loop, and answers for a RawServer to give.
#pragma once

#include <mutex>
#include <optional>

#include <catch2/catch.hpp>
#include <zlib.h>

#include "http/client.h"
#include "support/raw_peer.h"

namespace tidewire::test {

using namespace std::chrono_literals;
using http::Client;
using http::Exchange;
using http::Response;

inline const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

inline std::string answer_with(const std::string& body, const std::string& fields = "") {
  return "HTTP/1.1 200 OK\r\n" + fields + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

inline std::string redirect_to(const std::string& url, int status = 302) {
  return "HTTP/1.1 " + std::to_string(status) + " Moved\r\nLocation: " + url + "\r\nContent-Length: 0\r\n\r\n";
}

struct Fetched {
  explicit Fetched(http::ClientOptions options = {.use_proxy_variables = false})
      : client(std::make_unique<Client>(loop, options)) {}

  Result<Response> send(Exchange exchange) {
    std::optional<Result<Response>> result;
    const auto call = client->send(std::move(exchange), [&](Result<Response> response) {
      result = std::move(response);
      loop.stop();
    });
    CHECK_FALSE(result.has_value());
    loop.run();
    REQUIRE(result.has_value());
    return *std::move(result);
  }
  Result<Response> get(const std::string& url) { return send({.request = {.target = url}}); }
  Result<Response> post(const std::string& url, const std::string& body) {
    return send({.request = {.method = "POST", .target = url, .body = body}});
  }

  loop::Loop loop;
  std::unique_ptr<Client> client;
};

/// What requests a RawServer saw, safe to fill from its thread.
class Seen {
 public:
  std::string note(std::string message) {
    const std::lock_guard lock(mutex_);
    messages_.push_back(message);
    return message;
  }
  std::vector<std::string> all() {
    const std::lock_guard lock(mutex_);
    return messages_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> messages_;
};

inline std::string gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace tidewire::test
