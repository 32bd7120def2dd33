// tidewire.text — what Lua's string library, which knows bytes only, cannot do.
#include "base/text.h"

#include "bindings/modules.h"

namespace tidewire::bindings {
namespace {

/// text.fold(s) -> lower case for comparing
int text_fold(lua_State* L) {
  push_text(L, fold(check_text(L, 1)));
  return 1;
}

/// text.trim(s) -> without blanks at both ends
int text_trim(lua_State* L) {
  push_text(L, trim(check_text(L, 1)));
  return 1;
}

/// text.length(s) -> code points
int text_length(lua_State* L) {
  lua_pushnumber(L, static_cast<double>(code_points(check_text(L, 1))));
  return 1;
}

/// text.valid(s) -> true for UTF-8
int text_valid(lua_State* L) {
  lua_pushboolean(L, valid_utf8(check_text(L, 1)));
  return 1;
}

/// text.of(value) -> a text, number, boolean or dec as JSON writes it: 9007199254740991, not 9.007e+15
int text_of(lua_State* L) {
  push_text(L, check_scalar(L, 1, "text.of: the value"));
  return 1;
}

constexpr std::size_t kLongestName = 100;  // bytes; what is longer is no name, and comparing costs its square

/// text.did_you_mean(word, list) -> " (did you mean 'x'?)" or ""
int text_did_you_mean(lua_State* L) {
  const std::string_view word = check_text(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  std::vector<std::string> candidates;
  const int count = static_cast<int>(lua_objlen(L, 2));
  for (int position = 1; position <= count; ++position) {
    lua_rawgeti(L, 2, position);
    script::Vm::of(L).spend(L, kLongestName);
    if (lua_type(L, -1) != LUA_TSTRING || lua_objlen(L, -1) <= kLongestName) candidates.push_back(check_scalar(L, -1, "text.did_you_mean: a candidate"));
    lua_pop(L, 1);
  }
  push_text(L, suggestion(shortened(word, kLongestName), candidates));
  return 1;
}

constexpr luaL_Reg kTextFunctions[] = {{"fold", text_fold},   {"trim", text_trim}, {"length", text_length},
                                       {"valid", text_valid}, {"of", text_of},     {"did_you_mean", text_did_you_mean},
                                       {nullptr, nullptr}};

}  // namespace

int open_text(lua_State* L) {
  luaL_newlib(L, kTextFunctions);
  return 1;
}

}  // namespace tidewire::bindings
