#include "admin/metrics.h"

#include <map>

#include "admin/exposition.h"
#include "admin/health.h"

namespace tidewire::admin {
namespace {

using store::Side;
using store::side_name;

std::int64_t microseconds_of(Instant at) { return at.time_since_epoch().count(); }

class Collector {
 public:
  explicit Collector(Control& control) : control_(control), process_(control.process()) {}

  std::string run(const Result<store::Summary>& summary) {
    process(summary);
    server();
    unannounced();
    const Value connections = control_.connections();
    if (connections.is_object()) {
      for (const auto& [name, one] : connections.as_object()) connection(name, one);
    }
    engine();
    scripts();
    if (summary.ok()) stored(*summary);
    return out_.text();
  }

 private:
  /// The member at a dotted path as a sample; nothing where it is missing.
  void count(const Value& from, const char* path, const std::string& name, const char* help, const Exposition::Labels& labels = {}) {
    if (const Value* found = from.at_path(path); found != nullptr && found->is_int()) out_.counter(name, help, labels, found->as_int());
  }
  void level(const Value& from, const char* path, const std::string& name, const char* help, const Exposition::Labels& labels = {}) {
    const Value* found = from.at_path(path);
    if (found == nullptr) return;
    if (found->is_int()) out_.gauge(name, help, labels, found->as_int());
    if (found->is_bool()) out_.gauge(name, help, labels, found->as_bool() ? 1 : 0);
  }
  void moment(const Value& from, const char* path, const std::string& name, const char* help, const Exposition::Labels& labels = {}) {
    const Value* found = from.at_path(path);
    if (found == nullptr || !found->is_string()) return;
    if (const auto at = parse_instant(found->as_string()); at.ok()) out_.gauge_seconds(name, help, labels, microseconds_of(*at));
  }

  void process(const Result<store::Summary>& summary) {
    out_.gauge("tidewire_build_info", "The running version.", {{"version", process_.string_or("version")}}, 1);
    moment(process_, "started_at", "tidewire_start_time_seconds", "When the process began, in seconds since 1970.");
    level(process_, "memory", "tidewire_resident_memory_bytes", "Resident memory of the process.");
    out_.gauge("tidewire_healthy", "1 when /health answers 200.", {}, health(control_, summary, true).ok() ? 1 : 0);
    level(process_, "store.healthy", "tidewire_store_healthy", "1 while the state file can be written.");
    count(process_, "store.groups", "tidewire_store_commits_total", "Transactions written to the state file, each a group of members.");
    count(process_, "store.members", "tidewire_store_writes_total", "Writes asked for; members of groups.");
    level(process_, "store.largest_group", "tidewire_store_largest_group", "Most writes that one commit carried.");
    level(process_, "store.queued", "tidewire_store_queued", "Writes that wait for the next commit.");
    moment(process_, "backups.last", "tidewire_backup_last_success_timestamp_seconds", "When the newest copy by the schedule was made, in seconds since 1970.");
    out_.gauge("tidewire_backup_failing", "1 when the last copy by the schedule failed.", {}, process_.at_path("backups.error") != nullptr ? 1 : 0);
    level(process_, "store.disk_free", "tidewire_store_disk_free_bytes", "Room left on the disk of the state file.");
  }

  void server() {
    moment(process_, "tls.valid_until", "tidewire_tls_valid_until_timestamp_seconds", "When the listener's certificate ends, in seconds since 1970.");
    count(process_, "http.requests", "tidewire_http_requests_total", "Requests received.");
    for (const char* cause : {"malformed", "refused", "timed_out"}) {
      count(process_, (std::string("http.") + cause).c_str(), "tidewire_http_rejected_total", "Requests or connections turned away.", {{"cause", cause}});
    }
    level(process_, "http.connections", "tidewire_http_connections", "Open connections to the listener.");
    count(process_, "client.requests", "tidewire_client_requests_total", "Requests sent to remote systems.");
    count(process_, "client.failed", "tidewire_client_failures_total", "Requests to remote systems that got no answer.");
    count(process_, "client.connects", "tidewire_client_connects_total", "Connections made to remote systems.");
    for (const char* result : {"sent", "dropped"}) count(process_, (std::string("traces.") + result).c_str(), "tidewire_traces_total", "Spans of operations by whether a collector took them.", {{"result", result}});
    level(process_, "client.in_flight", "tidewire_client_in_flight", "Requests to remote systems under way.");
  }

  /// Of every collection whose webhooks are relied on, from nothing on.
  void unannounced() {
    std::map<std::pair<std::string, std::string>, std::int64_t> changes;
    for (const std::string& name : control_.engine().mappings()) {
      const sync::Plan* plan = control_.engine().plan(name);
      for (const Side side : {Side::kLeft, Side::kRight}) {
        if (plan != nullptr && plan->end[side].webhook) changes.try_emplace({plan->end[side].connection, plan->end[side].collection}, 0);
      }
    }
    const Value* found = process_.find("unannounced");
    for (const Value& one : found == nullptr ? Array{} : found->as_array()) changes[{one.string_or("connection"), one.string_or("collection")}] = one.int_or("changes", 0);
    for (const auto& [of, count] : changes) {
      out_.gauge("tidewire_unannounced_changes", "Changes that only polls found since the last webhook of a collection, also over a restart.", {{"connection", of.first}, {"collection", of.second}}, count);
    }
  }

  void connection(const std::string& name, const Value& one) {
    const Exposition::Labels labels{{"connection", name}};
    const std::string state = one.string_or("state", "unknown");
    out_.gauge("tidewire_connection_up", "0 while a connection is failing or paused.", {{"connection", name}, {"kind", one.string_or("kind")}},
               state == "failing" || state == "paused" ? 0 : 1);
    moment(one, "last_success", "tidewire_connection_last_success_timestamp_seconds", "When a call last succeeded.", labels);
    count(one, "calls", "tidewire_connection_calls_total", "Calls of the connector.", labels);
    count(one, "failures", "tidewire_connection_failures_total", "Calls of the connector that failed.", labels);
    members(one.find("by_status"), "tidewire_connection_results_total", "Calls of the connector by result.", "connection", name, "result");
    if (const Value* latency = one.find("latency")) {
      out_.histogram("tidewire_connection_call_duration_seconds", "How long calls of the connector took.", labels, *latency);
    }
    members(one.find("webhooks"), "tidewire_webhooks_total", "Webhook deliveries by what became of them.", "connection", name, "result");
    if (const Value* took = one.at_path("webhooks.took")) {
      out_.histogram("tidewire_webhook_duration_seconds", "From a webhook's arrival to its answer, which comes once it is on disk.", labels, *took);
    }
    moment(one, "webhooks.last", "tidewire_webhook_last_timestamp_seconds", "When the last webhook came, in seconds since 1970; of those before the start the last that named a record of a mapping or could not be read.", labels);
    level(one, "script.memory", "tidewire_script_memory_bytes", "Memory of a script's VM: a connection's connector, or a mapping.", labels);
    count(one, "script.failures", "tidewire_script_failures_total", "Errors raised by the connector.", labels);
  }

  /// Each whole number of an object as one counter with its name as a label.
  void members(const Value* from, const std::string& name, const char* help, const char* owner_label, const std::string& owner, const char* label) {
    if (from == nullptr || !from->is_object()) return;
    for (const auto& [key, value] : from->as_object()) {
      if (value.is_int()) out_.counter(name, help, {{owner_label, owner}, {label, key}}, value.as_int());
    }
  }

  void engine() {
    for (const auto& [name, status] : control_.engine().status()) {
      out_.gauge("tidewire_mapping_under_way", "Keys being reconciled.", {{"mapping", name}}, status.under_way);
      for (const Side side : {Side::kLeft, Side::kRight}) {
        const Exposition::Labels labels{{"mapping", name}, {"side", side_name(side)}};
        if (status.last_poll[side]) {
          out_.gauge_seconds("tidewire_poll_last_success_timestamp_seconds", "When a side was last polled with success.", labels, microseconds_of(*status.last_poll[side]));
        }
        out_.gauge("tidewire_poll_failing", "1 when the last poll of a side failed.", labels, status.poll_error[side] ? 1 : 0);
      }
    }
  }

  void scripts() {
    const Value mappings = control_.mappings();
    if (!mappings.is_object()) return;
    for (const auto& [name, one] : mappings.as_object()) {
      const Exposition::Labels labels{{"mapping", name}};
      level(one, "quarantined", "tidewire_mapping_quarantined", "1 while the script of a mapping is kept from running.", labels);
      out_.gauge("tidewire_mapping_drifted", "1 while the fields of its systems do not fit a mapping any more.", labels, one.find("drift") != nullptr ? 1 : 0);
      level(one, "reload.ok", "tidewire_mapping_reload_ok", "0 when the file as saved last could not be loaded.", labels);
      for (const char* result : {"loaded", "refused"}) {
        count(one, (std::string("reload.") + result).c_str(), "tidewire_mapping_reloads_total", "Texts of a mapping that were read to run, by result.", {{"mapping", name}, {"result", result}});
      }
      level(one, "script.memory", "tidewire_script_memory_bytes", "Memory of a script's VM: a connection's connector, or a mapping.", labels);
      if (const Value* latency = one.find("latency")) {
        out_.histogram("tidewire_end_to_end_seconds", "From when a change was noticed to the commit of its writes on the other side; changes of jobs are not counted.", labels, *latency);
      }
    }
  }

  void stored(const store::Summary& summary) {
    out_.gauge("tidewire_inbox_changes", "Changes received and not yet given to a mapping.", {}, summary.not_fanned_out);
    for (const auto& [name, counters] : summary.connections) {
      for (const auto& [event, value] : counters) {
        out_.counter("tidewire_connection_events_total", "What happened to a connection's changes.", {{"connection", name}, {"event", event}}, value);
      }
    }
    for (const auto& [name, counts] : summary.mappings) mapping(name, counts);
  }

  void mapping(const std::string& name, const store::Summary::Mapping& counts) {
    out_.gauge("tidewire_links", "Pairs of records kept the same.", {{"mapping", name}}, counts.links);
    out_.gauge("tidewire_tombstones", "Pairs whose record was deleted.", {{"mapping", name}}, counts.tombstones);
    const std::pair<const char*, std::int64_t> states[] = {{"waiting", counts.waiting},         {"backing_off", counts.backing_off},
                                                           {"held", counts.held},               {"waiting_for", counts.waiting_for},
                                                           {"conflict", counts.conflict},       {"dead", counts.dead},
                                                           {"would_write", counts.would_write}};
    for (const auto& [state, value] : states) {
      out_.gauge("tidewire_keys", "Keys with something left to do, by state; of those held or dead each record once.", {{"mapping", name}, {"state", state}}, value);
    }
    out_.gauge("tidewire_conflicts_open", "Fields that wait for a person.", {{"mapping", name}}, counts.open_conflicts);
    const auto since = counts.behind_since();
    const Duration age = since ? std::max(Duration::zero(), control_.clock().now() - *since) : Duration::zero();
    out_.gauge_seconds("tidewire_oldest_waiting_seconds", "For how long the oldest key has been due, been failing, or waited for its parent.", {{"mapping", name}}, age.count());
    if (counts.last_operation) {
      out_.gauge_seconds("tidewire_last_operation_timestamp_seconds", "When something was last decided.", {{"mapping", name}}, microseconds_of(*counts.last_operation));
    }
    for (const auto& [event, value] : counts.counters) {
      out_.counter("tidewire_events_total", "What became of a mapping's changes.", {{"mapping", name}, {"event", event}}, value);
    }
  }

  Control& control_;
  Value process_;
  Exposition out_;
};

}  // namespace

std::string metrics(Control& control, const Result<store::Summary>& summary) { return Collector(control).run(summary); }

}  // namespace tidewire::admin
