// tidewire backup, restore: a copy of the state while all goes on; a copy as the state again.
#include <algorithm>

#include "app/restoring.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/query.h"
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

/// A rule that names a winner, or a person; any other makes a value, of both edits and of what was agreed on before them.
bool names_a_winner(const std::string& strategy) {
  static const char* const kWinners[] = {"newest", "left", "right", "max", "min", "nonempty", "manual"};
  return std::find(std::begin(kWinners), std::end(kWinners), strategy) != std::end(kWinners);
}

void add_computed(const Value& fields, const std::string& strategy, const std::string& prefix, Array& names) {
  for (const Value& field : fields.as_array()) {
    const std::string name = prefix + field.string_or("name");
    const bool both = field.string_or("flow", "both") == "both" && field.string_or("kind") != "constant";
    const Value* rows = field.find("rows");
    if (both && rows != nullptr && rows->is_array()) add_computed(*rows, strategy, name + ".", names);
    else if (both && !names_a_winner(field.string_or("strategy", strategy))) names.push_back(Value(name));
  }
}

/// By mapping the fields that an edit could count twice in, after a copy became the state; what cannot be loaded is left out.
Value computed_fields(Context& context) {
  Value found{Object{}};
  const auto session = Session::open({context.folder(), context.arguments.get("--env"), context.arguments.get("--scripts-dir"), Session::Need::kScripts, "", ""});
  const auto all = session.ok() ? (*session)->get("/api/v1/mappings") : Result<Value>(session.error());
  if (!all.ok()) return found;
  for (const Value& row : all->find("mappings")->as_array()) {
    const std::string name = row.string_or("name");
    const auto one = (*session)->get("/api/v1/mappings/" + segment(name));
    const Value* compiled = one.ok() ? one->find("compiled") : nullptr;
    const Value* fields = compiled == nullptr ? nullptr : compiled->find("fields");
    if (fields == nullptr || !fields->is_array() || compiled->string_or("direction", "both") != "both") continue;
    Array names;
    add_computed(*fields, compiled->string_or("strategy", "newest"), "", names);
    if (!names.empty()) found[name] = Value(std::move(names));
  }
  return found;
}

int restore(Context& context) {
  if (context.arguments.has("--url")) return context.failed(make_error(Code::kInvalid, "a state is restored on its own machine", "stop the daemon there, then: tidewire restore FILE"));
  const auto restored = app::restore_state(context.folder(), context.arguments.get("--env"), context.arguments.get("--scripts-dir"), context.arguments.word(0));
  if (!restored.ok()) {
    Error error = restored.error();
    if (error.code == Code::kUnavailable && error.hint.empty()) error.hint = "stop the daemon first";
    return context.failed(error);
  }
  const Value computed = computed_fields(context);
  if (context.json()) {
    context.print_json(Value(Object{{"links", restored->links}, {"operations", restored->operations}, {"set_aside", restored->set_aside}, {"computed", computed}}));
    return kOk;
  }
  context.out.line("restored: " + grouped(restored->links) + " links, " + grouped(restored->operations) + " operations");
  if (!restored->set_aside.empty()) context.out.line("the former state is " + plain(restored->set_aside) + "; remove it when all is well");
  for (const auto& [mapping, fields] : computed.as_object()) {
    std::vector<std::string> names;
    for (const Value& field : fields.as_array()) names.push_back(field.as_string());
    context.out.line(context.out.paint(plain(mapping) + ": where both sides edited " + plain(join(names, ", ")) + ", a person is asked once: what was agreed on since the copy is not known, and an edit could count twice", Style::kWarn));
  }
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
                               "state is set aside, never deleted. It names the fields in which an edit could count twice (`sum_delta`, lists, functions): until\n"
                               "both sides of a record were compared, such a field that both edited is a conflict. `tidewire sync --all` compares all.",
                               {{}, 0, 1},
                               restore};
  return command;
}

}  // namespace tidewire::cli
