// TLS of the listener: which files, when they are read again, and what the address is called.
#include <filesystem>

#include "app/state.h"

namespace tidewire::app {
namespace {

constexpr Duration kLookAtFiles = std::chrono::seconds(10);

}  // namespace

/// Reads certificate and key where tidewire.lua names them. Where they cannot be used what was in use stays, so that TLS never
/// turns into plain text by itself.
Result<void> App::State::refresh_certificate() {
  certificate_timer_.reset();
  if (!project_.tls.is_object()) {
    if (certificate_.identity()) log_.info("tls", "TLS is spoken no longer");
    certificate_.clear();
    return {};
  }
  certificate_timer_ = loop_.after(kLookAtFiles, [this] { (void)refresh_certificate(); });
  const Value files = TRY(secrets_.resolve(project_.tls));
  const auto path = [&](const char* name) { return (std::filesystem::path(options_.folder) / files.string_or(name)).lexically_normal().string(); };
  const auto read = certificate_.read(path("certificate"), path("key"));
  if (!read.ok()) {
    const std::string trouble = to_string(read.error());
    const bool listening = !address_.empty();  // where it does not, whoever starts it is told
    if (trouble != std::exchange(certificate_trouble_, trouble) && listening) log_.error("tls", trouble + (certificate_.identity() ? "; the certificate before goes on" : "; plain HTTP goes on until the files can be used"));
    return read.error();
  }
  certificate_trouble_.clear();
  if (!*read) return {};
  const Instant end = certificate_.identity()->valid_until();
  if (end > clock_.now()) log_.info("tls", "TLS is spoken with " + path("certificate") + ", valid until " + format_instant(end));
  else log_.warn("tls", "TLS is spoken with " + path("certificate") + ", which ended at " + format_instant(end) + ": browsers and senders of webhooks refuse it");
  return {};
}

std::string App::State::url() const { return (certificate_.identity() ? "https://" : "http://") + address_; }

}  // namespace tidewire::app
