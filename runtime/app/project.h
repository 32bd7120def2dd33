// project.h — tidewire.lua, evaluated once into plain data; its VM is closed again.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "admin/ports.h"
#include "app/alerts.h"
#include "app/exchanges.h"
#include "app/files.h"
#include "app/tracer.h"
#include "base/log.h"
#include "base/result.h"
#include "base/value.h"

namespace tidewire::app {

struct ConnectionConfig {
  std::string kind;
  Value config = Object{};  // secrets still markers
  std::string at{};         // where it is declared: "tidewire.lua:4"; no part of what it is
  friend bool operator==(const ConnectionConfig& one, const ConnectionConfig& two) { return one.kind == two.kind && one.config == two.config; }
};

struct Project {
  std::string folder;
  std::string environment;
  std::string listen = "127.0.0.1:8080";
  std::string state = "state/tidewire.db";
  Duration keep = std::chrono::hours(24 * 30);
  ExchangeKeeper::Keep exchanges = ExchangeKeeper::Keep::kAll;  // of those, so long, which
  Value defaults = Object{};
  Logger::Options log;
  std::optional<Logger::Form> log_form;  // nullopt: text on a terminal, JSON otherwise
  bool read_only = false;
  struct Backup {
    std::string every;   // a schedule
    std::int64_t keep = 14;
  };
  std::optional<Backup> backup;
  std::string backups;   // folder of copies; "" = below the state's
  Value mail;  // {url, from, user, password}, secrets still markers; null = none
  Value tls;   // {certificate, key}: files; null = plain HTTP
  std::optional<TraceConfig> traces;  // nullopt = none are made
  std::optional<AlertConfig> alerts;  // nullopt = nobody is told
  admin::AdminSettings admin;  // the token still to be resolved
  Value admin_token;           // a text or the marker of a secret; null = none
  std::map<std::string, std::string> webhook_names;  // further names of /webhook/NAME, each with its connection
  std::map<std::string, ConnectionConfig> connections;
  std::map<std::string, ConnectionConfig> connection_files;  // connections/NAME.lua as they say it, before `environments`

  std::string state_folder() const;  // absolute or below `folder`
  std::string state_file() const;
  std::string backup_folder() const;
};

/// Texts of connections/NAME.lua that are not saved yet; nullopt = as if it were gone.
using ConnectionDrafts = std::map<std::string, std::optional<std::string>>;

/// kInvalid or kScript with file and line; kNotFound where the folder has no tidewire.lua.
Result<Project> load_project(const std::string& folder, const std::string& environment, ScriptFiles& files, const std::vector<std::string>& kinds, const ConnectionDrafts& drafts = {});

/// One host chunk of scripts/tidewire/host over one file, evaluated as plain data; for what needs no words of a mapping.
struct HostFile {
  std::string host, path, text;
  Value argument;
  std::function<void(lua_State*)> install{};  // modules it may require; default: those of tidewire.lua
};
Result<Value> evaluate_host(HostFile file, ScriptFiles& files);

}  // namespace tidewire::app
