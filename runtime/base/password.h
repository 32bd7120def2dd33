// password.h — secrets that people and programs show us: made so that nobody guesses them, kept so that nobody reads them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tidewire {

/// `bytes` random bytes of the system's own generator in the URL alphabet of base64, without padding.
std::string secret_text(std::size_t bytes);

/// "scrypt$15$8$1$SALT$KEY": log2 N, r, p, salt and key in base64. Takes about 0.1 s and 32 MiB, so not on the loop's thread.
std::string hash_password(std::string_view password);
/// Whether that password made that text; false also for a text that is none of ours. As slow.
bool check_password(std::string_view password, std::string_view stored);

}  // namespace tidewire
