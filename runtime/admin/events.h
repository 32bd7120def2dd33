// events.h — what happens, as it happens, for whoever looks on: server-sent events.
//
// The last few hundred are kept in memory so that a page that lost its connection misses nothing it cares about; what is
// older it reads from the lists. A slow reader is let go rather than waited for.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "admin/ports.h"
#include "admin/roles.h"
#include "base/value.h"
#include "http/message.h"

namespace tidewire::admin {

class Events {
 public:
  static constexpr std::size_t kKept = 500;
  static constexpr std::size_t kMostReaders = 64;  // of the network together
  static constexpr std::size_t kMostOfOne = 8;     // of one user or token
  static constexpr Duration kBeat = std::chrono::seconds(15);     // proxies close what is silent
  static constexpr Duration kAfter = std::chrono::minutes(1);      // what comes is kept this long without a reader
  static constexpr Duration kLongest = std::chrono::minutes(30);  // then the reader comes again and shows who it is

  explicit Events(Control& control) : control_(control) {}

  /// Whether anybody looks on, or did until a moment ago. From any thread.
  bool wanted() const { return wanted_; }

  /// `kind` is the event's name ("operation", "retry", "log", "job").
  void publish(const std::string& kind, const Value& value);
  /// Why one more of whoever this is would be too much; nullopt where there is room.
  std::optional<Error> refusal(const Caller& caller);
  struct Asked {
    Caller caller{};
    std::uint64_t last = 0;  // the last that was heard; 0 = only what comes is sent
    std::function<bool()> may{};
  };
  /// Sends what came after `last` and all that follows, for as long as `may` says so: a login that ended hears no more.
  void add(std::unique_ptr<http::Outlet> outlet, Asked asked);
  std::size_t readers() const { return readers_.size(); }

 private:
  struct Kept {
    std::uint64_t id;
    std::string text;
  };
  struct Reader {
    std::unique_ptr<http::Outlet> outlet;
    Ticks since;
    Caller caller;
    std::function<bool()> may;
  };
  void send(const std::string& text);
  void beat();
  void forget();

  Control& control_;
  std::deque<Kept> kept_;
  std::list<Reader> readers_;
  std::uint64_t last_id_ = 0;
  std::atomic<bool> wanted_ = false;
  std::unique_ptr<Timer> timer_;
};

}  // namespace tidewire::admin
