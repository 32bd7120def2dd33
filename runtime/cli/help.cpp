#include "cli/help.h"

#include "app/files.h"
#include "base/text.h"
#include "cli/table.h"

namespace tidewire::cli {
namespace {

const Option kCommon[] = {
    {"--project", "DIR", "the project's folder; default: the current one"},
    {"--env", "NAME", "an environment of tidewire.lua"},
    {"--scripts-dir", "DIR", "shipped scripts are read from here before the program's own"},
    {"--url", "ADDRESS", "a daemon elsewhere, such as https://sync.example.org; or TIDEWIRE_URL"},
    {"--token", "TOKEN", "who asks it (`tidewire token add`); better in TIDEWIRE_TOKEN, which no list of processes shows"},
    {"--json", "", "the result as JSON on standard output"},
    {"--help", "", "this command's help"},
};

struct ExitLine {
  const char* code;
  const char* meaning;
};
const ExitLine kExits[] = {
    {"0", "done"},
    {"1", "done without success: not level, a check failed, nothing found"},
    {"2", "the command line is wrong"},
    {"3", "tidewire.lua or a script is wrong"},
    {"4", "a remote system or the state cannot be reached"},
    {"5", "done; conflicts, dead letters or held keys wait for a person"},
};

std::string indented(const Table& table, const Look& look) {
  Look narrower = look;
  if (narrower.width > 2) narrower.width -= 2;
  std::string out = "  ";
  for (const char c : table.text(narrower)) {
    out += c;
    if (c == '\n') out += "  ";
  }
  return out.substr(0, out.find_last_not_of(" \n") + 1) + "\n";
}

void add_options(Table& table, std::span<const Option> options) {
  for (const Option& option : options) {
    const std::string value = *option.value == '\0' ? "" : std::string(" ") + option.value;
    table.add({Cell(option.name + value, Style::kAccent), option.help});
  }
}

}  // namespace

std::span<const Option> common_options() { return kCommon; }

std::string help(const Look& look) {
  Table list({{""}, {""}}), options({{""}, {""}}), exits({{""}, {""}});
  for (const Command& command : commands()) {
    if (!command.hidden) list.add({Cell(command.name, Style::kAccent), command.summary});
  }
  list.add({Cell("help [COMMAND|KIND]", Style::kAccent), "says more of one command, or the options of a kind of connection: " + join(app::connector_kinds("", ""), ", ")});
  add_options(options, common_options());
  for (const ExitLine& line : kExits) exits.add({Cell(line.code, Style::kAccent), line.meaning});
  const auto title = [&](const char* text) { return styled(text, Style::kBold, look) + "\n"; };
  std::string out = "Tidewire keeps records in two systems the same.\n\n" + title("Commands") + indented(list, look) + "\n" +
                    title("Options of every command") + indented(options, look) + "\n" + title("Exit codes") + indented(exits, look) +
                    "\nWhere a daemon runs for the project, commands go through its socket; else they work alone.";
  return out;
}

std::string help_of_kind(const Value& kind, const Look& look) {
  const std::string name = kind.string_or("kind");
  Table options({{""}, {""}, {""}});
  for (const Value& one : kind.find("options")->as_array()) {
    std::vector<std::string> words;
    if (one.bool_or("required", false)) words.emplace_back("required");
    if (const Value* choices = one.find("options"); choices != nullptr && choices->is_array()) {
      for (const Value& choice : choices->as_array()) words.push_back(shown(choice));
    }
    if (const Value* keys = one.find("keys"); keys != nullptr && keys->is_array()) {
      for (const Value& key : keys->as_array()) words.push_back(shown(key));
    }
    if (const Value* usual = one.find("default")) words.push_back("default " + shown(*usual));
    options.add({Cell(one.string_or("name"), Style::kAccent), Cell(one.string_or("type"), Style::kDim), join(words, ", ")});
  }
  std::vector<std::string> words;
  for (const Value& word : kind.find("collections")->as_array()) words.push_back("NAME." + word.as_string() + " \"...\"");
  std::string out = styled(name, Style::kBold, look) + "  a kind of connection, in tidewire.lua: NAME = " + name + " { option = value, ... }\n\n" + styled("Options", Style::kBold, look) + "\n" + indented(options, look) +
                    "\nBesides, of every kind: limits = { rate, parallel, batch, inbound }, timeout (60 s, of a database 30 s), webhook = { header, secret, hmac, encoding, prefix }.\nA secret is written secret \"VARIABLE\", its text in .env.";
  if (!words.empty()) out += "\nIn a mapping: " + join(words, ", ");
  return out;
}

std::string help_of(const Command& command, const Look& look) {
  Table options({{""}, {""}});
  add_options(options, command.syntax.options);
  add_options(options, common_options());
  std::string out = "tidewire " + styled(command.name, Style::kBold, look) + " " + command.usage + "\n" + command.summary + "\n";
  if (*command.about != '\0') out += std::string("\n") + command.about + "\n";
  out += "\n" + styled("Options", Style::kBold, look) + "\n" + indented(options, look);
  out.pop_back();
  return out;
}

}  // namespace tidewire::cli
