#include "app/handshake.h"

#include <catch2/catch.hpp>

#include "base/hash.h"
#include "base/json.h"

using namespace tidewire;
using namespace tidewire::app;

namespace {

const Value kDeclared = *json::parse(R"({"proof": {"handshake": {"member": "verification_token", "header": "X-Signature", "prefix": "sha256="}}})");

/// As its sender makes it: signed with the secret that it brings.
http::Request introduction(const std::string& secret) {
  http::Request request;
  request.body = json::dump(Value(Object{{"verification_token", secret}}));
  request.headers.set("X-Signature", "sha256=" + hex(Hmac(secret).sign(request.body)));
  return request;
}

}  // namespace

TEST_CASE("handshake: a secret that signs its own message is told, whoever sent it", "[app]") {
  CHECK(handshake_secret(kDeclared, introduction("secret_abc")) == "secret_abc");

  auto forged = introduction("secret_abc");
  forged.body = json::dump(Value(Object{{"verification_token", "secret_def"}}));
  CHECK_FALSE(handshake_secret(kDeclared, forged));
  CHECK_FALSE(handshake_secret(Value(Object{}), introduction("secret_abc")));
}

TEST_CASE("handshake: a secret beyond all measure is none, for it would be shown whole", "[app]") {
  CHECK_FALSE(handshake_secret(kDeclared, introduction(std::string(1 << 20, 's'))));
}
