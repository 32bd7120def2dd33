#include "http/signature.h"

#include <catch2/catch.hpp>

using namespace tidewire;
using namespace tidewire::http;

namespace {

Request signed_by(const std::string& header, const std::string& value, const std::string& body = "{\"a\":1}") {
  Request request{.method = "POST", .body = body};
  request.headers.add(header, value);
  return request;
}

Proof hmac(Proof::Encoding encoding, const std::string& prefix, std::vector<std::string> secrets) {
  return {.kind = Proof::Kind::kHmacSha256,
          .encoding = encoding,
          .header = "X-Sig",
          .prefix = prefix,
          .secrets = std::move(secrets)};
}

std::string sign(const std::string& key, const std::string& body = "{\"a\":1}") { return Hmac(key).sign(body); }

}  // namespace

TEST_CASE("signature: an HMAC of the raw body, in hex or base64, with a prefix", "[http]") {
  CHECK(prove(hmac(Proof::Encoding::kHex, "sha256=", {"k"}), signed_by("x-sig", "sha256=" + hex(sign("k")))) ==
        Proved::kYes);
  CHECK(prove(hmac(Proof::Encoding::kBase64, "", {"k"}), signed_by("X-Sig", base64(sign("k")))) == Proved::kYes);
  CHECK(prove(hmac(Proof::Encoding::kHex, "", {"k"}), signed_by("X-Sig", hex(sign("k")), "{\"a\":2}")) ==
        Proved::kWrong);
  CHECK(prove(hmac(Proof::Encoding::kHex, "", {"k"}), signed_by("X-Sig", hex(sign("other")))) == Proved::kWrong);
  CHECK(prove(hmac(Proof::Encoding::kHex, "sha256=", {"k"}), signed_by("X-Sig", hex(sign("k")))) == Proved::kWrong);
  CHECK(prove(hmac(Proof::Encoding::kHex, "", {"k"}), signed_by("X-Sig", hex(sign("k")).substr(2))) == Proved::kWrong);
  CHECK(prove(hmac(Proof::Encoding::kHex, "", {"k"}), signed_by("X-Sig", "zz")) == Proved::kWrong);
}

TEST_CASE("signature: a known answer (RFC 4231, case 2)", "[http]") {
  const auto proof = hmac(Proof::Encoding::kHex, "", {"Jefe"});
  const std::string digest = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";

  CHECK(prove(proof, signed_by("X-Sig", digest, "what do ya want for nothing?")) == Proved::kYes);
}

TEST_CASE("signature: during rotation either secret proves", "[http]") {
  Prover prover(hmac(Proof::Encoding::kHex, "", {"new", "old"}));

  CHECK(prover.prove(signed_by("X-Sig", hex(sign("new")))) == Proved::kYes);
  CHECK(prover.prove(signed_by("X-Sig", hex(sign("old")))) == Proved::kYes);
  CHECK(prover.prove(signed_by("X-Sig", hex(sign("older")))) == Proved::kWrong);
}

TEST_CASE("signature: without a secret, or with an empty one, nothing is proved", "[http]") {
  CHECK(prove(hmac(Proof::Encoding::kHex, "", {}), signed_by("X-Sig", hex(sign("")))) == Proved::kWrong);
  CHECK(prove(hmac(Proof::Encoding::kHex, "", {""}), signed_by("X-Sig", hex(sign("")))) == Proved::kWrong);
  const Proof secret{.kind = Proof::Kind::kSecretHeader, .header = "X-Key", .prefix = "Bearer ", .secrets = {""}};
  CHECK(prove(secret, signed_by("X-Key", "Bearer ")) == Proved::kWrong);
}

TEST_CASE("signature: an absent, empty or repeated header is missing", "[http]") {
  const auto proof = hmac(Proof::Encoding::kHex, "", {"k"});
  auto twice = signed_by("X-Sig", hex(sign("k")));
  twice.headers.add("x-sig", hex(sign("k")));

  CHECK(prove(proof, signed_by("Other", "x")) == Proved::kMissing);
  CHECK(prove(proof, signed_by("X-Sig", "")) == Proved::kMissing);
  CHECK(prove(proof, twice) == Proved::kMissing);
}

TEST_CASE("signature: a secret in a header", "[http]") {
  const Proof proof{
      .kind = Proof::Kind::kSecretHeader, .header = "Authorization", .prefix = "Bearer ", .secrets = {"s3cret"}};

  CHECK(prove(proof, signed_by("Authorization", "Bearer s3cret")) == Proved::kYes);
  CHECK(prove(proof, signed_by("Authorization", "Bearer s3cre")) == Proved::kWrong);
  CHECK(prove(proof, signed_by("Authorization", "s3cret")) == Proved::kWrong);
  CHECK(prove(Proof{}, Request{}) == Proved::kYes);
}
