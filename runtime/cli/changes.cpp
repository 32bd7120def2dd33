// tidewire changes and webhooks: what was received.
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/listing.h"
#include "cli/standing.h"

namespace tidewire::cli {
namespace {

std::vector<Cell> change_cells(const Value& one, Instant now) {
  const std::string event = one.string_or("event");
  return {Cell(moment(one.string_or("at"), now), Style::kDim), plain(one.string_or("connection")), plain(one.string_or("collection")), plain(one.string_or("key")),
          Cell(event, event == "unparsed" ? Style::kWarn : Style::kPlain), one.string_or("source")};
}

int received(Context& context, const char* name, const char* empty) {
  const Arguments& arguments = context.arguments;
  Target target(std::string("/api/v1/") + name);
  for (const char* filter : {"mapping", "side", "connection", "collection", "key", "event", "source", "text"}) target.add(filter, arguments.get(std::string("--") + filter));
  int status = kOk;
  if (!add_moments(context, target, {"--since", "--until"}, status)) return status;
  return print_list(context, target, 20, name, Table({{"when"}, {"from"}, {"collection"}, {"key", false, true}, {"event"}, {"by"}}), change_cells, empty);
}

int changes(Context& context) { return received(context, "changes", "nothing like that was received"); }
/// And what was turned away, of which nothing is kept: a wrong secret looks like silence.
int webhooks(Context& context) {
  const int listed = received(context, "webhooks", "no webhook like that was received");
  if (listed != kOk || context.json()) return listed;
  int status = kOk;
  const auto session = context.open(Session::Need::kState, status);
  if (!session || !session->with_daemon()) return status;
  const auto now = session->get("/api/v1/status");
  if (!now.ok()) return context.failed(now.error());
  for (const std::string& line : refused_lines(*now)) context.out.line(context.out.paint("! ", Style::kWarn) + line);
  return kOk;
}

std::vector<Option> received_options() {
  return {{"--mapping", "M", "of a collection of this mapping"},
          {"--side", "left|right", "of the mapping's left or right collection alone"},
          {"--connection", "C", "from this connection"},
          {"--collection", "X", "of this doctype, table or model"},
          {"--key", "K", "of this key"},
          {"--event", "E", "upsert, delete or unparsed"},
          {"--text", "TEXT", "with this text in the key or the body"},
          {"--since", "T", "since this time, or for so long: 2h"},
          {"--until", "T", "before this time, or so long ago"},
          {"--limit", "N", "at most so many; default 20"},
          {"--after", "MARK", "the page after one shown before"}};
}

}  // namespace

const Command& changes_command() {
  static const Command command{"changes",
                               "[--mapping M [--side S]] [--connection C] [--key K] [--source S] [--since T] [--limit N]",
                               "lists what was received, newest first, whatever announced it",
                               "Polls go straight to the mappings: what they found is in `tidewire ops`. --json has the bodies as they came.",
                               {[] {
                                  auto options = received_options();
                                  options.push_back({"--source", "S", "webhook, poll, listen, sweep, person, job or again"});
                                  return options;
                                }(),
                                0, 0},
                               changes};
  return command;
}

const Command& webhooks_command() {
  static const Command command{"webhooks",
                               "[--mapping M [--side S]] [--connection C] [--key K] [--event E] [--since T] [--limit N]",
                               "lists the webhooks that were received and proved, newest first",
                               "--event unparsed lists those that name nothing we know, which are of no mapping; --json has the bodies as they came. What was refused is kept nowhere: it is counted, below the list and in `tidewire status`.",
                               {received_options(), 0, 0},
                               webhooks};
  return command;
}

}  // namespace tidewire::cli
