// connection_draft.h — from what a person filled in to what a connection's file and .env say.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "admin/authoring.h"
#include "app/project.h"
#include "app/secrets.h"

namespace tidewire::app {

/// A secret that a config names: where, and by which variable.
struct NamedSecret {
  std::string path;      // "api_key", "auth.bearer", "webhook_secret.0"
  std::string variable;  // ERP_KEY
};
std::vector<NamedSecret> secrets_in(const Value& config);

/// The config without its secrets, for a form.
Value without_secrets(const Value& config);

struct MadeConnection {
  ConnectionConfig connection;                                  // secrets as markers
  std::map<std::string, std::optional<std::string>> variables;  // for .env
};

/// `present` is the connection that is there, if one is; `declared` what the connector's kind wants to be told ({options}); names of
/// variables that are `taken` by others are not used. kInvalid: a secret among the options, one left out although the address
/// moved.
Result<MadeConnection> made_from(const admin::ConnectionDraft& draft, const ConnectionConfig* present, const Value& declared, const std::set<std::string>& taken);

}  // namespace tidewire::app
