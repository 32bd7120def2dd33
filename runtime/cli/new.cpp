// tidewire new: a project folder to begin with. What it holds ships inside the binary: new/ of scripts, or an example's project.
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "base/embedded.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/exit_code.h"

namespace tidewire::cli {
namespace {

namespace fs = std::filesystem;

// Files that begin with a dot are not embedded under their own names.
const std::map<std::string, std::string, std::less<>> kDotted{{"env", ".env"}, {"gitignore", ".gitignore"}};

const std::string kPlain = "new/";

std::vector<std::string> examples() {
  std::set<std::string> names;
  for (const EmbeddedFile& file : embedded_files()) {
    if (file.path.rfind("examples/", 0) == 0) names.insert(std::string(file.path.substr(9, file.path.find('/', 9) - 9)));
  }
  return {names.begin(), names.end()};
}

/// Written aside and moved, so that a folder never holds half a file. A file that is there is left alone.
Result<bool> write(const fs::path& path, std::string_view text, bool secret) {
  std::error_code bad;
  if (fs::exists(path, bad)) return false;
  fs::create_directories(path.parent_path(), bad);
  const fs::path draft = path.string() + ".draft~";
  std::ofstream stream(draft, std::ios::binary);
  if (secret) fs::permissions(draft, fs::perms::owner_read | fs::perms::owner_write, bad);
  stream.write(text.data(), static_cast<std::streamsize>(text.size()));
  stream.close();
  if (stream) fs::rename(draft, path, bad);
  if (!stream || bad) return make_error(Code::kUnavailable, "cannot write " + path.string() + (bad ? ": " + bad.message() : ""));
  return true;
}

struct Filled {
  Array made, kept;  // names of files
};

Result<void> put(const fs::path& folder, const std::string& name, std::string_view text, Filled& filled) {
  const bool fresh = TRY(write(folder / name, text, name == ".env"));
  (fresh ? filled.made : filled.kept).push_back(Value(name));
  return {};
}

Result<void> fill(const fs::path& folder, const std::string& prefix, Filled& filled) {
  for (const EmbeddedFile& file : embedded_files()) {
    if (file.path.rfind(prefix, 0) != 0) continue;
    std::string name(file.path.substr(prefix.size()));
    if (const auto dotted = kDotted.find(name); dotted != kDotted.end()) name = dotted->second;
    TRY(put(folder, name, file.text, filled));
  }
  return {};
}

/// Variables that Lua texts name by `env "X"` and `secret "X"`, outside comments.
std::set<std::string> variables_in(std::string_view text) {
  std::set<std::string> names;
  for (const std::string& whole : split(text, '\n')) {
    const std::string line = whole.substr(0, whole.find("--"));
    for (const std::string& word : {std::string("env \""), std::string("secret \"")}) {
      for (std::size_t at = line.find(word); at != std::string::npos; at = line.find(word, at + 1)) {
        const std::size_t begin = at + word.size(), end = line.find('"', begin);
        const bool own_word = at == 0 || (std::isalnum(static_cast<unsigned char>(line[at - 1])) == 0 && line[at - 1] != '_');
        if (own_word && end != std::string::npos) names.insert(line.substr(begin, end - begin));
      }
    }
  }
  return names;
}

/// An example has no .env: a line for each variable that its files name.
std::string env_of(const std::string& prefix) {
  std::set<std::string> names;
  for (const EmbeddedFile& file : embedded_files()) {
    if (file.path.starts_with(prefix) && file.path.ends_with(".lua")) names.merge(variables_in(file.text));
  }
  std::string text = "# Secrets and addresses of this project; mode 600, never in a repository. A real variable of the same name comes first.\n";
  for (const std::string& name : names) text += name + "=\n";
  return text;
}

/// The files of `prefix`, what every project has beside them, and a state folder that its owner alone may look into.
Result<Filled> make_project(const fs::path& folder, const std::string& prefix) {
  Filled filled;
  TRY(fill(folder, prefix, filled));
  if (prefix != kPlain) {
    TRY(put(folder, ".gitignore", embedded_file(kPlain + "gitignore")->text, filled));
    TRY(put(folder, ".env", env_of(prefix), filled));
  }
  const fs::path state = folder / "state";
  std::error_code bad;
  if (fs::create_directory(state, bad)) {
    fs::permissions(state, fs::perms::owner_all, bad);
    filled.made.push_back(Value("state/"));
  }
  if (bad) return make_error(Code::kUnavailable, "cannot make " + state.string() + ": " + bad.message(), "look at the rights of the folder");
  return filled;
}

int new_project(Context& context) {
  const std::string folder = context.arguments.word(0), from = context.arguments.get("--from");
  const auto known = examples();
  if (!from.empty() && std::find(known.begin(), known.end(), from) == known.end()) {
    return context.failed(make_error(Code::kInvalid, "no example '" + from + "'" + suggestion(from, known), "there are: " + join(known, ", ")));
  }
  const auto filled = make_project(folder, from.empty() ? kPlain : "examples/" + from + "/");
  if (!filled.ok()) return context.failed(filled.error());
  const auto& [made, kept] = *filled;
  if (context.json()) {
    context.print_json(Value(Object{{"folder", folder}, {"made", Value(made)}, {"kept", Value(kept)}}));
    return kOk;
  }
  for (const Value& name : made) context.out.line(context.out.paint("made  ", Style::kGood) + folder + "/" + name.as_string());
  for (const Value& name : kept) context.out.line(context.out.paint("kept  ", Style::kDim) + folder + "/" + name.as_string() + " was there");
  context.out.line("next: fill in " + folder + "/.env, then `cd " + folder + " && tidewire check --connect`");
  return kOk;
}

}  // namespace

const Command& new_command() {
  static const Command command{"new",
                               "DIR [--from EXAMPLE]",
                               "makes a project folder with comments worth reading",
                               "Files that are there already are left alone. With --from the files of an example that ships with the program; .env (mode 600)\n"
                               "then has an empty line for each variable that it names.",
                               {{{"--from", "EXAMPLE", "an example's project instead of the plain one"}}, 1, 1},
                               new_project};
  return command;
}

}  // namespace tidewire::cli
