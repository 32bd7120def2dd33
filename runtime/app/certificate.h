// certificate.h — the listener's own certificate and key, read again when the files change: who renews them need not restart us.
//
// A pair that does not fit (a renewal writes one file after the other) changes nothing: the one before goes on, and the files
// are looked at again.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "loop/tls.h"

namespace tidewire::app {

class Certificate {
 public:
  /// Reads both files where they are other ones, or hold other texts, than at the last success; true where the identity is a
  /// new one. kInvalid, naming the file, where the pair cannot be used; the identity is then what it was.
  Result<bool> read(const std::string& certificate_file, const std::string& key_file);
  /// TLS is no longer wanted.
  void clear();
  /// nullptr: plain HTTP.
  const std::shared_ptr<const loop::TlsIdentity>& identity() const { return identity_; }

 private:
  std::string certificate_, key_;  // the texts in use
  std::shared_ptr<const loop::TlsIdentity> identity_;
};

}  // namespace tidewire::app
