#include "admin/schema.h"

#include <algorithm>

#include <catch2/catch.hpp>

#include "admin/openapi.h"
#include "admin/route.h"
#include "base/json.h"

using namespace tidewire;
using namespace tidewire::admin;

namespace {

std::string fault(const char* body, const char* schema) {
  const auto checked = check_shape(*json::parse(body), schema);
  return checked.ok() ? "" : checked.error().message;
}

}  // namespace

TEST_CASE("schema: what fits passes", "[admin]") {
  CHECK(fault(R"({"mapping": "people", "limit": 3, "side": "left", "dry_run": true})", "Sync").empty());
  CHECK(fault(R"({"method": "value", "value": null})", "Resolution").empty());
  CHECK(fault(R"({"secrets": {"api_key": null}})", "ConnectionEdit").empty());
}

TEST_CASE("schema: null is a value, and fits where it is said", "[admin]") {
  CHECK(fault(R"({"method": null})", "Resolution") == "'method' must be a text");
  CHECK(fault(R"({"mapping": null, "method": "right"})", "AlikeResolution") == "'mapping' must be a text");
  CHECK(fault(R"({"limit": null})", "Sync") == "'limit' must be a whole number");
  CHECK(fault(R"({"options": null})", "ConnectionEdit") == "'options' must be an object");
  CHECK(fault(R"({"mapping": ""})", "Release") == "'mapping' must be a text that is not empty");
}

TEST_CASE("schema: what does not fit is named, with what is wanted", "[admin]") {
  CHECK(fault(R"({"dryrun": true})", "Sync") == "unknown key 'dryrun' (did you mean 'dry_run'?)");
  CHECK(fault(R"({"limit": -1})", "Sync") == "'limit' must be at least 0");
  CHECK(fault(R"({"limit": "3"})", "Sync") == "'limit' must be a whole number");
  CHECK(fault(R"({"side": "up"})", "Sync") == "'side' must be one of left, right");
  CHECK(fault(R"([1])", "Sync") == "the body must be a JSON object");
  CHECK(fault(R"({})", "Resolution") == "'method' is missing");
  CHECK(fault(R"({"mapping": "m", "side": "left", "key": "k", "reason": "x"})", "Discard") == "'reason' must be at least 3 characters long");
  CHECK(fault(R"({"until": 7})", "Pause") == "'until' must be a text");
}

TEST_CASE("schema: every route names schemas that are there, a role, and says what it does", "[admin]") {
  for (const Route* route : all_routes()) {
    INFO(route->method << " " << route->path);
    CHECK((*route->body == '\0' || schemas().find(route->body) != nullptr));
    CHECK((*route->answer == '\0' || schemas().find(route->answer) != nullptr));
    CHECK(*route->summary != '\0');
    const bool reads = std::string_view(route->method) == "GET";
    CHECK((!reads || *route->action == '\0'));
    CHECK((!reads || *route->body == '\0'));
  }
}

TEST_CASE("schema: every change is audited, or says itself why not", "[admin]") {
  // These write the trail themselves, or change nothing that is kept.
  const std::vector<std::string> apart{"log_in", "log_out", "set_up", "discard", "check", "test_connection", "try_source", "try_mapping", "suggest_mapping", "preview_resolution", "trigger", "webhook",
                                       "unlink", "relink", "merge", "ignore", "heed", "reset_base", "reset_stale", "forget", "acknowledge"};
  for (const Route* route : all_routes()) {
    if (std::string_view(route->method) == "GET" || std::find(apart.begin(), apart.end(), route->id) != apart.end()) continue;
    INFO(route->method << " " << route->path);
    CHECK(*route->action != '\0');
  }
}

TEST_CASE("schema: the document holds every route, those of earlier services as deprecated", "[admin]") {
  const Value document = openapi_document();
  std::size_t documented = 0, deprecated = 0, aliases = 0;
  for (const auto& [path, methods] : document.find("paths")->as_object()) {
    documented += methods.as_object().size();
    for (const auto& [method, operation] : methods.as_object()) deprecated += operation.bool_or("deprecated", false);
  }
  for (const Route* route : all_routes()) aliases += route->alias != nullptr;

  CHECK(documented == all_routes().size());
  CHECK(deprecated == aliases);
  CHECK(document.find("paths")->find("/api/sync/{mapping}")->at_path("post.x-stands-for")->as_string() == "sync");
  CHECK(document.string_or("openapi") == "3.1.0");
  const Value& webhook = *document.find("paths")->find("/webhook/{connection}")->find("post");
  for (const char* status : {"202", "400", "401", "404", "413", "429", "503", "default"}) CHECK(webhook.find("responses")->find(status) != nullptr);
  CHECK(webhook.at_path("responses.429.headers.Retry-After") != nullptr);
  REQUIRE(webhook.at_path("security.0.proof") != nullptr);
  CHECK(document.at_path("components.securitySchemes.proof") != nullptr);
}
