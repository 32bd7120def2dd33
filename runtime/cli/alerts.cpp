// tidewire alerts: what needs a person, and what did.
#include "cli/author.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/query.h"
#include "cli/table.h"

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

int list_alerts(Context& context) {
  const Arguments& arguments = context.arguments;
  const auto limit = arguments.number("--limit", 50);
  if (!limit.ok()) return context.failed(limit.error());
  int status = kOk;
  const auto session = context.open(Session::Need::kState, status);
  if (!session) return status;
  Target target("/api/v1/alerts");
  target.add("all", arguments.has("--all") ? "1" : "").add("mapping", arguments.get("--mapping")).add("connection", arguments.get("--connection")).add("kind", arguments.get("--kind"));
  const auto found = session->get(target.add("limit", std::to_string(*limit)).add("after", arguments.get("--after")).text());
  if (!found.ok()) return context.failed(found.error());
  if (context.json()) {
    context.print_json(*found);
    return kOk;
  }
  const Instant now = SystemClock().now();
  Table table({{"id", true}, {"since"}, {"kind"}, {"about"}, {"what", false, true}, {"then"}});
  std::vector<std::string> hints;
  for (const Value& one : found->find("alerts")->as_array()) {
    const std::string by = one.string_or("acknowledged_by");
    const std::string end = one.bool_or("open", false) ? (by.empty() ? "" : by + " has it in hand") : "over " + moment(one.string_or("ended_at"), now);
    table.add({Cell(std::to_string(one.int_or("id", 0)), Style::kBold), Cell(moment(one.string_or("since"), now), Style::kDim), Cell(one.string_or("kind"), one.bool_or("open", false) ? Style::kBad : Style::kDim),
               plain(subject_of(one)), plain(one.string_or("text")), Cell(end, Style::kDim)});
    if (const std::string hint = one.string_or("hint"); one.bool_or("open", false) && !hint.empty()) hints.push_back(std::to_string(one.int_or("id", 0)) + ": " + hint);
  }
  context.print_page(table, *found, arguments.has("--all") ? "nothing has needed a person" : "nothing needs a person");
  for (const std::string& hint : hints) context.out.line(context.out.paint(plain(hint), Style::kDim));
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
                               {{{"--all", "", "what is over too"},
                                 {"--mapping", "M", "about one mapping"},
                                 {"--connection", "C", "about one connection"},
                                 {"--kind", "K", "mapping, poll, held, brake, paused, queue, conflict, dead, connection, webhooks, disk, state or certificate"},
                                 {"--limit", "N", "at most so many; default 50"},
                                 {"--after", "MARK", "the page after one shown before"},
                                 kAuthorOption},
                                0, 2},
                               alerts};
  return command;
}

}  // namespace tidewire::cli
