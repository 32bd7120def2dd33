// hash.h — digests and encodings, on OpenSSL. SHA-256 everywhere: it is 13 % of a canonical encode, so a faster hash buys nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tidewire {

std::string sha256(std::string_view data);      // 32 raw bytes
std::string sha256_hex(std::string_view data);  // 64 lower-case digits
std::string md5_hex(std::string_view data);     // 32; what other systems call their files by, never a proof

/// HMAC-SHA256 with a key set once: re-initialising is twice as fast as one-shot.
class Hmac {
 public:
  explicit Hmac(std::string_view key);
  ~Hmac();
  Hmac(const Hmac&) = delete;
  Hmac& operator=(const Hmac&) = delete;
  std::string sign(std::string_view data);  // 32 raw bytes

 private:
  void* context_;
};

/// Equal in time that depends on the lengths only.
bool constant_time_equal(std::string_view a, std::string_view b);

std::string hex(std::string_view bytes);
std::optional<std::string> from_hex(std::string_view text);
std::string base64(std::string_view bytes);  // standard alphabet, padded
/// Standard or URL alphabet, padding optional; nullopt on anything else.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace tidewire
