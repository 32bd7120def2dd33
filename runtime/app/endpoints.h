// endpoints.h — everything remote that one mapping talks to: its two ends, the tables of rows below their records, the
// collections that it looks things up in.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "app/endpoint.h"
#include "app/file_verbs.h"
#include "sync/belongings/with_files.h"
#include "sync/belongings/with_parts.h"
#include "sync/belongings/with_rows.h"
#include "sync/belongings/with_watched.h"

namespace tidewire::app {

class MappingEndpoints {
 public:
  /// `compiled` is the mapping's table; `connection` finds one by name (nullptr: there is none). The connections and `files` outlive
  /// this.
  MappingEndpoints(sync::Sides<std::unique_ptr<ScriptEndpoint>> ends, const Value& compiled, const std::function<Connection*(const std::string&)>& connection, const FitCheck& fits, sync::Files& files);

  sync::Sides<sync::Endpoint*> ends() const;
  /// The collection of a side itself, without the rows below its records and without its parts.
  const ScriptEndpoint& own(sync::Side side) const { return *own_[side]; }
  /// Collections besides the ends, by the id that the plan gives them.
  std::map<std::string, sync::Endpoint*> further() const;
  bool uses(const Connection& connection) const;
  /// True where `other` asks the same of the same connections.
  bool same(const MappingEndpoints& other) const;

 private:
  void with_files(Value named, const std::function<Connection*(const std::string&)>& connection, int priority, sync::Files& files);

  sync::Sides<std::unique_ptr<ScriptEndpoint>> own_;
  std::map<std::string, std::unique_ptr<ScriptEndpoint>> further_;
  sync::Sides<Value> tables_, parts_, watched_;  // of rows, of parts, of watched lookups, as the plan says them
  Value named_files_;                            // fields that name files
  // By the id of a collection beside the ends, "" of the end itself.
  sync::Sides<std::map<std::string, std::shared_ptr<ScriptFileVerbs>>> file_verbs_;  // shared: what is asked of them may outlive this (sync/belongings/files.h)
  sync::Sides<std::map<std::string, std::unique_ptr<sync::WithFiles>>> with_files_;
  sync::Sides<std::unique_ptr<sync::WithParts>> with_parts_;
  sync::Sides<std::unique_ptr<sync::WithRows>> with_rows_;
  sync::Sides<std::unique_ptr<sync::WithWatched>> with_watched_;
};

/// The tables of rows below a side's records: their collection, and the column that names the record.
std::vector<std::pair<std::string, std::string>> tables_below(const Value& compiled, sync::Side side);
/// The collections that lookups of a side's records watch, and those of its parts (`lookup` is "@" and the part's name).
struct WatchedCollection {
  std::string connection, collection, lookup;
  std::vector<std::string> key;
};
std::vector<WatchedCollection> watched_by_lookups(const Value& compiled, sync::Side side);
std::vector<WatchedCollection> watched_by_parts(const Value& compiled, sync::Side side);
/// Entries of the plan's `further` whose records belong to those of a side: tables of rows, parts.
std::vector<Value> belonging_to(const Value& compiled, sync::Side side);
/// The collection of an entry of the plan's `further`, as a connector wants it.
Value further_collection(const Value& entry);

}  // namespace tidewire::app
