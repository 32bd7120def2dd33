// authoring.h — what the API asks of the daemon to write the project's own files: connections with their secrets, mappings.
//
// A connection that the page makes stands in a file of its own, connections/NAME.lua, and never in tidewire.lua: what a person
// wrote there, with comments and loops, is no program's to rewrite. Secrets go to .env and are never read back.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/value.h"

namespace tidewire::admin {

/// A connection as it shall be. Secrets stand beside the options, by the path of the option they belong to ("api_key",
/// "auth.bearer", "webhook.secret"): a text is a new value, null takes it away, what is not named stays.
struct ConnectionDraft {
  std::string name, kind;
  std::optional<Value> options{};  // all but the secrets; nullopt = as they are
  Value secrets = Object{};
  std::string hash{};              // of the file that was edited; "" = whatever it is
};

class Authoring {
 public:
  template <typename T>
  using Done = std::function<void(Result<T>)>;

  virtual ~Authoring() = default;
  /// [ {kind, options = [ {name, type, required, secret, options, default} ], collections, lists} ]
  virtual Result<Value> connection_kinds() = 0;
  /// {name, kind, file, editable, hash, options, secrets = [ {path, variable, set, outside} ]}: never the text of a secret. kNotFound.
  virtual Result<Value> connection_settings(const std::string& name) = 0;
  /// Asks the system as the draft says, without saving anything: {answer, collections, warnings}. A draft of a connection that is
  /// there takes the secrets it does not name from it, unless it points at another address.
  virtual void test_connection_draft(const ConnectionDraft& draft, Done<Value> done) = 0;
  /// {name, file, hash, warnings}. kInvalid where the project would not load with it; nothing is written then.
  virtual Result<Value> create_connection(const ConnectionDraft& draft) = 0;
  /// As create. One that tidewire.lua declares takes new values for the secrets it names, and nothing else. kStale by `hash`.
  virtual Result<Value> edit_connection(const ConnectionDraft& draft) = 0;
  /// With the variables in .env that nobody else names. kInvalid where a mapping uses it, or tidewire.lua declares it.
  virtual Result<Value> delete_connection(const std::string& name) = 0;

  /// [ {name, word, label} ]: what may be read there; empty where the connector cannot tell. kNotFound.
  virtual void collections(const std::string& connection, Done<Value> done) = 0;
  /// Describes both collections and proposes a mapping between them: {name, pairs, left_only, right_only, key, match, warnings, source}.
  /// `asked` as the schema MappingChoice has it: a person's own choices among the proposed ones make the text, and `like` names a
  /// mapping whose file it follows (kNotFound; kInvalid where a program makes that file's mappings).
  virtual void suggest_mapping(const Value& asked, Done<Value> done) = 0;
  /// As Control::try_source, of a mapping that is not there yet.
  virtual void try_new_mapping(const std::string& name, const std::string& text, std::int64_t limit, Done<Value> done) = 0;
  /// Writes mappings/NAME.lua and loads it: {ok, problems, version, hash}; nothing is written where it does not load. Not `enabled`: it
  /// takes no keys until somebody resumes it.
  virtual void create_mapping(const std::string& name, const std::string& text, bool enabled, Done<Value> done) = 0;
  /// Removes its file; its links, operations and versions stay in the state. kInvalid where the file holds several mappings.
  virtual Result<Value> delete_mapping(const std::string& name) = 0;
};

}  // namespace tidewire::admin
