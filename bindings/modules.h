// modules.h — one opening function per module; each leaves the module's table on the stack.
#pragma once

#include <string>

#include <lua.hpp>

#include "base/value.h"
#include "bindings/install.h"

namespace tidewire::bindings {

int open_json(lua_State* L);
int open_decimal(lua_State* L);
int open_time(lua_State* L);          // pure: without now and clock
int open_time_io(lua_State* L);
int open_hash(lua_State* L);          // pure: without id
int open_hash_io(lua_State* L);
int open_url(lua_State* L);
int open_text(lua_State* L);
int open_log(lua_State* L);
int open_task(lua_State* L);
int open_http(lua_State* L);
int open_http_practice(lua_State* L);  // with unix_socket
int open_kv(lua_State* L);
int open_sql(lua_State* L);
int open_server(lua_State* L);
int open_sqlite(lua_State* L);
int open_practice(lua_State* L);

/// The services of the VM that L belongs to.
Services& services(lua_State* L);

// Small shared checks.
/// The text at `index`; its length counts as instructions, for all that a function does with it.
std::string_view check_text(lua_State* L, int index);
void push_text(lua_State* L, std::string_view text);
/// Text, number, boolean or dec as it is written in a URL or header: whole numbers without exponent. Raises "what: ...".
std::string check_scalar(lua_State* L, int index, const std::string& what);
/// A number of seconds >= 0 as a Duration.
Duration check_seconds(lua_State* L, int index);
/// Gives decimals their arithmetic and methods; every profile has it, for payloads carry decimals.
void open_decimal_arithmetic(lua_State* L);

}  // namespace tidewire::bindings
