#include "loop/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

namespace tidewire::loop {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
template <typename T>
using Owning = std::unique_ptr<T, Free>;

std::string reason() {
  const unsigned long error = ERR_get_error();
  ERR_clear_error();
  const char* text = error == 0 ? nullptr : ERR_reason_error_string(error);
  return text == nullptr ? "" : std::string(": ") + text;
}

Owning<BIO> memory(const std::string& text) { return Owning<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

/// Never asks at a terminal; remembers that it was asked.
int no_passphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return 0;
}

Instant instant_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return Instant(std::chrono::seconds(timegm(&parts)));
}

/// The leaf, then what leads to a root.
Result<Instant> use_certificates(SSL_CTX* context, const std::string& text) {
  const auto bio = memory(text);
  const Owning<X509> leaf(PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr));
  if (!leaf) return make_error(Code::kInvalid, "the certificate is no PEM text (-----BEGIN CERTIFICATE-----)" + reason());
  if (SSL_CTX_use_certificate(context, leaf.get()) != 1) return make_error(Code::kInvalid, "the certificate cannot be used" + reason());
  while (X509* further = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    if (SSL_CTX_add0_chain_cert(context, further) == 1) continue;
    X509_free(further);
    return make_error(Code::kInvalid, "the chain of the certificate cannot be used" + reason());
  }
  ERR_clear_error();  // that the text has ended is reported as an error
  return instant_of(X509_get0_notAfter(leaf.get()));
}

Result<void> use_key(SSL_CTX* context, const std::string& text) {
  const auto bio = memory(text);
  bool asked = false;
  const Owning<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, &asked));
  if (!key && asked) return make_error(Code::kInvalid, "the key is locked with a passphrase" + reason(), "a daemon cannot type it: write the key without one (openssl pkey -in KEY -out PLAIN), readable by its user alone");
  if (!key) return make_error(Code::kInvalid, "the key is no PEM text (-----BEGIN PRIVATE KEY-----)" + reason());
  if (SSL_CTX_use_PrivateKey(context, key.get()) == 1 && SSL_CTX_check_private_key(context) == 1) return {};
  return make_error(Code::kInvalid, "the key does not belong to the certificate" + reason(), "give the two files that were made together; of a chain the own certificate comes first");
}

int choose_http(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* offered, unsigned int offered_size, void*) {
  static constexpr unsigned char kKnown[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  const int found = SSL_select_next_proto(&chosen, size, kKnown, sizeof kKnown - 1, offered, offered_size);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

Result<std::shared_ptr<const TlsIdentity>> TlsIdentity::make(const std::string& certificate, const std::string& key) {
  ERR_clear_error();
  std::shared_ptr<TlsIdentity> identity(new TlsIdentity(SSL_CTX_new(TLS_server_method())));
  SSL_CTX* context = identity->context_;
  ASSERT(context != nullptr, "OpenSSL has memory for a context");
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");  // of 1.2; forward secrecy and AEAD only
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_alpn_select_cb(context, choose_http, nullptr);
  identity->valid_until_ = TRY(use_certificates(context, certificate));
  TRY(use_key(context, key));
  return std::shared_ptr<const TlsIdentity>(std::move(identity));
}

TlsIdentity::~TlsIdentity() { SSL_CTX_free(context_); }

TlsStream::TlsStream(std::shared_ptr<const TlsIdentity> identity) : identity_(std::move(identity)), ssl_(SSL_new(identity_->context())) {
  ASSERT(ssl_ != nullptr, "OpenSSL has memory for a connection");
  SSL_set_bio(ssl_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_accept_state(ssl_);
}

TlsStream::~TlsStream() { SSL_free(ssl_); }

bool TlsStream::established() const { return SSL_is_init_finished(ssl_) == 1; }

TlsStream::State TlsStream::take(std::string_view wire, std::string& text) {
  if (failed_) return State::kFailed;
  ERR_clear_error();
  BIO_write(SSL_get_rbio(ssl_), wire.data(), static_cast<int>(wire.size()));
  char piece[16384];
  for (;;) {
    const int count = SSL_read(ssl_, piece, sizeof piece);
    if (count > 0) {
      text.append(piece, static_cast<std::size_t>(count));
      continue;
    }
    const int error = SSL_get_error(ssl_, count);
    ERR_clear_error();
    if (established()) flush_held();
    if (error == SSL_ERROR_WANT_READ) return State::kOpen;
    if (error == SSL_ERROR_ZERO_RETURN) return State::kEnded;
    failed_ = true;
    return State::kFailed;
  }
}

void TlsStream::encrypt(std::string_view text) {
  if (failed_ || text.empty()) return;
  ERR_clear_error();
  // Memory takes everything: a write is whole or the connection is broken.
  if (SSL_write(ssl_, text.data(), static_cast<int>(text.size())) != static_cast<int>(text.size())) failed_ = true;
  ERR_clear_error();
}

void TlsStream::put(std::string_view first, std::string_view second) {
  if (established()) {
    encrypt(first);
    encrypt(second);
    return;
  }
  held_.append(first);
  held_.append(second);
}

void TlsStream::flush_held() {
  encrypt(std::exchange(held_, {}));
  if (std::exchange(finish_wanted_, false)) finish();
}

void TlsStream::finish() {
  if (failed_) return;
  if (!established()) {
    finish_wanted_ = true;
    return;
  }
  SSL_shutdown(ssl_);
  ERR_clear_error();
}

std::string TlsStream::wire() {
  BIO* out = SSL_get_wbio(ssl_);
  std::string bytes(BIO_ctrl_pending(out), '\0');
  if (!bytes.empty()) BIO_read(out, bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

}  // namespace tidewire::loop
