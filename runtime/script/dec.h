// dec.h — exact decimals as Lua userdata. Comparing and printing are here; arithmetic comes with bindings/lua_decimal.
#pragma once

#include <lua.hpp>

#include "base/decimal.h"

namespace tidewire::script {

constexpr double kExactWhole = 9007199254740992.0;  // 2^53: up to here a Lua number is every whole number exactly

constexpr bool fits_number(std::int64_t whole) { return whole >= -(std::int64_t{1} << 53) && whole <= std::int64_t{1} << 53; }

/// Pushes the userdata. Raises on more than 10,000 digits, which no product of payload numbers reaches.
void push_decimal(lua_State* L, Decimal value);
/// Pushes a Lua number where the value is whole and within 2^53, else the userdata.
void push_number(lua_State* L, const Decimal& value);
/// The decimal at `index`, or nullptr where something else stands.
const Decimal* decimal_at(lua_State* L, int index);
/// Pushes the metatable all decimals share.
void push_decimal_meta(lua_State* L);

}  // namespace tidewire::script
