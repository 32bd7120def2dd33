// mapping_file.h — one file of mappings/: evaluated, checked, compiled, its own tests run.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/connection.h"
#include "app/mapper.h"

namespace tidewire::app {

/// "mappings/employees.lua" -> "employees".
std::string file_name_of(const std::string& path);

/// What the mapping host chunk is told besides the file.
struct MappingContext {
  std::string name;                 // the file's, without ending
  Value connections = Object{};     // name -> {kind, collections, capabilities}
  std::vector<std::string> mappings;
  Value defaults = Object{};
  std::string environment;
  bool read_only = false;
  bool mail = false;                // tidewire.lua names a server
  Value frozen = Object{};          // by mapping { text = hash of its file, fields = what `all` took from it }
};

/// A mapping as the file says it, before the systems were asked for their types.
struct Draft {
  std::string name;
  Value compiled;
  std::vector<std::string> files;   // paths of everything loaded: a change of one reloads this
  /// The collection as a connector wants it: {name, word, options, key, scope, fields}.
  Value collection(sync::Side side) const;
  std::string connection(sync::Side side) const;
  /// Every collection whose types have to be known: "left", "right" and those that the plan calls further, by id.
  struct Wanted {
    std::string id, connection;
    Value collection;
  };
  std::vector<Wanted> collections() const;
};

/// kScript, kInvalid with file, line and suggestion. `describe`: {left, right} or null while unknown.
Result<std::vector<Draft>> read_mapping_file(const std::string& path, const std::string& text, const MappingContext& context, const Value& describe, const Services& services);
/// The same file with the types known, as something that runs. Its `tests` have passed: a failing one is kInvalid.
Result<std::shared_ptr<ScriptMapper>> make_mapper(const std::string& path, const std::string& text, const std::string& mapping, const MappingContext& context, const Value& describe, const Services& services);

/// What one of them names of a side, each field under its own path however it was named; an empty record for nullptr.
Value record_of_test(const sync::Plan& plan, sync::Side side, const Value* named);
/// Runs the mapping's own `tests`; kInvalid names the test, the field, what came and what was wanted.
Result<int> run_mapping_tests(ScriptMapper& mapper);

}  // namespace tidewire::app
