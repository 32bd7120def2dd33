#include "cli/follow.h"

#include <algorithm>

#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/query.h"
#include "cli/standing.h"
#include "cli/story.h"
#include "cli/table.h"

namespace tidewire::cli {
namespace {

constexpr auto kShort = std::chrono::seconds(3), kLong = std::chrono::seconds(30);

using Counters = std::map<std::string, std::int64_t>;

Counters counters_in(const Value* counted) {
  Counters out;
  for (const auto& [name, count] : counted == nullptr || !counted->is_object() ? Object{} : counted->as_object()) {
    if (count.is_int()) out[name] = count.as_int();
  }
  return out;
}

Value moved(const Counters& before, const Counters& now) {
  Object out;
  for (const auto& [name, count] : now) {
    const auto was = before.find(name);
    const std::int64_t delta = count - (was == before.end() ? 0 : was->second);
    if (delta != 0) out[name] = delta;
  }
  return Value(std::move(out));
}

/// The counters from which on a part's work is counted: the job's beginning, or that of the process that works for this command alone.
std::optional<Counters> beginning_of(const Session& session, const Value& part) {
  if (auto before = session.counters_before(part.string_or("mapping"))) return before;
  if (const Value* before = part.find("before")) return counters_in(before);
  return std::nullopt;
}

/// Whatever of it has not ended is of mappings that somebody switched off.
bool waits_switched_off(const Value& job) {
  const Array& parts = job.find("parts")->as_array();
  return std::all_of(parts.begin(), parts.end(), [](const Value& part) { return part.string_or("state") == "done" || part.bool_or("switched_off", false); });
}

/// What keeps the mapping from working off what waits, until a person does something; "" where nothing does.
std::string why_off(const std::string& name, const Value& mapping) {
  if (mapping.bool_or("paused", false)) return name + " is paused (`tidewire resume " + name + "` lets it go on)";
  if (const std::string held = mapping.string_or("held_for"); !held.empty()) return name + " is held: " + held + " (" + way_on_of_held(name, mapping) + ")";
  const std::string state = mapping.string_or("state");
  if (state == "quarantined") return name + " is stopped, its script failed again and again (`tidewire ops " + name + " --failed` shows how, saving the mended file lets it go on)";
  return state == "drifted" ? name + " has drifted (`tidewire status` says how)" : "";
}

/// Why a part cannot begin where no other job stands before it: its mapping is not loaded. "" where none is like that.
std::string waits_unloaded(const Value& job) {
  for (const Value& part : job.find("parts")->as_array()) {
    const Value* text = part.at_path("waits_for.text");
    if (text == nullptr || part.at_path("waits_for.job") != nullptr) continue;
    return part.string_or("mapping") + " " + text->as_string() + ": put it back, or `tidewire jobs cancel " + job.string_or("id") + "` drops the job that a process before has left";
  }
  return "";
}

}  // namespace

Follower::Follower(Context& context, Session& session, std::string id, Options options)
    : context_(context), session_(session), options_(options), target_("/api/v1/jobs/" + segment(id)), progress_(context.out, clock_.ticks()), moved_at_(clock_.ticks()) {}

Result<Value> Follower::run() {
  Value job = TRY(look());
  const auto open = [&] { return job.string_or("state") == "running" || job.string_or("state") == "paused"; };
  while (open() && !waits_for_decisions(job) && !TRY(stuck(job))) {
    if (options_.tells) progress_.update(job, clock_.ticks());
    pause();
    job = TRY(look());
  }
  const std::int64_t undecided = open() ? undecided_of(job) : 0;
  if (const Value* waits = job.at_path("waits_for.text"); open() && waits_for_decisions(job) && waits != nullptr) gave_up_ = waits->as_string() + " (`tidewire conflicts`)";
  if (undecided > 0) gave_up_ = grouped(undecided) + (undecided == 1 ? " conflict waits" : " conflicts wait") + " for a decision (`tidewire conflicts`) and nothing is written before";
  TRY(wait_for_the_rest(job));
  if (options_.tells) progress_.finish(job);
  if (!gave_up_.empty()) {
    session_.abandon();
    if (!context_.json()) context_.err.line(plain(gave_up_) + (off_ ? "" : "; what is left stays in the state and goes on with the next `sync` or `run`"));
  }
  return job;
}

std::int64_t undecided_of(const Value& job) {
  std::int64_t sum = 0;
  for (const Value& part : job.find("parts")->as_array()) {
    const std::string state = part.string_or("state");
    if (state == "done" || state == "queued") continue;
    if (state != "staged" || part.int_or("undecided", 0) == 0) return 0;
    sum += part.int_or("undecided", 0);
  }
  return sum;
}

bool waits_for_decisions(const Value& job) { return undecided_of(job) > 0 || job.at_path("waits_for.undecided") != nullptr; }

/// The job as it is now. What a process of this command alone did before the job began is told with it.
Result<Value> Follower::look() {
  Value job = TRY(session_.get(target_));
  for (Value& part : job.find("parts")->as_array()) {
    const auto before = session_.counters_before(part.string_or("mapping"));
    if (!before || part.find("before") == nullptr) continue;
    Counters now = counters_in(part.find("before"));
    for (const auto& [name, count] : counters_in(part.find("events"))) now[name] += count;
    part["events"] = moved(*before, now);
  }
  return job;
}

/// The job's counts become those of now, and so does what was done.
Result<Follower::Left> Follower::left_of(Value& job) {
  const Value status = TRY(session_.get("/api/v1/status"));
  const Value* mappings = status.find("mappings");
  Left left;
  for (Value& part : job.find("parts")->as_array()) {
    const Value* mapping = mappings == nullptr ? nullptr : mappings->find(part.string_or("mapping"));
    if (mapping == nullptr) continue;
    const std::string name = part.string_or("mapping");
    const std::int64_t waiting = mapping->int_or("waiting", 0) + (options_.retries ? mapping->int_or("backing_off", 0) : 0);
    const std::string why = why_off(name, *mapping);
    const bool off = !why.empty();
    part["switched_off"] = off;
    if (off) left.off_text = why;
    if (off && part.string_or("state") != "done") left.paused = left.off_text;
    (off ? left.off : left.keys) += waiting;
    if (const auto before = beginning_of(session_, part)) part["events"] = moved(*before, counters_in(mapping->find("counters")));
    Value* counts = part.find("counts");
    if (counts == nullptr || !counts->is_object()) continue;
    for (auto& [name, value] : counts->as_object()) {
      if (const Value* present = mapping->find(name)) value = *present;
    }
  }
  const Value* connections = status.find("connections");
  if (connections == nullptr || !connections->is_object()) return left;
  for (const auto& [name, one] : connections->as_object()) {
    const std::string state = one.string_or("state");
    if (state == "paused" || one.bool_or("left_alone", false)) left.paused = name + (state == "paused" ? " is paused: " : " fails: ") + one.string_or("reason");
  }
  return left;
}

/// Nothing moved for a while and a connection is paused, or has not answered a job for longer: it could take long.
Result<bool> Follower::stuck(Value& job) {
  std::int64_t done = 0;
  for (const Value& part : job.find("parts")->as_array()) {
    const Value* waiting = part.at_path("counts.waiting");
    done += part.int_or("looked_at", 0) + part.int_or("marked", 0) - (waiting == nullptr ? 0 : waiting->as_int());
  }
  if (done != moved_to_) moved_at_ = clock_.ticks();
  moved_to_ = done;
  const auto still = clock_.ticks() - moved_at_;
  if (still < kShort) return false;
  gave_up_ = TRY(left_of(job)).paused;
  if (gave_up_.empty()) gave_up_ = waits_unloaded(job);
  if (const Value* trouble = job.at_path("trouble.message"); gave_up_.empty() && trouble != nullptr && still >= kLong) gave_up_ = trouble->as_string();
  return !gave_up_.empty();
}

/// A process of this command alone works off what it has marked before it is told what that came to.
Result<void> Follower::wait_for_the_rest(Value& job) {
  const bool waits = options_.retries || session_.counters_before("");
  std::int64_t fewest = -1;
  for (;;) {
    const Left left = TRY(left_of(job));
    if (!gave_up_.empty() || !waits) return {};
    if (left.keys == 0) {
      off_ = left.off > 0;
      if (off_) gave_up_ = left.off_text + ": " + grouped(left.off) + (left.off == 1 ? " change waits" : " changes wait") + " for that";
      return {};
    }
    if (left.keys < fewest || fewest < 0) moved_at_ = clock_.ticks();
    fewest = fewest < 0 ? left.keys : std::min(fewest, left.keys);
    if (!options_.retries && clock_.ticks() - moved_at_ > kShort) return {};
    gave_up_ = left.paused;
    if (!gave_up_.empty()) return {};
    if (!context_.json()) context_.out.show(grouped(left.keys) + (options_.retries ? " to be tried again" : " left"));
    pause();
  }
}

void Follower::pause() {
  session_.wait(pause_);
  pause_ = std::min<Duration>(pause_ * 2, std::chrono::milliseconds(250));
}

Exit exit_of_load(const Value& job) {
  if (job.string_or("state") != "done") return waits_for_decisions(job) || (job.string_or("state") == "running" && waits_switched_off(job)) ? kAttention : kFailed;
  std::int64_t later = 0, standing = 0;
  for (const Value& part : job.find("parts")->as_array()) {
    const Value* counts = part.find("counts");
    if (counts == nullptr) continue;
    const std::int64_t waiting = counts->int_or("waiting", 0) + counts->int_or("backing_off", 0);
    (part.bool_or("switched_off", false) ? standing : later) += waiting;
    for (const char* state : {"dead", "held", "waiting_for", "open_conflicts", "would_write"}) standing += counts->int_or(state, 0);
  }
  return later > 0 ? kFailed : (standing > 0 ? kAttention : kOk);
}

std::optional<Value> follow(Context& context, Session& session, const std::string& target, const Value& body, Follower::Options options, int& status) {
  options.tells = options.tells && !context.json();
  const auto started = session.post(target, body);
  auto job = started.ok() ? Follower(context, session, started->string_or("job"), options).run() : Result<Value>(started.error());
  if (job.ok()) return std::move(*job);
  status = context.failed(job.error());
  return std::nullopt;
}

LeftOut left_out(const Value& status, const std::string& mapping, Work work) {
  LeftOut out;
  const Value* mappings = status.find("mappings");
  if (!mapping.empty() || mappings == nullptr || !mappings->is_object()) return out;
  for (const auto& [name, one] : mappings->as_object()) {
    const bool held = !one.string_or("held_for").empty() && !one.bool_or("file_gone", false);
    if (held && (work == Work::kWrites || one.bool_or("moved", false))) {
      out.why[name] = Value(Object{{"code", code_name(Code::kBlocked)}, {"message", one.string_or("held_for")}, {"hint", way_on_of_held(name, one)}});
      if (out.exit == kOk) out.exit = kFailed;
    }
    const Value* why = one.at_path("reload.error");
    if (one.string_or("state") != "broken" || why == nullptr) continue;
    out.why[name] = *why;
    if (out.exit != kConfig) out.exit = refused_exit_code(code_from_name(why->string_or("code")));
  }
  return out;
}

void LeftOut::tell(const Context& context) const {
  for (const auto& [name, one] : why) {
    const Code code = code_from_name(one.string_or("code")).value_or(Code::kInvalid);
    const std::string message = one.string_or("message"), hint = one.string_or("hint");
    context.complain(code == Code::kBlocked ? make_error(code, "mapping '" + name + "' is held and was left out: " + message, hint)
                                            : make_error(code, "mapping '" + name + "' does not run and was left out: " + message, hint));
  }
}

void print_errors(Context& context, const Value& job) {
  const auto one = [&](const Value& error, const std::string& where) {
    context.complain(make_error(code_from_name(error.string_or("code")).value_or(Code::kInvalid), where + error.string_or("message"), error.string_or("hint")));
  };
  if (const Value* error = job.find("error")) one(*error, "");
  for (const Value& part : job.find("parts")->as_array()) {
    if (const Value* error = part.find("error")) one(*error, part.string_or("mapping") + ": ");
  }
}

void print_findings(Context& context, const Value& findings, bool stories) {
  Terminal& out = context.out;
  for (const Value& one : findings.as_array()) {
    std::string line = out.paint(plain(one.string_or("mapping")), Style::kBold) + "  " + plain(keys_of(one));
    if (!stories) line += "  " + out.paint(one.string_or("finding"), Style::kWarn);
    out.line(line);
    if (const Value* reason = one.at_path("record.reason")) out.line("  " + plain(reason->is_string() ? reason->as_string() : ""));
    std::string text = story(one, out.look());
    if (!text.empty()) text.pop_back();
    if (!text.empty()) out.line(text);
  }
}

void print_rules(Context& context, const Value& job) {
  const Array& parts = job.find("parts")->as_array();
  for (const Value& part : parts) {
    const Value* rules = part.find("rules");
    if (rules == nullptr || !rules->is_object()) continue;
    Table table({{parts.size() > 1 ? part.string_or("mapping") : "field"}, {"what the rules make of it"}, {"records", true}});
    for (const auto& [field, counts] : rules->as_object()) {
      for (const auto& [rule, count] : counts.as_object()) table.add({field, rule, grouped(count.as_int())});
    }
    context.out.line();
    std::string text = table.text(context.out.look());
    text.pop_back();
    context.out.line(text);
  }
}

}  // namespace tidewire::cli
