#include "api_fixture.h"

namespace tidewire::admin {

ApiFixture::ApiFixture() = default;
ApiFixture::~ApiFixture() = default;

Result<Value> PlannedAuthoring::connection_settings(const std::string& name) {
  if (name != "erp") return make_error(Code::kNotFound, "no connection '" + name + "'");
  return Value(Object{{"name", name}, {"kind", "frappe"}, {"file", "tidewire.lua"}, {"editable", false}, {"options", Value(Object{})}, {"secrets", Value(Array{})}});
}

void PlannedAuthoring::test_connection_draft(const ConnectionDraft& draft, Done<Value> done) {
  drafts.push_back(draft);
  poster.post([done] { done(Value(Object{{"answer", Value(Object{{"user", "ada"}})}})); });
}

Result<Value> PlannedAuthoring::create_connection(const ConnectionDraft& draft) {
  if (draft.name == "taken") return make_error(Code::kInvalid, "there is a connection 'taken' already");
  return edit_connection(draft);
}

Result<Value> PlannedAuthoring::edit_connection(const ConnectionDraft& draft) {
  drafts.push_back(draft);
  return Value(Object{{"name", draft.name}, {"file", "connections/" + draft.name + ".lua"}});
}

void PlannedAuthoring::collections(const std::string&, Done<Value> done) {
  poster.post([done] { done(Value(Array{})); });
}

void PlannedAuthoring::suggest_mapping(const Value& asked, Done<Value> done) {
  poster.post([done, asked] { done(asked); });
}

void PlannedAuthoring::try_new_mapping(const std::string&, const std::string& text, std::int64_t, Done<Value> done) {
  poster.post([done, text] { done(Value(Object{{"ok", text != "bad"}, {"problems", Value(Array{})}})); });
}

void PlannedAuthoring::create_mapping(const std::string&, const std::string& text, bool enabled, Done<Value> done) {
  enabled_ = enabled;
  const Array problems{Value(Object{{"message", "mappings/x.lua:3: no such field"}})};
  poster.post([done, ok = text != "bad", problems] { done(Value(Object{{"ok", ok}, {"problems", ok ? Value(Array{}) : Value(problems)}})); });
}

void ApiFixture::accept_system(const std::string& connection, Done<void> done) {
  accepted = connection;
  world.timers.post([done] { done({}); });
}

void ApiFixture::work(std::function<void()> blocking, std::function<void()> done) {
  blocking();
  world.timers.post(std::move(done));
}

std::string ApiFixture::redacted(std::string text) const {
  for (const std::string& secret : {std::string("s3cret"), std::string("20240501")}) {
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret)) text.replace(at, secret.size(), "[secret X]");
  }
  return text;
}

std::optional<std::string> ApiFixture::mark_in(std::string_view text) const {
  return text.find("[secret X]") == std::string_view::npos ? std::nullopt : std::optional<std::string>("[secret X]");
}

void ApiFixture::describe(const std::string&, const std::string& collection, Done<Value> done) {
  world.timers.post([done, collection] { done(Value(Object{{"collection", collection}})); });
}

void ApiFixture::pause_connection(const std::string& connection, std::optional<Instant> until, Done<void> done) {
  paused[connection] = until;
  world.timers.post([done] { done({}); });
}

Result<Value> ApiFixture::source(const std::string& mapping) {
  if (mapping != "people") return make_error(Code::kNotFound, "no mapping '" + mapping + "'");
  return Value(Object{{"mapping", mapping}, {"file", "mappings/people.lua"}, {"source", script}, {"hash", "h"}});
}

void ApiFixture::try_source(const std::string&, const std::string& text, std::int64_t, Done<Value> done) {
  const Array problems = tried.empty() ? Array{} : Array{Value(Object{{"message", tried}})};
  world.timers.post([done, text, problems] { done(Value(Object{{"ok", text != "bad"}, {"problems", Value(problems)}})); });
}

void ApiFixture::apply_source(const std::string&, const std::string& text, const std::string&, Done<Value> done) {
  applied = text;
  const Array problems{Value(Object{{"message", "mappings/people.lua:3: no such field"}, {"line", 3}})};
  world.timers.post([done, ok = text != "bad", problems] { done(Value(Object{{"ok", ok}, {"problems", ok ? Value(Array{}) : Value(problems)}})); });
}

void ApiFixture::discard_mapping(const std::string& mapping, std::optional<std::int64_t> links, const std::string& author, Done<Discarded> done) {
  store().discard_all(mapping, 1000, author, [this, mapping, links, done](Result<std::int64_t> keys) {
    if (!keys.ok()) return done(keys.error());
    if (!links) return done(Discarded{*keys, 0});
    store().drop_mapping(mapping, 1000, [keys = *keys, done](Result<std::int64_t> gone) { gone.ok() ? done(Discarded{keys, *gone}) : done(gone.error()); });
  });
}

void ApiFixture::enable_mapping(const std::string& mapping, bool enabled, Done<void> done) {
  world.engine->pause(mapping, !enabled);
  world.timers.post([done] { done({}); });
}

void ApiFixture::check(bool connect, Done<Value> done) {
  world.timers.post([done, connect] { done(Value(Object{{"ok", true}, {"asked_to_connect", connect}})); });
}

http::Response ApiFixture::send(http::Request request) {
  std::optional<http::Response> answer;
  api.handle(std::move(request), http::Reply([&answer](http::Response response) { answer = std::move(response); }));
  world.timers.run_posted();
  REQUIRE(answer);
  return std::move(*answer);
}

http::Response ApiFixture::ask(const std::string& method, const std::string& target, const std::string& body, const std::string& peer) {
  http::Request request;
  request.method = method;
  request.target = target;
  request.body = body;
  request.peer = peer;
  request.peer_uid = peer == "unix" ? 1000 : -1;
  request.headers.set("Host", "127.0.0.1:8080");
  return send(std::move(request));
}

Value ApiFixture::body_of(const http::Response& response, int status) {
  INFO(response.body);
  REQUIRE(response.status == status);
  auto body = json::parse(response.body);
  REQUIRE(body.ok());
  return std::move(*body);
}

Value ApiFixture::run_job(const std::string& body) {
  const std::string id = post("/api/v1/sync", body, 202).string_or("job");
  for (int i = 0; i < 100; ++i) {
    Value job = get("/api/v1/jobs/" + id);
    if (job.string_or("state") != "running") return job;
    world.settle();
  }
  FAIL("the job does not end");
  return {};
}

void ApiFixture::make_conflict() {
  world.left.edit(world.left.rows.begin()->first, "note", Value("left says"));
  world.right.edit(world.right.rows.begin()->first, "note", Value("right says"));
  world.hook(store::Side::kLeft, world.left.rows.begin()->first);
  world.hook(store::Side::kRight, world.right.rows.begin()->first);
  world.settle();
}

}  // namespace tidewire::admin
