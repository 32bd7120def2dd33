#include "script/sandbox.h"

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "base/text.h"
#include "script/task.h"
#include "script/vm.h"

namespace tidewire::script {
namespace {

constexpr const char* kRemoved[] = {"dofile", "loadfile", "load",     "loadstring", "getfenv", "setfenv",
                                    "newproxy", "collectgarbage", "gcinfo", "print", "module", "require", "jit"};
constexpr const char* kSealed[] = {"string", "table", "math", "bit", "coroutine"};

constexpr double kStepsPerCompare = 8;  // in instructions

struct Absent {
  const char* name;
  const char* instead;
};
constexpr Absent kAbsent[] = {
    {"print", "use require \"tidewire.log\""},
    {"os", "the time is ctx.now in a mapping's function, require \"tidewire.time\" in a connector; tidewire.lua has env \"NAME\""},
    {"io", "a script reads no files; data comes through its connection"},
    {"debug", "it is not available to scripts"},
    {"package", "use require; modules are looked for in the project and in the binary"},
    {"ffi", "it is not available to scripts"},
    {"jit", "it is not available to scripts"},
    {"load", "put the code into a module and require it"},
    {"loadstring", "put the code into a module and require it"},
    {"dofile", "use require"},
    {"loadfile", "use require"},
    {"module", "end the file with: return { ... }"},
    {"setfenv", "it is not available to scripts"},
    {"getfenv", "it is not available to scripts"},
    {"collectgarbage", "memory is looked after by the program"},
};

// A handler must not run inside the hook that raised a budget error, where no further hook could stop it. The library's
// pcall takes of Lua's stack without looking whether there is any, so where it calls itself the process would end.
constexpr const char* kProtectedCalls = R"lua(
local plain = pcall
local function pcall(...) return plain(...) end
local function finish(handler, ok, ...)
  if ok then return true, ... end
  local handled, result = pcall(handler, (...))
  return false, result
end
return { pcall = pcall, xpcall = function(f, handler, ...) return finish(handler, pcall(f, ...)) end }
)lua";

void open_library(lua_State* L, lua_CFunction open, const char* name) {
  lua_pushcfunction(L, open);
  lua_pushstring(L, name);
  lua_call(L, 1, 0);
}

// A task's own thread must not reach the script: resuming it by hand would answer a wait with whatever was passed.
int coroutine_running(lua_State* L) {
  const Tasks* tasks = Vm::of(L).find<Tasks>();
  const bool main = lua_pushthread(L) == 1;
  if (main || (tasks && tasks->of(L))) lua_pushnil(L);
  return 1;
}

int guarded_rawset(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkany(L, 2);
  luaL_checkany(L, 3);
  if (luaL_getmetafield(L, 1, "__metatable")) return luaL_error(L, "this table is read-only");
  lua_settop(L, 3);
  lua_rawset(L, 1);
  return 1;
}

// The library's own goes on for ever where __tostring is tostring again, and no hook would see it.
int counted_tostring(lua_State* L) {
  luaL_checkany(L, 1);
  if (luaL_callmeta(L, 1, "__tostring")) return 1;
  lua_settop(L, 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, 1, 1);
  return 1;
}

// The library's own compares without an instruction that a hook would see. With a function to compare, its calls count.
int counted_sort(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  const auto size = static_cast<double>(lua_objlen(L, 1));
  if (lua_isnoneornil(L, 2) && size > 1000) Vm::of(L).spend(L, static_cast<std::uint64_t>(kStepsPerCompare * size * std::log2(size)));
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, 0);
  return 0;
}

int sealed_write(lua_State* L) {
  return luaL_error(L, "the library '%s' is read-only", lua_tostring(L, lua_upvalueindex(1)));
}

std::vector<std::string> global_names(lua_State* L) {
  std::vector<std::string> names;
  lua_pushnil(L);
  while (lua_next(L, LUA_GLOBALSINDEX)) {
    lua_pop(L, 1);
    if (lua_type(L, -1) == LUA_TSTRING) names.emplace_back(lua_tostring(L, -1));
  }
  return names;
}

int unknown_global(lua_State* L) {
  const std::string name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : luaL_typename(L, 2);
  for (const Absent& absent : kAbsent)
    if (name == absent.name) return luaL_error(L, "there is no '%s' here: %s", absent.name, absent.instead);
  return luaL_error(L, "unknown name '%s'%s", name.c_str(), suggestion(name, global_names(L)).c_str());
}

int assigned_global(lua_State* L) {
  const char* name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : luaL_typename(L, 2);
  return luaL_error(L, "'%s' is assigned but not declared: write 'local %s'", name, name);
}

void set_protected(lua_State* L) {  // stack: metatable
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
}

void seal_library(lua_State* L, const char* name) {
  lua_newtable(L);                                                 // proxy
  lua_createtable(L, 0, 3);                                        // proxy meta
  lua_getfield(L, LUA_GLOBALSINDEX, name);                         // proxy meta library
  lua_setfield(L, -2, "__index");                                  // proxy meta
  lua_pushstring(L, name);                                         // proxy meta name
  lua_pushcclosure(L, sealed_write, 1);                            // proxy meta function
  lua_setfield(L, -2, "__newindex");                               // proxy meta
  set_protected(L);
  lua_setmetatable(L, -2);                                         // proxy
  lua_setfield(L, LUA_GLOBALSINDEX, name);
}

void seal_globals(lua_State* L) {
  lua_createtable(L, 0, 3);                      // meta
  lua_pushcfunction(L, unknown_global);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, assigned_global);
  lua_setfield(L, -2, "__newindex");
  set_protected(L);
  lua_setmetatable(L, LUA_GLOBALSINDEX);
}

}  // namespace

void run_chunk(lua_State* L, const char* text) {
  if (luaL_loadbufferx(L, text, std::strlen(text), "=[tidewire]", "t") != 0) lua_error(L);
  lua_call(L, 0, 1);
}

void open_sandbox(lua_State* L) {
  open_library(L, luaopen_base, "");
  open_library(L, luaopen_table, LUA_TABLIBNAME);
  open_library(L, luaopen_string, LUA_STRLIBNAME);
  open_library(L, luaopen_math, LUA_MATHLIBNAME);
  open_library(L, luaopen_bit, LUA_BITLIBNAME);
  for (const char* name : kRemoved) {
    lua_pushnil(L);
    lua_setglobal(L, name);
  }
  run_chunk(L, kProtectedCalls);                 // calls
  for (const char* name : {"pcall", "xpcall"}) {
    lua_getfield(L, -1, name);
    lua_setglobal(L, name);
  }
  lua_pop(L, 1);
  lua_getglobal(L, "tostring");                  // tostring
  lua_pushcclosure(L, counted_tostring, 1);
  lua_setglobal(L, "tostring");
  lua_pushcfunction(L, guarded_rawset);
  lua_setglobal(L, "rawset");
  lua_getglobal(L, "coroutine");                 // coroutine
  lua_pushcfunction(L, coroutine_running);
  lua_setfield(L, -2, "running");
  lua_pop(L, 1);
  lua_getglobal(L, "table");                     // table
  lua_getfield(L, -1, "sort");                   // table sort
  lua_pushcclosure(L, counted_sort, 1);          // table sort
  lua_setfield(L, -2, "sort");
  lua_pop(L, 1);
  lua_getglobal(L, "string");                    // string
  open_string_functions(L);
  lua_pop(L, 1);
  lua_pushliteral(L, "");                        // text
  lua_getmetatable(L, -1);                       // text meta
  set_protected(L);
  lua_pop(L, 2);
}

void seal_sandbox(lua_State* L) {
  for (const char* name : kSealed) seal_library(L, name);
  seal_globals(L);
}

}  // namespace tidewire::script
