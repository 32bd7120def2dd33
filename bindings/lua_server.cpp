// tidewire.server — HTTP in, for practice servers: every request runs the handler as a task of its own.
#include <unordered_map>

#include "base/json.h"
#include "base/text.h"
#include "bindings/modules.h"
#include "http/server.h"
#include "script/convert.h"
#include "script/failure.h"
#include "script/ref.h"
#include "script/task.h"
#include "script/vm.h"

namespace tidewire::bindings {
namespace {

using script::LuaRef;
using script::Vm;

constexpr const char* kDrop = "tidewire.server.drop";
constexpr Duration kHandlerTime = std::chrono::seconds(120);

/// One listening address with its handler and the requests being answered.
class Listener {
 public:
  Listener(Vm& vm, loop::Loop& loop, LuaRef handler)
      : vm_(vm), handler_(std::move(handler)),
        server_(loop, http::ServerOptions{},
                [this](http::Request request, http::Reply reply) { answer(std::move(request), std::move(reply)); }) {}

  Result<std::string> listen(const std::string& address) { return server_.listen(address); }
  void forget(std::uint64_t number) { running_.erase(number); }
  void push_handler(lua_State* L) const { handler_.push(L); }
  void failed(const http::Request& request, const Error& error);

 private:
  void answer(http::Request request, http::Reply reply);

  Vm& vm_;
  LuaRef handler_;
  std::uint64_t number_ = 0;
  std::unordered_map<std::uint64_t, std::unique_ptr<script::TaskHandle>> running_;
  http::Server server_;  // last: goes first, and with it every reply's peer
};

struct Listeners {
  std::vector<std::unique_ptr<Listener>> all;
};

void set_field(lua_State* L, const char* name, std::string_view text) {
  push_text(L, text);
  lua_setfield(L, -2, name);
}

void push_query(lua_State* L, std::string_view target) {
  lua_newtable(L);
  const auto mark = target.find('?');
  if (mark == std::string_view::npos) return;
  for (const auto& [name, value] : http::parse_query(target.substr(mark + 1))) {
    push_text(L, name);
    lua_pushvalue(L, -1);
    lua_rawget(L, -3);  // query name former
    const bool repeated = !lua_isnil(L, -1);
    lua_pop(L, 1);
    push_text(L, value);
    if (repeated)
      lua_pop(L, 2);
    else
      lua_rawset(L, -3);
  }
}

void push_segments(lua_State* L, std::string_view path) {
  lua_newtable(L);
  int position = 0;
  for (const std::string& segment : split(path, '/')) {
    if (segment.empty()) continue;
    push_text(L, http::percent_decode(segment));
    lua_rawseti(L, -2, ++position);
  }
}

void push_request(lua_State* L, const http::Request& request) {
  const std::string_view target = request.target;
  const auto mark = target.find('?');
  lua_createtable(L, 0, 9);
  set_field(L, "method", request.method);
  set_field(L, "target", target);
  set_field(L, "path", request.path());
  set_field(L, "query_string", mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1));
  set_field(L, "body", request.body);
  set_field(L, "peer", request.peer);
  push_query(L, target);
  lua_setfield(L, -2, "query");
  push_segments(L, request.path());
  lua_setfield(L, -2, "segments");
  lua_newtable(L);
  for (const auto& [name, value] : request.headers.fields()) set_field(L, lower_ascii(name).c_str(), value);
  lua_setfield(L, -2, "headers");
}

http::Response check_response(lua_State* L, int results) {
  if (results < 1 || !lua_istable(L, 1)) luaL_error(L, "the handler returned a %s, not { status, headers, body }", luaL_typename(L, 1));
  lua_getfield(L, LUA_REGISTRYINDEX, kDrop);
  const bool drop = lua_rawequal(L, -1, 1);
  lua_settop(L, 1);
  if (drop) return http::Reply::drop();
  http::Response response;
  lua_getfield(L, 1, "status");
  if (!lua_isnil(L, -1)) response.status = static_cast<int>(luaL_checknumber(L, -1));
  if (response.status < 200 || response.status > 599) luaL_error(L, "the handler's status is no HTTP status");
  lua_getfield(L, 1, "body");
  if (!lua_isnil(L, -1)) response.body = check_scalar(L, -1, "the handler's body");
  lua_getfield(L, 1, "headers");
  if (lua_isnil(L, -1)) return response;
  if (!lua_istable(L, -1)) luaL_error(L, "the handler's headers must be a table of names and values");
  const int headers = lua_gettop(L);
  lua_pushnil(L);
  while (lua_next(L, headers)) {
    response.headers.add(check_scalar(L, -2, "a header's name"), check_scalar(L, -1, "a header's value"));
    lua_pop(L, 1);
  }
  return response;
}

class ServedRequest final : public script::TaskClient {
 public:
  ServedRequest(Listener& listener, std::uint64_t number, http::Request request, http::Reply reply)
      : listener_(listener), number_(number), request_(std::move(request)), reply_(std::move(reply)) {}

  int push(lua_State* L) override {
    listener_.push_handler(L);
    push_request(L, request_);
    return 2;
  }
  void read(lua_State* L, int results) override { response_ = check_response(L, results); }
  void done(std::optional<Error> error) override {
    if (error) {
      listener_.failed(request_, *error);
      response_ = http::Response::text(500, to_string(*error) + "\n");
    }
    listener_.forget(number_);
    reply_(std::move(response_));
  }

 private:
  Listener& listener_;
  std::uint64_t number_;
  http::Request request_;
  http::Reply reply_;
  http::Response response_;
};

void Listener::failed(const http::Request& request, const Error& error) {
  Logger* logger = vm_.get<Services>().logger;
  if (!logger) return;
  const std::string asked = request.method + " " + std::string(request.path());
  logger->error("handler", to_string(error), Object{{"script", vm_.name()}, {"request", asked}});
}

void Listener::answer(http::Request request, http::Reply reply) {
  const std::uint64_t number = ++number_;
  auto client = std::make_unique<ServedRequest>(*this, number, std::move(request), std::move(reply));
  running_.emplace(number, vm_.get<script::Tasks>().start(std::move(client), kHandlerTime));
}

/// server.listen(address, handler) -> bound address | nil, err
int server_listen(lua_State* L) {
  const std::string address(check_text(L, 1));
  luaL_checktype(L, 2, LUA_TFUNCTION);
  Vm& vm = Vm::of(L);
  loop::Loop* loop = services(L).loop;
  if (!loop || !vm.find<script::Tasks>()) return luaL_error(L, "nothing can listen here");
  lua_settop(L, 2);
  auto listener = std::make_unique<Listener>(vm, *loop, LuaRef::take(L));
  auto bound = listener->listen(address);
  if (!bound.ok()) return script::nil_error(L, bound.error());
  Listeners* listeners = vm.find<Listeners>();
  if (!listeners) listeners = &vm.emplace<Listeners>();
  listeners->all.push_back(std::move(listener));
  push_text(L, *bound);
  return 1;
}

}  // namespace

int open_server(lua_State* L) {
  lua_newtable(L);                                  // module
  lua_pushcfunction(L, server_listen);
  lua_setfield(L, -2, "listen");
  lua_newtable(L);                                  // module drop
  lua_pushvalue(L, -1);
  lua_setfield(L, LUA_REGISTRYINDEX, kDrop);
  lua_setfield(L, -2, "drop");                      // module
  return 1;
}

}  // namespace tidewire::bindings
