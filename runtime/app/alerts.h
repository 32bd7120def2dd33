// alerts.h — tells people by mail or webhook what needs them: what stands in the way, jobs that ended, the report of the week.
//
// What was told and the notices that tell it are committed together, so a restart repeats nothing and forgets nothing; the
// outbox delivers. So are the rows of the list that the API shows, which is kept whether anybody is told or not. Only where the state cannot be written (which is one of the conditions) a notice is sent once, by itself.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/alert_book.h"
#include "base/id.h"
#include "base/log.h"
#include "base/value.h"
#include "loop/loop.h"
#include "sched/cron.h"

namespace tidewire::app {

/// `alerts` of tidewire.lua.
struct AlertConfig {
  std::vector<Value> to;  // {kind = "mail" | "post", to}: what is secret still a marker
  admin::AlertRules rules;
};
/// From what the project's file compiled to.
AlertConfig alert_config(const Value& alerts);

class Alerts {
 public:
  struct Ports {
    loop::Loop& loop;
    Random& random;
    admin::Control& control;
    Logger& log;
    std::string project;                                       // as mails name it
    std::function<const std::optional<AlertConfig>&()> config;  // as it is now; nullopt = tells nobody, by the rules of a config without words
    std::function<void()> told;                                // notices lie in the outbox
    std::function<void(Value notice)> send_now;                // past the outbox
    /// Webhooks received of it since the start; nullopt where none are expected (gone, or it is listened to).
    std::function<std::optional<std::int64_t>(const std::string& connection, const std::string& collection)> webhooks;
  };
  explicit Alerts(Ports ports);
  ~Alerts();

  void start();
  void on_operation(const store::Operation& operation);
  void on_job(const store::Job& job);
  /// By "connection collection": changes that only polls found since its last webhook, also over a restart.
  const std::map<std::string, std::int64_t>& unannounced() const { return unannounced_; }

 private:
  struct Notice {
    std::string event;  // alert | ended | job | drift | report
    std::string kind, about, title, text, advice;
    std::optional<Instant> since{};
  };
  using Kept = std::map<std::string, std::optional<Value>>;
  void look();
  void look_again(Duration delay);
  void examine(const Result<store::Summary>& summary);
  void tell(const std::vector<Notice>& notices, const std::string& ns, Kept kept, std::vector<store::Alert> alerts = {});
  Notice notice_of(const admin::Telling& telling) const;
  store::Alert alert_of(const admin::Telling& telling) const;
  void follow_polls();
  void follow_webhooks(Kept& kept);
  void follow_drift(const store::Summary& summary);
  void report(const store::Summary& summary);
  std::string report_text(const store::Summary& summary, Instant from, Instant to) const;

  Ports ports_;
  IdMaker ids_;
  admin::AlertBook book_;
  std::map<std::string, std::int64_t> unannounced_;   // by "connection collection"
  std::set<std::string> moved_;                       // of these, since the last look
  std::map<std::string, std::int64_t> heard_;         // webhooks received, at the last look
  std::map<std::string, std::optional<Instant>> first_poll_;  // by "mapping side": what it finds happened while nobody listened
  std::set<std::string> polled_again_;
  std::map<std::string, Value> drift_;                // by mapping: {count, at}
  Value report_;                                      // {due_at, schedule, from, counters}
  bool loaded_ = false;
  std::unique_ptr<Timer> timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // owners: this and the callbacks under way
};

}  // namespace tidewire::app
