#include "app/judge.h"

#include "app/address.h"
#include "base/json.h"

namespace tidewire::app {

namespace {

constexpr std::size_t kLongestAnswer = 1u << 20;

Error stopping() { return make_error(Code::kCancelled, "stopping"); }

}  // namespace

void WebhookJudge::ask(const sync::JudgeAt& at, const std::string& id, const Value& question, sync::Done<Value> done) {
  if (stopping_) return loop_.post([done] { done(stopping()); });
  auto address = resolve_(at.url);
  if (!address.ok()) return loop_.post([done, why = address.error()] { done(why); });
  const std::string url = address->is_string() ? address->as_string() : "";
  http::Exchange exchange;
  exchange.deadline = at.timeout;
  exchange.max_bytes = kLongestAnswer;
  exchange.request.method = "POST";
  exchange.request.target = url;
  exchange.request.headers.set("Content-Type", "application/json");
  exchange.request.headers.set("Idempotency-Key", id);
  exchange.request.body = json::dump(question);
  const std::uint64_t number = ++last_;
  Question& open = open_[number];
  open.done = std::move(done);
  open.call = client_.send(std::move(exchange), [this, number, url](Result<http::Response> answer) { answered(number, url, std::move(answer)); });
}

void WebhookJudge::answered(std::uint64_t number, const std::string& url, Result<http::Response> answer) {
  const std::string host = host_of(url);
  auto question = std::make_shared<Question>(std::move(open_.at(number)));
  open_.erase(number);
  loop_.post([question] {});  // the call must outlive its own callback
  if (!answer.ok()) return question->done(make_error(Code::kUnavailable, host + " gave no answer: " + by_host(answer.error().message, url)));
  if (answer->status < 200 || answer->status >= 300) return question->done(make_error(Code::kUnavailable, host + " answered " + std::to_string(answer->status)));
  auto said = json::parse(answer->body);
  if (!said.ok()) return question->done(make_error(Code::kInvalid, host + " answered what is no JSON: " + said.error().message));
  question->done(std::move(*said));
}

void WebhookJudge::stop() {
  stopping_ = true;
  for (auto& [number, question] : std::exchange(open_, {})) {
    loop_.post([done = std::move(question.done)] { done(stopping()); });
  }
}

}  // namespace tidewire::app
