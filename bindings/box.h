// box.h — a C++ object as a Lua userdata that owns it.
#pragma once

#include <memory>
#include <new>

#include <lua.hpp>

namespace tidewire::bindings {

/// The object is gone after close(); a method called then raises instead of crashing.
template <typename T>
struct Box {
  std::unique_ptr<T> object;
};

/// Pushes a userdata whose metatable `name` was made by make_box_meta.
template <typename T>
void push_box(lua_State* L, const char* name, std::unique_ptr<T> object) {
  void* memory = lua_newuserdata(L, sizeof(Box<T>));
  new (memory) Box<T>{std::move(object)};
  luaL_getmetatable(L, name);
  lua_setmetatable(L, -2);
}

template <typename T>
T& check_box(lua_State* L, int index, const char* name) {
  auto& box = *static_cast<Box<T>*>(luaL_checkudata(L, index, name));
  if (!box.object) luaL_error(L, "this %s is closed", name);
  return *box.object;
}

/// Frees the object; may be called again.
template <typename T>
void close_box(lua_State* L, int index, const char* name) {
  static_cast<Box<T>*>(luaL_checkudata(L, index, name))->object.reset();
}

/// Makes the metatable: methods, a name for tostring, freeing on collection.
template <typename T>
void make_box_meta(lua_State* L, const char* name, const luaL_Reg* methods) {
  if (!luaL_newmetatable(L, name)) {
    lua_pop(L, 1);
    return;
  }
  lua_newtable(L);  // meta methods
  luaL_setfuncs(L, methods, 0);
  lua_setfield(L, -2, "__index");
  lua_pushstring(L, name);
  lua_pushcclosure(L, [](lua_State* state) { return lua_pushvalue(state, lua_upvalueindex(1)), 1; }, 1);
  lua_setfield(L, -2, "__tostring");
  lua_pushcfunction(L, [](lua_State* state) {
    // Not a destructor call: a metatable reached by other means could call this twice.
    if (auto* box = static_cast<Box<T>*>(lua_touserdata(state, 1))) box->object.reset();
    return 0;
  });
  lua_setfield(L, -2, "__gc");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
}

}  // namespace tidewire::bindings
