// tidewire new: a project folder to begin with, or a mapping after the pattern of another one. What a folder holds ships inside the binary: new/
// of scripts, or an example's project.
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
#include "cli/new.h"
#include "cli/query.h"

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
    TRY(put(folder, name, name == "tidewire.lua" ? project_text(std::string(file.text())) : std::string(file.text()), filled));
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
    if (file.path.starts_with(prefix) && file.path.ends_with(".lua")) names.merge(variables_in(file.text()));
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
    TRY(put(folder, ".gitignore", embedded_file(kPlain + "gitignore")->text(), filled));
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

/// The end of the new mapping: `said` is a collection of the connection that the pattern has there, or "CONNECTION.COLLECTION" of another; "" = the pattern's own.
Value end_like(const Value& pattern, const std::string& side, const std::string& said, const Value& connections) {
  const Value* own = pattern.find(side);
  if (own == nullptr || said.empty()) return Value(Object{{"connection", own == nullptr ? "" : own->string_or("connection")}, {"collection", own == nullptr ? "" : own->string_or("collection")}, {"word", own == nullptr ? "" : own->string_or("word")}});
  const std::string before = said.substr(0, said.find('.'));
  const Value* all = connections.find("connections");
  const Array none, &known = all == nullptr || !all->is_array() ? none : all->as_array();
  const bool elsewhere = before.size() < said.size() && std::any_of(known.begin(), known.end(), [&](const Value& one) { return one.string_or("name") == before; });
  if (elsewhere) return Value(Object{{"connection", before}, {"collection", said.substr(before.size() + 1)}});
  return Value(Object{{"connection", own->string_or("connection")}, {"collection", said}, {"word", own->string_or("word")}});
}

Result<Value> draft_like(const Arguments& arguments, Session& session) {
  const std::string like = arguments.get("--like");
  const Value found = TRY(session.get("/api/v1/mappings/" + segment(like)));
  const Value* pattern = found.find("compiled");
  if (pattern == nullptr || !pattern->is_object()) return make_error(Code::kInvalid, "the mapping '" + like + "' is not loaded", "`tidewire check` says why");
  const Value connections = TRY(session.get("/api/v1/connections"));
  return session.post("/api/v1/mapping-suggestions", Value(Object{{"left", end_like(*pattern, "left", arguments.get("--left"), connections)},
                                                                  {"right", end_like(*pattern, "right", arguments.get("--right"), connections)},
                                                                  {"name", arguments.word(0)},
                                                                  {"like", like}}));
}

void tell_new_mapping(Context& context, const std::string& file, const Value& draft) {
  context.out.line(context.out.paint("made  ", Style::kGood) + file);
  const Value* warnings = draft.find("warnings");
  for (const Value& warning : warnings == nullptr || !warnings->is_array() ? Array{} : warnings->as_array()) {
    context.out.line(context.out.paint("! ", Style::kWarn) + plain(warning.is_string() ? warning.as_string() : ""));
  }
  context.out.line("next: read it, then `tidewire check --connect`; while `dry_run = true` stands in it nothing is written");
}

/// Beside the pattern's file; of a project elsewhere its text is printed.
int new_mapping(Context& context) {
  const Arguments& arguments = context.arguments;
  const std::string name = arguments.word(0), file = "mappings/" + name + ".lua";
  const bool good = std::all_of(name.begin(), name.end(), [](unsigned char c) { return c < 128 && (std::isalnum(c) != 0 || c == '_' || c == '-'); });
  if (!good) return context.failed(make_error(Code::kInvalid, "'" + name + "' cannot be the name of a mapping", "letters, digits, _ and - only"));
  if (!arguments.has("--left") && !arguments.has("--right")) return context.failed(make_error(Code::kInvalid, "--like needs another collection on one side at least", "tidewire new customers --like employees --left Customer --right customers"));
  int status = kOk;
  const auto session = context.open(Session::Need::kScripts, status);
  if (!session) return status;
  const fs::path path = fs::path(context.folder()) / file;
  std::error_code bad;
  const Error there = make_error(Code::kInvalid, path.string() + " is there already", "give the new mapping another name");
  if (!session->elsewhere() && fs::exists(path, bad)) return context.failed(there);
  const auto draft = draft_like(arguments, *session);
  if (!draft.ok()) return context.failed(draft.error());
  if (const std::string why = draft->string_or("nothing"); !why.empty()) return context.failed(make_error(Code::kInvalid, why, "`tidewire schema CONNECTION COLLECTION` lists the fields of each"));
  const std::string text = draft->string_or("source");
  if (!session->elsewhere()) {
    const auto made = write(path, text, false);
    if (!made.ok()) return context.failed(made.error());
    if (!*made) return context.failed(there);
  }
  if (context.json()) context.print_json(*draft);
  else if (session->elsewhere()) context.out.line(text);
  else tell_new_mapping(context, file, *draft);
  return kOk;
}

int new_project(Context& context) {
  if (context.arguments.has("--like")) return new_mapping(context);
  if (context.arguments.has("--left") || context.arguments.has("--right")) return context.failed(make_error(Code::kInvalid, "--left and --right go with --like", "tidewire new customers --like employees --left Customer --right customers"));
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

std::string project_text(std::string text) {
  const std::string any = "\"127.0.0.1:0\"", own = "\"127.0.0.1:8080\"";
  const std::size_t at = text.find("listen = " + any);
  if (at == std::string::npos) return text;
  const std::size_t value = at + std::string("listen = ").size(), end = text.find('\n', value);
  return text.substr(0, value) + own + ",  -- webhooks, the API and the page; behind nginx or Caddy keep it on this machine" + text.substr(end);
}

const Command& new_command() {
  static const Command command{"new",
                               "DIR [--from EXAMPLE] | NAME --like MAPPING [--left COLLECTION] [--right COLLECTION]",
                               "makes a project folder with comments worth reading, or a mapping like another one",
                               "Files that are there already are left alone. With --from the files of an example that ships with the program; .env (mode 600)\n"
                               "then has an empty line for each variable that it names.\n"
                               "With --like mappings/NAME.lua is made after the pattern of a mapping of the project, for other collections: what its author wrote\n"
                               "stays (triggers, deletes, rules, functions, comments), a row too where both sides have its fields; rows are proposed for the rest.\n"
                               "It begins with `dry_run = true`, so that nothing is written before you have read it.\n"
                               "  tidewire new customers --like employees --left Customer --right customers",
                               {{{"--from", "EXAMPLE", "an example's project instead of the plain one"},
                                 {"--like", "MAPPING", "a mapping whose pattern the new one follows"},
                                 {"--left", "COLLECTION", "its left side, of the pattern's connection or CONNECTION.COLLECTION"},
                                 {"--right", "COLLECTION", "its right side, likewise"}},
                                1,
                                1},
                               new_project};
  return command;
}

}  // namespace tidewire::cli
