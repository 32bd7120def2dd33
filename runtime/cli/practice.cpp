// tidewire practice: a server that speaks like the real one, to try things on.
#include <charconv>

#include "app/script_program.h"
#include "cli/command.h"
#include "cli/exit_code.h"

namespace tidewire::cli {
namespace {

int practice(Context& context) {
  const std::string name = context.arguments.word(0);
  const std::string scripts = context.arguments.get("--scripts-dir");
  const auto text = app::practice_text(name, scripts);
  if (!text.ok()) return context.failed(text.error());
  app::ScriptProgram program;
  program.path = "practice/" + name + ".lua";
  program.text = *text;
  program.scripts_folder = scripts;
  const auto level = level_from_name(context.arguments.get("--log-level", "warn"));
  if (!level) return context.failed(make_error(Code::kInvalid, "no such log level", "debug, info, warn or error"));
  program.log_level = *level;
  Object options = context.arguments.free_options();
  if (const auto seed = options.find("seed"); seed != options.end() && seed->second.is_string()) {
    const std::string& digits = seed->second.as_string();
    std::uint64_t number = 0;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), number).ec != std::errc()) return context.failed(make_error(Code::kInvalid, "--seed needs a number"));
    program.seed = number;
  }
  program.options = Value(std::move(options));
  program.ready = [&context](const std::string& address) {
    const std::string url = address.find("://") == std::string::npos ? "http://" + address : address;
    context.out.line(context.json() ? "{\"listening\":\"" + url + "\"}" : "listening " + url);
    context.out.flush();
  };
  const auto ended = app::run_script(program);
  if (!ended.ok()) return context.failed(ended.error());
  return ended->is_int() ? static_cast<int>(ended->as_int()) : kOk;
}

}  // namespace

const Command& practice_command() {
  static const Command command{"practice",
                               "NAME [--port N] [--listen ADDRESS] [--name value ...]",
                               "runs a server to practise on: frappe, notion, odoo, supabase",
                               "Every other option goes to the server's script, which says what it takes at its top. It keeps what it is told in memory\n"
                               "or in the file that it is given, misbehaves on request, and prints `listening URL` once it answers.",
                               {{{"--log-level", "LEVEL", "debug, info, warn or error; default warn"}}, 1, 1, true},
                               practice};
  return command;
}

}  // namespace tidewire::cli
