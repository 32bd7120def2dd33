#include "app/project.h"

#include <algorithm>
#include <filesystem>

#include "bindings/install.h"
#include "script/script.h"

namespace tidewire::app {

std::string Project::state_file() const { return (std::filesystem::path(folder) / state).lexically_normal().string(); }

std::string Project::state_folder() const { return std::filesystem::path(state_file()).parent_path().string(); }

std::string Project::backup_folder() const {
  return backups.empty() ? state_folder() + "/backups" : (std::filesystem::path(folder) / backups).lexically_normal().string();
}

namespace {

std::vector<std::string> texts_of(const Value* list) {
  std::vector<std::string> texts;
  for (const Value& one : list == nullptr || !list->is_array() ? Array{} : list->as_array()) {
    if (one.is_string()) texts.push_back(one.as_string());
  }
  return texts;
}

Result<Logger::Options> log_options(const Value& log, const std::string& folder) {
  Logger::Options options;
  const std::string level = log.string_or("level", "info");
  const auto known = level_from_name(level);
  if (!known) return make_error(Code::kInvalid, "tidewire.lua: log.level '" + level + "' is none of debug, info, warn, error");
  options.level = *known;
  const std::string file = log.string_or("file");
  if (!file.empty()) options.file = (std::filesystem::path(folder) / file).lexically_normal().string();
  options.rotate_bytes = static_cast<std::size_t>(log.int_or("rotate", static_cast<std::int64_t>(options.rotate_bytes)));
  options.keep_files = static_cast<int>(log.int_or("keep", options.keep_files));
  return options;
}

std::optional<Logger::Form> log_form(const Value& log) {
  const std::string format = log.string_or("format");
  if (format.empty()) return std::nullopt;
  return format == "text" ? Logger::Form::kText : Logger::Form::kJson;
}

std::map<std::string, std::string> connection_texts(const std::string& folder, const ConnectionDrafts& drafts) {
  std::map<std::string, std::string> texts;
  for (const std::string& name : script_names_in(folder + "/connections")) {
    if (auto text = read_file(folder + "/connections/" + name + ".lua")) texts[name] = std::move(*text);
  }
  for (const auto& [name, text] : drafts) {
    if (text) texts[name] = *text;
    else texts.erase(name);
  }
  return texts;
}

/// {NAME: {kind, config, at}}
Result<Value> read_connection_files(const std::string& folder, const Array& kinds, ScriptFiles& files, const ConnectionDrafts& drafts) {
  Object found;
  for (const auto& [name, text] : connection_texts(folder, drafts)) {
    const std::string path = "connections/" + name + ".lua";
    found[name] = TRY(evaluate_host({"tidewire.host.connection", path, text, Value(Object{{"name", name}, {"kinds", Value(kinds)}, {"path", path}, {"text", text}})}, files));
  }
  return Value(std::move(found));
}

std::map<std::string, ConnectionConfig> configs_of(const Value& connections) {
  std::map<std::string, ConnectionConfig> configs;
  for (const auto& [name, connection] : connections.as_object()) {
    const Value* config = connection.find("config");
    configs[name] = {connection.string_or("kind"), config == nullptr ? Value(Object{}) : *config, connection.string_or("at")};
  }
  return configs;
}

}  // namespace

Result<Value> evaluate_host(HostFile file, ScriptFiles& files) {
  script::Options options;
  options.name = file.path;
  options.main_path = std::move(file.path);
  options.main_text = std::move(file.text);
  options.host = std::move(file.host);
  options.host_argument = std::move(file.argument);
  options.install = file.install ? std::move(file.install) : bindings::installer(bindings::Profile::kProject, {});
  options.sources = &files;
  const SystemClock clock;
  options.clock = &clock;
  const auto script = TRY(script::Script::load(std::move(options)));
  return script->data();
}

Result<Project> load_project(const std::string& folder, const std::string& environment, ScriptFiles& files, const std::vector<std::string>& kinds, const ConnectionDrafts& drafts) {
  const auto text = read_file(folder + "/tidewire.lua");
  if (!text) return make_error(Code::kNotFound, "no tidewire.lua in " + folder, "go into a project's folder, or name it with --project DIR; `tidewire new DIR` makes one");
  const Array kind_names(kinds.begin(), kinds.end());
  const Value connection_files = TRY(read_connection_files(folder, kind_names, files, drafts));
  Object argument{{"kinds", Value(kind_names)}, {"environment", environment.empty() ? Value() : Value(environment)}, {"path", "tidewire.lua"}, {"text", *text}, {"files", connection_files}};
  const Value data = TRY(evaluate_host({"tidewire.host.project", "tidewire.lua", *text, Value(std::move(argument))}, files));
  Project project;
  project.folder = folder;
  project.environment = environment;
  project.listen = data.string_or("listen", project.listen);
  project.state = data.string_or("state", project.state);
  if (const std::string keep = data.string_or("keep"); !keep.empty()) project.keep = TRY(parse_duration(keep));
  project.exchanges = ExchangeKeeper::keep_from(data.string_or("exchanges", "all"));
  if (const Value* defaults = data.find("defaults"); defaults != nullptr && defaults->is_object()) project.defaults = *defaults;
  project.read_only = data.bool_or("dry_run", false) || project.defaults.bool_or("dry_run", false);
  if (const Value* backup = data.find("backup"); backup != nullptr && backup->is_object()) {
    project.backup = Project::Backup{backup->string_or("every"), backup->int_or("keep", 14)};
    project.backups = backup->string_or("folder");
  }
  if (const Value* mail = data.find("mail"); mail != nullptr && mail->is_object()) project.mail = *mail;
  if (const Value* tls = data.find("tls"); tls != nullptr && tls->is_object()) project.tls = *tls;
  if (const Value* traces = data.find("traces"); traces != nullptr && traces->is_object()) {
    TraceConfig& config = project.traces.emplace();
    config.endpoint = *traces->find("endpoint");
    if (const Value* headers = traces->find("headers"); headers != nullptr) config.headers = *headers;
    config.service = traces->string_or("service", config.service);
    config.every = traces->int_or("every", 1);
  }
  if (const Value* alerts = data.find("alerts"); alerts != nullptr && alerts->is_object()) project.alerts = alert_config(*alerts);
  project.admin.origins = texts_of(data.find("cors"));
  project.admin.hosts = texts_of(data.at_path("admin.hosts"));
  if (const Value* most = data.at_path("admin.connections_per_address"); most != nullptr && most->is_int()) project.admin.connections_per_address = static_cast<int>(std::min<std::int64_t>(most->as_int(), 1'000'000));
  if (const Value* token = data.at_path("admin.token"); token != nullptr) project.admin_token = *token;
  if (const Value* names = data.find("webhook_names"); names != nullptr && names->is_object()) {
    for (const auto& [name, connection] : names->as_object()) project.webhook_names[name] = connection.as_string();
  }
  const Value* log = data.find("log");
  project.log = TRY(log_options(log == nullptr ? Value(Object{}) : *log, folder));
  project.log_form = log == nullptr ? std::nullopt : log_form(*log);
  if (const Value* connections = data.find("connections"); connections != nullptr && connections->is_object()) project.connections = configs_of(*connections);
  project.connection_files = configs_of(connection_files);
  return project;
}

}  // namespace tidewire::app
