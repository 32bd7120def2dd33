// served.h — a server with its loop that says what it was asked.
#pragma once

#include <catch2/catch.hpp>

#include "http/server.h"
#include "support/raw_peer.h"

namespace tidewire::test {

using namespace std::chrono_literals;
using http::Reply;
using http::Request;
using http::Response;
using http::Server;
using http::ServerOptions;

inline const std::string kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

inline std::string post(const std::string& path, const std::string& body) {
  return "POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// A server that says what it was asked; "/later..." is answered by answer_kept(), "/never" by nobody.
struct Served {
  explicit Served(ServerOptions options = {}, const std::string& at = "127.0.0.1:0")
      : server(std::make_unique<Server>(
            loop, options, [this](Request request, Reply reply) { on_request(std::move(request), std::move(reply)); })),
        address(*server->listen(at)) {}

  void on_request(Request request, Reply reply) {
    asked.push_back(request.method + " " + request.target + " " + request.body);
    peer = request.peer;
    secure.push_back(request.secure);
    if (request.target.starts_with("/later")) {
      kept.emplace_back(request.target, std::move(reply));
      if (on_kept) on_kept();
    } else if (request.target == "/drop") {
      reply(Reply::drop());
    } else if (request.target == "/big") {
      reply(Response::text(200, std::string(8u << 20, 'b')));
    } else if (request.target != "/never") {
      reply(Response::text(200, request.target + ":" + request.body));
    }
  }
  void answer_kept() {
    for (auto& [target, reply] : std::exchange(kept, {})) reply(Response::text(200, target));
  }
  void run(const std::function<void()>& script) { test::run_beside(loop, script); }

  loop::Loop loop;
  std::vector<std::string> asked;
  std::string peer;
  std::vector<bool> secure;
  std::vector<std::pair<std::string, Reply>> kept;
  std::function<void()> on_kept;
  std::unique_ptr<Server> server;
  std::string address;
};

inline std::string body_of(const std::string& message) { return message.substr(message.find("\r\n\r\n") + 4); }

}  // namespace tidewire::test
