#include "http/client_transfer.h"

#include <algorithm>

#include "base/crash_point.h"
#include "base/text.h"

namespace tidewire::http {
namespace {

constexpr Duration kConnectTime = std::chrono::seconds(10);

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, FreeUrl>;

std::string url_part(CURLU* url, CURLUPart part, unsigned flags) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return "";
  std::string out = text;
  curl_free(text);
  return out;
}

/// "https://host:443": who gets to see the credentials.
std::string origin_of(CURLU* url) {
  return url_part(url, CURLUPART_SCHEME, 0) + "://" + lower_ascii(url_part(url, CURLUPART_HOST, 0)) + ":" +
         url_part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
}

void append_header(HeaderList& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  ASSERT(longer != nullptr, "there is memory for a header");
  if (!list) list.reset(longer);
}

HeaderList header_list(const Headers& headers) {
  HeaderList list;
  // libcurl's own ideas are switched off by naming them without a value.
  append_header(list, "Expect:");
  if (headers.count("Content-Type") == 0) append_header(list, "Content-Type:");
  for (const auto& [name, value] : headers.fields())
    append_header(list, value.empty() ? name + ";" : name + ": " + value);
  return list;
}

}  // namespace

Client::Transfer::Transfer(Client::State& state, Exchange exchange, Client::Done done)
    : state_(&state), exchange_(std::move(exchange)), done_(std::move(done)) {
  state_->transfers.insert(this);
  ++state_->stats.requests;
  if (auto checked = check_exchange(exchange_); !checked.ok()) {
    timer_ = state_->loop.after(Duration::zero(), [this, error = std::move(checked).error()] { finish(error); });
    return;
  }
  timer_ = state_->loop.after(exchange_.deadline, [this] { on_deadline(); });
  begin();
}

void Client::Transfer::begin() {
  easy_ = state_->take_handle();
  configure();
  if (exchange_.mail) configure_mail(*exchange_.mail);
  else configure_body();
  const CURLMcode added = curl_multi_add_handle(state_->multi, easy_);
  ASSERT(added == CURLM_OK, "libcurl takes a new request");
}

void Client::Transfer::configure() {
  const ClientOptions& options = state_->options;
  headers_ = header_list(exchange_.request.headers);
  curl_easy_setopt(easy_, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy_, CURLOPT_URL, exchange_.request.target.c_str());
  curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy_, CURLOPT_PATH_AS_IS, 1L);  // a key may be ".."
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_.get());
  curl_easy_setopt(easy_, CURLOPT_USERAGENT, options.user_agent.c_str());
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy_, CURLOPT_QUICK_EXIT, 1L);  // cancelling never waits for the resolver's thread
  curl_easy_setopt(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, curl_words_);
  curl_easy_setopt(easy_, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION,
                   static_cast<long>(exchange_.h2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
  const auto connect = std::chrono::ceil<std::chrono::milliseconds>(std::min(kConnectTime, exchange_.deadline));
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect.count()));
  if (!state_->ca_file.empty()) curl_easy_setopt(easy_, CURLOPT_CAINFO, state_->ca_file.c_str());
  if (!options.use_proxy_variables || !exchange_.unix_socket.empty()) curl_easy_setopt(easy_, CURLOPT_PROXY, "");
  if (!exchange_.unix_socket.empty()) curl_easy_setopt(easy_, CURLOPT_UNIX_SOCKET_PATH, exchange_.unix_socket.c_str());
  if (exchange_.request.headers.count("Accept-Encoding") == 0) curl_easy_setopt(easy_, CURLOPT_ACCEPT_ENCODING, "gzip");

  const auto on_header = [](char* at, size_t, size_t size, void* self) {
    return static_cast<Transfer*>(self)->on_header({at, size});
  };
  curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, static_cast<curl_write_callback>(on_header));
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
  const auto on_body = [](char* at, size_t, size_t size, void* self) {
    return static_cast<Transfer*>(self)->on_body({at, size});
  };
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, static_cast<curl_write_callback>(on_body));
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
  const auto on_sending = [](void* self, char*, char*, int, int) { return static_cast<Transfer*>(self)->on_sending(); };
  curl_easy_setopt(easy_, CURLOPT_PREREQFUNCTION, static_cast<curl_prereq_callback>(on_sending));
  curl_easy_setopt(easy_, CURLOPT_PREREQDATA, this);
}

void Client::Transfer::configure_body() {
  const Request& request = exchange_.request;
  const bool has_body =
      !request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (request.method == "HEAD") {
    curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
    return;
  }
  if (has_body) {
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, request.body.c_str());
  }
  if (request.method != (has_body ? "POST" : "GET"))
    curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void Client::Transfer::configure_mail(const Mail& mail) {
  curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, nullptr);
  curl_easy_setopt(easy_, CURLOPT_ACCEPT_ENCODING, nullptr);
  curl_easy_setopt(easy_, CURLOPT_MAIL_FROM, mail.from.c_str());
  curl_slist* list = nullptr;
  for (const std::string& to : mail.to) list = curl_slist_append(list, to.c_str());
  recipients_.reset(list);
  curl_easy_setopt(easy_, CURLOPT_MAIL_RCPT, recipients_.get());
  curl_easy_setopt(easy_, CURLOPT_USE_SSL, static_cast<long>(mail.password.empty() ? CURLUSESSL_TRY : CURLUSESSL_ALL));
  if (!mail.user.empty()) curl_easy_setopt(easy_, CURLOPT_USERNAME, mail.user.c_str());
  if (!mail.password.empty()) curl_easy_setopt(easy_, CURLOPT_PASSWORD, mail.password.c_str());
  read_ = 0;
  const auto on_read = [](char* at, size_t, size_t most, void* self) { return static_cast<Transfer*>(self)->on_read(at, most); };
  curl_easy_setopt(easy_, CURLOPT_READFUNCTION, static_cast<curl_read_callback>(on_read));
  curl_easy_setopt(easy_, CURLOPT_READDATA, this);
  curl_easy_setopt(easy_, CURLOPT_UPLOAD, 1L);
}

void Client::Transfer::note_sent() {
  if (sent_ || easy_ == nullptr || is_safe_method(exchange_.request.method)) return;
  const bool head = info_of<long>(easy_, CURLINFO_REQUEST_SIZE) > 0;
  sent_ = head && info_of<curl_off_t>(easy_, CURLINFO_SIZE_UPLOAD_T) >= static_cast<curl_off_t>(exchange_.request.body.size());
  if (sent_) pass(CrashPoint::kRequestSent);
}

std::size_t Client::Transfer::on_read(char* at, std::size_t most) {
  const std::string& body = exchange_.request.body;
  const std::size_t size = std::min(most, body.size() - read_);
  body.copy(at, size, read_);
  read_ += size;
  return size;
}

std::size_t Client::Transfer::on_header(std::string_view line) {
  if (in_body_) return line.size();  // a trailer
  if (line.starts_with("HTTP/")) {   // also after "100 Continue"
    response_ = Response();
    return line.size();
  }
  const auto colon = line.find(':');
  if (colon != std::string_view::npos) {
    response_.headers.add(std::string(trim(line.substr(0, colon))), std::string(trim(line.substr(colon + 1))));
  }
  return line.size();
}

std::size_t Client::Transfer::on_body(std::string_view bytes) {
  in_body_ = true;
  if (bytes.size() > exchange_.max_bytes - response_.body.size()) {
    too_big_ = true;
    return 0;
  }
  response_.body.append(bytes);
  return bytes.size();
}

int Client::Transfer::on_sending() {
  const bool again = ++sendings_ > 1;
  const bool harmless = is_safe_method(exchange_.request.method) && !exchange_.once;
  return again && !harmless ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

void Client::Transfer::on_result(CURLcode code) {
  if (code != CURLE_OK) {
    finish(failure(code));
    return;
  }
  response_.status = static_cast<int>(info_of<long>(easy_, CURLINFO_RESPONSE_CODE));
  if (follow()) return;
  decoded();
  finish(std::move(response_));
}

/// True when there is nothing more to do now: the next hop is under way, or the exchange ended in an error.
bool Client::Transfer::follow() {
  const std::string* location = redirect_target(exchange_.request, response_);
  if (location == nullptr || exchange_.redirects == 0) return false;
  const Url url(curl_url());
  curl_url_set(url.get(), CURLUPART_URL, exchange_.request.target.c_str(), CURLU_PATH_AS_IS);
  const std::string former = origin_of(url.get());
  const bool sound =
      curl_url_set(url.get(), CURLUPART_URL, location->c_str(), CURLU_PATH_AS_IS | CURLU_URLENCODE) == CURLUE_OK;
  Exchange next;
  next.request.target = sound ? url_part(url.get(), CURLUPART_URL, 0) : *location;
  if (!sound || !check_exchange(next).ok()) {
    finish(error(Code::kUnavailable, "redirected to what is no http(s) URL"));
    return true;
  }
  const bool leaves = origin_of(url.get()) != former;
  if (leaves && exchange_.same_origin) return false;
  if (redirects_++ == exchange_.redirects) {
    finish(error(Code::kUnavailable, "more than " + std::to_string(exchange_.redirects) + " redirects"));
    return true;
  }
  if (leaves) exchange_.request.headers = harmless_headers(exchange_.request.headers);
  exchange_.request.target = std::move(next.request.target);
  exchange_.request.body.clear();
  ++state_->stats.redirects;
  stop_hop();
  response_ = Response();
  in_body_ = false;
  sendings_ = 0;
  begin();
  return true;
}

/// The body is as the server meant it, so what describes the bytes on the wire would mislead.
void Client::Transfer::decoded() {
  const auto* encoding = response_.headers.find("Content-Encoding");
  if (encoding == nullptr || exchange_.request.headers.count("Accept-Encoding") > 0) return;
  response_.headers.remove("Content-Encoding");
  response_.headers.remove("Content-Length");
}

void Client::Transfer::on_deadline() {
  finish(
      error(failure_code(exchange_, progress()), "no complete answer within " + format_duration(exchange_.deadline)));
}

Progress Client::Transfer::progress() const {
  if (easy_ == nullptr || sendings_ == 0) return {};
  return {.connected = true, .sent = sendings_ > 1 || info_of<long>(easy_, CURLINFO_REQUEST_SIZE) > 0};
}

Error Client::Transfer::error(Code code, const std::string& what) const {
  return make_error(code, shown(exchange_.request) + ": " + what);
}

Error Client::Transfer::failure(CURLcode code) const {
  const Code known = failure_code(exchange_, progress());
  if (too_big_)  // it would be so again; a write may have been applied all the same
    return error(known == Code::kUnknown ? known : Code::kInvalid, "the answer is larger than " + std::to_string(exchange_.max_bytes) + " bytes");
  const std::string words = *curl_words_ != '\0' ? curl_words_ : curl_easy_strerror(code);
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:  // also an answer that is no HTTP, which is the server's fault and not the request's
      return error(progress().sent || redirects_ > 0 ? known : Code::kInvalid, words);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return error(Code::kDenied, words)
          .with_hint("the server's certificate is not trusted: renew it, or name the issuer's in the option ca_file");
    case CURLE_ABORTED_BY_CALLBACK:
      return error(known, "the connection died before an answer came");
    default:
      return error(known, words);
  }
}

void Client::Transfer::stop_hop() {
  if (easy_ == nullptr) return;
  Client::Stats& stats = state_->stats;
  stats.bytes_in += static_cast<std::uint64_t>(info_of<long>(easy_, CURLINFO_HEADER_SIZE)) +
                    static_cast<std::uint64_t>(info_of<curl_off_t>(easy_, CURLINFO_SIZE_DOWNLOAD_T));
  stats.bytes_out += static_cast<std::uint64_t>(info_of<long>(easy_, CURLINFO_REQUEST_SIZE));
  stats.connects += static_cast<std::uint64_t>(info_of<long>(easy_, CURLINFO_NUM_CONNECTS));
  curl_multi_remove_handle(state_->multi, easy_);
  state_->give_handle(std::exchange(easy_, nullptr));
}

void Client::Transfer::leave() {
  if (state_ == nullptr) return;
  stop_hop();
  timer_.reset();
  state_->transfers.erase(this);
  state_ = nullptr;
}

void Client::Transfer::finish(Result<Response> result) {
  if (!result.ok()) ++state_->stats.failed;
  const auto done = std::exchange(done_, nullptr);
  leave();
  done(std::move(result));  // may destroy this, and the Client
}

}  // namespace tidewire::http
