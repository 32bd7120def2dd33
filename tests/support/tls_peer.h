// tls_peer.h — the client's end of TLS, read from top to bottom like RawSocket; and certificates made on the spot.
#pragma once

#include <future>
#include <string>

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "support/raw_peer.h"

namespace tidewire::test {

struct Pair {
  std::string certificate, key;  // PEM
};

inline std::string taken_from(BIO* memory) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory, &text);
  std::string pem(text, static_cast<std::size_t>(size));
  BIO_free(memory);
  return pem;
}

/// Self-signed, for an hour, its subject `name`.
inline Pair make_pair_of(const std::string& name) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_NAME* subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate, subject);
  X509_set_pubkey(certificate, key);
  X509_sign(certificate, key, EVP_sha256());
  BIO* text = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(text, certificate);
  BIO* secret = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(secret, key, nullptr, nullptr, 0, nullptr, nullptr);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return {taken_from(text), taken_from(secret)};
}

/// Its key under a passphrase.
inline std::string locked(const Pair& pair) {
  BIO* in = BIO_new_mem_buf(pair.key.data(), static_cast<int>(pair.key.size()));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(in, nullptr, nullptr, nullptr);
  BIO_free(in);
  BIO* out = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(out, key, EVP_aes_256_cbc(), nullptr, 0, nullptr, const_cast<char*>("open sesame"));
  EVP_PKEY_free(key);
  return taken_from(out);
}

class TlsPeer {
 public:
  struct Options {
    int newest = 0;        // TLS1_1_VERSION...; 0 = whatever there is
    bool trickle = false;  // the handshake leaves byte by byte
    std::string alpn{};
  };
  explicit TlsPeer(const std::string& address) : TlsPeer(address, Options{}) {}
  TlsPeer(const std::string& address, const Options& options) : socket_(RawSocket::connect_to(address)), context_(SSL_CTX_new(TLS_client_method())), trickle_(options.trickle) {
    SSL_CTX_set_cipher_list(context_, "DEFAULT@SECLEVEL=0");
    SSL_CTX_set_min_proto_version(context_, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_, options.newest);
    ssl_ = SSL_new(context_);
    SSL_set_bio(ssl_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    if (!options.alpn.empty()) SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(options.alpn.data()), static_cast<unsigned>(options.alpn.size()));
    SSL_set_connect_state(ssl_);
    for (int done = SSL_do_handshake(ssl_); done != 1 && again(done); done = SSL_do_handshake(ssl_)) continue;
    send();
    trickle_ = false;
  }
  ~TlsPeer() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  TlsPeer(const TlsPeer&) = delete;
  TlsPeer& operator=(const TlsPeer&) = delete;

  bool connected() const { return SSL_is_init_finished(ssl_) == 1; }
  std::string alpn() const {
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_, &chosen, &size);
    return size == 0 ? "" : std::string(reinterpret_cast<const char*>(chosen), size);
  }
  /// The common name that the server's certificate bears.
  std::string subject() const {
    X509* certificate = SSL_get1_peer_certificate(ssl_);
    char name[100] = "";
    if (certificate != nullptr) X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
    X509_free(certificate);
    return name;
  }
  void write(const std::string& text) {
    SSL_write(ssl_, text.data(), static_cast<int>(text.size()));
    send();
  }
  /// The text and the end of all text in one write; what is answered can still be read.
  void write_last(const std::string& text) {
    SSL_write(ssl_, text.data(), static_cast<int>(text.size()));
    SSL_shutdown(ssl_);
    send();
  }
  std::string read_all() {
    while (receive()) continue;
    return std::exchange(seen_, {});
  }
  std::string read_message() {
    std::size_t end = seen_.find("\r\n\r\n");
    while (end == std::string::npos && receive()) end = seen_.find("\r\n\r\n");
    const auto field = seen_.find("Content-Length: ");
    if (end == std::string::npos || field == std::string::npos) return std::exchange(seen_, {});
    const std::size_t size = end + 4 + std::stoul(seen_.substr(field + 16));
    while (seen_.size() < size && receive()) continue;
    std::string message = seen_.substr(0, size);
    seen_.erase(0, message.size());
    return message;
  }

  /// How a client begins.
  static std::string hello() {
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    SSL* ssl = SSL_new(context);
    BIO* out = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), out);
    SSL_set_connect_state(ssl);
    SSL_do_handshake(ssl);
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(out, &bytes);
    std::string first(bytes, static_cast<std::size_t>(size));
    SSL_free(ssl);
    SSL_CTX_free(context);
    return first;
  }

 private:
  void send() {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(SSL_get_wbio(ssl_), &bytes);
    const std::string_view all(bytes, static_cast<std::size_t>(std::max(size, 0L)));
    for (std::size_t at = 0; at < all.size(); at += trickle_ ? 1 : all.size()) socket_.write(all.substr(at, trickle_ ? 1 : all.size()));
    (void)BIO_reset(SSL_get_wbio(ssl_));
  }
  bool more() {
    const std::string bytes = socket_.read_some();
    BIO_write(SSL_get_rbio(ssl_), bytes.data(), static_cast<int>(bytes.size()));
    return !bytes.empty();
  }
  bool again(int result) {
    const int error = SSL_get_error(ssl_, result);
    send();
    return error == SSL_ERROR_WANT_READ && more();
  }
  bool receive() {
    char piece[16384];
    for (;;) {
      const int count = SSL_read(ssl_, piece, sizeof piece);
      if (count > 0) {
        seen_.append(piece, static_cast<std::size_t>(count));
        return true;
      }
      if (!again(count)) return false;
    }
  }

  RawSocket socket_;
  SSL_CTX* context_;
  SSL* ssl_ = nullptr;
  bool trickle_;
  std::string seen_;
};

/// Runs `work` on the loop's thread and waits for it.
inline void on_loop(loop::Loop& loop, const std::function<void()>& work) {
  std::promise<void> done;
  loop.post([&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

}  // namespace tidewire::test
