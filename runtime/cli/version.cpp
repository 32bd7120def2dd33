// tidewire version: what this binary is and is made of.
#include "app/versions.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/table.h"

namespace tidewire::cli {
namespace {

int show_version(Context& context) {
  if (context.json()) {
    Object libraries;
    for (const auto& [name, version] : app::library_versions()) libraries[name] = version;
    context.print_json(Value(Object{{"version", app::version()}, {"libraries", Value(std::move(libraries))}}));
    return kOk;
  }
  context.out.line("tidewire " + app::version());
  Table table({{""}, {""}});
  for (const auto& [name, version] : app::library_versions()) table.add({Cell(name, Style::kDim), version});
  std::string text = table.text(context.out.look());
  text.pop_back();
  context.out.line(text);
  return kOk;
}

}  // namespace

const Command& version_command() {
  static const Command command{"version", "", "says which version this is, and of which libraries", "", {{}, 0, 0}, show_version};
  return command;
}

}  // namespace tidewire::cli
