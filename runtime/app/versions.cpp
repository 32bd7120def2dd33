#include "app/versions.h"

#include <openssl/crypto.h>

#include "http/client_version.h"
#include "loop/version.h"
#include "script/version.h"
#include "store/version.h"

namespace tidewire::app {

std::string version() { return TIDEWIRE_VERSION; }

std::vector<std::pair<std::string, std::string>> library_versions() {
  return {{"LuaJIT", script::library_version()}, {"libuv", loop::library_version()},   {"libcurl", http::client_library_version()},
          {"SQLite", store::library_version()},  {"OpenSSL", OpenSSL_version(OPENSSL_VERSION_STRING)}, {"llhttp", http::parser_library_version()}};
}

}  // namespace tidewire::app
