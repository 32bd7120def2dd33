// api.h — the HTTP API of one daemon: health and metrics for monitors, everything else for people and the commands.
//
// The commands of the terminal have no other door: they send these requests to the daemon's socket, or in their own
// process where none runs. So whatever a command can do, the API can do.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "admin/accounts.h"
#include "admin/answer.h"
#include "admin/events.h"
#include "admin/gate.h"
#include "admin/jobs.h"
#include "admin/lockout.h"
#include "admin/log_lines.h"
#include "admin/ports.h"
#include "admin/route.h"
#include "admin/triggers.h"
#include "http/router.h"

namespace tidewire::admin {

class Api {
 public:
  /// `control` outlives this. A Reply under way may outlive it.
  explicit Api(Control& control);
  ~Api();

  /// Once it is known who may use it; requests wait until then.
  void when_loaded(Done<void> done);
  /// Answers any request, also one for a path that is not ours (404).
  void handle(http::Request request, http::Reply reply);
  /// What opens the first set-up, once; "" where there is a user.
  std::string setup_code();
  /// True once; give_back where nothing came of it.
  bool take_setup_code(const std::string& code);
  void give_back_setup_code(const std::string& code) { setup_code_ = code; }

  Control& control() { return control_; }
  Jobs& jobs() { return jobs_; }
  Accounts& accounts() { return accounts_; }
  Lockout& lockout() { return lockout_; }
  Events& events() { return events_; }
  LogLines& log_lines() { return log_lines_; }
  Triggers& triggers() { return triggers_; }

  /// Nothing of this object is touched by a callback that comes after its end.
  template <typename F>
  auto guarded(F work) {
    return [alive = alive_, work = std::move(work)](auto result) mutable {
      if (*alive) work(std::move(result));
    };
  }
  using WithSummary = std::function<void(const Result<store::Summary>&)>;
  void with_summary(WithSummary then);
  /// Of a second ago at most, for strangers, who may be many.
  void with_recent_summary(WithSummary then);

 private:
  void load();
  void loaded(const Result<void>& result);
  void add(const Route& route);
  void serve(http::Request request, http::Reply reply);
  void dispatch(const Route& route, http::Request request, http::Params params, http::Reply reply);
  void run(const Route& route, Call call);
  void redact(const Caller& caller, http::Response& response) const;
  SharedReply redacted(const Call& call);
  SharedReply audited(const Call& call);
  void once(const Route& route, Call call, const std::string& key);

  Control& control_;
  Accounts accounts_;
  Gate gate_;
  Lockout lockout_;
  Jobs jobs_;
  Events events_;
  LogLines log_lines_;
  Triggers triggers_;
  http::Router router_;
  std::set<std::string> under_way_;  // idempotency keys whose first request is not answered yet
  std::vector<Done<void>> waiting_;  // for the accounts
  bool loading_ = false;
  std::string setup_code_;
  std::optional<store::Summary> recent_;
  Ticks recent_at_{};
  std::vector<WithSummary> recent_waiting_;  // for the one that is being counted
  std::shared_ptr<bool> alive_;      // owners: this and the callbacks under way
};

}  // namespace tidewire::admin
