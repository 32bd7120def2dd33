#include "cli/help.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "app/files.h"
#include "base/text.h"
#include "cli/terminal.h"

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

constexpr std::size_t kColumns = 100;  // help is read, not looked up in: lines that are wider are hard to

/// The words of `text` in lines that are no wider, in a terminal no wider than that; each after the first begins at `indent`. The first goes on at `at`.
std::string wrapped(const std::string& text, std::size_t at, std::size_t indent, const Look& look) {
  const std::size_t most = look.width > 0 ? std::min<std::size_t>(kColumns, static_cast<std::size_t>(look.width)) : kColumns;
  std::string out;
  bool begins = true;
  for (const std::string& word : split(text, ' ')) {
    const std::size_t wide = columns_of(word);
    if (!begins && at + 1 + wide > most) {
      out += "\n" + std::string(indent, ' ');
      at = indent;
    } else if (!begins) {
      out += ' ';
      ++at;
    }
    out += word;
    at += wide;
    begins = false;
  }
  return out;
}

/// Lines that begin with a space stand by themselves: examples and lists. All others are one paragraph, however they are broken in the code.
std::string paragraphs(const std::string& text, const Look& look) {
  std::string out, paragraph;
  const auto end = [&] {
    if (!paragraph.empty()) out += wrapped(paragraph, 0, 0, look) + "\n";
    paragraph.clear();
  };
  for (const std::string& line : split(text, '\n')) {
    const std::size_t from = line.find_first_not_of(' ');
    if (from == 0) {
      paragraph += (paragraph.empty() ? "" : " ") + line;
      continue;
    }
    end();
    out += (from == std::string::npos ? "" : std::string(from, ' ') + wrapped(line.substr(from), from, from + 2, look)) + "\n";
  }
  end();
  return out;
}

/// Names in a column, and what each is beside it.
class Names {
 public:
  void add(std::string name, std::string meaning) { rows_.emplace_back(std::move(name), std::move(meaning)); }
  std::string text(const Look& look) const {
    std::size_t widest = 0;
    for (const auto& [name, meaning] : rows_) widest = std::max(widest, columns_of(name));
    std::string out;
    for (const auto& [name, meaning] : rows_) {
      const std::size_t beside = widest + 4;
      out += "  " + styled(name, Style::kAccent, look);
      if (!meaning.empty()) out += std::string(beside - 2 - columns_of(name), ' ') + wrapped(meaning, beside, beside, look);
      out += "\n";
    }
    return out;
  }

 private:
  std::vector<std::pair<std::string, std::string>> rows_;
};

void add_options(Names& names, std::span<const Option> options) {
  for (const Option& option : options) names.add(option.name + (*option.value == '\0' ? "" : std::string(" ") + option.value), option.help);
}

}  // namespace

std::span<const Option> common_options() { return kCommon; }

std::string help(const Look& look) {
  Names list, options, exits;
  for (const Command& command : commands()) {
    if (!command.hidden) list.add(command.name, command.summary);
  }
  list.add("help [COMMAND|KIND]", "says more of one command, or the options of a kind of connection: " + join(app::connector_kinds("", ""), ", "));
  add_options(options, common_options());
  for (const ExitLine& line : kExits) exits.add(line.code, line.meaning);
  const auto title = [&](const char* text) { return styled(text, Style::kBold, look) + "\n"; };
  std::string out = "Tidewire keeps records in two systems the same.\n\n" + title("Commands") + list.text(look) + "\n" +
                    title("Options of every command") + options.text(look) + "\n" + title("Exit codes") + exits.text(look) +
                    "\nWhere a daemon runs for the project, commands go through its socket; else they work alone.";
  return out;
}

std::string help_of_kind(const Value& kind, const Look& look) {
  const std::string name = kind.string_or("kind");
  const Array& all = kind.find("options")->as_array();
  std::size_t widest = 0;
  for (const Value& one : all) widest = std::max(widest, columns_of(one.string_or("name")));
  Names options;
  for (const Value& one : all) {
    std::vector<std::string> words;
    if (one.bool_or("required", false)) words.emplace_back("required");
    if (const Value* choices = one.find("options"); choices != nullptr && choices->is_array()) {
      for (const Value& choice : choices->as_array()) words.push_back(shown(choice));
    }
    if (const Value* keys = one.find("keys"); keys != nullptr && keys->is_array()) {
      for (const Value& key : keys->as_array()) words.push_back(shown(key));
    }
    if (const Value* usual = one.find("default")) words.push_back("default " + shown(*usual));
    const std::string option = one.string_or("name");
    options.add(option + std::string(widest + 2 - columns_of(option), ' ') + one.string_or("type"), join(words, ", "));
  }
  std::vector<std::string> words;
  for (const Value& word : kind.find("collections")->as_array()) words.push_back("NAME." + word.as_string() + " \"...\"");
  std::string out = styled(name, Style::kBold, look) + "  a kind of connection, in tidewire.lua: NAME = " + name + " { option = value, ... }\n\n" + styled("Options", Style::kBold, look) + "\n" + options.text(look) +
                    "\n" + paragraphs("Besides, of every kind: limits = { rate, parallel, batch, inbound, max_file_size }, timeout (60 s, of a database 30 s), webhook = { header, secret, hmac, encoding, prefix }.\n"
                                      "A secret is written secret \"VARIABLE\", its text in .env.", look);
  out += words.empty() ? "" : paragraphs("In a mapping: " + join(words, ", "), look);
  out.pop_back();
  return out;
}

std::string help_of(const Command& command, const Look& look) {
  Names options;
  add_options(options, command.syntax.options);
  add_options(options, common_options());
  const std::string begin = std::string("tidewire ") + command.name;
  std::string out = "tidewire " + styled(command.name, Style::kBold, look) + " " + wrapped(command.usage, begin.size() + 1, 4, look) + "\n" + paragraphs(command.summary, look);
  if (*command.about != '\0') out += "\n" + paragraphs(command.about, look);
  out += "\n" + styled("Options", Style::kBold, look) + "\n" + options.text(look);
  out.pop_back();
  return out;
}

}  // namespace tidewire::cli
