#include "cli/main.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "app/files.h"
#include "app/script_program.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/help.h"
#include "cli/table.h"

namespace tidewire::cli {
namespace {

void print_json(Terminal& out, const Value& value) { out.line(out.is_terminal() ? json::dump_pretty(value) : json::dump(value)); }

void print_error(Terminal& out, const Error& error) {
  Object body{{"code", code_name(error.code)}, {"message", error.message}};
  if (!error.hint.empty()) body["hint"] = error.hint;
  print_json(out, Value(Object{{"error", Value(std::move(body))}}));
}

const Command* find_command(const std::string& name) {
  const auto all = commands();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Command& one) { return name == one.name; });
  return found == all.end() ? nullptr : &*found;
}

/// Nothing was parsed yet, or it does not parse: a program that asks for JSON is answered in it all the same.
bool wants_json(const std::vector<std::string>& words) {
  const auto end = std::find(words.begin(), words.end(), "--");
  return std::find(words.begin(), end, "--json") != end;
}

int wrong_usage(Terminal& out, Terminal& err, bool as_json, const Error& error) {
  if (as_json) {
    print_error(out, error);
  } else {
    err.line("tidewire: " + error.message);
    err.line(error.hint);
  }
  return kUsage;
}

/// `help notion`: of a kind of connection, as the current folder's project or the program knows it.
int help_kind(Terminal& out, Terminal& err, bool as_json, const std::string& name) {
  std::vector<std::string> known = app::connector_kinds(".", "");
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    for (const Command& one : commands()) known.emplace_back(one.name);
    return wrong_usage(out, err, as_json, make_error(Code::kInvalid, "no command and no kind of connection '" + name + "'" + suggestion(name, known), "`tidewire help` lists them"));
  }
  const auto kind = app::connection_kind(name, ".", "");
  if (!kind.ok()) return wrong_usage(out, err, as_json, make_error(Code::kInvalid, kind.error().message, "the connector " + name + " cannot be read"));
  out.line(help_of_kind(*kind, out.look()));
  return kOk;
}

bool has_its_value_behind(const std::string& option) { return option == "--project" || option == "--env" || option == "--scripts-dir" || option == "--url" || option == "--token"; }

/// The word after `help` that is no option: `--scripts-dir DIR help notion` asks about notion too. "" where there is none.
std::string helped_word(const std::vector<std::string>& words) {
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i].empty() || words[i][0] != '-') return words[i];
    if (has_its_value_behind(words[i])) ++i;
  }
  return {};
}

/// `--project DIR status` is `status --project DIR`: options may stand before the command.
std::vector<std::string> command_first(std::vector<std::string> words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i].empty() || words[i][0] == '-') {
      if (has_its_value_behind(words[i])) ++i;
      continue;
    }
    std::rotate(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(i), words.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    break;
  }
  return words;
}

}  // namespace

std::span<const Command> commands() {
  static const std::vector<Command> all{new_command(),       run_command(),       check_command(),     sync_command(),     status_command(),
                                        operations_command(), operation_command(), alerts_command(),   conflicts_command(), resolve_command(),
                                        retry_command(),     discard_command(),   release_command(),   record_command(),    explain_command(),   report_command(),   schema_command(),     try_command(),      jobs_command(),
                                        verify_command(),    adopt_command(),     revert_command(),   links_command(),
                                        tail_command(),      changes_command(),   webhooks_command(),  connections_command(), mappings_command(),
                                        pause_command(),     resume_command(),    cursors_command(),   reset_command(),
                                        audit_command(),     backup_command(),    restore_command(),
                                        unlink_command(),    relink_command(),    merge_command(),    ignore_command(),
                                        heed_command(),      reset_base_command(), forget_command(),
                                        user_command(),      token_command(),    install_command(),   uninstall_command(),
                                        practice_command(),  simulate_command(),  version_command(),   completion_command(), complete_command(), file_command()};
  return all;
}

void Context::print_json(const Value& value) const { cli::print_json(out, value); }

void Context::print_page(const Table& table, const Value& answer, const char* empty) const {
  std::string text = table.empty() ? empty : table.text(out.look());
  if (!table.empty()) text.pop_back();
  out.line(text);
  if (const std::string next = answer.string_or("next"); !next.empty()) out.line(out.paint("older ones: --after " + next, Style::kDim));
}

void Context::complain(const Error& error) const {
  if (json()) {
    print_error(out, error);
    return out.flush();  // a daemon may say nothing more for weeks
  }
  bool first = true;
  for (const std::string& line : split(error.message, '\n')) err.line((std::exchange(first, false) ? err.paint("tidewire: ", Style::kBad) : std::string("  ")) + plain(line));
  if (!error.hint.empty()) err.line("  " + err.paint("hint: ", Style::kDim) + plain(error.hint));
}

int Context::failed(const Error& error) const {
  complain(error);
  return exit_code(error);
}

std::unique_ptr<Session> Context::open(Session::Need need, int& status) const {
  const auto said = [&](const char* option, const char* variable) {
    const char* given = std::getenv(variable);
    return arguments.get(option, given == nullptr ? "" : given);
  };
  const std::string url = said("--url", "TIDEWIRE_URL");
  auto session = Session::open({folder(), arguments.get("--env"), arguments.get("--scripts-dir"), need, url, url.empty() ? "" : said("--token", "TIDEWIRE_TOKEN")});
  if (session.ok()) return std::move(*session);
  complain(session.error());
  status = url.empty() ? opening_exit_code(session.error()) : exit_code(session.error());
  return nullptr;
}

int run(const std::vector<std::string>& given) {
  Terminal out(stdout), err(stderr);
  const std::vector<std::string> words = command_first(given);
  const bool as_json = wants_json(words);
  if (words.empty() || words[0] == "help" || words[0] == "--help" || words[0] == "-h") {
    const std::string subject = helped_word(words);
    const Command* about = subject.empty() ? nullptr : find_command(subject);
    if (!subject.empty() && subject != "help" && about == nullptr && words[0] == "help") return help_kind(out, err, as_json, subject);
    out.line(about != nullptr ? help_of(*about, out.look()) : help(out.look()));
    return words.empty() ? kUsage : kOk;
  }
  const std::string& name = words[0] == "--version" ? std::string("version") : words[0];
  const Command* command = find_command(name);
  if (command == nullptr) {
    std::vector<std::string> names{"help"};
    for (const Command& one : commands()) names.emplace_back(one.name);
    return wrong_usage(out, err, as_json, make_error(Code::kInvalid, "no command '" + name + "'" + suggestion(name, names), "`tidewire help` lists them"));
  }
  Syntax syntax = command->syntax;
  for (const Option& option : common_options()) syntax.options.push_back(option);
  const auto arguments = Arguments::parse(std::span(words).subspan(1), syntax);
  if (!arguments.ok()) {
    const std::string usage = std::string("usage: tidewire ") + command->name + " " + command->usage + "   (more: tidewire help " + command->name + ")";
    return wrong_usage(out, err, as_json, Error(arguments.error()).with_hint(usage));
  }
  if (arguments->has("--help")) {
    out.line(help_of(*command, out.look()));
    return kOk;
  }
  Context context{*arguments, out, err};
  const int status = command->run(context);
  out.flush();
  return status;
}

}  // namespace tidewire::cli
