#include "admin/conditions.h"

#include "admin/homes.h"
#include "base/text.h"

namespace tidewire::admin {
namespace {

constexpr Duration kRenewBefore = std::chrono::hours(24 * 7);
constexpr Duration kRefusedLately = std::chrono::hours(24);

std::string counted(std::int64_t number, const char* one, const char* many) { return grouped(number) + " " + (number == 1 ? one : many); }

class Survey {
 public:
  Survey(Control& control, const AlertRules& rules) : control_(control), rules_(rules), process_(control.process()), resting_(resting_mappings(control)) {}

  Standing run(const Result<store::Summary>& summary, const std::map<std::string, std::int64_t>& unannounced) {
    state(summary);
    certificate();
    backup();
    connections();
    mappings();
    jobs();
    polls();
    if (summary.ok()) {
      const Homes homes(control_);
      for (const auto& [name, counts] : summary->mappings) {
        // Of a mapping that was removed nothing is tried, so nothing fails; but what waits for its return waits unseen.
        if (control_.engine().plan(name) != nullptr) keys(name, counts);
        else if (homes.gone(name, counts)) queue(name, counts, "Its file is gone: put it back, or let them go with `tidewire discard " + name + " --all --reason WHY`.", std::nullopt);
      }
    }
    for (const auto& [about, changes] : unannounced) webhooks(about, changes);
    return std::move(out_);
  }

 private:
  void add(Condition condition) { out_.conditions.push_back(std::move(condition)); }

  void state(const Result<store::Summary>& summary) {
    const Value* stored = process_.find("store");
    const bool healthy = stored == nullptr || stored->bool_or("healthy", true);
    if (!healthy || !summary.ok()) {
      const std::string why = !healthy ? stored->string_or("trouble") : to_string(summary.error());
      add({"state", "", "The state file cannot be " + std::string(healthy ? "read" : "written") + ": " + why, "Make room on its disk and look at its rights; webhooks are refused meanwhile and come again.", Duration{}, 0});
    }
    const std::int64_t free = stored == nullptr ? -1 : stored->int_or("disk_free", -1);
    if (rules_.disk && free >= 0 && free < *rules_.disk) {
      add({"disk", "", grouped(free / 1'000'000) + " MB are left on the disk of the state file.", "Make room, or let less be kept: keep = \"7d\" in tidewire.lua.", std::nullopt, 0});
    }
  }

  void certificate() {
    const Value* until = process_.at_path("tls.valid_until");
    const auto end = parse_instant(until == nullptr || !until->is_string() ? "" : until->as_string());
    if (!end.ok() || *end - control_.clock().now() > kRenewBefore) return;
    const bool over = *end <= control_.clock().now();
    add({"certificate", "", "The listener's certificate " + std::string(over ? "ended" : "ends") + " at " + format_instant(*end) + (over ? ": browsers and senders of webhooks refuse it." : "."), "Renew it; the files are read again by themselves.", std::nullopt, 0});
  }

  void backup() {
    const Value* error = process_.at_path("backups.error");
    if (error == nullptr || !error->is_string()) return;
    add({"backup", "", "The state could not be copied: " + error->as_string(), "Look at the folder that `backup` names: is it there, is there room, may the daemon write there? It tries again every hour.", std::nullopt, 0});
  }

  void connections() {
    const Value all = control_.connections();
    if (!all.is_object()) return;
    for (const auto& [name, one] : all.as_object()) {
      const std::string state = one.string_or("state", "unknown");
      if (state == "unknown") out_.unknown.insert("connection " + name);
      refused_webhooks(name, one);
      if (one.find("paused_until") != nullptr || (state != "failing" && state != "paused" && one.bool_or("same_system", true))) continue;
      add({"connection", name, "The connection " + name + " fails: " + one.string_or("reason"), "`tidewire check --connect` asks it again; changes wait and are made up for by themselves.", std::nullopt, 0});
    }
  }

  /// Many within an hour, where some came before: the secret was changed on one side alone, most likely, and no poll may find what is missed. One that
  /// arrives ends it, and so does a day.
  void refused_webhooks(const std::string& name, const Value& connection) {
    const auto moment = [&](const char* path) {
      const Value* text = connection.at_path(path);
      return parse_instant(text == nullptr || !text->is_string() ? "" : text->as_string());
    };
    const auto refused = moment("webhooks.many_refused"), last = moment("webhooks.last");
    if (!rules_.webhooks || !refused.ok() || !last.ok() || *last >= *refused || control_.clock().now() - *refused > kRefusedLately) return;
    add({"webhooks", name, "Webhooks of " + name + " are refused, none has had a valid proof since " + format_instant(*last) + ".", "Its webhook secret in .env and that of the webhook over there must be the same; `tidewire webhooks` counts what was refused.", std::nullopt, 0});
  }

  void mappings() {
    const Value all = control_.mappings();
    const auto engine = control_.engine().status();
    for (const auto& [name, one] : all.is_object() ? all.as_object() : Object{}) {
      const Value* reload = one.find("reload");
      if (one.bool_or("quarantined", false)) {
        add({"mapping", name, "The mapping " + name + " is stopped: its script failed ten times in a row.", "`tidewire ops --failed` shows how; saving the mended file lets it go on.", Duration{}, 0});
      } else if (reload != nullptr && !reload->bool_or("ok", true)) {
        const Value* error = reload->find("error");
        const bool goes_on = one.find("version") != nullptr;
        add({"mapping", name, "The mapping " + name + " cannot be loaded" + (goes_on ? "; the version before goes on: " : " and does not run: ") + (error == nullptr ? "" : error->string_or("message")), "`tidewire check` says it with file and line.", std::nullopt, 0});
      } else if (const Value* drift = one.find("drift"); drift != nullptr) {
        add({"mapping", name, "The mapping " + name + " has drifted and stands still: " + drift->string_or("message"), "Name the field back over there, or change the mapping; it goes on by itself.", std::nullopt, 0});
      }
      if (rules_.paused && one.bool_or("paused", false)) {
        add({"paused", name, "The mapping " + name + " is paused for more than " + format_duration(*rules_.paused) + "; its changes wait.", "`tidewire resume " + name + "` lets it go on; or remove its file.", rules_.paused, 0});
      }
      if (const auto found = engine.find(name); rules_.paused && found != engine.end() && found->second.held) {
        add({"held", name, "The mapping " + name + " is held back (" + *found->second.held + ") for more than " + format_duration(*rules_.paused) + "; its changes wait.", "`tidewire jobs` shows what waits for you.", rules_.paused, 0});
      }
    }
  }

  void jobs() {
    for (const auto& [name, status] : control_.engine().status()) {
      if (!rules_.queue || !status.job || status.job->state != "running") continue;
      const Value* trouble = status.job->summary.at_path("trouble.message");
      if (trouble == nullptr || !trouble->is_string()) continue;
      add({"job", name, "The job " + status.job->kind + " of " + name + " waits for more than " + format_duration(*rules_.queue) + ": " + trouble->as_string(), "It goes on by itself when the system answers; `tidewire jobs cancel` ends it.", rules_.queue, 0});
    }
  }

  void polls() {
    for (const auto& [name, status] : control_.engine().status()) {
      const sync::Plan* plan = control_.engine().plan(name);
      for (const store::Side side : {store::Side::kLeft, store::Side::kRight}) {
        const std::string about = name + " " + store::side_name(side);
        if (status.poll_error[side]) add({"poll", about, "The " + std::string(store::side_name(side)) + " side of " + name + " cannot be polled: " + to_string(*status.poll_error[side]), "Webhooks go on by themselves; what the poll would have found is found by the next that succeeds.", std::nullopt, 0});
        else if (plan != nullptr && !plan->end[side].poll.empty() && !status.last_poll[side]) out_.unknown.insert("poll " + about);
      }
    }
  }

  Duration age(const std::optional<Instant>& since) const { return since ? std::max(Duration::zero(), control_.clock().now() - *since) : Duration::zero(); }

  void queue(const std::string& name, const store::Summary::Mapping& counts, std::string advice, std::optional<Duration> wait) {
    if (!rules_.queue || age(counts.oldest_waiting) <= *rules_.queue) return;
    const std::int64_t waiting = counts.waiting + counts.backing_off;
    add({"queue", name, counted(waiting, "change of ", "changes of ") + name + (waiting == 1 ? " waits" : " wait") + ", the oldest for " + format_duration(age(counts.oldest_waiting)) + ".", std::move(advice), wait, waiting});
  }

  void keys(const std::string& name, const store::Summary::Mapping& counts) {
    if (!resting_.contains(name)) queue(name, counts, "`tidewire status` shows what is slow or paused, `tidewire conflicts " + name + " --again` what fails and is tried again.", Duration{});
    if (rules_.conflict && age(counts.oldest_conflict) > *rules_.conflict) {
      add({"conflict", name, counted(counts.open_conflicts, "field of ", "fields of ") + name + (counts.open_conflicts == 1 ? " waits" : " wait") + " for a person, the oldest for " + format_duration(age(counts.oldest_conflict)) + ".", "`tidewire conflicts`, or the page Conflicts.", Duration{}, counts.open_conflicts});
    }
    if (counts.dead > 0) add({"dead", name, counted(counts.dead, "dead letter", "dead letters") + " of " + name + ": " + (counts.dead == 1 ? "a change" : "changes") + " that could not be made.", "`tidewire conflicts " + name + "` says why; mend that, then `tidewire retry --mapping " + name + "` tries again.", std::nullopt, counts.dead});
    if (counts.held > 0) add({"brake", name, counted(counts.held, "change of ", "changes of ") + name + (counts.held == 1 ? " is" : " are") + " held: more deletes or mass changes than the brake lets pass, or a system that seems restored from a backup.", "Look at them with `tidewire ops`; `tidewire release` lets them pass.", std::nullopt, counts.held});
  }

  void webhooks(const std::string& about, std::int64_t changes) {
    if (!rules_.webhooks || changes < *rules_.webhooks) return;
    add({"webhooks", about, "The poll found " + counted(changes, "change", "changes") + " of " + about + " that no webhook announced.", "Look at the webhooks of that system: are they on, do they reach this address? `tidewire install KIND MAPPING` says what it needs.", std::nullopt, changes});
  }

  Control& control_;
  const AlertRules& rules_;
  Value process_;
  std::set<std::string> resting_;
  Standing out_;
};

}  // namespace

std::set<std::string> resting_mappings(Control& control) {
  std::set<std::string> found;
  const Value all = control.mappings();
  for (const auto& [name, one] : all.is_object() ? all.as_object() : Object{}) {
    if (one.bool_or("paused", false)) found.insert(name);
  }
  for (const auto& [name, status] : control.engine().status()) {
    if (status.held) found.insert(name);
  }
  return found;
}

store::Alert alert_about(const Condition& condition) {
  store::Alert alert;
  alert.condition = condition.id();
  alert.kind = condition.kind;
  alert.text = condition.text;
  alert.hint = condition.advice;
  const auto blank = condition.about.find(' ');
  const std::string first = condition.about.substr(0, blank), rest = blank == std::string::npos ? "" : condition.about.substr(blank + 1);
  if (condition.kind == "connection" || condition.kind == "webhooks") {
    alert.connection = first;
    alert.collection = rest;
  } else {
    alert.mapping = first;
    alert.side = store::side_from_name(rest);
  }
  return alert;
}

Standing standing(Control& control, const Result<store::Summary>& summary, const AlertRules& rules, const std::map<std::string, std::int64_t>& unannounced) {
  return Survey(control, rules).run(summary, unannounced);
}

}  // namespace tidewire::admin
