#include "outside.h"

using namespace tidewire;
using namespace tidewire::admin;

TEST_CASE("auth: a token shows who asks, and its role is the limit", "[admin]") {
  Outside o;
  o.add_user("ada", "admin");
  const std::string token = o.add_token("viewer");

  CHECK(o.ask("GET", "/api/v1/operations", "", {bearer(token)}).status == 200);
  CHECK(o.ask("POST", "/api/v1/sync", "{}", {bearer(token)}).status == 403);
  CHECK(o.ask("GET", "/api/v1/users", "", {bearer(token)}).status == 403);
  CHECK(o.ask("GET", "/api/v1/operations", "", {bearer(token + "x")}).status == 401);
  CHECK(o.ask("GET", "/api/v1/operations", "", {bearer(token + "x")}).body.find("nobody knows this token") != std::string::npos);
  CHECK(o.ask("GET", "/api/v1/operations").body.find("who asks?") != std::string::npos);
}

TEST_CASE("auth: a token that would end at once is not made", "[admin]") {
  ApiFixture f;

  for (const char* at_once : {"0s", "0d", "0h0m"}) {
    const Value refused = f.post("/api/v1/tokens", R"({"name": "short", "expires_in": ")" + std::string(at_once) + "\"}", 400);
    CHECK(refused.string_or("detail") == "a token that ends after '" + std::string(at_once) + "' is none");
    CHECK(refused.string_or("hint").find("expires_in") == 0);
  }
  CHECK(f.get("/api/v1/tokens").find("tokens")->as_array().empty());
}

TEST_CASE("auth: a removed or ended token is nobody's", "[admin]") {
  Outside o;
  const Value made = o.f.post("/api/v1/tokens", R"({"name": "short", "role": "viewer", "expires_in": "1h"})", 201);
  const std::string token = made.string_or("token");
  REQUIRE(o.ask("GET", "/api/v1/operations", "", {bearer(token)}).status == 200);

  SECTION("removed") { CHECK(o.f.ask("DELETE", "/api/v1/tokens/" + made.string_or("id")).status == 200); }
  SECTION("ended") { o.f.world.clock.pass(std::chrono::hours(1)); }

  CHECK(o.ask("GET", "/api/v1/operations", "", {bearer(token)}).status == 401);
}

TEST_CASE("auth: a token is stored as its hash and shown once", "[admin]") {
  Outside o;
  const std::string token = o.add_token("viewer");

  const auto list = o.f.ask("GET", "/api/v1/tokens");
  const auto trail = o.f.ask("GET", "/api/v1/audit");

  CHECK(list.body.find(token) == std::string::npos);
  CHECK(list.body.find("hash") == std::string::npos);
  CHECK(trail.body.find("token_add") != std::string::npos);
  CHECK(trail.body.find(token) == std::string::npos);
}

TEST_CASE("auth: a login sets a cookie that scripts cannot read and other sites cannot send", "[admin]") {
  Outside o;
  o.add_user("ada", "admin");

  const auto response = o.log_in("ada", kPassword);

  REQUIRE(response.status == 200);
  const std::string set = *response.headers.find("Set-Cookie");
  CHECK(set.find("HttpOnly") != std::string::npos);
  CHECK(set.find("SameSite=Strict") != std::string::npos);
  CHECK(o.ask("GET", "/api/v1/operations", "", {{"Cookie", "other=1; " + Outside::cookie_in(response)}}).status == 200);
}

TEST_CASE("auth: a form of a foreign page logs nobody in", "[admin]") {
  Outside o;
  o.add_user("ada", "admin");
  const std::string body = R"({"name": "ada", "password": ")" + std::string(kPassword) + "\"}";
  const std::pair<std::string, std::string> foreign{"Origin", "https://evil.example"}, own{"Origin", "http://127.0.0.1:8080"};

  for (const char* media : {"text/plain", "application/x-www-form-urlencoded", "text/plain; application/json"}) {
    const auto refused = o.ask("POST", "/api/v1/login", body, {foreign, {"Content-Type", media}});
    CHECK(refused.status == 403);
    CHECK(refused.headers.find("Set-Cookie") == nullptr);
  }
  CHECK(o.ask("POST", "/api/v1/login", body, {{"Origin", "null"}}).status == 403);
  // What carries JSON from elsewhere asks first, and is not let.
  const auto preflight = o.ask("OPTIONS", "/api/v1/login", "", {foreign, {"Access-Control-Request-Method", "POST"}, {"Access-Control-Request-Headers", "content-type"}});
  CHECK(preflight.headers.find("Access-Control-Allow-Headers") == nullptr);
  CHECK(o.ask("POST", "/api/v1/login", body, {own, {"Content-Type", "application/json; charset=utf-8"}}).status == 200);
  CHECK(o.ask("POST", "/api/v1/login", body).status == 200);  // a program, not a browser
}

TEST_CASE("auth: a change by a login needs its header", "[admin]") {
  Outside o;
  o.add_user("ada", "admin");
  const auto response = o.log_in("ada", kPassword);
  const std::pair<std::string, std::string> cookie{"Cookie", Outside::cookie_in(response)};
  const std::string csrf = json::parse(response.body)->string_or("csrf");

  CHECK(o.ask("POST", "/api/v1/sync", "{}", {cookie}).status == 403);
  CHECK(o.ask("POST", "/api/v1/sync", "{}", {cookie, {kCsrfHeader, "guess"}}).status == 403);
  CHECK(o.ask("POST", "/trigger/people", "", {cookie}).status == 403);
  CHECK(o.ask("POST", "/api/v1/sync", "{}", {cookie, {kCsrfHeader, csrf}}).status == 202);
}

TEST_CASE("auth: what a person does is in the audit trail under the name", "[admin]") {
  Outside o;
  o.add_user("root", "admin");
  o.add_user("ada", "operator");
  const auto response = o.log_in("ada", kPassword);
  const std::string csrf = json::parse(response.body)->string_or("csrf");

  REQUIRE(o.ask("POST", "/api/v1/sync", R"({"mapping": "people"})", {{"Cookie", Outside::cookie_in(response)}, {kCsrfHeader, csrf}}).status == 202);

  const Value newest = o.f.get("/api/v1/audit").find("audit")->as_array()[0];
  CHECK(newest.string_or("author") == "ada");
  CHECK(newest.string_or("action") == "sync");
  CHECK(newest.string_or("subject") == "people");
}

TEST_CASE("auth: logging out, removal, a new password and time end a login", "[admin]") {
  Outside o;
  o.add_user("root", "admin");
  o.add_user("ada", "viewer");
  const auto response = o.log_in("ada", kPassword);
  const std::pair<std::string, std::string> cookie{"Cookie", Outside::cookie_in(response)};
  const std::string csrf = json::parse(response.body)->string_or("csrf");
  REQUIRE(o.ask("GET", "/api/v1/operations", "", {cookie}).status == 200);

  SECTION("logout") { CHECK(o.ask("POST", "/api/v1/logout", "", {cookie, {kCsrfHeader, csrf}}).status == 200); }
  SECTION("removal") { CHECK(o.f.ask("DELETE", "/api/v1/users/ada").status == 200); }
  SECTION("a new password") { CHECK(o.f.ask("PUT", "/api/v1/users/ada", R"({"password": "another one altogether"})").status == 200); }
  SECTION("time") { o.f.world.clock.pass(Accounts::kIdleLogin + std::chrono::minutes(1)); }

  CHECK(o.ask("GET", "/api/v1/operations", "", {cookie}).status == 401);
}

TEST_CASE("auth: a wrong password and a name that is nobody's are answered alike, and more and more slowly", "[admin]") {
  Outside o;
  o.add_user("ada", "admin");

  const auto wrong = o.log_in("ada", "wrong");
  const auto nobody = o.log_in("eve", "wrong");
  CHECK(wrong.status == 401);
  CHECK(wrong.body == nobody.body);
  for (int i = 0; i < 4; ++i) o.log_in("ada", "wrong");

  const auto locked = o.log_in("ada", kPassword);
  CHECK(locked.status == 429);
  CHECK(locked.headers.find("Retry-After") != nullptr);
  o.f.world.clock.pass(std::chrono::seconds(10));
  CHECK(o.log_in("ada", kPassword).status == 200);
}

TEST_CASE("auth: a new password of an administrator ends the wait of the name", "[admin]") {
  Outside o;
  o.add_user("root", "admin");
  o.add_user("ada", "viewer");
  const auto log_in = [&](const char* from, const std::string& password) {
    return o.ask("POST", "/api/v1/login", R"({"name": "ada", "password": ")" + password + "\"}", {{"X-Forwarded-For", from}}).status;
  };
  for (int i = 0; i < 10; ++i) log_in("203.0.113.9", "wrong");
  REQUIRE(log_in("192.0.2.7", kPassword) == 429);

  REQUIRE(o.f.ask("PUT", "/api/v1/users/ada", R"({"role": "operator"})").status == 200);
  CHECK(log_in("192.0.2.7", kPassword) == 429);
  REQUIRE(o.f.ask("PUT", "/api/v1/users/ada", R"({"password": "another one altogether"})").status == 200);
  CHECK(log_in("192.0.2.7", "another one altogether") == 200);
  CHECK(log_in("203.0.113.9", "another one altogether") == 429);
}

TEST_CASE("auth: a wrong present password counts as a miss", "[admin]") {
  Outside o;
  o.add_user("ada", "admin");
  const auto response = o.log_in("ada", kPassword);
  const std::vector<std::pair<std::string, std::string>> login{{"Cookie", Outside::cookie_in(response)}, {kCsrfHeader, json::parse(response.body)->string_or("csrf")}};
  const auto change = [&](const std::string& present) { return o.ask("POST", "/api/v1/password", R"({"password": ")" + present + R"(", "new_password": "another one altogether"})", login).status; };

  for (int i = 0; i < 6; ++i) CHECK(change("wrong") == 403);

  CHECK(change(kPassword) == 429);
  o.f.world.clock.pass(std::chrono::seconds(10));
  CHECK(change(kPassword) == 200);
}

TEST_CASE("auth: behind a proxy one guesser does not lock out the others", "[admin]") {
  Outside o;
  o.add_user("ada", "admin");
  const auto guess = [&](const std::string& name, const std::string& from, const char* password) {
    return o.ask("POST", "/api/v1/login", R"({"name": ")" + name + R"(", "password": ")" + password + "\"}", {{"X-Forwarded-For", "198.51.100.1, " + from}}).status;
  };
  for (int i = 0; i < 7; ++i) guess("name " + std::to_string(i), "203.0.113.9", "wrong");

  CHECK(guess("ada", "203.0.113.9", kPassword) == 429);
  CHECK(guess("ada", "192.0.2.7", kPassword) == 200);
  // No new password ends the wait of an address, so none is proposed.
  const std::string told = o.ask("POST", "/api/v1/login", R"({"name": "ada", "password": "x"})", {{"X-Forwarded-For", "203.0.113.9"}}).body;
  CHECK(told.find("from this address") != std::string::npos);
  CHECK(told.find("user add") == std::string::npos);
}

TEST_CASE("auth: a password is long enough and never in an answer", "[admin]") {
  Outside o;

  const auto response = o.f.ask("PUT", "/api/v1/users/ada", R"({"role": "admin", "password": "tiny one"})");
  CHECK(response.status == 400);
  CHECK(response.body.find("tiny one") == std::string::npos);
  o.add_user("ada", "admin");
  CHECK(o.f.ask("GET", "/api/v1/users").body.find("scrypt") == std::string::npos);
  CHECK(o.f.ask("GET", "/api/v1/audit").body.find(kPassword) == std::string::npos);
}

TEST_CASE("auth: a changed password is not in the audit trail, neither the old nor the new one", "[admin]") {
  Outside o;
  o.add_user("ada", "admin");
  const auto session = o.log_in("ada", kPassword);
  const std::string csrf = json::parse(session.body)->string_or("csrf");
  const std::string next = "another horse battery";
  const auto changed = o.ask("POST", "/api/v1/password", R"({"password": ")" + std::string(kPassword) + R"(", "new_password": ")" + next + "\"}", {{"Cookie", Outside::cookie_in(session)}, {kCsrfHeader, csrf}});
  REQUIRE(changed.status == 200);

  const std::string trail = o.f.ask("GET", "/api/v1/audit").body;
  CHECK(trail.find("password_change") != std::string::npos);
  CHECK(trail.find(next) == std::string::npos);
  CHECK(trail.find(kPassword) == std::string::npos);
}

TEST_CASE("auth: a secret that a remote quotes does not leave with an answer", "[admin]") {
  Outside o;
  o.f.connections_view = Object{{"erp", Value(Object{{"kind", "frappe"}, {"state", "failing"}, {"reason", "denied: key s3cret is unknown"}})}};

  for (const char* path : {"/api/v1/status", "/api/v1/connections", "/api/v1/connections/erp"}) {
    INFO(path);
    const std::string body = o.f.ask("GET", path).body;
    CHECK(body.find("s3cret") == std::string::npos);
    CHECK(body.find("[secret X]") != std::string::npos);
  }
}

TEST_CASE("auth: a secret is hidden in texts; numbers, names of members and what names something stay", "[admin]") {
  Outside o;
  o.f.connections_view = Object{{"s3cret", Value(Object{{"kind", "s3cret"}, {"state", "failing"}, {"reason", "key s3cret is unknown"}, {"calls", 120240501}})}};

  const Value all = o.f.get("/api/v1/status");

  const Value* connection = all.at_path("connections.s3cret");
  REQUIRE(connection != nullptr);
  CHECK(connection->string_or("kind") == "s3cret");
  CHECK(connection->string_or("reason") == "key [secret X] is unknown");
  CHECK(connection->int_or("calls", 0) == 120240501);
}

TEST_CASE("auth: who may write a script sees it as it is, others with its secrets hidden", "[admin]") {
  Outside o;
  o.f.script = "local by = 's3cret'";

  CHECK(o.f.get("/api/v1/mappings/people/source").string_or("source") == o.f.script);
  const auto seen = o.ask("GET", "/api/v1/mappings/people/source", "", {bearer(o.add_token("viewer"))});
  CHECK(json::parse(seen.body)->string_or("source") == "local by = '[secret X]'");
}

TEST_CASE("auth: what stands for a secret in an answer is not taken back as if it were the text", "[admin]") {
  Outside o;

  const auto refused = o.f.ask("PUT", "/api/v1/mappings/people/source", R"({"source": "local by = '[secret X]'"})");

  CHECK(refused.status == 400);
  CHECK(refused.body.find("[secret X], which stands where an answer hid a secret") != std::string::npos);
  CHECK(o.f.applied.empty());
  CHECK(o.f.ask("PUT", "/api/v1/mappings/people/source", R"({"source": "local by = '[secret Y]'"})").status == 200);
}

TEST_CASE("auth: the first user is made with the set-up code, once", "[admin]") {
  Outside o;
  const std::string code = o.f.api.setup_code();
  REQUIRE(code.size() > 20);
  const auto body = [](const std::string& with) { return R"({"code": ")" + with + R"(", "name": "ada", "password": ")" + kPassword + "\"}"; };

  CHECK(o.ask("POST", "/api/v1/setup", body("guess")).status == 403);
  const auto response = o.ask("POST", "/api/v1/setup", body(code));

  REQUIRE(response.status == 200);
  CHECK(json::parse(response.body)->string_or("role") == "admin");
  CHECK(o.f.first_users == 1);
  CHECK(o.f.api.setup_code().empty());
  CHECK(o.ask("POST", "/api/v1/setup", body(code)).status == 403);
}

TEST_CASE("auth: a set-up with a bad password does not use up the link", "[admin]") {
  Outside o;
  const std::string code = o.f.api.setup_code();

  CHECK(o.ask("POST", "/api/v1/setup", R"({"code": ")" + code + R"(", "name": "ada", "password": "short"})").status == 400);
  CHECK(o.ask("POST", "/api/v1/setup", R"({"code": ")" + code + R"(", "name": "ada", "password": "          "})").status == 400);

  CHECK(o.f.api.setup_code() == code);
}

TEST_CASE("auth: a name of somebody else's that points here is not answered", "[admin]") {
  Outside o;
  o.add_user("ada", "admin");
  const std::string token = o.add_token("admin");

  CHECK(o.ask("GET", "/api/v1/operations", "", {bearer(token), {"Host", "evil.example"}}).status == 421);
  CHECK(o.ask("GET", "/", "", {{"Host", "evil.example"}}).status == 421);
  CHECK(o.ask("GET", "/ping", "", {{"Host", "monitor.example"}}).status == 200);
  o.f.settings.hosts = {"sync.example.org"};
  CHECK(o.ask("GET", "/api/v1/operations", "", {bearer(token), {"Host", "Sync.Example.org:443"}}).status == 200);
  CHECK(o.ask("GET", "/api/v1/operations", "", {bearer(token), {"Host", "192.0.2.7:8080"}}).status == 200);
}

TEST_CASE("auth: foreign pages may read nothing unless tidewire.lua lists them", "[admin]") {
  Outside o;
  const std::string token = o.add_token("viewer");
  const std::pair<std::string, std::string> origin{"Origin", "https://desk.example.org"};
  CHECK(o.ask("GET", "/api/v1/operations", "", {bearer(token), origin}).headers.find("Access-Control-Allow-Origin") == nullptr);

  o.f.settings.origins = {"https://desk.example.org"};

  const auto asked = o.ask("GET", "/api/v1/operations", "", {bearer(token), origin});
  REQUIRE(asked.headers.find("Access-Control-Allow-Origin") != nullptr);
  CHECK(*asked.headers.find("Access-Control-Allow-Origin") == "https://desk.example.org");
  CHECK(asked.headers.find("Access-Control-Allow-Credentials") == nullptr);
  REQUIRE(asked.headers.find("Access-Control-Expose-Headers") != nullptr);
  CHECK(asked.headers.find("Access-Control-Expose-Headers")->find("Retry-After") != std::string::npos);
  CHECK(o.ask("GET", "/api/v1/operations", "", {bearer(token), {"Origin", "https://evil.example"}}).headers.find("Access-Control-Allow-Origin") == nullptr);
  const auto preflight = o.ask("OPTIONS", "/api/v1/sync", "", {origin, {"Access-Control-Request-Method", "POST"}});
  CHECK(preflight.status == 204);
  CHECK(preflight.headers.find("Access-Control-Allow-Headers") != nullptr);
}

TEST_CASE("auth: who asks too much is told when to come again", "[admin]") {
  Outside o;
  const std::string token = o.add_token("viewer");

  int limited = 0;
  for (int i = 0; i < 400; ++i) limited += o.ask("GET", "/api/v1/jobs", "", {bearer(token)}).status == 429;

  CHECK(limited == 100);
  const auto last = o.ask("GET", "/api/v1/jobs", "", {bearer(token)});
  CHECK(last.headers.find("Retry-After") != nullptr);
  o.f.world.clock.pass(std::chrono::seconds(1));
  CHECK(o.ask("GET", "/api/v1/jobs", "", {bearer(token)}).status == 200);
}

TEST_CASE("auth: a wait that ended while it was told is still told as a second", "[admin]") {
  for (const auto& [wait, told] : {std::pair{0, "1"}, std::pair{1, "1"}, std::pair{1000, "1"}, std::pair{1001, "2"}}) {
    Error error = make_error(Code::kThrottled, "too many requests");
    error.retry_after = std::chrono::milliseconds(wait);
    CHECK(*admin::problem(error).headers.find("Retry-After") == told);
  }
}

TEST_CASE("auth: every answer forbids foreign scripts, frames and guesses at its type", "[admin]") {
  Outside o;

  for (const char* path : {"/", "/docs", "/api/v1/session", "/nothing", "/ping"}) {
    INFO(path);
    const auto response = o.ask("GET", path);
    const std::string* policy = response.headers.find("Content-Security-Policy");
    REQUIRE(policy != nullptr);
    CHECK(policy->find("unsafe") == std::string::npos);
    CHECK(policy->find("default-src 'none'") != std::string::npos);
    CHECK(*response.headers.find("X-Content-Type-Options") == "nosniff");
  }
}

TEST_CASE("auth: the token of tidewire.lua is an administrator's", "[admin]") {
  Outside o;
  o.f.api.accounts().use_fixed_token("a-secret-of-the-environment");

  CHECK(o.ask("GET", "/api/v1/users", "", {bearer("a-secret-of-the-environment")}).status == 200);
  CHECK(o.ask("GET", "/api/v1/users", "", {bearer("a-secret-of-the-environmenT")}).status == 401);
}

TEST_CASE("auth: a trigger token runs its one mapping and does nothing else", "[admin]") {
  Outside o;
  const std::string token = o.add_token("trigger", "people");

  CHECK(o.ask("POST", "/trigger/people", "whatever n8n sends", {bearer(token)}).status == 202);
  CHECK(o.ask("POST", "/trigger/others", "", {bearer(token)}).status == 403);
  CHECK(o.ask("GET", "/api/v1/operations", "", {bearer(token)}).status == 403);
  CHECK(o.ask("POST", "/trigger/people").status == 401);
  const auto nothing = o.f.ask("POST", "/api/v1/tokens", R"({"name": "x", "role": "trigger"})");
  CHECK(nothing.status == 400);
  CHECK(nothing.body.find("'mapping' is missing") != std::string::npos);
  const auto too_much = o.f.ask("POST", "/api/v1/tokens", R"({"name": "x", "role": "viewer", "mapping": "people"})");
  CHECK(too_much.status == 400);
  CHECK(too_much.body.find("'mapping' goes with the role trigger") != std::string::npos);
  CHECK(o.f.ask("POST", "/api/v1/tokens", R"({"name": "x", "role": "trigger", "mapping": "poeple"})").status == 404);
}

TEST_CASE("auth: a thousand triggers are one run, and one more where some came during it", "[admin]") {
  Outside o;
  const std::string token = o.add_token("trigger", "people");

  for (int i = 0; i < 1000; ++i) REQUIRE(o.ask("POST", "/trigger/people", "", {bearer(token)}).status == 202);
  CHECK(o.f.api.triggers().runs() == 0);
  o.f.world.timers.advance(Triggers::kGather);
  CHECK(o.f.api.triggers().runs() == 1);
}

TEST_CASE("auth: a trigger that was answered is run, though the process dies before its run began", "[admin]") {
  Outside o;
  o.add_user("ada", "admin");
  const std::string token = o.add_token("trigger", "people");
  REQUIRE(o.ask("POST", "/trigger/people", "", {bearer(token)}).status == 202);

  const auto runs_of_next_start = [&o] {
    Api next(o.f);
    next.triggers().resume();
    o.f.world.timers.advance(Triggers::kGather);
    o.f.world.timers.advance(std::chrono::seconds(1));
    return next.triggers().runs();
  };
  CHECK(runs_of_next_start() == 1);
  CHECK(runs_of_next_start() == 0);
  CHECK(o.f.get("/api/v1/jobs").at_path("jobs")->as_array().front().string_or("author") == "token ci");
}

TEST_CASE("auth: a job names who asked for it", "[admin]") {
  Outside o;
  o.add_user("ada", "admin");
  const std::string token = o.add_token("operator");
  REQUIRE(o.ask("POST", "/api/v1/sync", "{}", {bearer(token)}).status == 202);

  CHECK(o.f.get("/api/v1/jobs").at_path("jobs")->as_array().front().string_or("author") == "token ci");
}

TEST_CASE("auth: the second request of an idempotency key gets the first one's answer", "[admin]") {
  Outside o;
  const std::string token = o.add_token("operator");
  const std::pair<std::string, std::string> key{"Idempotency-Key", "k1"};

  const auto first = o.ask("POST", "/api/v1/sync", "{}", {bearer(token), key});
  const auto second = o.ask("POST", "/api/v1/sync", "{}", {bearer(token), key});
  const auto other = o.ask("POST", "/api/v1/sync", R"({"all": true})", {bearer(token), key});

  CHECK(first.status == 202);
  CHECK(second.status == 202);
  CHECK(second.body == first.body);
  CHECK(second.headers.find("Idempotent-Replayed") != nullptr);
  REQUIRE((first.headers.find("Location") != nullptr && second.headers.find("Location") != nullptr));
  CHECK(*second.headers.find("Location") == *first.headers.find("Location"));
  CHECK(other.status == 422);
  CHECK(o.f.get("/api/v1/jobs").find("jobs")->as_array().size() == 1);
}

TEST_CASE("auth: strangers do not share their idempotency keys", "[admin]") {
  Outside o;
  const std::pair<std::string, std::string> key{"Idempotency-Key", "k1"};

  CHECK(o.ask("POST", "/api/v1/logout", "{}", {key}).status == 200);
  CHECK(o.ask("POST", "/api/v1/logout", "", {key}).status == 200);
}

TEST_CASE("auth: every change keeps to its idempotency key, unless its answer shows a secret", "[admin]") {
  Outside o;
  const std::string token = o.add_token("admin");
  o.f.world.left.insert(Value(Object{{"email", "ada@example.org"}, {"note", "n"}}));
  o.f.run_job("{}");
  const std::pair<std::string, std::string> key{"Idempotency-Key", "k1"};
  const auto ignore = [&] { return o.ask("POST", "/api/v1/links/ignore", R"({"mapping": "people", "key": "L1", "field": "note"})", {bearer(token), key}); };

  const auto first = ignore(), second = ignore();
  CHECK(first.status == 200);
  CHECK(second.body == first.body);
  CHECK(second.headers.find("Idempotent-Replayed") != nullptr);
  CHECK(o.f.get("/api/v1/operations?kind=ignore").find("operations")->as_array().size() == 1);

  int kept = 0;
  for (const Route* route : own_routes()) {
    if (std::string_view(route->method) == "GET" || route->shows_secret) continue;
    std::string path = route->path;
    for (auto at = path.find('{'); at != std::string::npos; at = path.find('{')) path.replace(at, path.find('}') - at + 1, "people");
    INFO(route->method << " " << path);
    const auto ask = [&] { return o.ask(route->method, path, "{}", {bearer(token), {"Idempotency-Key", route->id}}); };
    if (ask().status >= 400) continue;
    ++kept;
    CHECK(ask().headers.find("Idempotent-Replayed") != nullptr);
  }
  CHECK(kept > 5);
}
