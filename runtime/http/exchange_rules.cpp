#include "http/exchange_rules.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <unistd.h>

#include "base/text.h"

namespace tidewire::http {

namespace {

bool is_set_by_client(std::string_view name) {
  static constexpr std::array<std::string_view, 5> kOurs = {"Content-Length", "Transfer-Encoding", "Connection",
                                                            "Expect", "Upgrade"};
  return std::any_of(kOurs.begin(), kOurs.end(),
                     [name](std::string_view ours) { return equal_ignoring_case(name, ours); });
}

bool has_blank_or_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; });
}

/// It stands in a line of SMTP, where another line would be another command.
Result<void> check_mail_address(const std::string& address) {
  if (is_field_value(address)) return {};
  return make_error(Code::kInvalid, "an address of the mail holds a control character", "look at `mail` and at who is told, in tidewire.lua and in the secrets it names");
}

bool is_readable(const std::string& path) { return access(path.c_str(), R_OK) == 0; }

}  // namespace

Result<void> check_exchange(const Exchange& exchange) {
  const Request& request = exchange.request;
  if (!is_token(request.method)) return make_error(Code::kInvalid, "'" + request.method + "' is no HTTP method");
  const auto begins = [&](std::string_view scheme) { return starts_with_ignoring_case(request.target, scheme); };
  const bool fits = exchange.mail ? begins("smtp://") || begins("smtps://") : begins("http://") || begins("https://");
  if (!fits) return make_error(Code::kInvalid, exchange.mail ? "a mail server's URL must begin with smtp:// or smtps://" : "a URL must begin with http:// or https://");
  if (has_blank_or_control(request.target)) {
    return make_error(Code::kInvalid, "the URL holds a blank or control character",
                      "percent-encode what is put into a URL");
  }
  if (exchange.mail) {
    TRY(check_mail_address(exchange.mail->from));
    for (const std::string& to : exchange.mail->to) TRY(check_mail_address(to));
  }
  for (const auto& [name, value] : request.headers.fields()) {
    if (!is_token(name)) return make_error(Code::kInvalid, "'" + name + "' is no header name");
    if (!is_field_value(value)) return make_error(Code::kInvalid, "the header " + name + " holds a control character");
    if (is_set_by_client(name))
      return make_error(Code::kInvalid, "the header " + name + " is set by the client itself");
  }
  return {};
}

bool is_safe_method(std::string_view method) { return method == "GET" || method == "HEAD" || method == "OPTIONS"; }

const std::string* redirect_target(const Request& request, const Response& response) {
  if (request.method != "GET" && request.method != "HEAD") return nullptr;
  const int status = response.status;
  const bool moved = (status >= 301 && status <= 303) || status == 307 || status == 308;
  return moved ? response.headers.find("Location") : nullptr;
}

Headers harmless_headers(const Headers& headers) {
  static constexpr std::array<std::string_view, 4> kHarmless = {"Accept", "Accept-Language", "Accept-Encoding",
                                                                "User-Agent"};
  Headers kept;
  for (const auto& [name, value] : headers.fields()) {
    const auto same = [&name = name](std::string_view harmless) { return equal_ignoring_case(name, harmless); };
    if (std::any_of(kHarmless.begin(), kHarmless.end(), same)) kept.add(name, value);
  }
  return kept;
}

std::string shown(const Request& request) {
  std::string url = request.target.substr(0, request.target.find_first_of("?#"));
  const auto host = url.find("://");
  if (host != std::string::npos) {
    const auto path = url.find('/', host + 3);
    const auto user = url.rfind('@', path);
    if (user != std::string::npos && user > host) url.erase(host + 3, user - host - 2);
  }
  return request.method + " " + url;
}

Code failure_code(const Exchange& exchange, Progress progress) {
  if (!progress.connected || !progress.sent) return Code::kUnavailable;
  return is_safe_method(exchange.request.method) && !exchange.once ? Code::kUnavailable : Code::kUnknown;
}

Result<std::string> find_ca_file(const ClientOptions& options) {
  const auto named = [](const std::string& path, const std::string& by) -> Result<std::string> {
    if (is_readable(path)) return path;
    return make_error(Code::kInvalid, "the certificate file '" + path + "' (" + by + ") is not readable");
  };
  if (!options.ca_file.empty()) return named(options.ca_file, "ca_file");
  for (const char* variable : {"SSL_CERT_FILE", "CURL_CA_BUNDLE"}) {
    if (const char* path = std::getenv(variable); path != nullptr && *path != '\0') return named(path, variable);
  }
  for (const char* path :
       {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem"}) {
    if (is_readable(path)) return std::string(path);
  }
  return make_error(Code::kInvalid, "no file of trusted certificates found",
                    "install the package ca-certificates, or name a file in SSL_CERT_FILE");
}

}  // namespace tidewire::http
