// tls.h — TLS of a listener without I/O: bytes of the wire in, text out, and the other way round. Versions 1.2 and 1.3.
//
// OpenSSL works on two pieces of memory instead of a socket, so it can never block and the stream keeps its back-pressure, its
// limits and its one buffer. A server's side only; HTTP/1.1 is what ALPN is answered with, renegotiation is refused.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

struct ssl_st;
struct ssl_ctx_st;

namespace tidewire::loop {

/// A certificate with its chain and its key, ready for handshakes.
class TlsIdentity {
 public:
  /// From PEM texts. kInvalid, saying which of the two is meant: not PEM, a passphrase, or a key that does not fit.
  static Result<std::shared_ptr<const TlsIdentity>> make(const std::string& certificate, const std::string& key);
  ~TlsIdentity();
  TlsIdentity(const TlsIdentity&) = delete;
  TlsIdentity& operator=(const TlsIdentity&) = delete;

  Instant valid_until() const { return valid_until_; }
  ssl_ctx_st* context() const { return context_; }

 private:
  explicit TlsIdentity(ssl_ctx_st* context) : context_(context) {}
  ssl_ctx_st* context_;
  Instant valid_until_{};
};

/// One connection's TLS.
class TlsStream {
 public:
  explicit TlsStream(std::shared_ptr<const TlsIdentity> identity);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  enum class State { kOpen, kEnded, kFailed };  // kEnded: the peer said that it will send no more
  /// Takes bytes of the wire; what they hold is appended to `text`. After kFailed nothing more is taken.
  State take(std::string_view wire, std::string& text);
  /// Text to be sent; before the handshake is over it is kept.
  void put(std::string_view first, std::string_view second = {});
  /// After all put(): the peer is told that no more will come.
  void finish();
  /// Bytes for the wire that the calls above made; empty when there are none.
  std::string wire();
  /// Text that waits for the end of the handshake.
  std::size_t held() const { return held_.size(); }
  bool established() const;

 private:
  void flush_held();
  void encrypt(std::string_view text);

  std::shared_ptr<const TlsIdentity> identity_;  // owners: this and who makes new connections
  ssl_st* ssl_;
  std::string held_;
  bool finish_wanted_ = false;
  bool failed_ = false;
};

}  // namespace tidewire::loop
