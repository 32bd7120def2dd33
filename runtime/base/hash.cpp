#include "base/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <memory>

#include "base/result.h"

namespace tidewire {
namespace {

constexpr std::size_t kDigestBytes = 32;

struct DigestContext {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_MD* digest = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  DigestContext() = default;
  DigestContext(const DigestContext&) = delete;
  DigestContext& operator=(const DigestContext&) = delete;
  ~DigestContext() {
    EVP_MD_CTX_free(context);
    EVP_MD_free(digest);
  }
};

EVP_MAC_CTX* mac(void* context) { return static_cast<EVP_MAC_CTX*>(context); }

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The value of each character, also of those for URLs; -1 of others. Compared one by one, the letters of a signature, which follow
/// no pattern, cost a wrong guess of the processor each.
constexpr auto kBase64Digits = [] {
  std::array<signed char, 256> digits{};
  digits.fill(-1);
  for (signed char i = 0; i < 64; ++i) digits[static_cast<unsigned char>(kBase64[static_cast<std::size_t>(i)])] = i;
  digits['-'] = 62;
  digits['_'] = 63;
  return digits;
}();

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string sha256(std::string_view data) {
  // A fetched digest and a kept context hash a small record a third faster than the one-shot call.
  thread_local const DigestContext kept;
  std::array<unsigned char, kDigestBytes> digest;
  const bool done = EVP_DigestInit_ex2(kept.context, kept.digest, nullptr) == 1 &&
                    EVP_DigestUpdate(kept.context, data.data(), data.size()) == 1 &&
                    EVP_DigestFinal_ex(kept.context, digest.data(), nullptr) == 1;
  ASSERT(done, "SHA-256 cannot fail");
  return std::string(reinterpret_cast<const char*>(digest.data()), digest.size());
}

std::string sha256_hex(std::string_view data) { return hex(sha256(data)); }

std::string md5_hex(std::string_view data) {
  std::string digest(16, '\0');
  std::size_t size = 0;
  const int done = EVP_Q_digest(nullptr, "MD5", nullptr, data.data(), data.size(), reinterpret_cast<unsigned char*>(digest.data()), &size);
  ASSERT(done == 1 && size == digest.size(), "OpenSSL has MD5");
  return hex(digest);
}

Hmac::Hmac(std::string_view key) {
  EVP_MAC* algorithm = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  context_ = EVP_MAC_CTX_new(algorithm);
  EVP_MAC_free(algorithm);
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string("digest", digest, 0), OSSL_PARAM_construct_end()};
  // A null key means "keep the former one" to OpenSSL, so an empty one needs an address.
  const char* bytes = key.empty() ? "" : key.data();
  const int done = EVP_MAC_init(mac(context_), reinterpret_cast<const unsigned char*>(bytes), key.size(), parameters);
  ASSERT(done == 1, "HMAC takes every key");
}

Hmac::~Hmac() { EVP_MAC_CTX_free(mac(context_)); }

std::string Hmac::sign(std::string_view data) {
  std::array<unsigned char, kDigestBytes> digest;
  std::size_t length = 0;
  const bool done = EVP_MAC_init(mac(context_), nullptr, 0, nullptr) == 1 &&
                    EVP_MAC_update(mac(context_), reinterpret_cast<const unsigned char*>(data.data()), data.size()) == 1 &&
                    EVP_MAC_final(mac(context_), digest.data(), &length, digest.size()) == 1;
  ASSERT(done && length == digest.size(), "HMAC-SHA256 cannot fail");
  return std::string(reinterpret_cast<const char*>(digest.data()), length);
}

bool constant_time_equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_digit(text[i]);
    const int low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high << 4 | low);
  }
  return bytes;
}

std::string base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::string_view group = bytes.substr(i, 3);
    unsigned bits = 0;
    for (std::size_t k = 0; k < 3; ++k) bits = bits << 8 | (k < group.size() ? static_cast<unsigned char>(group[k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k) text += k <= group.size() ? kBase64[bits >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  const std::size_t padded = text.size();
  while (padded - text.size() < 2 && text.ends_with('=')) text.remove_suffix(1);
  if (text.size() != padded && padded % 4 != 0) return std::nullopt;
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  unsigned bits = 0;
  int held = 0;
  for (const char c : text) {
    const int digit = kBase64Digits[static_cast<unsigned char>(c)];
    if (digit < 0) return std::nullopt;
    bits = bits << 6 | static_cast<unsigned>(digit);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes += static_cast<char>(bits >> held);
    bits &= (1u << held) - 1;
  }
  if (bits != 0) return std::nullopt;  // bits beyond the last byte: another text with the same meaning
  return bytes;
}

}  // namespace tidewire
