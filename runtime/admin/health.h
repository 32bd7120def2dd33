// health.h — is everything going as it should, in one word for a load balancer and in sentences for a person.
//
// A bad edit of a script is not ill health (the former version goes on, `status` shows the message), nor is a dead
// letter: a monitor must not wake anybody for one wrong record.
#pragma once

#include <string>
#include <vector>

#include "admin/ports.h"
#include "base/value.h"
#include "store/store.h"

namespace tidewire::admin {

/// A key that could be worked on but is not for this long means that something hangs.
constexpr Duration kOldestWaiting = std::chrono::minutes(10);

struct Health {
  std::vector<std::string> problems;  // empty = healthy
  Value view = Object{};              // {status, problems, version, uptime_s, store, queue, connections}
  bool ok() const { return problems.empty(); }
};

/// `summary` is an error where the store could not be read, which is a problem of its own. A stranger is not told the
/// reasons: they may quote a remote's words.
Health health(Control& control, const Result<store::Summary>& summary, bool trusted);

}  // namespace tidewire::admin
