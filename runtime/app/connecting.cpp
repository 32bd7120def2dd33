// Connections as the page makes, edits and removes them: a file of their own in connections/, secrets in .env.
#include <algorithm>
#include <cctype>
#include <filesystem>

#include "app/connection_draft.h"
#include "app/env_file.h"
#include "app/saving.h"
#include "app/state.h"
#include "base/hash.h"
#include "base/text.h"

namespace tidewire::app {
namespace {

constexpr std::size_t kMostCollections = 1000;  // told of a system
constexpr std::size_t kMostDrafts = 8;          // tried at once

std::string connection_file(const std::string& name) { return "connections/" + name + ".lua"; }

void add_variables(const Value& value, std::set<std::string>& names) {
  for (const NamedSecret& one : secrets_in(value)) names.insert(one.variable);
}

/// Every variable that the project names besides those of this connection.
std::set<std::string> variables_beside(const Project& project, const std::string& connection) {
  std::set<std::string> names;
  for (const auto& [name, config] : project.connections) {
    if (name != connection) add_variables(config.config, names);
  }
  for (const auto& [name, config] : project.connection_files) {
    if (name != connection) add_variables(config.config, names);
  }
  add_variables(project.mail, names);
  add_variables(project.admin_token, names);
  return names;
}

/// Before it becomes the name of a file; whether the language lets a connection be called so is said when the project is read.
Result<void> check_file_name(const std::string& name) {
  const bool good = !name.empty() && name.size() <= 60 && std::all_of(name.begin(), name.end(), [](unsigned char c) { return c < 128 && (std::isalnum(c) || c == '_'); }) && !std::isdigit(static_cast<unsigned char>(name[0]));
  if (good) return {};
  return make_error(Code::kInvalid, "'" + name + "' cannot be the name of a connection", "letters, digits and _ only, a letter first");
}

Error declared_elsewhere(const std::string& name) {
  return make_error(Code::kInvalid, "the connection '" + name + "' is declared in tidewire.lua, which only people edit", "edit it there; saving the file is enough. New values of the secrets it names can be set here");
}

}  // namespace

Result<Value> App::State::kind_of(const std::string& kind) {
  const auto kinds = connector_kinds(options_.folder, options_.scripts_folder);
  const bool known = std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
  const auto file = known ? files_.at("connectors/" + kind + ".lua") : std::nullopt;
  if (!file) return make_error(Code::kInvalid, "no kind '" + kind + "' of connection" + suggestion(kind, kinds), "there are " + join(kinds, ", "));
  if (const auto read = kinds_.find(kind); read != kinds_.end() && read->second.first == file->text) return read->second.second;
  bindings::Services given;
  given.client = client_.get();
  given.timers = &loop_;
  given.poster = &loop_;
  given.clock = &clock_;
  given.random = &random_;
  given.logger = &log_;
  given.loop = &loop_;
  Value about = TRY(evaluate_host({"tidewire.host.kind", file->path, file->text, Value(Object{}), bindings::installer(bindings::Profile::kIo, std::move(given))}, files_));
  kinds_[kind] = {file->text, about};
  return about;
}

Result<Value> App::State::connection_kinds() {
  Array rows;
  for (const std::string& kind : connector_kinds(options_.folder, options_.scripts_folder)) {
    auto one = kind_of(kind);
    if (!one.ok()) {
      log_.warn("connector_invalid", to_string(one.error()));
      continue;
    }
    one->as_object().erase("words");  // for the host of mapping files
    rows.push_back(std::move(*one));
  }
  return Value(std::move(rows));
}

Result<Value> App::State::connection_settings(const std::string& name) {
  const auto declared = project_.connections.find(name);
  if (declared == project_.connections.end()) return no_connection(name);
  const auto own = project_.connection_files.find(name);
  const bool editable = own != project_.connection_files.end();
  const ConnectionConfig& config = editable ? own->second : declared->second;
  Object out{{"name", name}, {"kind", config.kind}, {"editable", editable}, {"file", editable ? connection_file(name) : "tidewire.lua"}, {"options", without_secrets(config.config)}};
  if (editable) out["hash"] = sha256_hex(read_file(options_.folder + "/" + connection_file(name)).value_or(""));
  Array secrets;
  for (const NamedSecret& secret : secrets_in(config.config)) {
    const auto text = secrets_.find(secret.variable);
    secrets.push_back(Object{{"path", secret.path}, {"variable", secret.variable}, {"set", text.has_value() && !text->empty()}, {"outside", secrets_.comes_from_outside(secret.variable)}});
  }
  out["secrets"] = Value(std::move(secrets));
  return Value(std::move(out));
}

void App::State::test_connection_draft(const admin::ConnectionDraft& draft, admin::Done<Value> done) {
  const auto refuse = [this, done](const Error& error) { loop_.post([done, error] { done(error); }); };
  const auto kind = kind_of(draft.kind);
  if (!kind.ok()) return refuse(kind.error());
  const auto present = project_.connections.find(draft.name);
  auto named = draft;
  if (named.name.empty()) named.name = "draft";
  const auto made = made_from(named, present == project_.connections.end() ? nullptr : &present->second, *kind, variables_beside(project_, draft.name));
  if (!made.ok()) return refuse(made.error());
  Secrets::Texts drafts;
  for (const auto& [variable, text] : made->variables) {
    if (text) drafts[variable] = *text;
  }
  const auto resolved = secrets_.resolve(made->connection.config, drafts);
  if (!resolved.ok()) return refuse(resolved.error());
  if (drafts_.size() >= kMostDrafts) return refuse(make_error(Code::kThrottled, "several connections are being tried already", "wait until they have answered"));
  auto opened = Connection::open_draft(named.name, made->connection, *resolved, services());
  if (!opened.ok()) return refuse(opened.error());
  Connection* trial = opened->get();
  const std::uint64_t id = ++last_draft_;
  drafts_[id] = std::move(*opened);
  // It ends in a turn of its own: what ends it here is its own callback.
  const auto end = [this, alive = alive_, id, done](Result<Value> result) {
    if (!*alive) return;
    loop_.post([this, alive, id] {
      if (*alive) drafts_.erase(id);
    });
    done(std::move(result));
  };
  trial->call("test", {}, false, [trial, end](Result<Value> tested) {
    if (!tested.ok() || !trial->has("catalog")) return end(tested.ok() ? Result<Value>(Value(Object{{"answer", std::move(*tested)}})) : std::move(tested));
    trial->call("catalog", {}, false, [end, answer = std::move(*tested)](Result<Value> catalog) {
      Object out{{"answer", answer}};
      if (!catalog.ok()) out["unseen"] = to_string(catalog.error());
      if (catalog.ok() && catalog->is_array()) {
        if (catalog->as_array().size() > kMostCollections) catalog->as_array().resize(kMostCollections);
        out["collections"] = std::move(*catalog);
      }
      end(Value(std::move(out)));
    });
  });
}

Result<Value> App::State::create_connection(const admin::ConnectionDraft& draft) {
  TRY(check_file_name(draft.name));
  if (project_.connections.contains(draft.name) || read_file(options_.folder + "/" + connection_file(draft.name))) {
    return make_error(Code::kInvalid, "there is a connection '" + draft.name + "' already", "give this one another name, or edit that one");
  }
  return save_connection(draft);
}

Result<Value> App::State::edit_connection(const admin::ConnectionDraft& draft) {
  const auto declared = project_.connections.find(draft.name);
  if (declared == project_.connections.end()) return no_connection(draft.name);
  auto wanted = draft;
  const auto own = project_.connection_files.find(draft.name);
  if (own == project_.connection_files.end()) {
    std::map<std::string, std::optional<std::string>> variables;
    const auto named = secrets_in(declared->second.config);
    for (const auto& [path, value] : draft.secrets.as_object()) {
      const auto secret = std::find_if(named.begin(), named.end(), [&, &path = path](const NamedSecret& one) { return one.path == path; });
      if (secret == named.end() || !value.is_string() || value.as_string().empty()) return declared_elsewhere(draft.name);
      variables[secret->variable] = value.as_string();
    }
    const bool other_kind = !draft.kind.empty() && draft.kind != declared->second.kind;
    if (draft.options || other_kind || variables.empty()) return declared_elsewhere(draft.name);
    TRY(save_variables(options_.folder, variables));
    reload_project();
    return Value(Object{{"name", draft.name}, {"file", "tidewire.lua"}, {"warnings", Value(Array{})}});
  }
  if (wanted.kind.empty()) wanted.kind = own->second.kind;
  TRY(still_as(options_.folder, connection_file(draft.name), draft.hash));
  return save_connection(wanted);
}

/// Secrets first: a file that names one which is not there yet would not load.
Result<Value> App::State::save_connection(const admin::ConnectionDraft& draft) {
  const Value kind = TRY(kind_of(draft.kind));
  const auto own = project_.connection_files.find(draft.name);
  const auto made = TRY(made_from(draft, own == project_.connection_files.end() ? nullptr : &own->second, kind, variables_beside(project_, draft.name)));
  const Value written = TRY(evaluate_host({"tidewire.host.connection_text", connection_file(draft.name), "", Value(Object{{"kind", made.connection.kind}, {"config", made.connection.config}})}, files_));
  const std::string text = written.string_or("text");
  TRY(load_project(options_.folder, options_.environment, files_, connector_kinds(options_.folder, options_.scripts_folder), {{draft.name, text}}));
  Secrets::Texts drafts;
  Array warnings;
  for (const auto& [variable, value] : made.variables) {
    if (value) drafts[variable] = *value;
    if (value && secrets_.comes_from_outside(variable)) warnings.push_back(Value(variable + " is set in the daemon's environment too, which comes before .env"));
  }
  const Value resolved = TRY(secrets_.resolve(made.connection.config, drafts));
  TRY(Connection::open_draft(draft.name, made.connection, resolved, services()));
  std::map<std::string, std::optional<std::string>> set, gone;
  for (const auto& [variable, value] : made.variables) (value ? set : gone)[variable] = value;
  TRY(still_as(options_.folder, connection_file(draft.name), draft.hash));
  TRY(save_variables(options_.folder, set));
  TRY(save_file(options_.folder + "/" + connection_file(draft.name), text));
  TRY(save_variables(options_.folder, gone));
  reload_project();
  return Value(Object{{"name", draft.name}, {"file", connection_file(draft.name)}, {"hash", sha256_hex(text)}, {"warnings", Value(std::move(warnings))}});
}

std::vector<std::string> App::State::mappings_of(const std::string& connection) const {
  std::vector<std::string> names;
  for (const auto& [name, mapping] : mappings_) {
    if (!mapping.mapper) continue;
    const auto wanted = Draft{name, mapping.mapper->compiled(), {}}.collections();
    if (std::any_of(wanted.begin(), wanted.end(), [&](const Draft::Wanted& one) { return one.connection == connection; })) names.push_back(name);
  }
  return names;
}

Result<Value> App::State::delete_connection(const std::string& name) {
  const auto own = project_.connection_files.find(name);
  if (own == project_.connection_files.end()) {
    if (project_.connections.contains(name)) return declared_elsewhere(name);
    return no_connection(name);
  }
  if (const auto users = mappings_of(name); !users.empty()) return make_error(Code::kInvalid, "the connection '" + name + "' is used by " + join(users, ", "), "delete those mappings first, or point them at another connection");
  TRY(load_project(options_.folder, options_.environment, files_, connector_kinds(options_.folder, options_.scripts_folder), {{name, std::nullopt}}));
  const auto others = variables_beside(project_, name);
  std::map<std::string, std::optional<std::string>> gone;
  for (const NamedSecret& secret : secrets_in(own->second.config)) {
    if (!others.contains(secret.variable)) gone[secret.variable] = std::nullopt;
  }
  TRY(remove_file(options_.folder + "/" + connection_file(name)));
  TRY(save_variables(options_.folder, gone));
  reload_project();
  return Value(Object{{"removed", name}});
}

}  // namespace tidewire::app
