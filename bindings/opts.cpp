#include "bindings/opts.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "script/convert.h"

namespace tidewire::bindings {

Opts::Opts(lua_State* L, int index, const char* function)
    : L_(L), index_(lua_isnoneornil(L, index) ? 0 : index), function_(function) {
  if (index_ != 0 && !lua_istable(L, index_))
    luaL_error(L, "%s: expected a table of options, not a %s", function, luaL_typename(L, index_));
}

bool Opts::push(const char* key) {
  known_.emplace_back(key);
  if (index_ == 0) return false;
  lua_getfield(L_, index_, key);
  if (!lua_isnil(L_, -1) && !script::is_null(L_, -1)) return true;
  lua_pop(L_, 1);
  return false;
}

void Opts::wrong(const char* key, const char* expected) {
  luaL_error(L_, "%s: option '%s' must be %s, not a %s", function_, key, expected, luaL_typename(L_, -1));
  __builtin_unreachable();
}

void Opts::missing(const char* key) {
  luaL_error(L_, "%s: the option '%s' is missing", function_, key);
  __builtin_unreachable();
}

Opts& Opts::read(const char* key, std::string& out) {
  if (!push(key)) return *this;
  if (lua_type(L_, -1) != LUA_TSTRING) wrong(key, "a text");
  out.assign(lua_tostring(L_, -1), lua_objlen(L_, -1));
  lua_pop(L_, 1);
  return *this;
}

Opts& Opts::read(const char* key, bool& out) {
  if (!push(key)) return *this;
  if (!lua_isboolean(L_, -1)) wrong(key, "true or false");
  out = lua_toboolean(L_, -1) != 0;
  lua_pop(L_, 1);
  return *this;
}

Opts& Opts::read(const char* key, std::size_t& out) {
  if (!push(key)) return *this;
  const double number = lua_type(L_, -1) == LUA_TNUMBER ? lua_tonumber(L_, -1) : -1;
  if (!(number >= 0 && number <= 1e15) || number != std::floor(number)) wrong(key, "a whole number from 0");
  out = static_cast<std::size_t>(number);
  lua_pop(L_, 1);
  return *this;
}

Opts& Opts::read(const char* key, Duration& out) {
  if (!push(key)) return *this;
  const double seconds = lua_type(L_, -1) == LUA_TNUMBER ? lua_tonumber(L_, -1) : -1;
  if (!(seconds >= 0 && seconds <= 1e9)) wrong(key, "a number of seconds");
  out = Duration(std::llround(seconds * 1e6));
  lua_pop(L_, 1);
  return *this;
}

void Opts::finish() {
  if (index_ == 0) return;
  lua_pushnil(L_);
  while (lua_next(L_, index_)) {
    lua_pop(L_, 1);
    const std::string key = lua_type(L_, -1) == LUA_TSTRING ? lua_tostring(L_, -1)
                            : lua_type(L_, -1) == LUA_TNUMBER ? format("%.14g", lua_tonumber(L_, -1)) : luaL_typename(L_, -1);
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    luaL_error(L_, "%s: unknown option '%s'%s", function_, key.c_str(), suggestion(key, known_).c_str());
  }
}

}  // namespace tidewire::bindings
