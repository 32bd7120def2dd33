// exchanges.h — which exchanges with systems are kept for operations, and as what (base/exchange.h, exchange_redaction.h).
//
// A write is recorded whole; of a read that went well nothing is kept, of one that failed the exchange it failed at.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "app/exchange_redaction.h"
#include "base/clock.h"
#include "base/exchange.h"
#include "base/log.h"

namespace tidewire::app {

class ExchangeKeeper {
 public:
  enum class Keep { kAll, kFailed, kNone };  // `exchanges` of tidewire.lua
  static Keep keep_from(std::string_view name);

  ExchangeKeeper(const Redactor& redactor, const Clock& clock, Random& random) : redactor_(redactor), clock_(clock), random_(random) {}
  void keep(Keep keep) { keep_ = keep; }

  /// For one call of a connector; nullptr: nothing of it is wanted.
  std::shared_ptr<Recording> begin(const std::set<std::string>& hidden) const;
  struct Call {
    std::string connection;
    bool writes = false;
    bool failed = false;  // or some of its records did
    std::set<std::string> keys{};  // of the records it was about, where they may not be told
  };
  /// What is kept of it.
  Exchanges kept(const Recording* recording, const Call& call, const std::set<std::string>& hidden);

 private:
  std::int64_t next_id();

  const Redactor& redactor_;
  const Clock& clock_;
  Random& random_;
  Keep keep_ = Keep::kAll;
  std::int64_t last_id_ = 0;
};

}  // namespace tidewire::app
