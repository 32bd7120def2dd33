// api_fixture.h — the API over a real engine between two systems in memory, asked like a function.
#pragma once

#include <optional>
#include <string>

#include <catch2/catch.hpp>

#include "admin/api/api.h"
#include "base/json.h"
#include "support/sync_world.h"

namespace tidewire::admin {

/// Remembers what it was asked to write; a connection called "taken" is refused.
struct PlannedAuthoring : Authoring {
  explicit PlannedAuthoring(Poster& the_poster) : poster(the_poster) {}
  Result<Value> connection_kinds() override { return Value(Array{Value(Object{{"kind", "frappe"}, {"options", Value(Array{})}})}); }
  Result<Value> connection_settings(const std::string& name) override;
  void test_connection_draft(const ConnectionDraft& draft, Done<Value> done) override;
  Result<Value> create_connection(const ConnectionDraft& draft) override;
  Result<Value> edit_connection(const ConnectionDraft& draft) override;
  Result<Value> delete_connection(const std::string& name) override { return Value(Object{{"removed", name}}); }
  void collections(const std::string&, Done<Value> done) override;
  void suggest_mapping(const Value& asked, Done<Value> done) override;
  void try_new_mapping(const std::string&, const std::string& text, std::int64_t, Done<Value> done) override;
  void create_mapping(const std::string&, const std::string& text, bool enabled, Done<Value> done) override;
  Result<Value> delete_mapping(const std::string& name) override { return Value(Object{{"removed", name}}); }
  Poster& poster;
  std::vector<ConnectionDraft> drafts;
  bool enabled_ = true;
};

struct ApiFixture : Control {
  ApiFixture();
  ~ApiFixture() override;
  store::Store& store() override { return world.store; }
  Authoring& authoring() override { return authoring_; }
  sync::Engine& engine() override { return *world.engine; }
  const Clock& clock() const override { return world.clock; }
  Value process() const override { return process_view; }
  Value connections() const override { return connections_view; }
  Value mappings() const override { return mappings_view; }
  std::vector<std::string> mapping_files() const override { return files; }
  void ask_now(const std::string& mapping) override { asked_now.push_back(mapping); }
  void test_connection(const std::string&, Done<Value> done) override { world.timers.post([done] { done(Value(Object{})); }); }
  void accept_system(const std::string& connection, Done<void> done) override;
  std::string accepted;
  std::string script = "return";
  void install(const Installation&, Done<Value> done) override { world.timers.post([done] { done(Value(Object{})); }); }
  Timers& timers() override { return world.timers; }
  Poster& poster() override { return world.timers; }
  void work(std::function<void()> blocking, std::function<void()> done) override;
  AdminSettings admin_settings() const override { return settings; }
  void first_user_added() override { ++first_users; }
  std::string redacted(std::string text) const override;
  std::optional<std::string> mark_in(std::string_view text) const override;
  void warn(const std::string& event, const std::string& message) override { warnings.push_back(event + ": " + message); }
  void describe(const std::string&, const std::string& collection, Done<Value> done) override;
  void pause_connection(const std::string& connection, std::optional<Instant> until, Done<void> done) override;
  Result<Value> source(const std::string& mapping) override;
  void try_source(const std::string&, const std::string& text, std::int64_t, Done<Value> done) override;
  std::string tried;  // what a text that is tried is told
  void apply_source(const std::string&, const std::string& text, const std::string&, Done<Value> done) override;
  void discard_mapping(const std::string& mapping, std::optional<std::int64_t> links, const std::string& author, Done<Discarded> done) override;
  void enable_mapping(const std::string& mapping, bool enabled, Done<void> done) override;
  Result<Value> compiled(const std::string&) override { return Value(Object{}); }
  Result<std::string> backup_folder() override { return make_error(Code::kUnavailable, "no folder in a test"); }
  AdminSettings settings;
  int first_users = 0;
  std::vector<std::string> asked_now;
  std::vector<std::string> warnings;
  std::map<std::string, std::optional<Instant>> paused;
  std::string applied;
  void check(bool connect, Done<Value> done) override;

  http::Response send(http::Request request);
  http::Response ask(const std::string& method, const std::string& target, const std::string& body = "", const std::string& peer = "unix");
  Value get(const std::string& target) { return body_of(ask("GET", target), 200); }
  Value post(const std::string& target, const std::string& body, int status) { return body_of(ask("POST", target, body), status); }
  static Value body_of(const http::Response& response, int status);
  /// Starts it and lets time pass until it is over.
  Value run_job(const std::string& body);
  /// Both sides change one field that a person must decide.
  void make_conflict();

  test::World world;
  PlannedAuthoring authoring_{world.timers};
  Value process_view = Object{{"version", "1.2.3"}, {"started_at", "2024-05-01T09:59:00Z"}, {"draining", false}, {"store", Value(Object{{"healthy", true}})}};
  Value connections_view = Object{{"erp", Value(Object{{"kind", "frappe"}, {"state", "ok"}})}};
  Value mappings_view = Object{};
  std::vector<std::string> files;
  Api api{*this};
};

inline Value person(const char* email) { return Value(Object{{"email", email}, {"phone", "1"}}); }

inline void insert_left(ApiFixture& f, const char* email) { f.world.left.insert(person(email)); }

}  // namespace tidewire::admin
