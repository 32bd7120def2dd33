#include "unit/admin/api_fixture.h"

namespace tidewire::admin {

TEST_CASE("a connection's secrets come in, and neither the answer nor the audit trail has them", "[admin][authoring]") {
  ApiFixture fixture;
  const std::string body = R"({"name": "crm", "kind": "frappe", "options": {"url": "https://crm.example.org", "limits": {"parallel": 2}}, "secrets": {"api_key": "hidden-text"}})";

  const Value made = fixture.post("/api/v1/connections", body, 201);

  CHECK(made.string_or("file") == "connections/crm.lua");
  REQUIRE(fixture.authoring_.drafts.size() == 1);
  CHECK(fixture.authoring_.drafts[0].secrets.string_or("api_key") == "hidden-text");
  const std::string audit = json::dump(fixture.get("/api/v1/audit"));
  CHECK(audit.find("hidden-text") == std::string::npos);
  CHECK(audit.find("create_connection") != std::string::npos);
  CHECK(audit.find("https://crm.example.org") != std::string::npos);
  CHECK(audit.find("api_key") != std::string::npos);
}

TEST_CASE("a connection that is refused is not in the audit trail", "[admin][authoring]") {
  ApiFixture fixture;

  fixture.post("/api/v1/connections", R"({"name": "taken", "kind": "frappe"})", 400);

  CHECK(fixture.get("/api/v1/audit").find("audit")->as_array().empty());
}

TEST_CASE("a secret must be a text or null, and what the body says besides is refused", "[admin][authoring]") {
  ApiFixture fixture;

  CHECK(fixture.ask("POST", "/api/v1/connections", R"({"name": "crm"})").status == 400);
  CHECK(fixture.ask("POST", "/api/v1/connections", R"({"name": "crm", "kind": "frappe", "secret": {}})").status == 400);
  CHECK(fixture.ask("PUT", "/api/v1/connections/crm", R"({"secrets": []})").status == 400);
  CHECK(fixture.authoring_.drafts.empty());
}

TEST_CASE("a draft of a connection is tried without being one", "[admin][authoring]") {
  ApiFixture fixture;

  const Value tested = fixture.post("/api/v1/connection-drafts", R"({"kind": "frappe", "options": {}, "secrets": {"api_key": null}})", 200);

  CHECK(tested.bool_or("ok", false));
  CHECK(tested.at_path("answer.user")->as_string() == "ada");
}

TEST_CASE("a new mapping that does not load is refused with its line", "[admin][authoring]") {
  ApiFixture fixture;

  const auto refused = fixture.ask("POST", "/api/v1/mappings", R"({"name": "x", "source": "bad"})");
  const auto made = fixture.ask("POST", "/api/v1/mappings", R"({"name": "x", "source": "good", "enabled": false})");

  CHECK(refused.status == 422);
  CHECK(refused.body.find("mappings/x.lua:3") != std::string::npos);
  CHECK(made.status == 201);
  CHECK_FALSE(fixture.authoring_.enabled_);
}

TEST_CASE("an edit that does not load is refused with its problems, and is not in the audit trail", "[admin][authoring]") {
  ApiFixture fixture;

  const auto refused = fixture.ask("PUT", "/api/v1/mappings/people/source", R"({"source": "bad"})");
  const Value said = ApiFixture::body_of(refused, 422);
  CHECK(said.string_or("code") == "invalid");
  CHECK(said.string_or("detail") == "mappings/people.lua:3: no such field");
  CHECK(said.at_path("problems.0.line")->as_int() == 3);
  CHECK(fixture.get("/api/v1/audit").find("audit")->as_array().empty());

  CHECK(fixture.ask("PUT", "/api/v1/mappings/people/source", R"({"source": "good"})").status == 200);
  CHECK(fixture.get("/api/v1/audit").at_path("audit.0.action")->as_string() == "apply_source");
}

}  // namespace tidewire::admin
