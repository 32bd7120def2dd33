// client_version.h — which libraries speak HTTP here, for `tidewire version`.
#pragma once

#include <string>

namespace tidewire::http {

std::string client_library_version();    // "7.88.1 (OpenSSL/3.0.15, nghttp2/1.52.0)"
std::string parser_library_version();  // llhttp

}  // namespace tidewire::http
