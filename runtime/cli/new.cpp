// tidewire new: a project folder to begin with. What it holds ships inside the binary: new/ of scripts, or an example's project.
#include <algorithm>
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

Result<std::pair<Array, Array>> fill(const fs::path& folder, const std::string& prefix) {
  Array made, kept;
  for (const EmbeddedFile& file : embedded_files()) {
    if (file.path.rfind(prefix, 0) != 0) continue;
    std::string name(file.path.substr(prefix.size()));
    if (const auto dotted = kDotted.find(name); dotted != kDotted.end()) name = dotted->second;
    const bool fresh = TRY(write(folder / name, file.text, name == ".env"));
    (fresh ? made : kept).push_back(Value(name));
  }
  std::error_code bad;
  if (fs::create_directory(folder / "state", bad)) fs::permissions(folder / "state", fs::perms::owner_all, bad);
  return std::pair(std::move(made), std::move(kept));
}

int new_project(Context& context) {
  const std::string folder = context.arguments.word(0), from = context.arguments.get("--from");
  const auto known = examples();
  if (!from.empty() && std::find(known.begin(), known.end(), from) == known.end()) {
    return context.failed(make_error(Code::kInvalid, "no example '" + from + "'" + suggestion(from, known), "there are: " + join(known, ", ")));
  }
  const auto filled = fill(folder, from.empty() ? "new/" : "examples/" + from + "/");
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
                               "Files that are there already are left alone. With --from the files of an example that ships with the program.",
                               {{{"--from", "EXAMPLE", "an example's project instead of the plain one"}}, 1, 1},
                               new_project};
  return command;
}

}  // namespace tidewire::cli
