#include "app/handshake.h"

#include "base/json.h"
#include "http/signature.h"

namespace tidewire::app {

namespace {

constexpr std::size_t kLongestSecret = 200;  // it is shown whole, and anybody may send one

}  // namespace

std::optional<std::string> handshake_secret(const Value& declared, const http::Request& request) {
  const Value* shape = declared.at_path("proof.handshake");
  if (shape == nullptr || !shape->is_object()) return std::nullopt;
  const Result<Value> body = json::parse(request.body);
  if (!body.ok() || !body->is_object()) return std::nullopt;
  const std::string secret = body->string_or(shape->string_or("member"));
  if (secret.empty() || secret.size() > kLongestSecret) return std::nullopt;
  http::Proof proof;
  proof.kind = http::Proof::Kind::kHmacSha256;
  proof.encoding = http::Proof::Encoding::kHex;
  proof.header = shape->string_or("header");
  proof.prefix = shape->string_or("prefix");
  proof.secrets = {secret};
  if (http::prove(proof, request) != http::Proved::kYes) return std::nullopt;
  return secret;
}

}  // namespace tidewire::app
