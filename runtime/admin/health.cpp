#include "admin/health.h"

#include <algorithm>

#include "admin/conditions.h"
#include "admin/homes.h"

namespace tidewire::admin {
namespace {

std::int64_t whole_seconds(Duration duration) { return std::chrono::duration_cast<std::chrono::seconds>(duration).count(); }

class Examination {
 public:
  Examination(Control& control, bool trusted) : control_(control), trusted_(trusted), now_(control.clock().now()), process_(control.process()) {}

  Health run(const Result<store::Summary>& summary) {
    Object& view = health_.view.as_object();
    view["version"] = process_.string_or("version");
    if (const auto started = parse_instant(process_.string_or("started_at")); started.ok()) view["uptime_s"] = whole_seconds(now_ - *started);
    if (process_.bool_or("draining", false)) health_.problems.emplace_back("shutting down");
    view["store"] = store();
    view["queue"] = queue(summary);
    view["connections"] = connections();
    mappings();
    view["status"] = health_.ok() ? "ok" : "failing";
    Array problems;
    for (const std::string& problem : health_.problems) problems.emplace_back(problem);
    view["problems"] = Value(std::move(problems));
    return std::move(health_);
  }

 private:
  void add(const std::string& problem, const std::string& reason) {
    health_.problems.push_back(trusted_ && !reason.empty() ? problem + ": " + reason : problem);
  }

  Value store() {
    const Value* stored = process_.find("store");
    const bool healthy = stored == nullptr || stored->bool_or("healthy", true);
    Object out{{"healthy", healthy}};
    if (healthy) return Value(std::move(out));
    const std::string trouble = stored->string_or("trouble");
    add("the state file cannot be written", trouble);
    if (trusted_ && !trouble.empty()) out["trouble"] = trouble;
    return Value(std::move(out));
  }

  Value queue(const Result<store::Summary>& summary) {
    if (!summary.ok()) {
      add("the state file cannot be read", to_string(summary.error()));
      return Value(Object{});
    }
    std::int64_t waiting = 0, backing_off = 0;
    std::optional<Instant> oldest, behind;  // what waits for its parent or for a person is behind, and no ill health
    const Homes homes(control_);
    const auto resting = resting_mappings(control_);
    for (const auto& [name, counts] : summary->mappings) {
      if (homes.gone(name, counts)) continue;
      waiting += counts.waiting;
      backing_off += counts.backing_off;
      // Of a mapping that was removed, keys wait until it comes back: that is nobody's failure.
      if (control_.engine().plan(name) == nullptr) continue;
      if (counts.oldest_waiting && !resting.contains(name)) oldest = std::min(oldest.value_or(*counts.oldest_waiting), *counts.oldest_waiting);
      if (const auto since = counts.behind_since()) behind = std::min(behind.value_or(*since), *since);
    }
    Object out{{"waiting", waiting}, {"backing_off", backing_off}, {"not_fanned_out", summary->not_fanned_out}};
    const auto age_of = [&](const std::optional<Instant>& since) { return since ? std::max(Duration::zero(), now_ - *since) : Duration::zero(); };
    const Duration age = age_of(oldest);
    out["oldest_s"] = whole_seconds(age_of(behind));
    if (age > kOldestWaiting) add("changes have been waiting for " + format_duration(age), "");
    return Value(std::move(out));
  }

  Value connections() {
    Object out;
    const Value all = control_.connections();
    if (!all.is_object()) return Value(std::move(out));
    for (const auto& [name, connection] : all.as_object()) {
      const std::string state = connection.string_or("state", "unknown");
      const std::string reason = connection.string_or("reason");
      Object one{{"state", state}};
      if (const std::string last = connection.string_or("last_success"); !last.empty()) one["last_success"] = last;
      if (trusted_ && !reason.empty()) one["reason"] = reason;
      out[name] = Value(std::move(one));
      if (state == "failing" || state == "paused") add("connection " + name + " is " + state, reason);
      else if (!connection.bool_or("same_system", true)) add("connection " + name + ": another system answers than the one first met", "");
    }
    return Value(std::move(out));
  }

  void mappings() {
    const Value all = control_.mappings();
    if (!all.is_object()) return;
    for (const auto& [name, mapping] : all.as_object()) {
      if (mapping.bool_or("quarantined", false)) add("mapping " + name + " is quarantined: its script fails again and again", "");
      const Value* loaded = mapping.at_path("reload.ok");
      if (loaded != nullptr && !loaded->as_bool() && mapping.find("version") == nullptr) {
        const Value* message = mapping.at_path("reload.error.message");
        add("mapping " + name + " does not run", message == nullptr ? "" : message->as_string());
      }
      if (const Value* drift = mapping.find("drift"); drift != nullptr) add("mapping " + name + " has drifted", drift->string_or("message"));
    }
  }

  Control& control_;
  bool trusted_;
  Instant now_;
  Value process_;
  Health health_;
};

}  // namespace

Health health(Control& control, const Result<store::Summary>& summary, bool trusted) {
  return Examination(control, trusted).run(summary);
}

}  // namespace tidewire::admin
