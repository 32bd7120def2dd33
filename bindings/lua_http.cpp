// tidewire.http — requests out.
#include "base/text.h"
#include "bindings/modules.h"
#include "bindings/opts.h"
#include "bindings/recorded.h"
#include "http/client.h"
#include "script/convert.h"
#include "script/failure.h"
#include "script/task.h"

namespace tidewire::bindings {
namespace {

using script::Task;

bool printable_field(std::string_view text) { return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos; }

void add_header(lua_State* L, http::Headers& headers, const std::string& name, int value) {
  std::string text = check_scalar(L, value, "http.request: header '" + name + "'");
  if (name.empty() || !printable_field(name) || !printable_field(text))
    luaL_error(L, "http.request: header '%s' holds a line break", shortened(name, 40).c_str());
  headers.add(name, std::move(text));
}

// A list sends the header several times.
void read_headers(lua_State* L, Opts& opts, http::Headers& headers) {
  if (!opts.push("headers")) return;
  if (!lua_istable(L, -1)) opts.wrong("headers", "a table of names and values");
  const int table = lua_gettop(L);
  lua_pushnil(L);
  while (lua_next(L, table)) {  // headers name value
    if (lua_type(L, -2) != LUA_TSTRING) luaL_error(L, "http.request: headers are written { name = value }");
    const std::string name(check_text(L, -2));
    if (lua_istable(L, -1)) {
      const int count = static_cast<int>(lua_objlen(L, -1));
      for (int position = 1; position <= count; ++position) {
        lua_rawgeti(L, -1, position);
        add_header(L, headers, name, lua_gettop(L));
        lua_pop(L, 1);
      }
    } else if (!script::is_null(L, -1)) {
      add_header(L, headers, name, lua_gettop(L));
    }
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

// Which bodies are files, of which a record of what was said keeps the size only.
struct FileBodies {
  bool sent = false, answer = false;
};

http::Exchange check_exchange(lua_State* L, int index, bool sockets, FileBodies& files) {
  http::Exchange exchange;
  Opts opts(L, index, "http.request");
  std::string file;
  opts.read("file", file);
  if (!file.empty() && file != "sent" && file != "answer") opts.wrong("file", "\"sent\" or \"answer\"");
  files = {file == "sent", file == "answer"};
  opts.read("method", exchange.request.method).read("url", exchange.request.target).read("body", exchange.request.body);
  opts.read("timeout", exchange.deadline).read("max_bytes", exchange.max_bytes);
  opts.read("once", exchange.once).read("same_origin", exchange.same_origin).read("h2", exchange.h2);
  if (sockets) opts.read("unix_socket", exchange.unix_socket);
  read_headers(L, opts, exchange.request.headers);
  opts.finish();
  if (exchange.request.target.empty()) opts.missing("url");
  return exchange;
}

// Names in lower case, so that a script need not guess how a server spells them; repeats are joined as HTTP allows.
void push_headers(lua_State* L, const http::Headers& headers) {
  lua_newtable(L);
  for (const auto& [name, value] : headers.fields()) {
    const std::string lower = lower_ascii(name);
    push_text(L, lower);          // headers name
    lua_pushvalue(L, -1);
    lua_rawget(L, -3);            // headers name former
    const bool repeated = lua_isstring(L, -1);
    std::string text = repeated ? std::string(check_text(L, -1)) + ", " + value : value;
    lua_pop(L, 1);
    push_text(L, text);           // headers name value
    lua_rawset(L, -3);
  }
}

std::string content_type(const http::Headers& headers) {
  const std::string* type = headers.find("content-type");
  return type == nullptr ? std::string() : *type;
}

Recorded record_request(lua_State* L, const Task& task, const http::Request& request, bool file) {
  if (task.recording() == nullptr) return {};
  Recorded recorded(task, services(L), request.method, request.target);
  if (!recorded) return recorded;
  if (file) recorded.sent_file(content_type(request.headers), request.body.size());
  else recorded.sent(content_type(request.headers), request.body);
  return recorded;
}

void record_response(Recorded& recorded, const Result<http::Response>& result, bool file) {
  if (!recorded) return;
  if (!result.ok()) return recorded.failed(result.error());
  const bool is_file = file && result->status >= 200 && result->status < 300;  // of a refusal it is what tells why
  if (is_file) recorded.answered_file(std::to_string(result->status), content_type(result->headers), result->body.size());
  else recorded.answered(std::to_string(result->status), content_type(result->headers), result->body);
}

int push_response(lua_State* L, const Result<http::Response>& result) {
  if (!result.ok()) return script::nil_error(L, result.error());
  lua_createtable(L, 0, 3);
  lua_pushnumber(L, result->status);
  lua_setfield(L, -2, "status");
  push_headers(L, result->headers);
  lua_setfield(L, -2, "headers");
  push_text(L, result->body);
  lua_setfield(L, -2, "body");
  return 1;
}

/// http.request { method, url, headers, body, timeout, max_bytes, once, h2, file, unix_socket } -> response | nil, err      (waits)
int http_request(lua_State* L) {
  Task& task = Task::waiting(L);
  FileBodies files;
  http::Exchange exchange = check_exchange(L, 1, lua_toboolean(L, lua_upvalueindex(1)), files);
  http::Client* client = services(L).client;
  if (!client) return luaL_error(L, "there is no network here");
  Recorded recorded = record_request(L, task, exchange.request, files.sent);
  return task.await(L, [&](Task::Resume resume) {
    return client->send(std::move(exchange), [resume = std::move(resume), recorded = std::move(recorded), file = files.answer](Result<http::Response> result) mutable {
      record_response(recorded, result, file);
      resume([result = std::move(result)](lua_State* state) { return push_response(state, result); });
    });
  });
}

int open_with(lua_State* L, bool sockets) {
  lua_newtable(L);
  lua_pushboolean(L, sockets);
  lua_pushcclosure(L, http_request, 1);
  lua_setfield(L, -2, "request");
  return 1;
}

}  // namespace

int open_http(lua_State* L) { return open_with(L, false); }

// A connector must not reach the daemon's own socket, whose peers are administrators.
int open_http_practice(lua_State* L) { return open_with(L, true); }

}  // namespace tidewire::bindings
