// tidewire report: what was done since a time, and what is open, to be read by a person or mailed by cron.
#include <algorithm>
#include <map>

#include "base/text.h"
#include "cli/command.h"
#include "cli/conflicting.h"
#include "cli/exit_code.h"
#include "cli/query.h"
#include "cli/table.h"

namespace tidewire::cli {
namespace {

struct Did {
  std::int64_t created = 0, updated = 0, deleted = 0, linked = 0, merged = 0, conflicts = 0, dead = 0;
};

constexpr int kReportPage = 1000;
constexpr std::size_t kShown = 20;

/// A time as the API wants it: "2024-05-01T00:00:00Z", or a span back from now such as "24h".
Result<std::string> since_of(const Arguments& arguments, Instant now) {
  const std::string said = arguments.get("--since", "24h");
  if (const auto span = parse_duration(said); span.ok()) return format_instant(now - *span);
  if (const auto at = parse_instant(said); at.ok()) return format_instant(*at);
  return make_error(Code::kInvalid, "--since takes a time or a span, not '" + said + "'", "--since 24h, --since 2026-11-30T00:00:00Z");
}

void tally(Did& done, const Value& operation) {
  const std::string kind = operation.string_or("kind"), outcome = operation.string_or("outcome");
  if (outcome == "dead") ++done.dead;
  if (outcome == "conflict") ++done.conflicts;
  if (outcome == "merged") ++done.merged;
  if (outcome != "applied" && outcome != "merged") return;
  if (kind == "create") ++done.created;
  if (kind == "update" || kind == "resolve" || kind == "revert") ++done.updated;
  if (kind == "delete") ++done.deleted;
  if (kind == "link" || kind == "adopt") ++done.linked;
}

/// Everything decided since then, by mapping.
Result<std::map<std::string, Did>> counted(Session& session, const std::string& since, const std::string& mapping) {
  std::map<std::string, Did> all;
  std::string after;
  do {
    Target target("/api/v1/operations");
    target.add("since", since).add("mapping", mapping).add("limit", std::to_string(kReportPage)).add("after", after);
    const Value page = TRY(session.get(target.text()));
    for (const Value& one : page.find("operations")->as_array()) tally(all[one.string_or("mapping")], one);
    after = page.string_or("next");
  } while (!after.empty());
  return all;
}

Cell tally_cell(std::int64_t value, Style when_any = Style::kPlain) { return value == 0 ? Cell("·", Style::kDim) : Cell(grouped(value), when_any); }

class Report {
 public:
  Report(Context& context, Session& session, std::string since) : context_(context), session_(session), since_(std::move(since)), only_(context.arguments.words().empty() ? "" : context.arguments.word(0)) {}

  Result<Value> gather() {
    const Value status = TRY(session_.get("/api/v1/status"));
    const auto done = TRY(counted(session_, since_, only_));
    Target asked("/api/v1/conflicts");
    const Value conflicts = TRY(session_.get(asked.add("mapping", only_).add("limit", "1000").text()));
    Object mappings;
    const Value* all = status.find("mappings");
    for (const auto& [name, one] : all == nullptr ? Object{} : all->as_object()) {
      if (!only_.empty() && name != only_) continue;
      const auto found = done.find(name);
      const Did did = found == done.end() ? Did{} : found->second;
      Object row{{"created", did.created}, {"updated", did.updated}, {"deleted", did.deleted}, {"linked", did.linked}, {"merged", did.merged}, {"conflicts", did.conflicts}, {"dead", did.dead}};
      for (const char* state : {"links", "waiting", "backing_off", "open_conflicts", "dead", "held", "waiting_for"}) row[std::string("now_") + state] = one.int_or(state, 0);
      row["state"] = one.string_or("state");
      if (one.bool_or("file_gone", false)) row["file_gone"] = true;
      if (const Value* drift = one.find("drift"); drift != nullptr) row["drift"] = drift->string_or("message");
      mappings[name] = Value(std::move(row));
    }
    Object out{{"since", since_}, {"until", format_instant(SystemClock().now())}, {"mappings", Value(std::move(mappings))}};
    if (const Value* connections = status.find("connections"); connections != nullptr) out["connections"] = *connections;
    if (const Value* success = status.find("last_success"); success != nullptr) out["last_success"] = *success;
    if (const Value* list = conflicts.find("conflicts"); list != nullptr) out["open"] = *list;
    return Value(std::move(out));
  }

  void print(const Value& report) const {
    Terminal& out = context_.out;
    const std::string success = report.string_or("last_success");
    out.line(out.paint("From " + report.string_or("since") + " to " + report.string_or("until"), Style::kBold));
    out.line(success.empty() ? std::string("when everything was level last is not known: the daemon and `run --once` note it") : "everything was level last at " + success);
    out.line();
    Table table({{"mapping"}, {"pairs", true}, {"created", true}, {"updated", true}, {"deleted", true}, {"linked", true}, {"merged", true}, {"conflicts", true}, {"dead", true}, {"open now", true}});
    for (const auto& [name, one] : report.find("mappings")->as_object()) {
      table.add({Cell(name), tally_cell(one.int_or("now_links", 0)), tally_cell(one.int_or("created", 0)), tally_cell(one.int_or("updated", 0)), tally_cell(one.int_or("deleted", 0)), tally_cell(one.int_or("linked", 0)),
                 tally_cell(one.int_or("merged", 0)), tally_cell(one.int_or("conflicts", 0), Style::kWarn), tally_cell(one.int_or("dead", 0), Style::kBad), tally_cell(open_in(one), Style::kWarn)});
    }
    std::string text = table.text(out.look());
    if (!text.empty()) text.pop_back();
    out.line(text);
    for (const auto& [name, one] : report.find("mappings")->as_object()) {
      if (const std::string drift = one.string_or("drift"); !drift.empty()) out.line(out.paint("✗ ", Style::kBad) + name + " is paused: " + plain(drift));
    }
    for (const auto& [name, one] : report.find("mappings")->as_object()) {
      if (one.bool_or("file_gone", false)) out.line(out.paint("! ", Style::kWarn) + plain(name) + " has no file any more: `tidewire status` says what lets it go");
    }
    const Value* connections = report.find("connections");
    for (const auto& [name, one] : connections == nullptr || !connections->is_object() ? Object{} : connections->as_object()) {
      const std::string state = one.string_or("state");
      if (state == "failing" || state == "paused") out.line(out.paint("✗ ", Style::kBad) + plain(name) + " is " + state + ": " + plain(one.string_or("reason")));
    }
    conflicts(report);
  }

  static std::int64_t open_in(const Value& mapping) {
    std::int64_t open = 0;
    for (const char* state : {"now_open_conflicts", "now_dead", "now_held", "now_waiting_for"}) open += mapping.int_or(state, 0);
    return open;
  }

 private:
  void conflicts(const Value& report) const {
    const Value* open = report.find("open");
    if (open == nullptr || !open->is_array() || open->as_array().empty()) return;
    Terminal& out = context_.out;
    out.line();
    std::size_t shown_now = 0;
    for (const Value& one : open->as_array()) {
      if (++shown_now > kShown) break;
      out.line(out.paint("? ", Style::kWarn) + plain(one.string_or("mapping") + "  " + record_of(one) + "  " + (one.string_or("field").empty() ? "" : one.string_or("field") + " ") + one.string_or("kind")) + ": " + plain(way_out(one)));
    }
    if (open->as_array().size() > kShown) out.line(out.paint("… " + grouped(static_cast<std::int64_t>(open->as_array().size() - kShown)) + " more: `tidewire conflicts`", Style::kDim));
  }

  Context& context_;
  Session& session_;
  std::string since_, only_;
};

int report(Context& context) {
  const auto since = since_of(context.arguments, SystemClock().now());
  if (!since.ok()) return context.failed(since.error());
  int status = kOk;
  const auto session = context.open(Session::Need::kState, status);
  if (!session) return status;
  Report page(context, *session, *since);
  const auto found = page.gather();
  if (!found.ok()) return context.failed(found.error());
  if (context.json()) context.print_json(*found);
  else page.print(*found);
  const auto& mappings = found->find("mappings")->as_object();
  return std::any_of(mappings.begin(), mappings.end(), [](const auto& one) { return Report::open_in(one.second) > 0; }) ? kAttention : kOk;
}

}  // namespace

const Command& report_command() {
  static const Command command{"report",
                               "[MAPPING] [--since T]",
                               "what was done since a time, and what is open",
                               "T is a time or a span (24h, 7d; a day where it is left out). Ends with 5 where something waits for a person, so that cron can\n"
                               "mail it. When everything was level is also in the file state/last_success, written by every `run --once` that ended so\n"
                               "and, once a minute, by the daemon: a monitor may look at its age.",
                               {{{"--since", "T", "2026-11-30T00:00:00Z, or a span back from now: 24h"}}, 0, 1},
                               report};
  return command;
}

}  // namespace tidewire::cli
