// The admin page's files, and what describes the API.
#include "admin/api/api.h"
#include "admin/openapi.h"
#include "base/embedded.h"
#include "base/hash.h"

namespace tidewire::admin {
namespace {

const char* media_of(std::string_view path) {
  if (path.ends_with(".html")) return "text/html; charset=utf-8";
  if (path.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (path.ends_with(".css")) return "text/css; charset=utf-8";
  if (path.ends_with(".svg")) return "image/svg+xml";
  return "application/octet-stream";
}

void send_text(const Call& call, std::string_view text, std::string_view hash, const char* media) {
  const std::string tag = "\"" + std::string(hash.substr(0, 24)) + "\"";
  const std::string* known = call.request.headers.find("If-None-Match");
  http::Response response{.status = known != nullptr && *known == tag ? 304 : 200};
  if (response.status == 200) response.body = std::string(text);
  response.headers.set("Content-Type", media);
  response.headers.set("ETag", tag);
  response.headers.set("Cache-Control", "no-cache");  // asked for each time, sent when it changed
  (*call.reply)(std::move(response));
}

void send_file(const Call& call, const std::string& path) {
  const EmbeddedFile* file = embedded_file("ui/" + path);
  if (file == nullptr) return (*call.reply)(problem(make_error(Code::kNotFound, "the page has no file " + path)));
  send_text(call, file->text(), file->sha256_hex, media_of(path));
}

/// A page that asks for no login: its content within frame.html.
void send_framed(const Call& call, const std::string& content, const std::string& title, const std::string& script) {
  std::string page = embedded_file("ui/frame.html")->text();
  for (const auto& [mark, text] : {std::pair<std::string, std::string>{"{title}", title}, {"{script}", script}, {"{content}", embedded_file("ui/" + content)->text()}}) page.replace(page.find(mark), mark.size(), text);
  send_text(call, page, sha256_hex(page), media_of(".html"));
}

void show_page(Api&, const Call& call) { send_file(call, "index.html"); }

void show_docs(Api&, const Call& call) { send_framed(call, "docs.html", "API", "docs.js"); }

void show_problems(Api&, const Call& call) { send_framed(call, "problems.html", "Problems", "theme.js"); }

void show_file(Api&, const Call& call) { send_file(call, call.params["file"]); }

void show_document(Api&, const Call& call) { (*call.reply)(answer(openapi_document())); }

}  // namespace

std::span<const Route> page_routes() {
  static const Route routes[] = {
      {.method = "GET", .path = "/api/v1/openapi.json", .role = Role::kNobody, .id = "openapi", .summary = "This document", .handler = show_document, .answer = "Anything"},
      {.method = "GET", .path = "/docs", .role = Role::kNobody, .id = "docs", .summary = "This document for reading", .handler = show_docs, .media = "text/html"},
      {.method = "GET", .path = "/docs/problems", .role = Role::kNobody, .id = "problems", .summary = "What the `type` of a problem means, code by code", .handler = show_problems, .media = "text/html"},
      {.method = "GET", .path = "/", .role = Role::kNobody, .id = "page", .summary = "The admin page", .handler = show_page, .media = "text/html"},
      {.method = "GET", .path = "/ui/{file*}", .role = Role::kNobody, .id = "file", .summary = "A file of the admin page", .handler = show_file, .media = "*/*"},
  };
  return routes;
}

}  // namespace tidewire::admin
