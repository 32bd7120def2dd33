// tidewire alerts: what needs a person, and what did.
#include "base/text.h"
#include "cli/author.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/listing.h"
#include "cli/standing.h"

namespace tidewire::cli {
namespace {

std::string subject_of(const Value& alert) {
  for (const auto& [whole, part] : {std::pair("mapping", "side"), std::pair("connection", "collection")}) {
    const std::string about = alert.string_or(whole), more = alert.string_or(part);
    if (!about.empty()) return more.empty() ? about : about + " " + more;
  }
  return "";
}

int acknowledge(Context& context, const std::string& id) {
  int status = kOk;
  const auto session = context.open(Session::Need::kState, status);
  if (!session) return status;
  Object body;
  if (const std::string author = author_of(context.arguments); !author.empty()) body["author"] = author;
  const auto alert = session->post("/api/v1/alerts/" + segment(id) + "/acknowledge", Value(std::move(body)));
  if (!alert.ok()) return context.failed(alert.error());
  if (context.json()) context.print_json(*alert);
  else context.out.line(context.out.paint("✓ ", Style::kGood) + plain(alert->string_or("acknowledged_by")) + " has it in hand: " + plain(alert->string_or("text")));
  return kOk;
}

/// What was sent of it, and what did not arrive.
std::vector<Cell> notice_cells(const Value& one, Instant now) {
  const std::string state = one.string_or("state"), error = one.string_or("error");
  const std::string tries = one.int_or("attempts", 0) == 1 ? "1 attempt" : std::to_string(one.int_or("attempts", 0)) + " attempts";
  Cell went("waits", Style::kDim);
  if (state == "delivered") went = Cell("arrived", Style::kGood);
  else if (state == "failed") went = Cell("given up after " + tries + ": " + plain(error), Style::kBad);
  else if (!error.empty()) went = Cell("not yet, " + tries + ": " + plain(error), Style::kWarn);
  return {Cell(moment(one.string_or("at"), now), Style::kDim), plain(one.string_or("title")), one.string_or("way") + " " + plain(one.string_or("to")), went};
}

std::vector<Cell> alert_cells(const Value& one, Instant now) {
  const bool open = one.bool_or("open", false);
  const std::string by = one.string_or("acknowledged_by");
  const std::string end = open ? (by.empty() ? "" : by + " has it in hand") : "over " + moment(one.string_or("ended_at"), now);
  return {Cell(std::to_string(one.int_or("id", 0)), Style::kBold), Cell(moment(one.string_or("since"), now), Style::kDim), Cell(one.string_or("kind"), open ? Style::kBad : Style::kDim),
          plain(subject_of(one)), plain(one.string_or("text")), Cell(end, Style::kDim)};
}

/// An alert begins only after a while: what waits for a person already is said.
Result<std::string> nothing_stands(const Context& context, Session& session, bool all) {
  if (all) return std::string("nothing has needed a person");
  const std::string mapping = context.arguments.get("--mapping");
  const Value status = TRY(session.get("/api/v1/status"));
  std::vector<std::string> waits = held_lines(status, mapping);
  const bool of_all = mapping.empty() && context.arguments.get("--connection").empty() && context.arguments.get("--kind").empty();
  const Value* problems = status.find("problems");
  for (const Value& one : of_all && session.with_daemon() && problems != nullptr ? problems->as_array() : Array{}) waits.push_back(plain(one.is_string() ? one.as_string() : "") + ": `tidewire status`");
  if (const std::string standing = standing_text(status, mapping); !standing.empty()) waits.insert(waits.begin(), standing + ": `tidewire conflicts`");
  return waits.empty() ? std::string("nothing needs a person") : "no alert stands, but " + join(waits, "\nand ");
}

/// With --all also what was told of it to whom, beside the first page.
int list_alerts(Context& context) {
  const Arguments& arguments = context.arguments;
  const bool all = arguments.has("--all");
  Target target("/api/v1/alerts");
  target.add("all", all ? "1" : "").add("mapping", arguments.get("--mapping")).add("connection", arguments.get("--connection")).add("kind", arguments.get("--kind"));
  int status = kOk;
  auto found = fetch(context, target, 50, status);
  if (!found) return status;
  const bool told_too = all && arguments.get("--after").empty();
  if (told_too) {
    const auto told = found->session->get(Target("/api/v1/notices").add("about", arguments.get("--mapping", arguments.get("--connection"))).add("kind", arguments.get("--kind")).add("limit", arguments.get("--limit", "20")).text());
    if (!told.ok()) return context.failed(told.error());
    found->page["notices"] = *told->find("notices");
  }
  if (context.json()) {
    context.print_json(found->page);
    return kOk;
  }
  const Instant now = SystemClock().now();
  Table table({{"id", true}, {"since"}, {"kind"}, {"about"}, {"what", false, true}, {"then"}});
  for (const Value& one : found->page.find("alerts")->as_array()) table.add(alert_cells(one, now));
  const auto none = nothing_stands(context, *found->session, all);
  if (!none.ok()) return context.failed(none.error());
  context.print_page(table, found->page, none->c_str());
  for (const Value& one : found->page.find("alerts")->as_array()) {
    const std::string hint = one.string_or("hint");
    if (one.bool_or("open", false) && !hint.empty()) context.out.line(context.out.paint(plain(std::to_string(one.int_or("id", 0)) + ": " + hint), Style::kDim));
  }
  if (!told_too) return kOk;
  Table told({{"told"}, {"what", false, true}, {"to", false, true}, {"went", false, true}});
  for (const Value& one : found->page.find("notices")->as_array()) told.add(notice_cells(one, now));
  context.out.line();
  context.print_page(told, Value(Object{}), "nobody was told of anything");
  return kOk;
}

int alerts(Context& context) {
  const auto& words = context.arguments.words();
  if (words.empty() || (words[0] == "list" && words.size() == 1)) return list_alerts(context);
  if (words[0] == "acknowledge" && words.size() == 2) return acknowledge(context, words[1]);
  context.complain(make_error(Code::kInvalid, "what shall be done with the alerts?", "`tidewire alerts`, `tidewire alerts acknowledge ID`"));
  return kUsage;
}

}  // namespace

const Command& alerts_command() {
  static const Command command{"alerts",
                               "[--all] [--mapping M] [--connection C] [--kind K] | acknowledge ID",
                               "lists what needs a person, with what to do",
                               "The list is kept whether `alerts` of tidewire.lua names somebody to be told or not; its times hold for both.\n"
                               "acknowledge says that you have one in hand: it stays in the list, with your name, until it is over.",
                               {{{"--all", "", "what is over too, and what was told to whom and whether it arrived"},
                                 {"--mapping", "M", "about one mapping"},
                                 {"--connection", "C", "about one connection"},
                                 {"--kind", "K", "mapping, poll, held, brake, paused, queue, conflict, dead, job, connection, webhooks, disk, state, certificate or backup"},
                                 {"--limit", "N", "at most so many; default 50"},
                                 {"--after", "MARK", "the page after one shown before"},
                                 kAuthorOption},
                                0, 2},
                               alerts};
  return command;
}

}  // namespace tidewire::cli
