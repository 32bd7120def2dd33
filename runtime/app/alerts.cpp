#include "app/alerts.h"

#include <algorithm>

#include "base/text.h"

namespace tidewire::app {
namespace {

constexpr const char* kBook = "alerts";                   // kv: condition -> what was told
constexpr const char* kUnannounced = "alerts_unannounced";  // kv: "connection collection" -> changes since the last webhook
constexpr const char* kDrift = "alerts_drift";            // kv: mapping -> {count, at}
constexpr const char* kReport = "alerts_report";          // kv: "report" -> {due_at, schedule, from, counters}
constexpr int kUnannouncedMost = 1'000'000;

Duration milliseconds(const Value& from, const char* name, Duration otherwise) {
  const Value* found = from.find(name);
  return found == nullptr || !found->is_int() ? otherwise : std::chrono::milliseconds(found->as_int());
}

template <typename T>
std::optional<T> unless_off(const Value& from, const char* name, T given) {
  const Value* found = from.find(name);
  return found != nullptr && found->is_bool() ? std::nullopt : std::optional(given);
}

/// Who is told where `alerts` is missing: nobody. What stands is listed all the same.
const AlertConfig& config_of(const std::optional<AlertConfig>& config) {
  static const AlertConfig nobody;
  return config ? *config : nobody;
}

/// As people may read it: of a secret its name.
std::string shown_address(const Value& to) {
  const Value* address = to.find("to");
  if (address == nullptr) return "";
  if (address->is_string()) return address->as_string();
  for (const char* word : {"secret", "env"}) {
    if (const std::string name = address->string_or(std::string("$") + word); !name.empty()) return std::string(word) + " " + name;
  }
  return "";
}

const char* event_of(admin::Telling::What what) { return what == admin::Telling::What::kOver ? "ended" : "alert"; }

}  // namespace

AlertConfig alert_config(const Value& alerts) {
  AlertConfig config;
  const Value* to = alerts.find("to");
  if (to != nullptr && to->is_array()) config.to.assign(to->as_array().begin(), to->as_array().end());
  admin::AlertRules& rules = config.rules;
  rules.wait = milliseconds(alerts, "wait", rules.wait);
  rules.again = milliseconds(alerts, "again", rules.again);
  rules.look = std::max<Duration>(milliseconds(alerts, "look", rules.look), std::chrono::milliseconds(100));
  rules.queue = unless_off(alerts, "queue", milliseconds(alerts, "queue", *rules.queue));
  rules.conflict = unless_off(alerts, "conflict", milliseconds(alerts, "conflict", *rules.conflict));
  rules.paused = unless_off(alerts, "paused", milliseconds(alerts, "paused", *rules.paused));
  rules.disk = unless_off(alerts, "disk", alerts.int_or("disk", *rules.disk));
  rules.webhooks = unless_off(alerts, "webhooks", alerts.int_or("webhooks", *rules.webhooks));
  rules.jobs = alerts.bool_or("jobs", true);
  rules.report = alerts.string_or("report");
  return config;
}

Alerts::Alerts(Ports ports) : ports_(std::move(ports)), ids_(ports_.control.clock(), ports_.random) {}

Alerts::~Alerts() { *alive_ = false; }

void Alerts::start() {
  struct Loading {
    int left = 4;
  };
  const auto loading = std::make_shared<Loading>();  // owners: the callbacks below
  const auto load = [this, loading](const char* ns, auto take) {
    ports_.control.store().kv_list(ns, [this, alive = alive_, loading, take](Result<std::map<std::string, Value>> kept) {
      if (!*alive) return;
      if (kept.ok()) take(*kept);
      if (--loading->left > 0) return;
      loaded_ = true;
      look();
    });
  };
  load(kBook, [this](const auto& kept) { book_.load(kept); });
  load(kUnannounced, [this](const auto& kept) {
    for (const auto& [about, changes] : kept) unannounced_[about] = changes.is_int() ? changes.as_int() : 0;
  });
  load(kDrift, [this](const auto& kept) { drift_ = kept; });
  load(kReport, [this](const auto& kept) {
    if (const auto found = kept.find("report"); found != kept.end()) report_ = found->second;
  });
}

void Alerts::look_again(Duration delay) {
  timer_ = ports_.loop.after(delay, [this] { look(); });
}

void Alerts::look() {
  look_again(config_of(ports_.config()).rules.look);
  if (!loaded_) return;
  ports_.control.store().summary([this, alive = alive_](Result<store::Summary> summary) {
    if (*alive) examine(summary);
  });
}

void Alerts::examine(const Result<store::Summary>& summary) {
  const admin::AlertRules& rules = config_of(ports_.config()).rules;
  follow_polls();
  Kept tallies;
  follow_webhooks(tallies);
  if (!tallies.empty()) ports_.control.store().tell({.ns = kUnannounced, .kept = std::move(tallies)}, [](Result<void>) {});
  const auto step = book_.advance(ports_.control.clock().now(), admin::standing(ports_.control, summary, rules, unannounced_), rules);
  std::vector<Notice> notices;
  std::vector<store::Alert> alerts;
  for (const admin::Telling& telling : step.tellings) {
    notices.push_back(notice_of(telling));
    alerts.push_back(alert_of(telling));
  }
  for (const admin::Telling& restated : step.restated) alerts.push_back(alert_of(restated));
  if (!step.changed.empty() || !alerts.empty()) tell(notices, kBook, step.changed, std::move(alerts));
  if (!summary.ok() || !ports_.config()) return;
  follow_drift(*summary);
  if (!rules.report.empty()) report(*summary);
}

/// The row of the list.
store::Alert Alerts::alert_of(const admin::Telling& telling) const {
  const Instant now = ports_.control.clock().now();
  store::Alert alert = admin::alert_about(telling.condition);
  alert.text = ports_.control.redacted(alert.text);
  alert.since = telling.since;
  alert.told_at = now;
  if (telling.what == admin::Telling::What::kOver) alert.ended_at = now;
  return alert;
}

Alerts::Notice Alerts::notice_of(const admin::Telling& telling) const {
  const admin::Condition& condition = telling.condition;
  const bool over = telling.what == admin::Telling::What::kOver;
  const std::string subject = condition.about.empty() ? condition.kind : condition.about + ": " + condition.kind;
  const char* trouble = over ? " is over" : (telling.what == admin::Telling::What::kGrown ? " has grown" : "");
  return {event_of(telling.what), condition.kind, condition.about, subject + trouble, (over ? "Over: " : "") + condition.text, over ? "" : condition.advice, telling.since};
}

/// One row of the outbox for each who is to be told, with what is remembered of it.
void Alerts::tell(const std::vector<Notice>& notices, const std::string& ns, Kept kept, std::vector<store::Alert> alerts) {
  store::Tidings tidings{{}, ns, std::move(kept), std::move(alerts)};
  const std::vector<Value>& readers = config_of(ports_.config()).to;
  for (const Notice& notice : notices) {
    ports_.log.write(notice.event == "alert" ? Level::kWarn : Level::kInfo, "alert", notice.title + ": " + notice.text, {{"kind", Value(notice.kind)}, {"about", Value(notice.about)}});
    const std::string text = ports_.control.redacted(notice.text);
    Object told{{"event", notice.event}, {"id", ids_.next()}, {"kind", notice.kind}, {"about", notice.about}, {"title", notice.title}, {"text", text}, {"advice", notice.advice}, {"at", format_instant(ports_.control.clock().now())}, {"project", ports_.project}};
    if (notice.since) told["since"] = format_instant(*notice.since);
    for (const Value& to : readers) {
      store::Notice row;
      row.event = notice.event;
      row.kind = notice.kind;
      row.about = notice.about;
      row.title = notice.title;
      row.text = text;
      row.way = to.string_or("kind");
      row.address = ports_.control.redacted(shown_address(to));
      Value hook = to;
      hook["event"] = notice.event;
      hook["notice"] = Value(told);
      tidings.notices.push_back({std::move(row), std::move(hook)});
    }
  }
  const auto rows = tidings.notices;
  ports_.control.store().tell(std::move(tidings), [this, alive = alive_, rows](Result<void> stored) {
    if (!*alive || rows.empty()) return;
    if (stored.ok()) return ports_.told();
    for (const store::Tidings::Telling& row : rows) ports_.send_now(row.hook);
  });
}

// Webhooks that have stopped coming -------------------------------------------------------------------------------------------

/// The first poll of a process finds what happened while nobody could be told; only what later ones find should have been announced.
void Alerts::follow_polls() {
  for (const auto& [name, status] : ports_.control.engine().status()) {
    for (const store::Side side : {store::Side::kLeft, store::Side::kRight}) {
      if (!status.last_poll[side]) continue;
      const std::string key = name + " " + store::side_name(side);
      const auto first = first_poll_.emplace(key, status.last_poll[side]).first;
      if (first->second != status.last_poll[side]) polled_again_.insert(key);
    }
  }
}

void Alerts::follow_webhooks(Kept& kept) {
  for (auto it = unannounced_.begin(); it != unannounced_.end();) {
    const auto blank = it->first.find(' ');
    const auto received = ports_.webhooks(it->first.substr(0, blank), it->first.substr(blank + 1));
    auto& heard = heard_[it->first];
    const bool came = !received || *received > heard;
    heard = received.value_or(0);
    if (came) kept[it->first] = std::nullopt;
    else if (moved_.contains(it->first)) kept[it->first] = Value(it->second);
    it = came ? unannounced_.erase(it) : std::next(it);
  }
  moved_.clear();
}

/// A change that only a poll told of, on a side whose webhooks are relied on.
void Alerts::on_operation(const store::Operation& operation) {
  const sync::Plan* plan = ports_.control.engine().plan(operation.mapping);
  const Value* taken = operation.record.find("taken");
  if (!loaded_ || plan == nullptr || taken == nullptr || !taken->is_array()) return;
  for (const Value& one : taken->as_array()) {
    const auto side = store::side_from_name(one.string_or("side"));
    if (!side || one.string_or("reason") != "poll" || !plan->end[*side].webhook) continue;
    if (!polled_again_.contains(operation.mapping + " " + store::side_name(*side))) continue;
    const std::string& connection = plan->end[*side].connection;
    const std::string& collection = plan->end[*side].collection;
    const auto heard = ports_.webhooks(connection, collection);
    if (!heard) continue;
    const auto [found, fresh] = unannounced_.try_emplace(connection + " " + collection, 0);
    if (fresh) heard_[found->first] = *heard;
    moved_.insert(found->first);
    found->second = std::min<std::int64_t>(found->second + 1, kUnannouncedMost);
  }
}

// What is told once --------------------------------------------------------------------------------------------------------------

/// That the sweep of every night went well is no news, nor that a look without writing did.
void Alerts::on_job(const store::Job& job) {
  const auto& config = ports_.config();
  if (!config || !config->rules.jobs) return;
  const bool failed = job.state == "failed" || job.failed > 0;
  if (!failed && (job.kind == "sweep" || job.kind == "dry_run")) return;
  Notice notice{"job", "job", job.mapping, job.mapping + ": " + job.kind + " " + job.state, "", "`tidewire jobs` shows it whole.", job.created_at};
  notice.text = "The job " + job.kind + " of " + job.mapping + " is " + job.state + ": " + grouped(job.done) + " records";
  if (job.failed > 0) notice.text += ", " + grouped(job.failed) + " of them failed";
  if (const Value* found = job.summary.find("found"); found != nullptr && found->is_object()) {
    for (const auto& [kind, count] : found->as_object()) {
      if (count.is_int()) notice.text += ", " + grouped(count.as_int()) + " " + kind;
    }
  }
  if (const Value* error = job.summary.find("error"); error != nullptr) notice.text += ". " + error->string_or("message");
  tell({notice}, kBook, {});
}

/// Edits on the side of a one-way mapping that may not change; they are left alone, and somebody may wonder.
void Alerts::follow_drift(const store::Summary& summary) {
  const Instant now = ports_.control.clock().now();
  for (const auto& [name, counts] : summary.mappings) {
    const auto counter = counts.counters.find("drift");
    const std::int64_t count = counter == counts.counters.end() ? 0 : counter->second;
    const auto before = drift_.find(name);
    Object entry{{"count", count}, {"at", format_instant(now)}};
    if (before == drift_.end()) {
      drift_[name] = Value(entry);
      tell({}, kDrift, {{name, Value(entry)}});
      continue;
    }
    const std::int64_t known = before->second.int_or("count", 0);
    const auto at = parse_instant(before->second.string_or("at"));
    const auto& config = ports_.config();
    if (count <= known || (known > 0 && at.ok() && now < *at + config->rules.again)) continue;
    Notice notice{"drift", "drift", name, name + ": drift", grouped(count - known) + (count - known == 1 ? " edit" : " edits") + " of " + name + " on the side that may not change " + (count - known == 1 ? "was" : "were") + " left alone.",
                  "`tidewire verify " + name + "` lists what differs; enforce = true in the mapping puts such edits back.", at.ok() ? std::optional(*at) : std::nullopt};
    drift_[name] = Value(entry);
    tell({notice}, kDrift, {{name, Value(entry)}});
  }
}

void Alerts::report(const store::Summary& summary) {
  const Instant now = ports_.control.clock().now();
  const auto schedule = sched::parse_schedule(ports_.config()->rules.report);
  if (!schedule.ok()) return;
  const auto due = parse_instant(report_.string_or("due_at"));
  const auto from = parse_instant(report_.string_or("from"));
  const bool known = due.ok() && report_.string_or("schedule") == schedule->text();
  if (known && now < *due) return;
  Object counters;
  for (const auto& [name, counts] : summary.mappings) {
    for (const auto& [event, value] : counts.counters) counters[name][event] = value;
  }
  std::vector<Notice> notices;
  if (known && from.ok()) notices.push_back({"report", "report", "", "report", report_text(summary, *from, now), "", *from});
  report_ = Value(Object{{"due_at", format_instant(schedule->next(now))}, {"schedule", schedule->text()}, {"from", format_instant(now)}, {"counters", Value(std::move(counters))}});
  tell(notices, kReport, {{"report", report_}});
}

std::string Alerts::report_text(const store::Summary& summary, Instant from, Instant to) const {
  std::string text = "From " + format_instant(std::chrono::floor<std::chrono::seconds>(from)) + " to " + format_instant(std::chrono::floor<std::chrono::seconds>(to)) + ":\n";
  for (const auto& [name, counts] : summary.mappings) {
    text += "\n" + name + ": " + grouped(counts.links) + " records linked";
    for (const auto& [event, value] : counts.counters) {
      const Value* before = report_.find("counters");
      if (before != nullptr) before = before->find(name);
      if (before != nullptr) before = before->find(event);
      const std::int64_t moved = value - (before == nullptr || !before->is_int() ? 0 : before->as_int());
      if (moved != 0) text += ", " + grouped(moved) + " " + event;
    }
    const std::pair<std::int64_t, const char*> left[] = {{counts.waiting + counts.backing_off, "waiting"}, {counts.held, "held"}, {counts.open_conflicts, "in conflict"}, {counts.dead, counts.dead == 1 ? "dead letter" : "dead letters"}};
    std::string open;
    for (const auto& [count, what] : left) {
      if (count > 0) open += (open.empty() ? "" : ", ") + grouped(count) + " " + what;
    }
    text += open.empty() ? ". Nothing is left to do." : ". Still to do: " + open + ".";
  }
  const auto open = book_.open();
  if (!open.empty()) text += "\n\nStill standing:";
  for (const admin::Telling& one : open) text += "\n- " + one.condition.text + " (since " + format_instant(std::chrono::floor<std::chrono::seconds>(one.since)) + ")";
  return text;
}

}  // namespace tidewire::app
