#include "admin/views.h"

#include <algorithm>

#include "admin/homes.h"

namespace tidewire::admin {
namespace {

using store::Side;
using store::side_name;

template <typename T>
void put_if(Object& out, const char* name, const std::optional<T>& value) {
  if (value) out[name] = Value(*value);
}

void put_time(Object& out, const char* name, const std::optional<Instant>& at) {
  if (at && *at != Instant{}) out[name] = format_instant(*at);
}

Value counters_view(const std::map<std::string, std::int64_t>& counters) {
  Object out;
  for (const auto& [name, value] : counters) out[name] = value;
  return Value(std::move(out));
}

Value polls_view(const sync::Engine::MappingStatus& status) {
  Object out;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    Object one;
    put_time(one, "last", status.last_poll[side]);
    if (status.poll_error[side]) one["error"] = view(*status.poll_error[side]);
    if (!one.empty()) out[side_name(side)] = Value(std::move(one));
  }
  return Value(std::move(out));
}

Value times_view(const store::Sides<std::optional<Instant>>& times) {
  Object out;
  for (const Side side : {Side::kLeft, Side::kRight}) put_time(out, side_name(side), times[side]);
  return Value(std::move(out));
}

/// When all that it polls was last polled with success, since the start.
std::optional<Instant> polled_well(const sync::Engine::MappingStatus& status) {
  std::optional<Instant> out;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (!status.next_poll[side] && !status.last_poll[side] && !status.poll_error[side]) continue;
    if (!status.last_poll[side] || status.poll_error[side]) return std::nullopt;
    if (!out || *status.last_poll[side] < *out) out = status.last_poll[side];
  }
  return out;
}

/// What app knows of the mapping (file, version, reload) with what the store counts and the engine does.
Value mapping_view(const Value* loaded, const store::Summary::Mapping& counts, const sync::Engine::MappingStatus* status, bool gone) {
  Object out = loaded != nullptr && loaded->is_object() ? loaded->as_object() : Object{};
  Value shown = view(counts);  // named: a range-for does not keep the temporary that as_object() points into
  for (auto& [name, value] : shown.as_object()) out[name] = std::move(value);
  if (counts.on_hold) out["held_for"] = *counts.on_hold;  // also where nothing is loaded
  if (gone) out["file_gone"] = true;
  if (status != nullptr) {
    out["under_way"] = status->under_way;
    out["polls"] = polls_view(*status);
    out["last_look"] = times_view(status->last_poll);
    out["next_poll"] = times_view(status->next_poll);
    put_time(out, "next_sweep", status->next_sweep);
    put_time(out, "last_success", std::max(counts.last_success, polled_well(*status)));
    if (status->job) out["job"] = view(*status->job);
    if (status->held) out["held_for"] = *status->held;
    if (status->moved) out["moved"] = true;
  }
  const bool quarantined = loaded != nullptr && loaded->bool_or("quarantined", false);
  const bool paused = loaded != nullptr && loaded->bool_or("paused", false);
  const bool drifted = loaded != nullptr && loaded->find("drift") != nullptr;
  const char* absent = loaded == nullptr ? "not_loaded" : "broken";
  const bool on_hold = status != nullptr && status->held.has_value();
  out["state"] = quarantined ? "quarantined" : drifted ? "drifted" : (paused || on_hold ? "paused" : (status != nullptr ? "running" : absent));
  return Value(std::move(out));
}

}  // namespace

Value view(const Error& error) {
  Object out{{"code", code_name(error.code)}, {"message", error.message}};
  if (!error.hint.empty()) out["hint"] = error.hint;
  return Value(std::move(out));
}

Value view(const store::Operation& operation) {
  Object out{{"id", operation.id}, {"mapping", operation.mapping}, {"kind", operation.kind}, {"outcome", operation.outcome}};
  out["changes"] = operation.changes;
  out["script"] = operation.script;
  out["record"] = operation.record;
  put_time(out, "at", operation.at);
  put_if(out, "link", operation.link);
  put_if(out, "left_key", operation.key.left);
  put_if(out, "right_key", operation.key.right);
  put_if(out, "author", operation.author);
  put_if(out, "job", operation.job);
  return Value(std::move(out));
}

namespace {

Value body_view(const Exchange::Body& body) {
  Object out{{"body", body.text}};
  if (!body.type.empty()) out["type"] = body.type;
  if (body.cut > 0) out["cut"] = body.cut;
  if (!body.left_out.empty()) out["left_out"] = body.left_out;
  return Value(std::move(out));
}

}  // namespace

Value view(const store::OperationExchange& one) {
  const Exchange& exchange = *one.exchange;
  Object out{{"id", std::to_string(exchange.id)}, {"connection", exchange.connection}, {"method", exchange.method}, {"target", exchange.target}};
  put_time(out, "at", exchange.at);
  if (exchange.took > Duration{}) out["took_us"] = exchange.took.count();
  if (one.side) out["side"] = side_name(*one.side);
  put_if(out, "step", one.step);
  out["request"] = body_view(exchange.sent);
  const bool answered = !exchange.status.empty() && exchange.error.empty();
  if (!exchange.status.empty()) out["status"] = exchange.status;
  if (answered) out["answer"] = body_view(exchange.answer);
  if (!exchange.error.empty()) out["error"] = exchange.error;
  return Value(std::move(out));
}

Value view(const store::Conflict& conflict) {
  Object out{{"id", conflict.id}, {"mapping", conflict.mapping}, {"field", conflict.field}, {"kind", conflict.kind}};
  put_if(out, "link", conflict.link);
  if (conflict.side) out["side"] = side_name(*conflict.side);
  if (!conflict.key.empty()) out["key"] = conflict.key;
  put_if(out, "left_key", conflict.link_key.left);
  put_if(out, "right_key", conflict.link_key.right);
  put_if(out, "left", conflict.shown.left);
  put_if(out, "right", conflict.shown.right);
  Object base;
  put_if(base, "left", conflict.base.left);
  put_if(base, "right", conflict.base.right);
  if (!base.empty()) out["base"] = Value(std::move(base));
  Object decided;
  put_if(decided, "left", conflict.said.left);
  put_if(decided, "right", conflict.said.right);
  if (!decided.empty()) out["decided"] = Value(std::move(decided));
  put_time(out, "opened_at", conflict.opened_at);
  put_time(out, "shown_at", conflict.shown_at);
  put_time(out, "closed_at", conflict.closed_at);
  put_if(out, "method", conflict.method);
  put_if(out, "author", conflict.author);
  put_if(out, "operation", conflict.operation);
  put_if(out, "error", conflict.error);
  return Value(std::move(out));
}

Value view(const store::DirtyKey& key) {
  Object out{{"mapping", key.mapping}, {"side", side_name(key.side)}, {"key", key.key}, {"state", store::key_state_name(key.state)}};
  out["reason"] = key.reason;
  out["event"] = key.event;
  out["changes"] = key.changes;
  out["attempts"] = key.attempts;
  put_time(out, "since", key.since);
  put_time(out, "due_at", key.due_at);
  put_if(out, "error", key.error);
  if (!key.operation.empty()) out["operation"] = key.operation;
  if (!key.parent.empty()) out["parent"] = key.parent;
  return Value(std::move(out));
}

Value view(const store::Alert& alert) {
  Object out{{"id", alert.id}, {"kind", alert.kind}, {"text", alert.text}, {"open", !alert.ended_at}};
  const std::pair<const char*, const std::string&> said[] = {{"mapping", alert.mapping}, {"connection", alert.connection}, {"collection", alert.collection}, {"hint", alert.hint}, {"acknowledged_by", alert.acknowledged_by}};
  for (const auto& [name, text] : said) {
    if (!text.empty()) out[name] = text;
  }
  if (alert.side) out["side"] = side_name(*alert.side);
  put_time(out, "since", alert.since);
  put_time(out, "told_at", alert.told_at);
  put_time(out, "ended_at", alert.ended_at);
  put_time(out, "acknowledged_at", alert.acknowledged_at);
  return Value(std::move(out));
}

Value view(const store::Notice& notice) {
  Object out{{"id", notice.id}, {"event", notice.event}, {"kind", notice.kind}, {"title", notice.title}, {"text", notice.text}, {"way", notice.way}, {"to", notice.address}, {"state", notice.state}, {"attempts", notice.attempts}};
  put_time(out, "at", notice.at);
  if (!notice.about.empty()) out["about"] = notice.about;
  put_time(out, "tried_at", notice.tried_at);
  if (!notice.error.empty()) out["error"] = notice.error;
  return Value(std::move(out));
}

Value view(const store::Link& link) {
  Object out{{"id", link.id}, {"mapping", link.mapping}, {"state", store::link_state_name(link.state)}, {"generation", link.generation}};
  Object base;
  for (const auto& [field, agreed] : link.base) base[field] = Value(Object{{"left", agreed.left}, {"right", agreed.right}});
  out["base"] = Value(std::move(base));
  for (const Side side : {Side::kLeft, Side::kRight}) {
    const std::string name = side_name(side);
    put_if(out, (name + "_key").c_str(), link.key[side]);
    put_if(out, (name + "_version").c_str(), link.version[side]);
    put_time(out, (name + "_seen_at").c_str(), link.seen_at[side]);
  }
  Array ignored;
  for (const auto& [field, note] : link.notes.as_object()) {
    if (note.find("ignored") != nullptr) ignored.push_back(Value(field));
  }
  if (!ignored.empty()) out["ignored"] = Value(std::move(ignored));
  put_if(out, "tombstone", link.tombstone);
  put_time(out, "created_at", link.created_at);
  put_time(out, "updated_at", link.updated_at);
  return Value(std::move(out));
}

Value view(const store::Finding& finding) {
  Object out{{"finding", finding.kind}, {"n", finding.n}};
  for (const char* member : {"kind", "outcome"}) {
    if (const Value* value = finding.record.find(member)) out[member] = *value;
  }
  Value record = finding.record;
  for (const char* member : {"kind", "outcome"}) record.as_object().erase(member);
  put_if(out, "left_key", finding.key.left);
  put_if(out, "right_key", finding.key.right);
  if (const Value* error = record.find("error")) out["error"] = *error;
  out["record"] = std::move(record);
  return Value(std::move(out));
}

Value view(const store::Job& job) {
  Object out{{"id", job.id}, {"batch", job.batch}, {"mapping", job.mapping}, {"kind", job.kind}, {"state", job.state}, {"marked", job.done}, {"looked_at", job.summary.int_or("looked_at", 0)}, {"failed", job.failed}};
  put_if(out, "total", job.total);
  if (const Value* error = job.summary.find("error")) out["error"] = *error;
  put_time(out, "created_at", job.created_at);
  put_time(out, "updated_at", job.updated_at);
  return Value(std::move(out));
}

Value view(const sync::Report& report) {
  Value out = view(report.operation);
  out.as_object().erase("id");
  if (report.error) out["error"] = view(*report.error);
  return out;
}

Value view(const store::Summary::Mapping& counts) {
  Object out{{"links", counts.links},     {"frozen", counts.frozen},         {"tombstones", counts.tombstones},   {"waiting", counts.waiting},
             {"held", counts.held},       {"held_rows", counts.held_rows},     {"backing_off", counts.backing_off}, {"waiting_for", counts.waiting_for},
             {"conflict", counts.conflict}, {"dead", counts.dead},             {"dead_rows", counts.dead_rows}, {"open_conflicts", counts.open_conflicts},
             {"skipped_conflicts", counts.skipped_conflicts}, {"would_write", counts.would_write}, {"ever_loaded", counts.ever_loaded}, {"open_drift", counts.open_drift}};
  put_time(out, "oldest_waiting", counts.behind_since());
  put_time(out, "last_operation", counts.last_operation);
  put_time(out, "last_success", counts.last_success);
  out["counters"] = counters_view(counts.counters);
  Array braked;
  for (const store::Braked& one : counts.braked) braked.push_back(Value(Object{{"field", Value(one.field)}, {"links", Value(one.links)}, {"since", Value(format_instant(one.since))}}));
  if (!braked.empty()) out["braked"] = Value(std::move(braked));
  return Value(std::move(out));
}

Value status_view(Control& control, const store::Summary& summary) {
  Value out = control.process();
  out["not_fanned_out"] = summary.not_fanned_out;
  Value connections = control.connections();
  for (const auto& [name, counters] : summary.connections) {
    if (Value* connection = connections.find(name)) (*connection)["counters"] = counters_view(counters);
  }
  out["connections"] = std::move(connections);

  const auto engine = control.engine().status();
  const Value loaded = control.mappings();
  const Homes homes(control);
  Object mappings;
  const auto add = [&](const std::string& name) {
    if (mappings.contains(name)) return;
    const auto found = summary.mappings.find(name);
    const store::Summary::Mapping counts = found == summary.mappings.end() ? store::Summary::Mapping{} : found->second;
    const auto status = engine.find(name);
    mappings[name] = mapping_view(loaded.find(name), counts, status == engine.end() ? nullptr : &status->second, homes.gone(name, counts));
  };
  if (loaded.is_object()) {
    for (const auto& [name, one] : loaded.as_object()) add(name);
  }
  for (const auto& [name, status] : engine) add(name);
  for (const auto& [name, counts] : summary.mappings) add(name);
  out["mappings"] = Value(std::move(mappings));
  return out;
}

}  // namespace tidewire::admin
