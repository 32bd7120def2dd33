// tidewire check: is every script right, and with --connect, does every system answer?
#include "base/text.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/table.h"
#include "cli/troubles.h"

namespace tidewire::cli {
namespace {

const Array& check_list(const Value& found, const char* name) {
  static const Array kNone;
  const Value* list = found.find(name);
  return list != nullptr && list->is_array() ? list->as_array() : kNone;
}

/// A file's mistakes come a line each, what many meet once.
std::size_t print_problems(const Context& context, const Value& found) {
  Troubles troubles(connections_told(check_list(found, "problems")));
  for (const Value& problem : check_list(found, "problems")) {
    std::vector<std::string> lines = split(problem.string_or("message"), '\n');
    std::erase(lines, "");
    for (const std::string& line : lines) troubles.add(problem.string_or("file"), line, &line == &lines.back() ? problem.string_or("hint") : "");
  }
  const std::vector<Trouble> all = troubles.all();
  for (const Trouble& one : all) {
    std::vector<std::string> where;
    for (const std::string& name : one.where) {
      if (!name.empty()) where.push_back(context.out.paint(plain(name), Style::kBold));
    }
    context.out.line(context.out.paint("✗ ", Style::kBad) + (where.empty() ? "" : join(where, ", ") + "  ") + plain(one.text));
    if (!one.hint.empty()) context.out.line("  " + context.out.paint("hint: ", Style::kDim) + plain(one.hint));
  }
  for (const Value& warning : check_list(found, "warnings")) {
    const std::string text = warning.is_string() ? warning.as_string() : warning.string_or("message", shown(warning, 200));
    const std::string file = warning.string_or("file", warning.string_or("at"));
    context.out.line(context.out.paint("! ", Style::kWarn) + (file.empty() ? "" : plain(file) + "  ") + plain(text));
  }
  return all.size();
}

void print_connections(const Context& context, const Value& found) {
  const Value* connections = found.find("connections");
  if (connections == nullptr || !connections->is_object() || connections->as_object().empty()) return;
  Table table({{"connection"}, {""}, {""}});
  for (const auto& [name, one] : connections->as_object()) {
    const bool ok = one.bool_or("ok", false);
    std::string about;  // why it fails is told below
    for (const char* part : {"product", "version", "user"}) {
      if (const std::string text = one.string_or(part); !text.empty()) about += (about.empty() ? "" : ", ") + text;
    }
    table.add({name, Cell(ok ? "answers" : "fails", ok ? Style::kGood : Style::kBad), Cell(about, Style::kDim)});
  }
  std::string text = table.text(context.out.look());
  text.pop_back();
  context.out.line(text);
}

/// What went wrong by its kind: a remote that fails is another matter than a script that is wrong.
Exit check_status(const Value& found) {
  if (found.bool_or("ok", true)) return kOk;
  bool remote = false;
  for (const Value& problem : check_list(found, "problems")) {
    const std::string file = problem.string_or("file");
    const auto code = code_from_name(problem.string_or("code"));
    const bool of_system = file.starts_with("connection ") || file == "state";
    if (code == Code::kInvalid || code == Code::kScript || code == Code::kBudget || (!of_system && refused_exit_code(code) == kConfig)) return kConfig;
    remote = true;
  }
  return remote ? kUnavailable : kFailed;
}

int check(Context& context) {
  int status = kOk;
  const auto session = context.open(Session::Need::kScripts, status);
  if (!session) return status;
  const bool connect = context.arguments.has("--connect") || context.arguments.has("--accept");
  const auto found = session->post("/api/v1/check", Value(Object{{"connect", connect}, {"accept", context.arguments.get("--accept")}}));
  if (!found.ok()) return context.failed(found.error());
  if (context.json()) {
    context.print_json(*found);
    return check_status(*found);
  }
  if (const std::string accepted = context.arguments.get("--accept"); !accepted.empty()) context.out.line(context.out.paint("✓ ", Style::kGood) + plain(accepted) + " is accepted as the right system");
  print_connections(context, *found);
  const auto problems = print_problems(context, *found);
  const auto warnings = check_list(*found, "warnings").size();
  if (problems == 0) context.out.line(context.out.paint("✓ ", Style::kGood) + "no problem found" + (warnings > 0 ? ", " + std::to_string(warnings) + " to think about" : "") + (connect ? "" : "  (--connect asks the systems too)"));
  else context.out.line(std::to_string(problems) + (problems == 1 ? " problem" : " problems"));
  return check_status(*found);
}

}  // namespace

const Command& check_command() {
  static const Command command{"check",
                               "[--connect] [--accept CONNECTION]",
                               "looks for mistakes in tidewire.lua, the scripts and the state",
                               "Says for each what is wrong, where, and how to mend it. Exit code 3 for a mistake in a file, 4 for a system that fails.",
                               {{{"--connect", "", "asks every connection too"}, {"--accept", "CONNECTION", "the system that answers there now is the right one: deletes are believed again"}}, 0, 0},
                               check};
  return command;
}

}  // namespace tidewire::cli
