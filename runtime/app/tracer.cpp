#include "app/tracer.h"

#include <algorithm>

#include "base/hash.h"
#include "base/json.h"

namespace tidewire::app {
namespace {

constexpr std::size_t kMostWaiting = 2048;
constexpr std::size_t kMostSent = 512;
constexpr Duration kEvery = std::chrono::seconds(5);

Value attribute(const std::string& name, const std::string& text) { return Value(Object{{"key", name}, {"value", Value(Object{{"stringValue", text}})}}); }
/// OTLP writes 64-bit numbers as text.
Value attribute(const std::string& name, std::int64_t number) { return Value(Object{{"key", name}, {"value", Value(Object{{"intValue", std::to_string(number)}})}}); }

std::string hex_of(const std::string& id) {
  std::string hex;
  std::copy_if(id.begin(), id.end(), std::back_inserter(hex), [](char c) { return c != '-'; });
  return hex;
}

/// The first 48 bits of a version 7 UUID are milliseconds since 1970.
std::int64_t began_ms(const std::string& hex) { return hex.size() == 32 ? std::strtoll(hex.substr(0, 12).c_str(), nullptr, 16) : 0; }

std::string nanoseconds(std::int64_t microseconds) { return std::to_string(microseconds) + "000"; }

std::int64_t microseconds(Instant at) { return at.time_since_epoch().count(); }

std::size_t count_of(const Value& record, const char* list) {
  const Value* found = record.find(list);
  return found != nullptr && found->is_array() ? found->as_array().size() : 0;
}

}  // namespace

bool is_sampled(const std::string& operation, std::int64_t every) {
  if (every <= 1) return true;
  const std::string hex = hex_of(operation);
  const std::string tail = hex.size() > 8 ? hex.substr(hex.size() - 8) : hex;
  return static_cast<std::int64_t>(std::strtoull(tail.c_str(), nullptr, 16) % static_cast<std::uint64_t>(every)) == 0;
}

namespace {

// Kinds of OTLP.
constexpr std::int64_t kInternal = 1, kClient = 3;

Value error_status(const std::string& message) { return Value(Object{{"code", 2}, {"message", message}}); }

/// All spans of one operation share its trace; those below the first name it as their parent.
class Spans {
 public:
  Spans(const store::Operation& operation, std::int64_t end) : hex_(hex_of(operation.id)), end_(end) {
    began_ = std::min(hex_.size() == 32 ? began_ms(hex_) * 1000 : end, end);
    if (const auto exact = parse_instant(operation.record.string_or("began")); exact.ok()) began_ = std::min(microseconds(*exact), end);
  }

  std::int64_t began() const { return began_; }
  /// The operation itself goes first.
  void add_whole(const std::string& name, std::int64_t from, Array attributes, Value status) { add(name, kInternal, from, end_, std::move(attributes), std::move(status)); }
  void add_below(const std::string& name, std::int64_t kind, std::int64_t from, std::int64_t to, Array attributes = {}, Value status = Object{}) {
    add(name, kind, from, to, std::move(attributes), std::move(status));
    spans_.back()["parentSpanId"] = *spans_.front().find("spanId");
  }
  std::vector<Value> take() { return std::move(spans_); }

 private:
  /// A clock that was set back makes no negative span.
  void add(const std::string& name, std::int64_t kind, std::int64_t from, std::int64_t to, Array attributes, Value status) {
    to = std::min(to, end_);
    const std::string own = hex_.size() == 32 ? hex_.substr(16) : hex_;
    const std::string id = spans_.empty() ? own : sha256_hex(hex_ + " " + std::to_string(spans_.size())).substr(0, 16);
    spans_.push_back(Value(Object{{"traceId", hex_}, {"spanId", id}, {"name", name}, {"kind", kind}, {"startTimeUnixNano", nanoseconds(std::min(from, to))}, {"endTimeUnixNano", nanoseconds(to)},
                                  {"attributes", Value(std::move(attributes))}, {"status", std::move(status)}}));
  }

  std::string hex_;
  std::int64_t began_ = 0, end_;
  std::vector<Value> spans_;
};

/// Since when the oldest of the changes has waited; `otherwise` where the record does not say.
std::int64_t noticed(const Value& record, std::int64_t otherwise) {
  const Value* taken = record.find("taken");
  if (taken == nullptr || !taken->is_array()) return otherwise;
  for (const Value& one : taken->as_array()) {
    if (const auto since = parse_instant(one.string_or("since")); since.ok()) otherwise = std::min(otherwise, microseconds(*since));
  }
  return otherwise;
}

Array attributes_of(const store::Operation& operation) {
  Array attributes{attribute("tidewire.operation", operation.id), attribute("tidewire.mapping", operation.mapping), attribute("tidewire.kind", operation.kind), attribute("tidewire.outcome", operation.outcome),
                   attribute("tidewire.changes", operation.changes), attribute("tidewire.writes", static_cast<std::int64_t>(count_of(operation.record, "writes"))), attribute("tidewire.script", operation.script)};
  if (operation.link) attributes.push_back(attribute("tidewire.link", *operation.link));
  if (operation.job) attributes.push_back(attribute("tidewire.job", *operation.job));
  if (const Value* taken = operation.record.find("taken"); taken != nullptr && taken->is_array() && !taken->as_array().empty()) {
    attributes.push_back(attribute("tidewire.side", taken->as_array().front().string_or("side")));
    attributes.push_back(attribute("tidewire.reason", taken->as_array().front().string_or("reason")));
  }
  return attributes;
}

Value status_of(const store::Operation& operation) {
  if (operation.outcome != "dead" && operation.outcome != "held" && operation.outcome != "conflict") return Object{};
  const Value* error = operation.record.find("error");
  return error_status(error == nullptr ? operation.outcome : operation.outcome + ": " + error->string_or("code"));
}

void add_step(Spans& spans, const store::Operation& operation, const Value& step) {
  const std::int64_t from = spans.began() + step.int_or("after_us", 0);
  const std::string side = step.string_or("side"), error = step.string_or("error");
  Array attributes{attribute("tidewire.mapping", operation.mapping)};
  if (!side.empty()) attributes.push_back(attribute("tidewire.side", side));
  spans.add_below(step.string_or("step") + (side.empty() ? "" : " " + side), side.empty() ? kInternal : kClient, from, from + step.int_or("took_us", 0), std::move(attributes), error.empty() ? Value(Object{}) : error_status(error));
}

}  // namespace

std::vector<Value> spans_of(const store::Operation& operation, Instant ended) {
  const std::int64_t end = microseconds(ended);
  Spans spans(operation, end);
  const std::int64_t from = std::min(noticed(operation.record, spans.began()), spans.began());
  spans.add_whole(operation.kind + " " + operation.mapping, from, attributes_of(operation), status_of(operation));
  const Value* steps = operation.record.find("steps");
  if (steps == nullptr || !steps->is_array()) return spans.take();
  if (from < spans.began()) spans.add_below("wait", kInternal, from, spans.began());
  for (const Value& step : steps->as_array()) add_step(spans, operation, step);
  spans.add_below("commit", kInternal, microseconds(operation.at), end);
  return spans.take();
}

void Tracer::on_operation(const store::Operation& operation) {
  const auto& config = ports_.config();
  if (!config || operation.id.empty() || !is_sampled(operation.id, config->every)) return;
  std::vector<Value> spans = spans_of(operation, ports_.clock.now());
  if (waiting_.size() + spans.size() > kMostWaiting) {
    stats_.dropped += static_cast<std::int64_t>(spans.size());
    return;
  }
  const bool few = waiting_.size() < kMostSent;
  waiting_.insert(waiting_.end(), std::make_move_iterator(spans.begin()), std::make_move_iterator(spans.end()));
  const bool full = few && waiting_.size() >= kMostSent && !failing_;
  if (!call_ && (full || !timer_)) timer_ = ports_.loop.after(full ? Duration(std::chrono::milliseconds(1)) : kEvery, [this] { send(); });
}

Result<http::Exchange> Tracer::message(const TraceConfig& config) {
  http::Exchange exchange;
  exchange.deadline = std::chrono::seconds(10);
  exchange.max_bytes = 1u << 20;
  exchange.request.method = "POST";
  const Value endpoint = TRY(ports_.resolve(config.endpoint));
  exchange.request.target = endpoint.is_string() ? endpoint.as_string() : "";
  exchange.request.headers.set("Content-Type", "application/json");
  const Value headers = TRY(ports_.resolve(config.headers));
  for (const auto& [name, value] : headers.is_object() ? headers.as_object() : Object{}) {
    if (value.is_string()) exchange.request.headers.set(name, value.as_string());
  }
  const Value resource(Object{{"attributes", Value(Array{attribute("service.name", config.service), attribute("service.version", ports_.version), attribute("tidewire.project", ports_.project)})}});
  const Value scope(Object{{"scope", Value(Object{{"name", "tidewire"}, {"version", ports_.version}})}, {"spans", Value(Array(under_way_.begin(), under_way_.end()))}});
  exchange.request.body = json::dump(Value(Object{{"resourceSpans", Value(Array{Value(Object{{"resource", resource}, {"scopeSpans", Value(Array{scope})}})})}}));
  return exchange;
}

void Tracer::send() {
  timer_.reset();
  ended_.reset();
  const auto& config = ports_.config();
  if (!config || waiting_.empty()) return waiting_.clear();
  const std::size_t count = std::min(waiting_.size(), kMostSent);
  under_way_.assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(waiting_.begin() + static_cast<std::ptrdiff_t>(count)));
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
  auto exchange = message(*config);
  if (!exchange.ok()) return sent(count, exchange.error());
  call_ = ports_.client.send(std::move(*exchange), [this, count](Result<http::Response> answer) { sent(count, answer); });
}

/// What was sent is let go, taken or not: a trace is worth less than the memory for a collector that stays away.
void Tracer::sent(std::size_t count, const Result<http::Response>& answer) {
  ended_ = std::move(call_);
  under_way_.clear();
  const bool taken = answer.ok() && answer->status >= 200 && answer->status < 300;
  (taken ? stats_.sent : stats_.dropped) += static_cast<std::int64_t>(count);
  if (!taken && !std::exchange(failing_, true)) {
    ports_.log.warn("traces", "the collector does not take traces, which are dropped and counted until it does: " + (answer.ok() ? "it answered " + std::to_string(answer->status) : to_string(answer.error())));
  }
  if (taken && std::exchange(failing_, false)) ports_.log.info("traces", "the collector takes traces again");
  if (!waiting_.empty()) timer_ = ports_.loop.after(waiting_.size() >= kMostSent && taken ? Duration(std::chrono::milliseconds(1)) : kEvery, [this] { send(); });
}

}  // namespace tidewire::app
