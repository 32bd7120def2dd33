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
  Result<Value> connection_settings(const std::string& name) override {
    if (name != "erp") return make_error(Code::kNotFound, "no connection '" + name + "'");
    return Value(Object{{"name", name}, {"kind", "frappe"}, {"file", "tidewire.lua"}, {"editable", false}, {"options", Value(Object{})}, {"secrets", Value(Array{})}});
  }
  void test_connection_draft(const ConnectionDraft& draft, Done<Value> done) override {
    drafts.push_back(draft);
    poster.post([done] { done(Value(Object{{"answer", Value(Object{{"user", "ada"}})}})); });
  }
  Result<Value> create_connection(const ConnectionDraft& draft) override {
    if (draft.name == "taken") return make_error(Code::kInvalid, "there is a connection 'taken' already");
    return edit_connection(draft);
  }
  Result<Value> edit_connection(const ConnectionDraft& draft) override {
    drafts.push_back(draft);
    return Value(Object{{"name", draft.name}, {"file", "connections/" + draft.name + ".lua"}});
  }
  Result<Value> delete_connection(const std::string& name) override { return Value(Object{{"removed", name}}); }
  void collections(const std::string&, Done<Value> done) override {
    poster.post([done] { done(Value(Array{})); });
  }
  void suggest_mapping(const Value& asked, Done<Value> done) override {
    poster.post([done, asked] { done(asked); });
  }
  void try_new_mapping(const std::string&, const std::string& text, std::int64_t, Done<Value> done) override {
    poster.post([done, text] { done(Value(Object{{"ok", text != "bad"}, {"problems", Value(Array{})}})); });
  }
  void create_mapping(const std::string&, const std::string& text, bool enabled, Done<Value> done) override {
    enabled_ = enabled;
    const Array problems{Value(Object{{"message", "mappings/x.lua:3: no such field"}})};
    poster.post([done, ok = text != "bad", problems] { done(Value(Object{{"ok", ok}, {"problems", ok ? Value(Array{}) : Value(problems)}})); });
  }
  Result<Value> delete_mapping(const std::string& name) override { return Value(Object{{"removed", name}}); }
  Poster& poster;
  std::vector<ConnectionDraft> drafts;
  bool enabled_ = true;
};

struct ApiFixture : Control {
  store::Store& store() override { return world.store; }
  Authoring& authoring() override { return authoring_; }
  sync::Engine& engine() override { return *world.engine; }
  const Clock& clock() const override { return world.clock; }
  Value process() const override { return process_view; }
  Value connections() const override { return connections_view; }
  Value mappings() const override { return mappings_view; }
  std::vector<std::string> mapping_files() const override { return files; }
  void test_connection(const std::string&, Done<Value> done) override { world.timers.post([done] { done(Value(Object{})); }); }
  void accept_system(const std::string& connection, Done<void> done) override {
    accepted = connection;
    world.timers.post([done] { done({}); });
  }
  std::string accepted;
  std::string script = "return";
  void install(const Installation&, Done<Value> done) override { world.timers.post([done] { done(Value(Object{})); }); }
  Timers& timers() override { return world.timers; }
  Poster& poster() override { return world.timers; }
  void work(std::function<void()> blocking, std::function<void()> done) override {
    blocking();
    world.timers.post(std::move(done));
  }
  AdminSettings admin_settings() const override { return settings; }
  void first_user_added() override { ++first_users; }
  std::string redacted(std::string text) const override {
    for (const std::string& secret : {std::string("s3cret"), std::string("20240501")}) {
      for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret)) text.replace(at, secret.size(), "[secret X]");
    }
    return text;
  }
  std::optional<std::string> mark_in(std::string_view text) const override {
    return text.find("[secret X]") == std::string_view::npos ? std::nullopt : std::optional<std::string>("[secret X]");
  }
  void warn(const std::string& event, const std::string& message) override { warnings.push_back(event + ": " + message); }
  void describe(const std::string&, const std::string& collection, Done<Value> done) override {
    world.timers.post([done, collection] { done(Value(Object{{"collection", collection}})); });
  }
  void pause_connection(const std::string& connection, std::optional<Instant> until, Done<void> done) override {
    paused[connection] = until;
    world.timers.post([done] { done({}); });
  }
  Result<Value> source(const std::string& mapping) override {
    if (mapping != "people") return make_error(Code::kNotFound, "no mapping '" + mapping + "'");
    return Value(Object{{"mapping", mapping}, {"file", "mappings/people.lua"}, {"source", script}, {"hash", "h"}});
  }
  void try_source(const std::string&, const std::string& text, std::int64_t, Done<Value> done) override {
    world.timers.post([done, text] { done(Value(Object{{"ok", text != "bad"}, {"problems", Value(Array{})}})); });
  }
  void apply_source(const std::string&, const std::string& text, const std::string&, Done<Value> done) override {
    applied = text;
    const Array problems{Value(Object{{"message", "mappings/people.lua:3: no such field"}, {"line", 3}})};
    world.timers.post([done, ok = text != "bad", problems] { done(Value(Object{{"ok", ok}, {"problems", ok ? Value(Array{}) : Value(problems)}})); });
  }
  void discard_mapping(const std::string& mapping, const std::string& author, Done<std::int64_t> done) override { store().discard_all(mapping, 1000, author, std::move(done)); }
  void enable_mapping(const std::string& mapping, bool enabled, Done<void> done) override {
    world.engine->pause(mapping, !enabled);
    world.timers.post([done] { done({}); });
  }
  Result<Value> compiled(const std::string&) override { return Value(Object{}); }
  Result<std::string> backup_folder() override { return make_error(Code::kUnavailable, "no folder in a test"); }
  AdminSettings settings;
  int first_users = 0;
  std::vector<std::string> warnings;
  std::map<std::string, std::optional<Instant>> paused;
  std::string applied;
  void check(bool connect, Done<Value> done) override {
    world.timers.post([done, connect] { done(Value(Object{{"ok", true}, {"asked_to_connect", connect}})); });
  }

  http::Response send(http::Request request) {
    std::optional<http::Response> answer;
    api.handle(std::move(request), http::Reply([&answer](http::Response response) { answer = std::move(response); }));
    world.timers.run_posted();
    REQUIRE(answer);
    return std::move(*answer);
  }
  http::Response ask(const std::string& method, const std::string& target, const std::string& body = "", const std::string& peer = "unix") {
    http::Request request;
    request.method = method;
    request.target = target;
    request.body = body;
    request.peer = peer;
    request.peer_uid = peer == "unix" ? 1000 : -1;
    request.headers.set("Host", "127.0.0.1:8080");
    return send(std::move(request));
  }
  Value get(const std::string& target) { return body_of(ask("GET", target), 200); }
  Value post(const std::string& target, const std::string& body, int status) { return body_of(ask("POST", target, body), status); }
  static Value body_of(const http::Response& response, int status) {
    INFO(response.body);
    REQUIRE(response.status == status);
    auto body = json::parse(response.body);
    REQUIRE(body.ok());
    return std::move(*body);
  }
  /// Starts it and lets time pass until it is over.
  Value run_job(const std::string& body) {
    const std::string id = post("/api/v1/sync", body, 202).string_or("job");
    for (int i = 0; i < 100; ++i) {
      Value job = get("/api/v1/jobs/" + id);
      if (job.string_or("state") != "running") return job;
      world.settle();
    }
    FAIL("the job does not end");
    return {};
  }
  /// Both sides change one field that a person must decide.
  void make_conflict() {
    world.left.edit(world.left.rows.begin()->first, "note", Value("left says"));
    world.right.edit(world.right.rows.begin()->first, "note", Value("right says"));
    world.hook(store::Side::kLeft, world.left.rows.begin()->first);
    world.hook(store::Side::kRight, world.right.rows.begin()->first);
    world.settle();
  }

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
