#include "http/client_version.h"

#include <curl/curl.h>
#include <llhttp.h>

namespace tidewire::http {

std::string client_library_version() {
  const curl_version_info_data* about = curl_version_info(CURLVERSION_NOW);
  std::string with;
  const auto add = [&with](const char* name, const char* version) {
    if (version != nullptr) with += (with.empty() ? "" : ", ") + std::string(name) + version;
  };
  add("", about->ssl_version);
  add("nghttp2/", about->nghttp2_version);
  return about->version + (with.empty() ? "" : " (" + with + ")");
}

std::string parser_library_version() {
  return std::to_string(LLHTTP_VERSION_MAJOR) + "." + std::to_string(LLHTTP_VERSION_MINOR) + "." + std::to_string(LLHTTP_VERSION_PATCH);
}

}  // namespace tidewire::http
