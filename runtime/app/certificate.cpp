#include "app/certificate.h"

#include <cerrno>
#include <cstring>

#include "app/files.h"

namespace tidewire::app {
namespace {

Result<std::string> text_of(const std::string& path, const char* what) {
  errno = 0;
  if (auto text = read_file(path)) return std::move(*text);
  const std::string why = errno == 0 ? "it is missing" : std::strerror(errno);
  return make_error(Code::kInvalid, std::string("tls: the ") + what + " " + path + " cannot be read: " + why, "the daemon's user must be able to read it (chgrp tidewire FILE && chmod 640 FILE)");
}

}  // namespace

Result<bool> Certificate::read(const std::string& certificate_file, const std::string& key_file) {
  std::string certificate = TRY(text_of(certificate_file, "certificate"));
  std::string key = TRY(text_of(key_file, "key"));
  if (identity_ && certificate == certificate_ && key == key_) return false;
  auto made = loop::TlsIdentity::make(certificate, key);
  if (!made.ok()) return Error(made.error()).context("tls: certificate " + certificate_file + ", key " + key_file);
  identity_ = std::move(*made);
  certificate_ = std::move(certificate);
  key_ = std::move(key);
  return true;
}

void Certificate::clear() { *this = Certificate(); }

}  // namespace tidewire::app
