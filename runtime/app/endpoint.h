// endpoint.h — sync::Endpoint on a connector: the engine's questions as Lua calls, Lua tables as records.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "app/connection.h"
#include "sync/ports.h"

namespace tidewire::app {

/// Asked when a system refuses a question or a value: why the mapping does not fit the system's fields any more, nullopt
/// where it does.
using FitCheck = std::function<void(std::function<void(std::optional<Error>)>)>;

/// What a connection is able to, as one of its collections is: {absence_proves_delete, client_keys}, those that it says.
sync::Capabilities of_collection(sync::Capabilities able, const Value& differs);

class ScriptEndpoint final : public sync::Endpoint {
 public:
  /// `collection`: {name, word, options, key, scope, fields} as scripts/connectors/README.md says.
  /// `priority` is the mapping's: whose calls the connection's limits let through first.
  /// `hidden`: columns whose values nobody may be told. `differs`: capabilities of the connection that this collection has not, or has.
  ScriptEndpoint(Connection& connection, Value collection, int priority, FitCheck fits = {}, std::set<std::string> hidden = {}, const Value& differs = {})
      : connection_(connection), collection_(std::move(collection)), priority_(priority), fits_(std::move(fits)), hidden_(std::move(hidden)), capabilities_(of_collection(connection.capabilities(), differs)) {}

  const Value& collection() const { return collection_; }
  int priority() const { return priority_; }
  const std::set<std::string>& hidden() const { return hidden_; }
  const Connection& connection() const { return connection_; }
  const sync::Capabilities& capabilities() const override { return capabilities_; }
  Duration clock_offset() const override { return connection_.clock_offset(); }
  bool same_system() const override { return connection_.same_system(); }
  std::optional<Duration> blocked() const override { return connection_.blocked(); }
  bool silent_since(Instant at) const override { return connection_.silent_since(at); }

  void read(std::vector<std::string> keys, sync::Done<std::vector<sync::Record>> done) override;
  void list(std::optional<Value> cursor, int limit, sync::Done<sync::ListPage> done) override;
  void count(sync::Done<std::optional<std::int64_t>> done) override;
  void start(sync::Done<Value> done) override;
  void changes(Value cursor, int limit, sync::Done<sync::ChangesPage> done) override;
  void find(std::vector<sync::Query> queries, sync::Done<std::vector<std::vector<sync::Record>>> done) override;
  void create(std::vector<sync::CreateRequest> requests, sync::Done<std::vector<Result<sync::Record>>> done) override;
  void update(std::string key, Value values, std::optional<std::string> guard, sync::Done<sync::Record> done) override;
  void update_many(std::vector<sync::UpdateRequest> requests, sync::Done<std::vector<Result<sync::Record>>> done) override;
  void remove(std::string key, std::optional<std::string> guard, sync::Done<sync::Answered> done) override;
  void trash(std::string key, sync::Done<std::optional<sync::Record>> done) override;
  void put_back(std::string key, sync::Done<sync::Record> done) override;
  void act(std::string key, std::string verb, std::optional<std::string> guard, sync::Done<sync::Record> done) override;
  void children(std::string field, std::vector<Value> values, sync::Done<std::vector<sync::Record>> done) override;

 private:
  void call(const std::string& function, Array arguments, bool writes, std::function<void(Result<Value>)> done, sched::Rank::Kind kind = sched::Rank::Kind::kLive);
  /// For a pass, which is told what was said to the system: with what `read` makes of the answer, or with the error.
  template <typename T, typename Read>
  void ask(const std::string& function, Array arguments, bool writes, sync::Done<T> done, Read read);
  template <typename T>
  sync::Done<T> doubting(sync::Done<T> done) const;
  sync::Done<std::vector<Result<sync::Record>>> doubting_each(sync::Done<std::vector<Result<sync::Record>>> done) const;

  Connection& connection_;
  Value collection_;
  int priority_;
  FitCheck fits_;
  std::set<std::string> hidden_;
  sync::Capabilities capabilities_;
};

/// kInvalid where the table is no record (no key): a fault of the connector.
Result<sync::Record> record_from(const Value& table);
Error error_from(const Value& table);

}  // namespace tidewire::app
