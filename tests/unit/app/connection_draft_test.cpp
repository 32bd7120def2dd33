#include "app/connection_draft.h"

#include <catch2/catch.hpp>

#include "base/json.h"

namespace tidewire::app {
namespace {

const Value kFrappe = *json::parse(R"({"kind": "frappe", "options": [{"name": "url", "type": "url"}, {"name": "api_key", "type": "secret", "secret": true}]})");
const Value kHttp = *json::parse(R"({"kind": "http", "options": [{"name": "auth", "type": "table"}]})");

admin::ConnectionDraft draft(const char* kind, const char* options, const char* secrets) {
  admin::ConnectionDraft made{.name = "crm", .kind = kind};
  if (*options != '\0') made.options = *json::parse(options);
  made.secrets = *json::parse(secrets);
  return made;
}

std::string text(const Value& value) { return json::dump(value); }

}  // namespace

TEST_CASE("secrets become variables of the connection's name, and markers in its options", "[app][connections]") {
  const auto made = made_from(draft("frappe", R"({"url": "https://crm.example.org"})", R"({"api_key": "k"})"), nullptr, kFrappe, {});

  REQUIRE(made.ok());
  CHECK(text(made->connection.config) == R"({"api_key":{"$secret":"CRM_API_KEY"},"url":"https://crm.example.org"})");
  CHECK(made->variables.at("CRM_API_KEY") == "k");
}

TEST_CASE("a variable that somebody else names is not taken", "[app][connections]") {
  const auto made = made_from(draft("frappe", "{}", R"({"api_key": "k"})"), nullptr, kFrappe, {"CRM_API_KEY", "CRM_API_KEY_2"});

  REQUIRE(made.ok());
  CHECK(made->variables.contains("CRM_API_KEY_3"));
}

TEST_CASE("a secret within a table of options goes by its path, and into a list that is there", "[app][connections]") {
  const auto made = made_from(draft("http", R"({"auth": {"basic": ["ada"]}})", R"({"auth.basic.1": "p", "webhook.secret": "w"})"), nullptr, kHttp, {});

  REQUIRE(made.ok());
  CHECK(text(made->connection.config) == R"({"auth":{"basic":["ada",{"$secret":"CRM_AUTH_BASIC_1"}]},"webhook":{"secret":{"$secret":"CRM_WEBHOOK_SECRET"}}})");
}

TEST_CASE("what is not named stays, null takes away", "[app][connections]") {
  const ConnectionConfig present{"frappe", *json::parse(R"({"url": "https://a", "api_key": {"$secret": "OLD_KEY"}, "webhook_secret": [{"$secret": "ONE"}, {"$secret": "TWO"}]})")};

  const auto made = made_from(draft("frappe", R"({"url": "https://a", "zone": "UTC"})", R"({"webhook_secret.1": null})"), &present, kFrappe, {});

  REQUIRE(made.ok());
  CHECK(text(made->connection.config) == R"({"api_key":{"$secret":"OLD_KEY"},"url":"https://a","webhook_secret":[{"$secret":"ONE"}],"zone":"UTC"})");
  CHECK(made->variables.at("TWO") == std::nullopt);
  CHECK(made->variables.size() == 1);
}

TEST_CASE("a stored secret is not sent to another address", "[app][connections]") {
  const ConnectionConfig present{"frappe", *json::parse(R"({"url": "https://a", "api_key": {"$secret": "OLD_KEY"}})")};

  const auto refused = made_from(draft("frappe", R"({"url": "https://elsewhere"})", "{}"), &present, kFrappe, {});
  const auto fine = made_from(draft("frappe", R"({"url": "https://elsewhere"})", R"({"api_key": "typed again"})"), &present, kFrappe, {});

  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.find("api_key") != std::string::npos);
  CHECK(fine.ok());
}

TEST_CASE("an address within a table is one too", "[app][connections]") {
  const ConnectionConfig present{"http", *json::parse(R"({"url": "https://a", "auth": {"oauth": {"url": "https://a/token", "id": "i", "secret": {"$secret": "OLD"}}}})")};
  const char* moved = R"({"url": "https://a", "auth": {"oauth": {"url": "https://elsewhere/token", "id": "i"}}})";
  const char* same = R"({"url": "https://a", "auth": {"oauth": {"url": "https://a/token", "id": "j"}}})";

  CHECK_FALSE(made_from(draft("http", moved, "{}"), &present, kHttp, {}).ok());
  CHECK(made_from(draft("http", moved, R"({"auth.oauth.secret": "typed again"})"), &present, kHttp, {}).ok());
  CHECK(made_from(draft("http", same, "{}"), &present, kHttp, {}).ok());
}

TEST_CASE("a form names no variable: it would be sent where the form says", "[app][connections]") {
  const ConnectionConfig present{"http", *json::parse(R"({"url": {"$env": "CRM_URL"}, "headers": {"X-Site": {"$env": "SITE"}}})")};
  const char* other = R"({"url": {"$env": "ERP_KEY"}})";
  const char* beside = R"({"url": {"$env": "CRM_URL"}, "headers": {"X-Site": {"$env": "SITE"}, "X-Key": {"$env": "SITE"}}})";

  const auto refused = made_from(draft("http", other, "{}"), nullptr, kHttp, {});

  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.find("'url' names a variable") != std::string::npos);
  CHECK_FALSE(made_from(draft("http", other, "{}"), &present, kHttp, {}).ok());
  CHECK_FALSE(made_from(draft("http", beside, "{}"), &present, kHttp, {}).ok());
  CHECK(made_from(draft("http", R"({"url": {"$env": "CRM_URL"}, "headers": {"X-Site": {"$env": "SITE"}}, "rate": "2/s"})", "{}"), &present, kHttp, {}).ok());
}

TEST_CASE("a secret's path is no longer than any option's", "[app][connections]") {
  std::string deep = "a";
  for (int i = 0; i < 300'000; ++i) deep += ".a";

  const auto refused = made_from(draft("http", "{}", ("{\"" + deep + "\": \"s\"}").c_str()), nullptr, kHttp, {});

  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.size() < 300);
}

TEST_CASE("a secret among the options is refused, at the top and within a table", "[app][connections]") {
  CHECK_FALSE(made_from(draft("frappe", R"({"api_key": "in clear"})", "{}"), nullptr, kFrappe, {}).ok());
  CHECK_FALSE(made_from(draft("http", R"({"auth": {"bearer": "in clear"}})", "{}"), nullptr, kHttp, {}).ok());
  CHECK_FALSE(made_from(draft("http", R"({"x": {"$secret": "ERP_KEY"}})", "{}"), nullptr, kHttp, {}).ok());
  CHECK(made_from(draft("http", R"({"auth": {"header": "X-Api-Key"}})", R"({"auth.secret": "s"})"), nullptr, kHttp, {}).ok());
}

TEST_CASE("a form gets the options without any secret", "[app][connections]") {
  const Value config = *json::parse(R"({"url": "https://a", "api_key": {"$secret": "K"}, "webhook": {"header": "x", "secret": {"$secret": "W"}}, "both": [{"$secret": "A"}, {"$secret": "B"}]})");

  CHECK(text(without_secrets(config)) == R"({"url":"https://a","webhook":{"header":"x"}})");
  CHECK(secrets_in(config).size() == 4);
}

}  // namespace tidewire::app
