// tidewire lua: runs one file in a script's surroundings. For tests of connectors; not for people.
#include <algorithm>
#include <fstream>
#include <sstream>

#include "app/script_program.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/exit_code.h"

namespace tidewire::cli {
namespace {

int run_lua_file(Context& context) {
  const std::string path = context.arguments.word(0);
  std::ifstream in(path, std::ios::binary);
  if (!in) return context.failed(make_error(Code::kNotFound, "cannot read " + path));
  std::ostringstream text;
  text << in.rdbuf();
  app::ScriptProgram program;
  program.profile = context.arguments.get("--profile", "pure");
  program.path = path;
  program.text = std::move(text).str();
  const auto slash = path.rfind('/');
  program.folder = context.arguments.get("--project", slash == std::string::npos ? "." : path.substr(0, slash));
  program.scripts_folder = context.arguments.get("--scripts-dir");
  program.arguments = context.arguments.rest();
  program.log_level = level_from_name(context.arguments.get("--log-level", "info")).value_or(Level::kInfo);
  const auto ended = app::run_script(program);
  if (!ended.ok()) return context.failed(ended.error());
  if (ended->is_int()) return static_cast<int>(std::clamp<std::int64_t>(ended->as_int(), 0, 255));
  if (ended->is_bool()) return ended->as_bool() ? kOk : kFailed;
  if (!ended->is_null()) context.out.line(ended->is_string() ? ended->as_string() : json::dump(*ended));
  return kOk;
}

}  // namespace

const Command& file_command() {
  static const Command command{"lua",
                               "FILE [--profile pure|io|practice] [-- ARGUMENT ...]",
                               "runs a Lua file as a script would run",
                               "Its value becomes the exit status (a number, true, false) or is printed. Modules are looked for beside the file.",
                               {{{"--profile", "NAME", "which modules there are; default pure"}, {"--log-level", "LEVEL", "debug, info, warn or error"}}, 1, 1, false, true},
                               run_lua_file,
                               true};
  return command;
}

}  // namespace tidewire::cli
