// tidewire completion: what a shell needs to complete commands, options and names. The shell asks the program itself, so that
// what is offered is what this version knows.
#include <algorithm>
#include <filesystem>
#include <map>

#include "app/files.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/help.h"

namespace tidewire::cli {
namespace {

constexpr const char* kBash = R"(# tidewire's completion for bash: source <(tidewire completion bash)
_tidewire() {
  local IFS=$'\n'
  COMPREPLY=($(tidewire complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _tidewire tidewire)";

constexpr const char* kZsh = R"(#compdef tidewire
# tidewire's completion for zsh: source <(tidewire completion zsh)
_tidewire() {
  local -a found
  found=("${(@f)$(tidewire complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  [[ -n "${found[1]}" ]] && compadd -a found || _files
}
compdef _tidewire tidewire)";

constexpr const char* kFish = R"(# tidewire's completion for fish: tidewire completion fish | source
complete -c tidewire -f -a '(tidewire complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)')";

int completion(Context& context) {
  const std::string shell = context.arguments.word(0);
  const char* text = shell == "bash" ? kBash : (shell == "zsh" ? kZsh : (shell == "fish" ? kFish : nullptr));
  if (text == nullptr) {
    context.complain(make_error(Code::kInvalid, "no completion for '" + shell + "'", "bash, zsh or fish"));
    return kUsage;
  }
  context.out.line(text);
  return kOk;
}

/// What the words that follow some commands are.
struct WordList {
  const char* command;
  std::vector<const char*> words;  // empty: names of mappings
};
const WordList kWordLists[] = {
    {"sync", {}},     {"explain", {}}, {"try", {}},       {"verify", {}}, {"adopt", {}},  {"links", {}},  {"unlink", {}}, {"relink", {}}, {"merge", {}},
    {"record", {}},   {"discard", {}}, {"ops", {}},       {"conflicts", {}}, {"cursors", {}}, {"release", {}}, {"report", {}},
    {"ignore", {}},   {"heed", {}},    {"reset-base", {}}, {"forget", {}}, {"reset", {}}, {"pause", {}},  {"resume", {}},
    {"jobs", {"list", "pause", "resume", "cancel"}},       {"user", {"list", "add", "remove"}},           {"token", {"list", "add", "remove"}},
    {"mappings", {"list", "source", "versions", "rollback"}}, {"connections", {"list", "test"}}, {"backup", {"list"}}, {"practice", {"frappe", "notion", "odoo", "supabase"}}, {"alerts", {"list", "acknowledge"}}, {"completion", {"bash", "zsh", "fish"}}, {"resolve", {"left", "right", "value", "skip", "accept"}},
};

/// What an option takes, where its words are of a closed list that its help does not spell out.
const std::map<std::string_view, std::vector<std::string>> kValues{
    {"--side", {"left", "right"}},
    {"--state", {"live", "tombstone", "frozen", "ignored"}},
    {"--outcome", {"applied", "merged", "conflict", "held", "dead", "skipped", "retry", "announced", "would_write"}},
    {"--log-level", {"debug", "info", "warn", "error"}},
    {"--role", {"viewer", "operator", "admin"}},
    {"--direction", {"both", "left_to_right", "right_to_left"}},
};

std::vector<std::string> mapping_files(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code bad;
  for (const auto& entry : std::filesystem::directory_iterator(folder + "/mappings", bad)) {
    if (entry.path().extension() == ".lua") names.push_back(entry.path().stem().string());
  }
  return names;
}

std::vector<std::string> option_names(const Command& command) {
  std::vector<std::string> names;
  for (const Option& option : command.syntax.options) names.emplace_back(option.name);
  for (const Option& option : common_options()) names.emplace_back(option.name);
  return names;
}

/// Whether the option takes a value, which then stands in the next word.
bool wants_value(const Command& command, const std::string& name) {
  const auto in = [&](std::span<const Option> options) { return std::any_of(options.begin(), options.end(), [&](const Option& one) { return name == one.name && *one.value != '\0'; }); };
  return in(command.syntax.options) || in(common_options());
}

std::vector<std::string> candidates(const std::vector<std::string>& words, const std::string& folder) {
  const auto all = commands();
  if (words.size() <= 1 || (words.size() == 2 && words[0] == "help")) {
    std::vector<std::string> names{"help"};
    for (const Command& one : all) {
      if (!one.hidden) names.emplace_back(one.name);
    }
    if (words.size() == 2) for (std::string& kind : app::connector_kinds(folder, "")) names.push_back(std::move(kind));
    return names;
  }
  const auto command = std::find_if(all.begin(), all.end(), [&](const Command& one) { return words[0] == one.name; });
  if (command == all.end()) return {};
  const std::string& before = words[words.size() - 2];
  if (before == "--mapping" && wants_value(*command, before)) return mapping_files(folder);
  if (wants_value(*command, before)) {
    const auto values = kValues.find(before);
    return values == kValues.end() ? std::vector<std::string>() : values->second;
  }
  if (words.back().starts_with("-")) return option_names(*command);
  const auto list = std::find_if(std::begin(kWordLists), std::end(kWordLists), [&](const WordList& one) { return words[0] == one.command; });
  if (list == std::end(kWordLists)) return {};
  const bool of_mapping = words[0] == "mappings" && words.size() == 3 && words[1] != "list";
  if (!list->words.empty() && !of_mapping) return {list->words.begin(), list->words.end()};
  return mapping_files(folder);
}

int complete(Context& context) {
  std::vector<std::string> words = context.arguments.rest();
  if (words.empty()) words.emplace_back();
  std::string folder = context.folder();
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == "--project") folder = words[i + 1];
  }
  for (const std::string& one : candidates(words, folder)) {
    if (one.starts_with(words.back())) context.out.line(one);
  }
  return kOk;
}

}  // namespace

const Command& completion_command() {
  static const Command command{"completion",
                               "bash|zsh|fish",
                               "prints what a shell needs to complete commands, options and names",
                               "bash: source <(tidewire completion bash)   zsh: source <(tidewire completion zsh)   fish: tidewire completion fish | source\n"
                               "For good: put that line into ~/.bashrc, ~/.zshrc or ~/.config/fish/config.fish.",
                               {{}, 1, 1},
                               completion};
  return command;
}

const Command& complete_command() {
  static const Command command{"complete", "-- WORDS", "what could stand for the last word; for completion", "", {{}, 0, 0, false, true}, complete, true};
  return command;
}

}  // namespace tidewire::cli
