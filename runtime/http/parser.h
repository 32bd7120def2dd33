// parser.h — bytes of HTTP/1.1 requests into Request values, without I/O. What is certain it takes; all else
// it refuses with a status: a request that two programs could read differently is how requests are smuggled.
//
// llhttp in strict mode (34 abuse cases, TECH.md) lets through obs-fold and leaves policy to us, so the head is
// collected whole (it is small and limited), checked line by line, and only then parsed: its fields are then slices of
// one piece of memory. On top: exactly one Host in 1.1; Transfer-Encoding is a single "chunked" or nothing; no
// CONNECT; version 1.0 or 1.1. Trailers and chunk extensions are read over, within a limit.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "http/message.h"

namespace tidewire::http {

struct ParserLimits {
  std::size_t max_head = 16u << 10;
  std::size_t max_body = 10u << 20;
  std::size_t max_fields = 128;
};

class Parser {
 public:
  enum class State {
    kHead,      // before or within the head
    kBody,      // head read, body to come
    kComplete,  // take() it
    kRefused,   // status() says why; nothing more is read
  };

  explicit Parser(ParserLimits limits);
  ~Parser();

  /// Reads as far as the end of one request. Returns how many bytes were used: all of them unless kComplete or
  /// kRefused.
  std::size_t feed(std::string_view bytes);
  State state() const;
  /// In kHead with no byte of the next request seen.
  bool idle() const;

  /// From kBody on: the sender waits for "100 Continue".
  bool expects_continue() const;
  /// In kComplete: the sender wants the connection kept.
  bool keep_alive() const;
  /// HTTP/1.0: such a sender must be told that the connection is kept.
  bool is_old_version() const;
  /// Body bytes read of the present request.
  std::size_t body_size() const;

  /// In kComplete: the request; the parser is ready for the next one. `peer` is left empty.
  Request take();

  /// In kRefused: 400, 413, 417, 431, 501 or 505, and a few words for whoever debugs the sender.
  int status() const;
  std::string_view why() const;

 private:
  struct Machine;
  std::unique_ptr<Machine> machine_;
};

}  // namespace tidewire::http
