// exchange.h — one request to a system and what came back, as text: what an operation keeps of it.
//
// Made where connectors speak (bindings/), stripped of what nobody may read where they are called (app/), handed through the
// engine with the answer or the error it led to, which need not know what is in it, and stored once for all who share it.
// Headers are left out but for the content types: credentials live in them.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace tidewire {

struct Exchange {
  struct Body {
    std::string type{};      // content type; "" where none was said
    std::string text{};
    std::int64_t cut = 0;    // bytes that were left out at its end
    std::string left_out{};  // why nothing of it is here; "" = it is
  };
  std::int64_t id = 0;       // given with what may be read of it; sorts by time
  Instant at{};
  Duration took{};           // zero where no answer came
  std::string connection{};
  std::string method{};      // of HTTP; "SQL"
  std::string target{};      // a URL; the statements
  Body sent{};               // of SQL the parameters, as JSON
  std::string status{};      // of HTTP, or SQLSTATE; "" where none came
  Body answer{};             // of SQL the rows that a write returned
  std::string error{};       // why there is no answer
};

/// Shared by all records that one request was about. Owners: whoever has to store it.
using Exchanges = std::vector<std::shared_ptr<const Exchange>>;

/// Those that are not among them already, at the end.
void add(Exchanges& to, const Exchanges& more);

/// What one call of a connector says and hears, in order: the last kMost exchanges.
class Recording {
 public:
  static constexpr std::size_t kMost = 20;
  /// `bytes` are taken of each body.
  explicit Recording(std::size_t bytes) : bytes_(bytes) {}

  /// One begins. What comes back is written into it by whoever holds it.
  std::shared_ptr<Exchange> begin(std::string method, std::string target, Instant at);
  Exchange::Body body(std::string type, std::string_view text) const;
  const std::deque<std::shared_ptr<Exchange>>& exchanges() const { return exchanges_; }

 private:
  std::size_t bytes_;
  std::deque<std::shared_ptr<Exchange>> exchanges_;  // owners: this, and who waits for its answer
};

}  // namespace tidewire
