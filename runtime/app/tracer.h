// tracer.h — operations as OpenTelemetry spans, by OTLP over HTTP in JSON, where tidewire.lua names a collector.
//
// Nothing waits for a collector: a span is a small value in a list, sent with others every few seconds, one request at a time.
// While the collector is away the list fills to its limit and what comes then is dropped and counted. Spans carry names, codes
// and counts, never a record's key or values.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/value.h"
#include "http/client.h"
#include "loop/loop.h"
#include "store/types.h"

namespace tidewire::app {

/// `traces` of tidewire.lua.
struct TraceConfig {
  Value endpoint;               // "http://127.0.0.1:4318/v1/traces"; secrets still markers
  Value headers = Object{};
  std::string service = "tidewire";
  std::int64_t every = 1;       // one operation in so many, chosen by its id
};

/// The operation as OTLP writes it: a span from when its oldest change was noticed to `ended`, and below it one each for the wait, for
/// the steps that the operation's record names (reads, decision, announcement, writes) and for the commit. A row of an initial load keeps
/// no steps: it is one span from the beginning of the pass (in the operation's id) on.
std::vector<Value> spans_of(const store::Operation& operation, Instant ended);
/// True for one operation in `every`, the same one wherever it is asked.
bool is_sampled(const std::string& operation, std::int64_t every);

class Tracer {
 public:
  struct Ports {
    loop::Loop& loop;
    const Clock& clock;
    http::Client& client;
    Logger& log;
    std::string project, version;
    std::function<const std::optional<TraceConfig>&()> config;  // as it is now; nullopt = no traces
    std::function<Result<Value>(const Value& marked)> resolve;
  };
  explicit Tracer(Ports ports) : ports_(std::move(ports)) {}

  void on_operation(const store::Operation& operation);
  struct Stats {
    std::int64_t sent = 0, dropped = 0;
  };
  const Stats& stats() const { return stats_; }

 private:
  void send();
  void sent(std::size_t count, const Result<http::Response>& answer);
  Result<http::Exchange> message(const TraceConfig& config);

  Ports ports_;
  Stats stats_;
  std::vector<Value> waiting_, under_way_;
  std::unique_ptr<Timer> timer_;
  std::unique_ptr<http::Client::Call> call_, ended_;  // the second outlives its own callback
  bool failing_ = false;
};

}  // namespace tidewire::app
