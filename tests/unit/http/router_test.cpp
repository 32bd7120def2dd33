#include "http/router.h"

#include <catch2/catch.hpp>

using namespace tidewire::http;

namespace {

struct Routed {
  Router router;
  std::string called;
  Response response;

  Routed() {
    add("GET", "/", "root");
    add("POST", "/webhook/{connection}", "webhook");
    add("GET", "/api/jobs", "jobs");
    add("POST", "/api/jobs", "new job");
    add("GET", "/api/{kind}/{key}", "record");
    add("GET", "/ui/{file*}", "ui");
  }
  void add(const std::string& method, const std::string& pattern, const std::string& name) {
    router.add(method, pattern, [this, name](Request, const Params& params, Reply reply) {
      called = name;
      for (const char* key : {"connection", "kind", "key", "file"}) {
        if (!params[key].empty()) called += " " + params[key];
      }
      reply(Response::text(200, ""));
    });
  }
  std::string go(const std::string& method, const std::string& target) {
    called.clear();
    router.handle({.method = method, .target = target},
                  Reply([this](Response answer) { response = std::move(answer); }));
    return called;
  }
};

}  // namespace

TEST_CASE("router: method and path choose, braces take a decoded segment", "[http]") {
  Routed routed;

  CHECK(routed.go("GET", "/") == "root");
  CHECK(routed.go("POST", "/webhook/erp?x=1") == "webhook erp");
  CHECK(routed.go("GET", "/api/jobs") == "jobs");
  CHECK(routed.go("POST", "/api/jobs") == "new job");
  CHECK(routed.go("GET", "/api/Sales%20Order/A%2FB") == "record Sales Order A/B");
  CHECK(routed.go("GET", "/ui/js/app.js") == "ui js/app.js");
  CHECK(routed.go("HEAD", "/api/jobs") == "jobs");
}

TEST_CASE("router: 404 for no path, 405 with Allow for the wrong method", "[http]") {
  Routed routed;

  for (const char* path : {"/nothing", "/webhook", "/webhook/", "/webhook/a/b", "/api/jobs/", "//", ""}) {
    INFO(path);
    CHECK(routed.go("POST", path).empty());
    CHECK(routed.response.status == 404);
  }
  CHECK(routed.go("DELETE", "/api/jobs").empty());
  CHECK(routed.response.status == 405);
  CHECK(*routed.response.headers.find("Allow") == "GET, HEAD, POST");
  CHECK(routed.go("OPTIONS", "/webhook/erp").empty());
  CHECK(routed.response.status == 204);
  CHECK(*routed.response.headers.find("Allow") == "POST");
}

TEST_CASE("reply: forgotten it answers 500, moved it answers once", "[http]") {
  std::vector<int> statuses;
  const auto note = [&](Response response) { statuses.push_back(response.status); };

  { Reply forgotten(note); }
  {
    Reply first(note);
    Reply second(std::move(first));
    second(Response::text(200, ""));
  }

  CHECK(statuses == std::vector{500, 200});
}
