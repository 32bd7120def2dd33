#include <map>

#include "base/text.h"
#include "outside.h"

using namespace tidewire;
using namespace tidewire::admin;

TEST_CASE("accounts: the last administrator stays one", "[admin]") {
  Outside o;
  CHECK(o.f.ask("PUT", "/api/v1/users/ada", std::string(R"({"role": "viewer", "password": ")") + kPassword + "\"}").status == 400);
  o.add_user("ada", "admin");
  o.add_user("grace", "operator");

  CHECK(o.f.ask("DELETE", "/api/v1/users/ada").status == 400);
  CHECK(o.f.ask("PUT", "/api/v1/users/ada", R"({"role": "viewer"})").status == 400);
  CHECK(o.f.ask("PUT", "/api/v1/users/grace", R"({"role": "admin"})").status == 200);
  CHECK(o.f.ask("DELETE", "/api/v1/users/ada").status == 200);
}

TEST_CASE("accounts: of two administrators who take each other's role at the same time one stays", "[admin]") {
  const std::string how = GENERATE("PUT", "DELETE");
  Outside o;
  o.add_user("ada", "admin");
  o.add_user("grace", "admin");
  std::map<std::string, int> answers;
  const auto take_role_of = [&](const std::string& name) {
    http::Request request{.method = how, .target = "/api/v1/users/" + name, .body = how == "PUT" ? R"({"role": "viewer"})" : "", .peer = "local"};
    o.f.api.handle(std::move(request), http::Reply([&answers, name](http::Response response) { answers[name] = response.status; }));
  };

  take_role_of("grace");
  take_role_of("ada");
  o.f.world.timers.run_posted();

  CHECK(answers == std::map<std::string, int>{{"grace", 200}, {"ada", 400}});
  CHECK(o.f.api.accounts().user("ada")->role == "admin");
}

TEST_CASE("accounts: a name is seen as it is, so that no two look the same", "[admin]") {
  Outside o;
  o.add_user("ada", "admin");
  for (const char* name : {"ad\u200ba", "ada\u00a0", "\u202eada", "ada\u2066", "a\u00adda", "\ufeffada", "ada\u3164", "ada\u0085", "a\u061cda", "ada\ufe0f", "local"}) {
    INFO(name);
    std::string target = "/api/v1/users/";
    for (const char* c = name; *c != 0; ++c) target += static_cast<unsigned char>(*c) < 0x80 ? std::string(1, *c) : format("%%%02X", static_cast<unsigned char>(*c));
    CHECK(o.f.ask("PUT", target, std::string(R"({"role": "viewer", "password": ")") + kPassword + "\"}").status == 400);
    if (std::string_view(name) != "local") CHECK(o.f.ask("POST", "/api/v1/tokens", R"({"name": ")" + std::string(name) + "\"}").status == 400);
  }
  for (const char* name : {"%C3%85sa", "%E6%9D%8E", "o.brien@example.org"}) CHECK(o.f.ask("PUT", std::string("/api/v1/users/") + name, std::string(R"({"role": "viewer", "password": ")") + kPassword + "\"}").status == 200);
  CHECK(o.f.ask("POST", "/api/v1/tokens", R"({"name": "n8n of Ada"})").status == 201);
}
