// tidewire.url — percent encoding and query strings.
#include <algorithm>

#include "bindings/modules.h"
#include "http/message.h"
#include "script/vm.h"

namespace tidewire::bindings {
namespace {

/// url.encode(value) -> text; a number is written without exponent
int url_encode(lua_State* L) {
  push_text(L, http::percent_encode(check_scalar(L, 1, "url.encode: the value")));
  return 1;
}

/// url.decode(text) -> text
int url_decode(lua_State* L) {
  push_text(L, http::percent_decode(check_text(L, 1)));
  return 1;
}

std::string pair_member(lua_State* L, int pair, int member, const char* what) {
  lua_rawgeti(L, pair, member);
  std::string text = check_scalar(L, -1, what);
  lua_pop(L, 1);
  return text;
}

constexpr std::size_t kPairCost = 200;  // bytes of a pair: two strings here, a table of two there

/// url.query { {name, value}, ... } -> "a=1&b=x%20y"
int url_query(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  std::string query;
  const int count = static_cast<int>(lua_objlen(L, 1));
  for (int position = 1; position <= count; ++position) {
    lua_rawgeti(L, 1, position);
    if (!lua_istable(L, 2)) return luaL_error(L, "url.query: entry %d must be {name, value}", position);
    if (!query.empty()) query += '&';
    query += http::percent_encode(pair_member(L, 2, 1, "url.query: a name")) + "=";
    query += http::percent_encode(pair_member(L, 2, 2, "url.query: a value"));
    script::Vm::of(L).check_size(L, query.size());
    lua_pop(L, 1);
  }
  push_text(L, query);
  return 1;
}

/// url.parse_query(text) -> list of {name, value}
int url_parse_query(lua_State* L) {
  const std::string_view query = check_text(L, 1);
  const auto most = static_cast<std::size_t>(std::count(query.begin(), query.end(), '&')) + 1;
  script::Vm::of(L).spend(L, most);
  script::Vm::of(L).check_size(L, query.size() + most * kPairCost);
  const auto pairs = http::parse_query(query);
  lua_createtable(L, static_cast<int>(pairs.size()), 0);
  int position = 0;
  for (const auto& [name, value] : pairs) {
    lua_createtable(L, 2, 0);
    push_text(L, name);
    lua_rawseti(L, -2, 1);
    push_text(L, value);
    lua_rawseti(L, -2, 2);
    lua_rawseti(L, -2, ++position);
  }
  return 1;
}

constexpr luaL_Reg kUrlFunctions[] = {
    {"encode", url_encode}, {"decode", url_decode}, {"query", url_query}, {"parse_query", url_parse_query}, {nullptr, nullptr}};

}  // namespace

int open_url(lua_State* L) {
  luaL_newlib(L, kUrlFunctions);
  return 1;
}

}  // namespace tidewire::bindings
