// tidewire backup, restore: a copy of the state while all goes on; a copy as the state again.
#include "app/restoring.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/table.h"

namespace tidewire::cli {
namespace {

std::string size_text(std::int64_t bytes) { return bytes < 1 << 20 ? grouped((bytes + 1023) / 1024) + " KB" : grouped(bytes >> 20) + " MB"; }

int list_backups(Context& context, Session& session) {
  const auto found = session.get("/api/v1/backups");
  if (!found.ok()) return context.failed(found.error());
  if (context.json()) {
    context.print_json(*found);
    return kOk;
  }
  Table table({{"copy", false, true}, {"size", true}});
  for (const Value& one : found->find("backups")->as_array()) table.add({one.string_or("name"), size_text(one.int_or("bytes", 0))});
  if (table.empty()) {
    context.out.line("no copy in " + plain(found->string_or("folder")) + " yet: tidewire backup");
    return kOk;
  }
  std::string text = table.text(context.out.look());
  text.pop_back();
  context.out.line(text);
  context.out.line(context.out.paint("in " + plain(found->string_or("folder")), Style::kDim));
  return kOk;
}

int backup(Context& context) {
  const std::string what = context.arguments.word(0);
  if (!what.empty() && what != "list") return context.failed(make_error(Code::kInvalid, "no '" + what + "' of backup", "tidewire backup, tidewire backup list"));
  int status = kOk;
  const auto session = context.open(Session::Need::kState, status);
  if (!session) return status;
  if (what == "list") return list_backups(context, *session);
  const auto made = session->post("/api/v1/backups", Value(Object{}));
  if (!made.ok()) return context.failed(made.error());
  if (context.json()) context.print_json(*made);
  else context.out.line(plain(made->string_or("path")) + "  " + size_text(made->int_or("bytes", 0)));
  return kOk;
}

int restore(Context& context) {
  if (context.arguments.has("--url")) return context.failed(make_error(Code::kInvalid, "a state is restored on its own machine", "stop the daemon there, then: tidewire restore FILE"));
  const auto restored = app::restore_state(context.folder(), context.arguments.get("--env"), context.arguments.get("--scripts-dir"), context.arguments.word(0));
  if (!restored.ok()) {
    Error error = restored.error();
    if (error.code == Code::kUnavailable && error.hint.empty()) error.hint = "stop the daemon first";
    return context.failed(error);
  }
  if (context.json()) {
    context.print_json(Value(Object{{"links", restored->links}, {"operations", restored->operations}, {"set_aside", restored->set_aside}}));
    return kOk;
  }
  context.out.line("restored: " + grouped(restored->links) + " links, " + grouped(restored->operations) + " operations");
  if (!restored->set_aside.empty()) context.out.line("the former state is " + plain(restored->set_aside) + "; remove it when all is well");
  context.out.line("Next: tidewire run. What changed since the copy is found by polls; `tidewire sync --all` looks at everything.");
  return kOk;
}

}  // namespace

const Command& backup_command() {
  static const Command command{"backup",
                               "[list]",
                               "makes a consistent copy of the state while all goes on, or lists the copies",
                               "Copies lie in state/backups, or where `backup = { folder = ... }` of tidewire.lua says. `backup = { every = \"daily 03:00\", keep = 14 }`\n"
                               "makes them by itself and lets the oldest go.",
                               {{}, 0, 1},
                               backup};
  return command;
}

const Command& restore_command() {
  static const Command command{"restore",
                               "[FILE]",
                               "puts a copy in the place of the state, while no daemon runs",
                               "FILE is a path, or a name that `tidewire backup list` shows; without it the newest copy. The copy is checked first; the former\n"
                               "state is set aside, never deleted.",
                               {{}, 0, 1},
                               restore};
  return command;
}

}  // namespace tidewire::cli
