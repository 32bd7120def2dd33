// tidewire mappings: their scripts, the versions that ran, and back to one of them.
#include "base/text.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/query.h"
#include "cli/table.h"

namespace tidewire::cli {
namespace {

std::string path_of(const std::string& name, const char* verb) { return "/api/v1/mappings/" + segment(name) + "/" + verb; }

int list_mappings(Context& context, Session& session) {
  const auto found = session.get("/api/v1/mappings");
  if (!found.ok()) return context.failed(found.error());
  if (context.json()) {
    context.print_json(*found);
    return kOk;
  }
  const Instant now = SystemClock().now();
  Table table({{"mapping"}, {"file"}, {"state"}, {"version"}, {"loaded"}});
  for (const Value& one : found->find("mappings")->as_array()) {
    const std::string loaded = one.string_or("loaded_at");
    std::string state = one.string_or("state");
    const bool refused = one.at_path("reload.error.message") != nullptr && !one.string_or("version").empty();
    if (refused) state += ", as it was: the file as saved last does not load";
    table.add({one.string_or("name"), one.string_or("file"), Cell(state, state == "running" ? Style::kGood : Style::kWarn), Cell(one.string_or("version").substr(0, 12), Style::kDim), Cell(loaded.empty() ? "" : moment(loaded, now), Style::kDim)});
  }
  context.print_page(table, *found, "no mapping yet: put one into mappings/");
  return kOk;
}

int list_versions(Context& context, Session& session, const std::string& name) {
  const auto found = session.get(Target(path_of(name, "versions")).add("limit", context.arguments.get("--limit", "20")).add("after", context.arguments.get("--after")).text());
  if (!found.ok()) return context.failed(found.error());
  if (context.json()) {
    context.print_json(*found);
    return kOk;
  }
  const Instant now = SystemClock().now();
  Table table({{"version", false, true}, {"loaded last"}});
  for (const Value& one : found->find("versions")->as_array()) table.add({one.string_or("version").substr(0, 12), Cell(moment(one.string_or("at"), now), Style::kDim)});
  context.print_page(table, *found, "no version of it ran");
  return kOk;
}

/// A version by its first characters.
Result<std::string> version_of(Session& session, const std::string& name, const std::string& wanted) {
  std::string after;
  do {
    const Value page = TRY(session.get(Target(path_of(name, "versions")).add("limit", "1000").add("after", after).text()));
    for (const Value& one : page.find("versions")->as_array()) {
      if (one.string_or("version").starts_with(wanted)) return one.string_or("version");
    }
    after = page.string_or("next");
  } while (!after.empty());
  return make_error(Code::kNotFound, "no version '" + wanted + "' of " + name + " ran", "`tidewire mappings versions " + name + "` lists them");
}

int show_source(Context& context, Session& session, const std::string& name, const std::string& wanted) {
  const auto version = wanted.empty() ? Result<std::string>(std::string()) : version_of(session, name, wanted);
  if (!version.ok()) return context.failed(version.error());
  const auto found = session.get(Target(path_of(name, "source")).add("version", *version).text());
  if (!found.ok()) return context.failed(found.error());
  if (context.json()) {
    context.print_json(*found);
    return kOk;
  }
  std::string text = found->string_or("source");
  if (text.ends_with('\n')) text.pop_back();
  context.out.line(text);
  return kOk;
}

int roll_back(Context& context, Session& session, const std::string& name, const std::string& wanted) {
  const auto version = version_of(session, name, wanted);
  if (!version.ok()) return context.failed(version.error());
  const auto applied = session.post(path_of(name, "rollback"), Value(Object{{"version", *version}}));
  if (!applied.ok()) return context.failed(applied.error());
  if (context.json()) context.print_json(*applied);
  else context.out.line(plain(name) + " runs as version " + applied->string_or("version", *version).substr(0, 12));
  return kOk;
}

int mappings(Context& context) {
  const Arguments& arguments = context.arguments;
  const std::string verb = arguments.word(0, "list"), name = arguments.word(1), version = arguments.word(2);
  const std::size_t words = arguments.words().size();
  const bool fits = (verb == "list" && words <= 1) || (verb == "source" && words >= 2) || (verb == "versions" && words == 2) || (verb == "rollback" && words == 3);
  if (!fits) {
    context.complain(make_error(Code::kInvalid, "what about mappings?", "tidewire mappings, tidewire mappings source NAME [VERSION], versions NAME, rollback NAME VERSION"));
    return kUsage;
  }
  int status = kOk;
  const auto session = context.open(Session::Need::kScripts, status);
  if (!session) return status;
  if (verb == "list") return list_mappings(context, *session);
  if (verb == "versions") return list_versions(context, *session, name);
  return verb == "source" ? show_source(context, *session, name, version) : roll_back(context, *session, name, version);
}

}  // namespace

const Command& mappings_command() {
  static const Command command{"mappings",
                               "[list] | source NAME [VERSION] | versions NAME | rollback NAME VERSION",
                               "the mappings with their scripts and the versions that ran",
                               "VERSION is as `versions` lists it; its first characters are enough. rollback writes the mapping's file anew with the text of that\n"
                               "version, and is refused where it does not load.",
                               {{{"--limit", "N", "of versions: at most so many; default 20"}, {"--after", "MARK", "the page after one shown before"}}, 0, 3},
                               mappings};
  return command;
}

}  // namespace tidewire::cli
