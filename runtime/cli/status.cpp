// tidewire status: how everything stands, on one screen.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/query.h"
#include "cli/standing.h"
#include "cli/table.h"
#include "cli/troubles.h"

namespace tidewire::cli {
namespace {

Cell count_cell(std::int64_t value, Style when_any = Style::kPlain) {
  return value == 0 ? Cell("·", Style::kDim) : Cell(grouped(value), when_any);
}

std::int64_t sum_of(const Value& mapping, std::initializer_list<const char*> names) {
  std::int64_t sum = 0;
  for (const char* name : names) sum += mapping.int_or(name, 0);
  return sum;
}

Style style_of_state(const std::string& state) {
  if (state == "ok" || state == "running") return Style::kGood;
  if (state == "unknown" || state == "not_loaded" || state == "not running" || state == "file gone") return Style::kDim;
  return state == "paused" ? Style::kWarn : Style::kBad;
}

const Object& members(const Value& status, const char* name) {
  static const Object kNone;
  const Value* found = status.find(name);
  return found != nullptr && found->is_object() ? found->as_object() : kNone;
}

/// Of the alerts that stood when the last daemon ended those that tell of something that fails; what waits for a person is counted by itself.
Array troubles_left(const Value& status) {
  static const std::set<std::string> kWaits{"held", "brake", "paused", "conflict", "dead"};
  Array out;
  const Value* alerts = status.find("alerts");
  for (const Value& one : alerts == nullptr ? Array{} : alerts->as_array()) {
    if (!kWaits.contains(one.string_or("kind"))) out.push_back(one);
  }
  return out;
}

class StatusPage {
 public:
  StatusPage(const Context& context, const Value& status, bool with_daemon) : out_(context.out), status_(status), with_daemon_(with_daemon), now_(SystemClock().now()) {}

  void print() {
    header();
    problems();
    standing();
    connections();
    mappings();
    troubles();
  }

 private:
  void header() {
    std::string line = out_.paint("Tidewire " + status_.string_or("version"), Style::kBold) + "  " + plain(status_.string_or("project"));
    if (const std::string name = status_.string_or("environment"); !name.empty()) line += " (" + plain(name) + ")";
    if (!with_daemon_) {
      out_.line(line + "  " + out_.paint("no daemon runs", Style::kWarn));
      return;
    }
    if (const std::string url = status_.string_or("url"); !url.empty()) line += "  " + out_.paint(url, Style::kAccent);
    if (const auto started = parse_instant(status_.string_or("started_at")); started.ok()) line += "  started " + relative(*started, now_);
    if (const std::int64_t memory = status_.int_or("memory", 0); memory > 0) line += "  " + std::to_string(memory >> 20) + " MB";
    if (status_.bool_or("read_only", false)) line += out_.paint("  read-only", Style::kWarn);
    out_.line(line);
  }

  void problems() {
    const Value* list = status_.find("problems");
    if (!with_daemon_ || list == nullptr || !list->is_array()) return;
    for (const Value& problem : list->as_array()) {
      if (problem.is_string() && problem.as_string().starts_with("mapping ")) continue;  // told below, with what it has to do with others
      out_.line(out_.paint("✗ ", Style::kBad) + shown(problem, 200));
    }
    std::int64_t stopped = 0;
    for (const auto& [name, one] : members(status_, "mappings")) stopped += style_of_state(one.string_or("state", "running")) == Style::kBad ? 1 : 0;
    if (stopped > 0) out_.line(out_.paint("✗ ", Style::kBad) + grouped(stopped) + (stopped == 1 ? " mapping does not run" : " mappings do not run") + ": see below");
    else if (list->as_array().empty() && !any_refused()) out_.line(out_.paint("✓ ", Style::kGood) + "healthy");
    else if (list->as_array().empty()) out_.line(out_.paint("! ", Style::kWarn) + "healthy, but what was saved last does not load: see below");
  }

  /// Something goes on as it was before an edit that does not load.
  bool any_refused() const {
    const Object& mappings = members(status_, "mappings");
    return status_.find("project_trouble") != nullptr || std::any_of(mappings.begin(), mappings.end(), [](const auto& one) { return one.second.at_path("reload.error.message") != nullptr; });
  }

  void standing() {
    if (const std::string text = standing_text(status_); !text.empty()) out_.line(out_.paint("! ", Style::kWarn) + text + ": `tidewire conflicts`");
    for (const std::string& line : unknown_lines(status_)) out_.line(out_.paint("! ", Style::kWarn) + line);
  }

  void connections() {
    Table table({{"connection"}, {"kind"}, {with_daemon_ ? "state" : "address"}, {"last answer"}, {"calls", true}, {"failed", true}, {"webhooks", true}, {"refused", true}});
    for (const auto& [name, one] : members(status_, "connections")) {
      const std::string state = one.string_or("state", "unknown");
      if (!with_daemon_) {
        table.add({Cell(name), Cell(one.string_or("kind"), Style::kDim), Cell(one.string_or("url"), Style::kDim)});
        continue;
      }
      const std::string last = one.string_or("last_success");
      const Value* hooks = one.find("webhooks");
      const Value none = Value(Object{});
      const Value& webhooks = hooks != nullptr ? *hooks : none;
      table.add({Cell(name), Cell(one.string_or("kind"), Style::kDim), Cell(state, style_of_state(state)), Cell(last.empty() ? "" : moment(last, now_)),
                 count_cell(one.int_or("calls", 0)), count_cell(one.int_or("failures", 0), Style::kWarn), count_cell(webhooks.int_or("received", 0)),
                 count_cell(sum_of(webhooks, {"unproved", "malformed", "limited"}), Style::kWarn)});
    }
    print(table);
  }

  void mappings() {
    Table table({{"mapping"}, {""}, {"state"}, {"pairs", true}, {"waiting", true}, {"again", true}, {"conflicts", true}, {"dead", true}, {"held", true}, {"for parent", true}, {"would write", true}, {"last"}});
    for (const auto& [name, one] : members(status_, "mappings")) {
      std::string state = one.string_or("state");
      if (state == "not_loaded") state = one.bool_or("file_gone", false) ? "file gone" : "not running";
      const std::string last = one.string_or("last_operation");
      table.add({Cell(name), Cell(ends_of(one), Style::kDim), Cell(state, style_of_state(state)), count_cell(one.int_or("links", 0)), count_cell(one.int_or("waiting", 0)),
                 count_cell(one.int_or("backing_off", 0), Style::kWarn), count_cell(sum_of(one, {"open_conflicts"}), Style::kWarn), count_cell(one.int_or("dead", 0), Style::kBad),
                 count_cell(one.int_or("held", 0), Style::kWarn), count_cell(one.int_or("waiting_for", 0)), count_cell(one.int_or("would_write", 0), Style::kWarn), Cell(last.empty() ? "" : moment(last, now_), Style::kDim)});
    }
    print(table);
  }

  /// "erp.Employee <> app.employees", with the arrow of its direction.
  static std::string ends_of(const Value& mapping) {
    const auto end = [&](const char* side) {
      const Value* one = mapping.find(side);
      return one == nullptr ? std::string() : one->string_or("connection") + "." + one->string_or("collection");
    };
    const std::string left = end("left"), right = end("right");
    if (left.empty()) return "";
    const std::string direction = mapping.string_or("direction");
    return left + (direction == "to_right" ? " → " : (direction == "to_left" ? " ← " : " ↔ ")) + right;
  }

  /// The connection itself, which is told once above, and not again by each of its mappings.
  bool is_failing(const std::string& connection) const {
    const Value* one = status_.find("connections") == nullptr ? nullptr : status_.find("connections")->find(connection);
    const std::string state = one == nullptr ? "" : one->string_or("state");
    return state == "failing" || state == "paused";
  }

  /// Mappings that do not load, each line of a file's mistakes.
  Troubles not_loaded() const {
    std::set<std::string> failing;
    for (const auto& [name, one] : members(status_, "connections")) {
      if (!one.string_or("reason").empty()) failing.insert(name);
    }
    Troubles troubles(std::move(failing));
    for (const auto& [name, one] : members(status_, "mappings")) {
      const Value* error = one.at_path("reload.error.message");
      for (const std::string& line : error == nullptr ? std::vector<std::string>() : split(error->as_string(), '\n')) {
        if (!line.empty()) troubles.add(name, line, "");
      }
    }
    return troubles;
  }

  /// Edits that could not be loaded or wait for a restart, polls and jobs that fail, what a one-way mapping leaves alone.
  void troubles() {
    std::vector<std::string> lines;
    for (const auto& [name, one] : with_daemon_ ? Object{} : members(status_, "connections")) {
      if (const std::string why = one.string_or("reason"); !why.empty()) lines.push_back(out_.paint("✗ ", Style::kBad) + name + " does not run: " + plain(why));
    }
    if (const Value* trouble = status_.find("project_trouble"); trouble != nullptr) {
      lines.push_back(out_.paint("✗ ", Style::kBad) + "tidewire.lua as saved last does not load, the one before goes on: " + plain(trouble->string_or("message")));
    }
    if (const Value* trouble = status_.find("listen_trouble"); trouble != nullptr) {
      lines.push_back(out_.paint("✗ ", Style::kBad) + "the address that tidewire.lua says is not listened on, the one before is: " + plain(trouble->string_or("message")));
    }
    const Value* kept = status_.find("needs_restart");
    for (const Value& setting : kept == nullptr ? Array{} : kept->as_array()) {
      lines.push_back(out_.paint("! ", Style::kWarn) + plain(setting.as_string()) + " was changed in tidewire.lua: it counts when the daemon is started again");
    }
    for (const std::string& line : with_daemon_ ? refused_lines(status_) : std::vector<std::string>()) lines.push_back(out_.paint("! ", Style::kWarn) + line);
    for (const Trouble& one : not_loaded().all()) {
      lines.push_back(out_.paint("✗ ", Style::kBad) + plain(join(one.where, ", ")) + ": " + (one.follows || one.text.starts_with("the fields of a collection are not known yet") ? "" : "the file as saved last does not load: ") + plain(one.text));
    }
    for (const auto& [name, one] : members(status_, "mappings")) {
      for (const char* side : {"left", "right"}) {
        const Value* error = one.at_path(std::string("polls.") + side + ".error.message");
        const Value* connection = one.at_path(side + std::string(".connection"));
        if (error != nullptr && (connection == nullptr || !is_failing(connection->as_string()))) lines.push_back(out_.paint("! ", Style::kWarn) + name + ": polling the " + side + " side fails: " + shown(*error, 160));
      }
      if (const Value* error = one.at_path("job.error.message"); error != nullptr) lines.push_back(out_.paint("! ", Style::kWarn) + name + ": the last " + plain(job_word(one.at_path("job.kind")->as_string())) + " failed: " + shown(*error, 300));
    }
    for (const std::string& line : stopped_lines(status_)) lines.push_back(out_.paint("! ", Style::kWarn) + line);
    for (const auto& [name, one] : members(status_, "mappings")) {
      const std::int64_t left_alone = one.int_or("open_drift", 0);
      if (left_alone > 0) lines.push_back(out_.paint("! ", Style::kWarn) + name + ": " + grouped(left_alone) + (left_alone == 1 ? " edit" : " edits") + " on the side that may not change, left alone; `tidewire verify " + name + "` lists what differs now");
    }
    for (const auto& [name, one] : members(status_, "mappings")) {
      const std::int64_t frozen = one.bool_or("file_gone", false) ? 0 : one.int_or("frozen", 0);
      if (frozen > 0) lines.push_back(name + ": " + grouped(frozen) + (frozen == 1 ? " of its pairs is" : " of its pairs are") + " outside its scope, nothing travels there: `tidewire links " + name + " --state frozen`");
    }
    for (const Value& one : with_daemon_ ? Array{} : troubles_left(status_)) {
      lines.push_back(out_.paint("! ", Style::kWarn) + "as the last daemon told: " + plain(one.string_or("text")) + " (since " + moment(one.string_or("since"), now_) + "; `tidewire alerts`)");
    }
    if (!lines.empty()) out_.line();
    for (const std::string& line : lines) out_.line(line);
  }

  void print(const Table& table) {
    if (table.empty()) return;
    std::string text = table.text(out_.look());
    text.pop_back();
    out_.line();
    out_.line(text);
  }

  Terminal& out_;
  const Value& status_;
  bool with_daemon_;
  Instant now_;
};

Exit status_exit(const Value& status, bool with_daemon) {
  if (with_daemon && status.string_or("health", "ok") != "ok") return kFailed;
  const Object& connections = members(status, "connections");
  if (!with_daemon && std::any_of(connections.begin(), connections.end(), [](const auto& one) { return !one.second.string_or("reason").empty(); })) return kFailed;
  if (!with_daemon && !troubles_left(status).empty()) return kFailed;
  Exit exit = kOk;
  for (const auto& [name, one] : members(status, "mappings")) {
    if (one.bool_or("file_gone", false)) continue;
    if (!with_daemon && one.int_or("backing_off", 0) > 0) return kFailed;  // the last attempt failed, and nobody tries again
    if (sum_of(one, {"open_conflicts", "dead", "held", "waiting_for"}) > 0 || one.find("braked") != nullptr || !one.string_or("held_for").empty()) exit = kAttention;
  }
  return exit;
}

/// The API's status; without a daemon with the alerts that the last one has left.
Result<Value> status_of(Session& session) {
  Value out = TRY(session.get("/api/v1/status"));
  out["daemon"] = session.with_daemon();
  if (!session.with_daemon()) out["alerts"] = *TRY(session.get("/api/v1/alerts")).find("alerts");
  return out;
}

int show_status(Context& context) {
  int code = kOk;
  const auto session = context.open(Session::Need::kState, code);
  if (!session) return code;
  const auto status = status_of(*session);
  if (!status.ok()) return context.failed(status.error());
  if (context.json()) {
    context.print_json(*status);
  } else {
    StatusPage(context, *status, session->with_daemon()).print();
  }
  const Exit exit = status_exit(*status, session->with_daemon());
  if (context.arguments.has("--healthy")) return exit == kFailed || !session->with_daemon() ? kFailed : kOk;
  return context.arguments.has("--exit-code") ? exit : kOk;
}

}  // namespace

const Command& status_command() {
  static const Command command{"status",
                               "[--exit-code|--healthy]",
                               "shows how connections and mappings stand",
                               "Without a daemon it shows what is stored: mappings are then `not running`, which says nothing of what is in their files; `file gone` is one that has none any more.",
                               {{{"--exit-code", "", "ends with 1 when not healthy (without a daemon: when a connection cannot be made of what tidewire.lua says, keys are to be tried again, or the last daemon has left an alert), 5 when conflicts, dead letters, held keys or mappings, or keys without their parent exist"}, {"--healthy", "", "ends with 1 when not healthy or no daemon runs, whatever waits for a person: for what starts it again"}}, 0, 0},
                               show_status};
  return command;
}

}  // namespace tidewire::cli
