#include "http/parser.h"

#include <algorithm>

#include <llhttp.h>

#include "base/result.h"
#include "base/text.h"
#include "http/head_scan.h"

namespace tidewire::http {

struct Parser::Machine {
  explicit Machine(ParserLimits limits_in);

  ParserLimits limits;
  llhttp_settings_t settings{};
  llhttp_t llhttp{};
  State state = State::kHead;
  std::string head;  // only while it comes in pieces
  HeadScan scan;
  bool blank_line_seen = false;
  Request request;
  std::string_view field, value;  // slices of the head while it is read
  bool keep_alive = false;
  bool expects_continue = false;
  bool old_version = false;
  std::size_t beside_body = 0;  // bytes of chunk sizes, extensions, trailers
  int status = 0;
  std::string_view why;

  int refuse(int with_status, std::string_view because);
  std::string_view reason() const;
  std::size_t feed(std::string_view bytes);
  std::size_t feed_head(std::string_view bytes);
  std::size_t feed_body(std::string_view bytes);
  void read_head(std::string_view text);
  bool check_request_line(std::string_view line);
  bool check_target();
  bool check_framing();
  bool check_expectation();
  bool has_body() const { return (llhttp.flags & F_CHUNKED) != 0 || llhttp.content_length > 0; }
  int on_field_complete();
  int on_head_complete();
  int on_body(std::string_view slice);
  int on_complete();
  void next();
};

Parser::Machine::Machine(ParserLimits limits_in) : limits(limits_in) {
  llhttp_settings_init(&settings);
  settings.on_url = [](llhttp_t* p, const char* at, size_t size) {
    static_cast<Machine*>(p->data)->request.target.append(at, size);
    return 0;
  };
  settings.on_header_field = [](llhttp_t* p, const char* at, size_t size) {
    static_cast<Machine*>(p->data)->field = {at, size};
    return 0;
  };
  settings.on_header_value = [](llhttp_t* p, const char* at, size_t size) {
    static_cast<Machine*>(p->data)->value = {at, size};
    return 0;
  };
  settings.on_header_value_complete = [](llhttp_t* p) { return static_cast<Machine*>(p->data)->on_field_complete(); };
  settings.on_headers_complete = [](llhttp_t* p) { return static_cast<Machine*>(p->data)->on_head_complete(); };
  settings.on_body = [](llhttp_t* p, const char* at, size_t size) {
    return static_cast<Machine*>(p->data)->on_body({at, size});
  };
  settings.on_message_complete = [](llhttp_t* p) { return static_cast<Machine*>(p->data)->on_complete(); };
  llhttp_init(&llhttp, HTTP_REQUEST, &settings);
  llhttp.data = this;
}

/// Returns what makes llhttp stop; the first reason is the one that is answered.
int Parser::Machine::refuse(int with_status, std::string_view because) {
  if (state != State::kRefused) {
    state = State::kRefused;
    status = with_status;
    why = because;
  }
  return HPE_USER;
}

/// llhttp's words; it has none when a callback of ours stopped it.
std::string_view Parser::Machine::reason() const {
  const char* words = llhttp_get_error_reason(&llhttp);
  return words == nullptr ? "malformed request" : words;
}

std::size_t Parser::Machine::feed(std::string_view bytes) {
  std::size_t used = 0;
  while (used < bytes.size() && (state == State::kHead || state == State::kBody)) {
    const auto rest = bytes.substr(used);
    used += state == State::kHead ? feed_head(rest) : feed_body(rest);
  }
  return used;
}

std::size_t Parser::Machine::feed_head(std::string_view bytes) {
  const std::size_t before = head.size();
  std::string_view text = bytes;
  if (before > 0) text = head.append(bytes.substr(0, std::min(bytes.size(), limits.max_head + 1 - before)));

  const auto found = scan.scan(text);
  if (found == HeadScan::Found::kBad) refuse(400, scan.why());
  if (found == HeadScan::Found::kMore ? text.size() > limits.max_head : scan.end() > limits.max_head) {
    refuse(431, "head too large");
  }
  if (state == State::kRefused) return 0;
  if (found == HeadScan::Found::kMore) {
    if (before == 0) head.assign(bytes);
    return bytes.size();
  }
  const std::size_t used = scan.end() - before;
  read_head(text.substr(0, scan.end()));
  head.clear();
  scan = HeadScan();
  return used;
}

void Parser::Machine::read_head(std::string_view text) {
  if (text == "\r\n") {
    // One blank line before a request is skipped: some senders end a body with it (RFC 9112, 2.2).
    if (std::exchange(blank_line_seen, true)) refuse(400, "blank lines before a request");
    return;
  }
  if (!check_request_line(text.substr(0, text.find('\r')))) return;
  request.headers.reserve(12);
  const auto result = llhttp_execute(&llhttp, text.data(), text.size());
  if (result == HPE_OK || state == State::kComplete) return;
  refuse(400, reason());
}

std::size_t Parser::Machine::feed_body(std::string_view bytes) {
  const std::size_t before = request.body.size();
  const auto result = llhttp_execute(&llhttp, bytes.data(), bytes.size());
  std::size_t used = bytes.size();
  if (state == State::kComplete) {
    used = static_cast<std::size_t>(llhttp_get_error_pos(&llhttp) - bytes.data());
  } else if (result != HPE_OK) {
    refuse(400, reason());
  }
  beside_body += used - std::min(used, request.body.size() - before);
  // Bytewise chunks cost eight bytes each; what goes far beyond is a sender that wants to keep us busy.
  if (state != State::kRefused && beside_body > (16u << 10) + 8 * request.body.size())
    refuse(400, "endless chunk framing");
  return used;
}

bool Parser::Machine::check_request_line(std::string_view line) {
  if (std::count(line.begin(), line.end(), ' ') != 2) return refuse(400, "no HTTP request line"), false;
  if (line.ends_with(" HTTP/1.1") || line.ends_with(" HTTP/1.0")) return true;
  const auto version = line.rfind(" HTTP/");
  const bool other_version =
      version != std::string_view::npos && line.size() == version + 9 && line[version + 7] == '.';
  refuse(other_version ? 505 : 400, other_version ? "only HTTP/1.1 is spoken here" : "no HTTP request line");
  return false;
}

bool Parser::Machine::check_target() {
  std::string& target = request.target;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!starts_with_ignoring_case(target, scheme)) continue;
    // Absolute form, as sent to proxies: the authority says no more than Host does.
    const auto path = target.find_first_of("/?", scheme.size());
    target = path == std::string::npos ? "/" : target.substr(path);
    if (target.front() == '?') target.insert(0, "/");
    break;
  }
  if (llhttp.method == HTTP_CONNECT) return refuse(501, "no proxy"), false;
  if (target.starts_with('/') || (target == "*" && llhttp.method == HTTP_OPTIONS)) return true;
  return refuse(400, "request target is no path"), false;
}

bool Parser::Machine::check_framing() {
  old_version = llhttp.http_minor == 0;
  const auto hosts = request.headers.count("Host");
  if (hosts > 1 || (hosts == 0 && !old_version)) return refuse(400, "exactly one Host is needed"), false;

  const auto encodings = request.headers.count("Transfer-Encoding");
  if (encodings == 0) {
    if (llhttp.content_length > limits.max_body) return refuse(413, "body too large"), false;
    return true;
  }
  const bool chunked = encodings == 1 && equal_ignoring_case(*request.headers.find("Transfer-Encoding"), "chunked");
  if (!chunked || old_version) return refuse(400, "Transfer-Encoding may only be chunked, once"), false;
  if (request.headers.count("Content-Length") > 0)
    return refuse(400, "both Content-Length and Transfer-Encoding"), false;
  return true;
}

bool Parser::Machine::check_expectation() {
  const auto* expected = request.headers.find("Expect");
  if (expected == nullptr) return true;
  if (!equal_ignoring_case(*expected, "100-continue")) return refuse(417, "unknown expectation"), false;
  expects_continue = has_body() && !old_version;
  return true;
}

int Parser::Machine::on_field_complete() {
  if (state == State::kBody) return 0;  // a trailer
  if (field.empty()) return refuse(400, "header field without a name");
  if (request.headers.fields().size() >= limits.max_fields) return refuse(431, "too many header fields");
  request.headers.add(std::string(field), std::string(trim(value)));
  field = value = {};
  return 0;
}

int Parser::Machine::on_head_complete() {
  request.method = llhttp_method_name(static_cast<llhttp_method_t>(llhttp.method));
  if (!check_target() || !check_framing() || !check_expectation()) return -1;
  // "Upgrade: h2c" and the like are offers; what follows is still HTTP/1.1.
  llhttp.upgrade = 0;
  state = State::kBody;
  // Only as much as came with the head is likely real: the rest of a promised length is claimed as it arrives.
  request.body.reserve(std::min<std::uint64_t>(llhttp.content_length, 64u << 10));
  return 0;
}

int Parser::Machine::on_body(std::string_view slice) {
  if (slice.size() > limits.max_body - request.body.size()) return refuse(413, "body too large");
  request.body.append(slice);
  return 0;
}

int Parser::Machine::on_complete() {
  state = State::kComplete;
  keep_alive = llhttp_should_keep_alive(&llhttp) != 0;
  return HPE_PAUSED;
}

void Parser::Machine::next() {
  llhttp_reset(&llhttp);
  state = State::kHead;
  request = Request();
  expects_continue = false;
  blank_line_seen = false;
  beside_body = 0;
}

Parser::Parser(ParserLimits limits) : machine_(std::make_unique<Machine>(limits)) {}

Parser::~Parser() = default;

std::size_t Parser::feed(std::string_view bytes) { return machine_->feed(bytes); }

Parser::State Parser::state() const { return machine_->state; }

bool Parser::idle() const { return machine_->state == State::kHead && machine_->head.empty(); }

bool Parser::expects_continue() const { return machine_->expects_continue; }

bool Parser::keep_alive() const { return machine_->keep_alive; }

bool Parser::is_old_version() const { return machine_->old_version; }

std::size_t Parser::body_size() const { return machine_->request.body.size(); }

Request Parser::take() {
  ASSERT(machine_->state == State::kComplete, "only a complete request is taken");
  Request request = std::move(machine_->request);
  machine_->next();
  return request;
}

int Parser::status() const { return machine_->status; }

std::string_view Parser::why() const { return machine_->why; }

}  // namespace tidewire::http
