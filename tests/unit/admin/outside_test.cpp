// What a login, a token and an idempotency key are worth when they end, are raced, or are nobody's.
#include "outside.h"

#include "base/hash.h"

using namespace tidewire;
using namespace tidewire::admin;

TEST_CASE("outside: who may no longer look on hears no more", "[admin]") {
  struct Ear final : http::Outlet {
    explicit Ear(std::string& text) : heard(text) {}
    bool write(std::string_view bytes) override {
      heard += bytes;
      return true;
    }
    std::string& heard;
  };
  Outside o;
  o.add_user("ada", "admin");
  o.add_user("grace", "viewer");
  const auto token = o.f.post("/api/v1/tokens", R"({"name": "screen", "role": "viewer"})", 201);
  const std::string login = Outside::cookie_in(o.log_in("grace", kPassword));
  std::string by_login, by_token, by_socket;
  o.ask("GET", "/api/v1/events", "", {{"Cookie", login}}).stream(std::make_unique<Ear>(by_login));
  o.ask("GET", "/api/v1/events", "", {bearer(token.string_or("token"))}).stream(std::make_unique<Ear>(by_token));
  o.f.ask("GET", "/api/v1/events").stream(std::make_unique<Ear>(by_socket));
  o.f.api.events().publish("log", Value("before"));
  for (const std::string* heard : {&by_login, &by_token, &by_socket}) CHECK(heard->find("before") != std::string::npos);

  SECTION("logged out by a new password") { REQUIRE(o.f.ask("PUT", "/api/v1/users/grace", R"({"role": "viewer", "password": "another horse battery"})").status == 200); }
  SECTION("removed") { REQUIRE(o.f.ask("DELETE", "/api/v1/users/grace").status == 200); }
  SECTION("unused for too long") { o.f.world.clock.pass(Accounts::kIdleLogin + std::chrono::minutes(1)); }
  REQUIRE(o.f.ask("DELETE", "/api/v1/tokens/" + token.string_or("id")).status == 200);
  o.f.api.events().publish("log", Value("after"));

  CHECK(by_login.find("after") == std::string::npos);
  CHECK(by_token.find("after") == std::string::npos);
  CHECK(by_socket.find("after") != std::string::npos);
  CHECK(o.f.api.events().readers() == 1);
}

TEST_CASE("outside: a login that is under way while the password is changed is none", "[admin]") {
  Outside o;
  o.add_user("ada", "admin");
  const auto begun = [&](const std::string& method, const std::string& target, const std::string& body, const std::string& peer, std::optional<http::Response>& answer) {
    http::Request request;
    request.method = method;
    request.target = target;
    request.body = body;
    request.peer = peer;
    request.headers.set("Host", "127.0.0.1:8080");
    o.f.api.handle(std::move(request), http::Reply([&answer](http::Response response) { answer = std::move(response); }));
  };
  std::optional<http::Response> login, changed;
  const auto log_in = [&] { begun("POST", "/api/v1/login", R"({"name": "ada", "password": ")" + std::string(kPassword) + "\"}", "127.0.0.1", login); };
  const auto change = [&] { begun("PUT", "/api/v1/users/ada", R"({"role": "admin", "password": "another horse battery"})", "unix", changed); };
  SECTION("begun before") { log_in(); change(); }
  SECTION("begun after") { change(); log_in(); }
  o.f.world.timers.run_posted();

  REQUIRE((login && changed));
  CHECK(changed->status == 200);
  const std::string cookie = login->status == 200 ? Outside::cookie_in(*login) : "tidewire_session=none";
  CHECK(o.ask("GET", "/api/v1/operations", "", {{"Cookie", cookie}}).status == 401);
}

TEST_CASE("outside: whom a body names as its author is not in the audit trail of somebody else's doing", "[admin]") {
  Outside o;
  const auto token = bearer(o.add_token("operator"));

  REQUIRE(o.ask("POST", "/api/v1/verify", R"({"mapping": "people", "author": "grace"})", {token}).status == 202);

  const auto trail = o.f.ask("GET", "/api/v1/audit?action=verify");
  CHECK(trail.body.find("token ci") != std::string::npos);
  CHECK(trail.body.find("grace") == std::string::npos);
}

TEST_CASE("outside: the answer that is kept for an idempotency key holds no secret", "[admin]") {
  Outside o;
  const auto token = bearer(o.add_token("operator"));
  const auto asked = [&] { return o.ask("POST", "/api/v1/mappings/people/check", R"({"source": "s3cret"})", {token, {"Idempotency-Key", "one"}}); };
  o.f.tried = "bad word s3cret";

  REQUIRE(asked().body.find("bad word [secret X]") != std::string::npos);

  std::string kept;
  o.f.world.store.kv_get("idempotency", sha256_hex("token ci\none"), [&](Result<std::optional<Value>> found) { kept = json::dump(**found); });
  o.f.world.timers.run_posted();
  CHECK(kept.find("bad word [secret X]") != std::string::npos);
  CHECK(asked().body.find("bad word [secret X]") != std::string::npos);
}

TEST_CASE("outside: while the first request of an idempotency key is under way, the second is told when to ask again", "[admin]") {
  Outside o;
  std::vector<http::Response> answers;
  for (int i = 0; i < 2; ++i) {
    http::Request request{.method = "POST", .target = "/api/v1/sync", .body = "{}", .peer = "unix"};
    request.headers.set("Idempotency-Key", "one");
    o.f.api.handle(std::move(request), http::Reply([&answers](http::Response response) { answers.push_back(std::move(response)); }));
  }
  o.f.world.timers.run_posted();
  o.f.world.settle();

  REQUIRE(answers.size() == 2);
  CHECK(answers[0].status == 409);
  REQUIRE(answers[0].headers.find("Retry-After") != nullptr);
  CHECK(*answers[0].headers.find("Retry-After") == "1");
  CHECK(answers[1].status == 202);
}

TEST_CASE("outside: an empty idempotency key is no key of everybody's changes", "[admin]") {
  Outside o;
  const auto token = bearer(o.add_token("operator"));

  const auto refused = o.ask("POST", "/api/v1/retry", R"({"all": true})", {token, {"Idempotency-Key", ""}});

  CHECK(refused.status == 400);
  CHECK(refused.body.find("the header Idempotency-Key is empty") != std::string::npos);
}

TEST_CASE("outside: many others who ask do not make the limit of one forgotten, nor do many addresses of one network", "[admin]") {
  Outside o;
  const auto from = [&](const std::string& address) { return o.ask("GET", "/api/v1/session", "", {{"X-Forwarded-For", address}}).status; };
  const auto others = [&](int first, int count) {
    for (int i = first; i < first + count; ++i) from("198.51." + std::to_string(i / 256) + "." + std::to_string(i % 256));
  };
  const auto until_refused = [&](const std::string& address) {
    for (int i = 0; i < 300; ++i) {
      if (from(address) == 429) return true;
    }
    return false;
  };
  others(0, static_cast<int>(Gate::kMostAskers) - 10);
  o.f.world.clock.pass(std::chrono::milliseconds(1));

  REQUIRE(until_refused("203.0.113.9"));
  others(static_cast<int>(Gate::kMostAskers), 20);

  CHECK(from("203.0.113.9") == 429);
  CHECK(from("203.0.113.10") == 200);
  REQUIRE(until_refused("2001:db8:1:2::9"));
  CHECK(from("2001:db8:1:2:ffff::1") == 429);
  CHECK(from("2001:db8:1:3::9") == 200);
}
