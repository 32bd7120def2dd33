#include "base/password.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "base/hash.h"
#include "base/result.h"
#include "base/text.h"

namespace tidewire {
namespace {

struct Cost {
  int log_n = 15, r = 8, p = 1;
};
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kSaltBytes = 16;
constexpr std::uint64_t kMostMemory = 256u << 20;  // a stored text that asks for more is none of ours

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  const int done = RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count));
  ASSERT(done == 1, "the system's random generator answers");
  return bytes;
}

/// Empty where the cost is out of bounds.
std::string derive(std::string_view password, std::string_view salt, const Cost& cost) {
  std::array<unsigned char, kKeyBytes> key{};
  const auto* bytes = reinterpret_cast<const unsigned char*>(salt.data());
  const int done = EVP_PBE_scrypt(password.data(), password.size(), bytes, salt.size(), std::uint64_t{1} << cost.log_n,
                                  static_cast<std::uint64_t>(cost.r), static_cast<std::uint64_t>(cost.p), kMostMemory, key.data(), key.size());
  return done == 1 ? std::string(reinterpret_cast<const char*>(key.data()), key.size()) : std::string();
}

bool read_number(const std::string& text, int most, int& out) {
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), out);
  return status == std::errc() && end == text.data() + text.size() && out > 0 && out <= most;
}

}  // namespace

std::string secret_text(std::size_t bytes) {
  std::string text = base64(random_bytes(bytes));
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text.substr(0, text.find('='));
}

std::string hash_password(std::string_view password) {
  const Cost cost;
  const std::string salt = random_bytes(kSaltBytes);
  const std::string key = derive(password, salt, cost);
  ASSERT(!key.empty(), "scrypt takes its own cost");
  return format("scrypt$%d$%d$%d$", cost.log_n, cost.r, cost.p) + base64(salt) + "$" + base64(key);
}

bool check_password(std::string_view password, std::string_view stored) {
  const auto parts = split(stored, '$');
  Cost cost;
  if (parts.size() != 6 || parts[0] != "scrypt") return false;
  if (!read_number(parts[1], 20, cost.log_n) || !read_number(parts[2], 32, cost.r) || !read_number(parts[3], 16, cost.p)) return false;
  const auto salt = from_base64(parts[4]), key = from_base64(parts[5]);
  if (!salt || !key || key->size() != kKeyBytes) return false;
  return constant_time_equal(derive(password, *salt, cost), *key);
}

}  // namespace tidewire
