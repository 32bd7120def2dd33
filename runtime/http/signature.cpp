#include "http/signature.h"

namespace tidewire::http {

Prover::Prover(Proof proof) : proof_(std::move(proof)) {
  std::erase(proof_.secrets, std::string());
  if (proof_.kind != Proof::Kind::kHmacSha256) return;
  for (const auto& secret : proof_.secrets) keys_.push_back(std::make_unique<Hmac>(secret));
}

Proved Prover::prove(const Request& request) {
  if (proof_.kind == Proof::Kind::kNone) return Proved::kYes;
  const std::string* header = request.headers.find(proof_.header);
  if (header == nullptr || header->empty() || request.headers.count(proof_.header) != 1) return Proved::kMissing;
  std::string_view sent = *header;
  if (!sent.starts_with(proof_.prefix)) return Proved::kWrong;
  sent.remove_prefix(proof_.prefix.size());
  const bool proved = proof_.kind == Proof::Kind::kHmacSha256 ? proves_hmac(sent, request.body) : proves_secret(sent);
  return proved ? Proved::kYes : Proved::kWrong;
}

bool Prover::proves_hmac(std::string_view sent, std::string_view body) {
  const auto digest = proof_.encoding == Proof::Encoding::kHex ? from_hex(sent) : from_base64(sent);
  if (!digest) return false;
  // Every key is tried whatever the first one says: which of them fits is nobody's business.
  bool proved = false;
  for (const auto& key : keys_) proved |= constant_time_equal(key->sign(body), *digest);
  return proved;
}

bool Prover::proves_secret(std::string_view sent) const {
  bool proved = false;
  for (const auto& secret : proof_.secrets) proved |= constant_time_equal(secret, sent);
  return proved;
}

Proved prove(const Proof& proof, const Request& request) { return Prover(proof).prove(request); }

}  // namespace tidewire::http
