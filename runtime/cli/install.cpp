// tidewire install, uninstall: what a remote system needs so that its changes are known, shown before it is made.
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/install.h"

namespace tidewire::cli {
namespace {

std::string text_of_step(const Value& step) {
  if (const std::string sql = step.string_or("sql"); !sql.empty()) return sql;
  if (const Value* request = step.find("request"); request != nullptr) return shown(*request, 2000);
  return step.string_or("todo");
}

bool is_by_hand(const Value& step) { return step.find("sql") == nullptr && step.find("request") == nullptr; }

void print_side(const Context& context, const Value& side) {
  const Value* steps = side.find("steps");
  const bool none = steps == nullptr || !steps->is_array() || steps->as_array().empty();
  context.out.line(context.out.paint(plain(side.string_or("connection") + ", " + side.string_or("collection")), Style::kBold) + (none ? ": nothing to do" : ""));
  if (none) return;
  for (const Value& step : steps->as_array()) {
    const bool by_hand = is_by_hand(step);
    context.out.line("  " + plain(step.string_or("title")) + (by_hand ? context.out.paint("  by hand", Style::kWarn) : ""));
    for (const std::string& line : split(text_of_step(step), '\n')) context.out.line(context.out.paint("    " + plain(line), Style::kDim));
  }
}

/// Written aside and moved. The one who runs the command writes, never the daemon: the folder belongs to the other system.
Result<void> save_file(const std::filesystem::path& path, const std::string& text) {
  std::error_code bad;
  const std::filesystem::path draft = path.string() + ".draft~";
  std::ofstream stream(draft, std::ios::binary);
  stream.write(text.data(), static_cast<std::streamsize>(text.size()));
  stream.close();
  if (stream) std::filesystem::rename(draft, path, bad);
  if (!stream || bad) return make_error(Code::kUnavailable, "cannot write " + path.string() + (bad ? ": " + bad.message() : ""), "is --folder there, and may you write into it?");
  return {};
}

/// What a system must have as files before the rest can be made (WordPress: its plugin).
Result<void> save_files(Context& context, const Value& answer, const std::string& folder) {
  for (const auto& [name, side] : answer.as_object()) {
    const Value* steps = side.find("steps");
    for (const Value& step : steps == nullptr || !steps->is_array() ? Array{} : steps->as_array()) {
      const Value* file = step.find("file");
      if (file == nullptr) continue;
      const std::filesystem::path path = std::filesystem::path(folder) / std::filesystem::path(file->string_or("name")).filename();
      TRY(save_file(path, file->string_or("text")));
      if (!context.json()) context.out.line(context.out.paint("written  ", Style::kGood) + plain(path.string()));
    }
  }
  return {};
}

int run_install(Context& context, bool remove) {
  int status = kOk;
  const auto session = context.open(Session::Need::kScripts, status);
  if (!session) return status;
  const bool apply = context.arguments.has("--yes");
  const std::string folder = context.arguments.get("--folder");
  const bool writes_files = apply && !folder.empty();
  Value body(Object{{"kind", Value(context.arguments.word(0))}, {"mapping", Value(context.arguments.word(1))}, {"apply", Value(apply && !writes_files)},
                    {"remove", Value(remove)}, {"address", Value(context.arguments.get("--address"))}});
  auto answer = session->post("/api/v1/install", body);
  if (!answer.ok()) return context.failed(answer.error());
  if (writes_files) {
    if (const auto saved = save_files(context, *answer, folder); !saved.ok()) return context.failed(saved.error());
    body["apply"] = Value(true);
    answer = session->post("/api/v1/install", body);
    if (!answer.ok()) return context.failed(answer.error());
  }
  if (context.json()) {
    context.print_json(*answer);
    return kOk;
  }
  for (const auto& [name, side] : answer->as_object()) print_side(context, side);
  const std::string end = install_end(*answer, apply, writes_files);
  if (!end.empty()) context.out.line((end.starts_with("done") ? context.out.paint("✓ ", Style::kGood) : "") + end);
  return kOk;
}

}  // namespace

std::string install_end(const Value& answer, bool apply, bool wrote_files) {
  int made = 0, by_hand = 0, files = 0;
  for (const auto& [name, side] : answer.as_object()) {
    const Value* steps = side.find("steps");
    for (const Value& step : steps == nullptr || !steps->is_array() ? Array{} : steps->as_array()) ++(step.find("file") != nullptr ? files : is_by_hand(step) ? by_hand : made);
  }
  if (made + by_hand + files == 0) return "";
  const std::string left = by_hand > 0 ? ", but for what is to be done by hand" : "";
  if (apply && (made > 0 || wrote_files)) return "done" + left;
  if (made > 0 || files > 0) return std::string("Nothing was done yet: ") + (files > 0 ? "--yes --folder DIR" : "--yes") + " does it" + left + ".";
  return "Nothing was done: these steps are made by hand in the system itself, --yes makes none of them.";
}

const Command& install_command() {
  static const Command command{"install",
                               "KIND MAPPING [--address URL] [--folder DIR] [--yes]",
                               "makes what a system needs so that its changes are known",
                               "Shows every step: triggers and an outbox in a database, webhooks in a site. Nothing is made without --yes. KIND is a\n"
                               "connection's kind or name. What a system lets nobody make from outside (Supabase, Odoo, Notion) is shown, to be done by hand.",
                               {{{"--yes", "", "make it"}, {"--address", "URL", "where webhooks reach this daemon: https://sync.example.org"}, {"--folder", "DIR", "where a file that the system needs is written: wp-content/mu-plugins of a WordPress"}}, 2, 2},
                               [](Context& context) { return run_install(context, false); }};
  return command;
}

const Command& uninstall_command() {
  static const Command command{"uninstall",
                               "KIND MAPPING [--address URL] [--yes]",
                               "takes away what `install` made",
                               "Shows every step; nothing is taken away without --yes. Columns and data stay.",
                               {{{"--yes", "", "take it away"}, {"--address", "URL", "as it was given to install"}}, 2, 2},
                               [](Context& context) { return run_install(context, true); }};
  return command;
}

}  // namespace tidewire::cli
