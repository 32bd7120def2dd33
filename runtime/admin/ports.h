// ports.h — what the API asks of the daemon beyond the store and the engine. app/ supplies it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/authoring.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/value.h"
#include "store/store.h"
#include "sync/engine.h"

namespace tidewire::admin {

template <typename T>
using Done = std::function<void(Result<T>)>;

/// What a remote needs so that its changes are known.
struct Installation {
  std::string kind, mapping;  // the sides of the mapping whose connection is of this kind, or has this name
  std::string address;        // where webhooks reach this daemon
  bool apply = false;         // else it is only shown
  bool remove = false;
};

/// What tidewire.lua says of the API (`admin`, `cors`).
struct AdminSettings {
  std::vector<std::string> hosts;    // names besides addresses and localhost that this server is asked by
  std::vector<std::string> origins;  // pages of other sites that may ask with a token; "*" = any
  std::string token;                 // an administrator's, of a secret; "" = none
  int connections_per_address = 128;
};

/// What was let go of a mapping that is gone.
struct Discarded {
  std::int64_t keys = 0, links = 0;
};

class Control {
 public:
  virtual ~Control() = default;
  virtual store::Store& store() = 0;
  virtual Authoring& authoring() = 0;
  virtual sync::Engine& engine() = 0;
  virtual const Clock& clock() const = 0;
  virtual Timers& timers() = 0;
  virtual Poster& poster() = 0;
  /// Runs `blocking` beside the loop, then `done` on it; `blocking` owns what it touches.
  virtual void work(std::function<void()> blocking, std::function<void()> done) = 0;
  virtual AdminSettings admin_settings() const = 0;
  /// There was none before: the address of tidewire.lua may be listened on.
  virtual void first_user_added() = 0;
  /// The text without what is known to be secret: a remote may quote in an error what it was sent.
  virtual std::string redacted(std::string text) const = 0;
  /// What stands in such a text for a secret, where it holds some: "[secret ERP_KEY]".
  virtual std::optional<std::string> mark_in(std::string_view text) const = 0;
  /// For what nobody can be answered with: an audit entry that could not be stored.
  virtual void warn(const std::string& event, const std::string& message) = 0;

  /// { version, started_at, project, environment, read_only, address, url, tls = { valid_until }, traces = { sent, dropped }, store = { healthy, trouble, groups, members, largest_group, queued, disk_free },
  ///   http = { requests, malformed, refused, timed_out, connections }, client = {requests, failed, connects, in_flight}, memory (resident bytes),
  ///   draining }
  virtual Value process() const = 0;
  /// By name: { kind, url, state = "ok"|"paused"|"failing"|"unknown", reason, last_success, calls, failures, by_status = {"200": n}, latency = {histogram},
  ///   webhooks = { received, unproved, malformed, unknown, limited, last, many_refused }, script = { memory, failures } }
  virtual Value connections() const = 0;
  /// By mapping: { file, version, loaded_at, left = {connection, collection}, right = {...}, direction, polls = {...}, reload = { at, ok, error }, drift?, quarantined, paused, warnings }
  virtual Value mappings() const = 0;
  /// Names of the files in mappings/, without ".lua", whether they are loaded or not.
  virtual std::vector<std::string> mapping_files() const = 0;
  /// Calls the connector's `test`, answers what it returned.
  virtual void test_connection(const std::string& connection, Done<Value> done) = 0;
  /// A person asks something of the mapping's systems: one that is left alone after failures is asked again at once, and jobs that
  /// wait for one go on.
  virtual void ask_now(const std::string& mapping) = 0;
  /// What answers for this connection now is the right system: its fingerprint becomes the one that deletes are believed
  /// under (law 16). kNotFound for an unknown connection.
  virtual void accept_system(const std::string& connection, Done<void> done) = 0;
  /// By side: { connection, collection, steps = [ {title, sql | request | todo} ], applied }
  virtual void install(const Installation& asked, Done<Value> done) = 0;
  /// Validates every script (and with `connect` tests every connection and describes every collection): { ok, problems = [ {file, message, hint} ], warnings, connections }
  virtual void check(bool connect, Done<Value> done) = 0;

  /// What the connector says of one collection: {fields, ...}; of an unknown collection whatever the remote says.
  virtual void describe(const std::string& connection, const std::string& collection, Done<Value> done) = 0;
  /// No call is made to it before `until` (nullopt: it goes on). Kept over restarts. kNotFound.
  virtual void pause_connection(const std::string& connection, std::optional<Instant> until, Done<void> done) = 0;

  /// {mapping, file, text, hash}: the file as it is on disk; kNotFound.
  virtual Result<Value> source(const std::string& mapping) = 0;
  /// Reads the text as if it were the mapping's file, with its tests, and changes nothing: {ok, problems, fields}; with `limit`
  /// over 0 also what it would write to so many records, as a dry run: {looked_at, writes}.
  virtual void try_source(const std::string& mapping, const std::string& text, std::int64_t limit, Done<Value> done) = 0;
  /// Writes the file and loads it: {ok, problems, version}. kStale where the file is not `hash` any more ("" = whatever it is);
  /// kInvalid, nothing written, where it does not load.
  virtual void apply_source(const std::string& mapping, const std::string& text, const std::string& hash, Done<Value> done) = 0;
  /// A mapping that is paused takes no keys; what comes waits. Kept over restarts.
  virtual void enable_mapping(const std::string& mapping, bool enabled, Done<void> done) = 0;
  /// Of a mapping whose file is gone: what waits for it is let go, and nothing more is taken in for it; its history stays, and its links, unless
  /// `links` says how many there are: then they go, too. kInvalid while its file is there, kStale where there are not so many.
  virtual void discard_mapping(const std::string& mapping, std::optional<std::int64_t> links, const std::string& author, Done<Discarded> done) = 0;
  /// {fields = [{left, right, ...}], ...}: the mapping as it was compiled; kNotFound.
  virtual Result<Value> compiled(const std::string& mapping) = 0;
  /// Where backups go; made where missing.
  virtual Result<std::string> backup_folder() = 0;
};

}  // namespace tidewire::admin
