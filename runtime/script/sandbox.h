// sandbox.h — what of Lua's own library a script may use.
//
// Left out is what reaches files, bytecode, other environments or the collector; replaced is what runs in C for as long
// as its arguments ask (pattern matching, string.rep). The string metatable is shared by a whole state, which is one
// more reason for a state per script.
#pragma once

#include <lua.hpp>

namespace tidewire::script {

/// Opens the safe libraries in a new state. Not protected: for Vm's constructor.
void open_sandbox(lua_State* L);
/// Makes the standard libraries read-only and undeclared globals an error. After the bindings were added; may raise.
void seal_sandbox(lua_State* L);

/// string.find, match, gmatch, gsub and rep, counted.
void open_string_functions(lua_State* L);  // stack: string; string_functions.cpp

/// Compiles and runs a piece of Lua that belongs to the C++, returning its one value on the stack. Raises.
void run_chunk(lua_State* L, const char* text);

}  // namespace tidewire::script
