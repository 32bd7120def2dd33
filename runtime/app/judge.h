// judge.h — sync::Judge by HTTP: the question is posted, the answer is its body (strategy `webhook`).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "http/client.h"
#include "sync/ports.h"

namespace tidewire::app {

class WebhookJudge final : public sync::Judge {
 public:
  /// The value with its secrets; kInvalid names the one that is set nowhere.
  using Resolve = std::function<Result<Value>(const Value& marked)>;
  /// All outlive this.
  WebhookJudge(loop::Loop& loop, http::Client& client, Resolve resolve) : loop_(loop), client_(client), resolve_(std::move(resolve)) {}

  /// kUnavailable: no 2xx within the timeout; kInvalid: the body is no JSON, or the address is a secret that is set nowhere.
  void ask(const sync::JudgeAt& at, const std::string& id, const Value& question, sync::Done<Value> done) override;
  /// Who waits is told kCancelled; whoever asks from now on, too.
  void stop();

 private:
  struct Question {
    std::unique_ptr<http::Client::Call> call;
    sync::Done<Value> done;
  };
  void answered(std::uint64_t number, const std::string& url, Result<http::Response> answer);

  loop::Loop& loop_;
  http::Client& client_;
  Resolve resolve_;
  std::map<std::uint64_t, Question> open_;
  std::uint64_t last_ = 0;
  bool stopping_ = false;
};

}  // namespace tidewire::app
