// outside.h — the API asked over TCP: with a token, a login, or by nobody.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api_fixture.h"

namespace tidewire::admin {

inline constexpr const char* kPassword = "correct horse battery";

/// Over TCP, from this machine.
struct Outside {
  ApiFixture f;

  http::Response ask(const std::string& method, const std::string& target, const std::string& body = "", std::vector<std::pair<std::string, std::string>> headers = {}) {
    http::Request request;
    request.method = method;
    request.target = target;
    request.body = body;
    request.peer = "127.0.0.1";
    request.headers.set("Host", "127.0.0.1:8080");
    for (auto& [name, value] : headers) request.headers.set(name, value);
    return f.send(std::move(request));
  }
  void add_user(const std::string& name, const std::string& role) {
    REQUIRE(f.ask("PUT", "/api/v1/users/" + name, R"({"role": ")" + role + R"(", "password": ")" + kPassword + "\"}").status == 200);
  }
  std::string add_token(const std::string& role, const std::string& mapping = "") {
    const std::string more = mapping.empty() ? "" : R"(, "mapping": ")" + mapping + "\"";
    return f.post("/api/v1/tokens", R"({"name": "ci", "role": ")" + role + "\"" + more + "}", 201).string_or("token");
  }
  http::Response log_in(const std::string& name, const std::string& password) {
    return ask("POST", "/api/v1/login", R"({"name": ")" + name + R"(", "password": ")" + password + "\"}");
  }
  static std::string cookie_in(const http::Response& response) {
    const std::string* set = response.headers.find("Set-Cookie");
    REQUIRE(set != nullptr);
    return set->substr(0, set->find(';'));
  }
};

inline std::pair<std::string, std::string> bearer(const std::string& token) { return {"Authorization", "Bearer " + token}; }


}  // namespace tidewire::admin
