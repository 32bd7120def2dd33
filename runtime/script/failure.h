// failure.h — Error <-> Lua: the table {code, message, hint, retry_after} that modules return after nil, and raise.
#pragma once

#include <optional>
#include <string>

#include <lua.hpp>

#include "base/result.h"

namespace tidewire::script {

/// Pushes the table; tostring() of it is readable and `..` works.
void push_error(lua_State* L, const Error& error);
/// Pushes the metatable of these tables.
void push_error_meta(lua_State* L);
/// For `return nil_error(L, error)`: nil and the table.
int nil_error(lua_State* L, const Error& error);
/// Raises the table, its message preceded by the place of the caller's Lua line.
[[noreturn]] void raise_error(lua_State* L, Error error);

/// True for a table that push_error made or that carries a known `code`.
bool is_error(lua_State* L, int index);
/// Any raised value as an Error: a table with a known code keeps it, anything else is kScript.
Error read_error(lua_State* L, int index);

/// Of what a function returned, `results` values from 1 on: the error after a nil, nullopt where it is no failure. A mere text is kInvalid.
std::optional<Error> returned_error(lua_State* L, int results);

/// "mappings/employees.lua:14: ", or "" where level is no Lua code.
std::string where(lua_State* L, int level);
/// The nearest Lua line at or above `level`: "mappings/employees.lua:14", or "".
std::string nearest_line(lua_State* L, int level);
/// The nearest that is not of the standard library, whose author can do nothing about it; else the nearest.
std::string blamed_line(lua_State* L);
/// Adds the Lua lines that led to a raised error, as far as the message does not name them: " (called from a:3, b:9)".
void add_callers(lua_State* L, int level, Error& error);

}  // namespace tidewire::script
