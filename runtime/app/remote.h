// remote.h — requests to a daemon that runs already: through its Unix socket, or over the network with a token.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/client.h"
#include "http/message.h"
#include "loop/loop.h"

namespace tidewire::app {

class Remote {
 public:
  Remote(loop::Loop& loop, std::string socket);
  /// `url` without a slash at its end ("https://sync.example.org"); `token` is sent with each request.
  Remote(loop::Loop& loop, std::string url, std::string token);
  /// kInvalid where `url` is none, or a token would travel in clear to another machine.
  static Result<std::string> checked_url(std::string url, const std::string& token);

  /// `request.target` is path and query. kUnavailable where nobody listens. One request at a time.
  void send(http::Request request, Duration deadline, std::function<void(Result<http::Response>)> done);

 private:
  std::string socket_, url_, token_;
  http::Client client_;
  std::unique_ptr<http::Client::Call> call_;
};

}  // namespace tidewire::app
