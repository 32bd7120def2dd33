// convert.h — Value <-> Lua stack. Numbers stay exact, null stays apart from absent, [] from {}.
#pragma once

#include <lua.hpp>

#include "base/result.h"
#include "base/value.h"

namespace tidewire::script {

constexpr int kDeepestValue = 128;

/// Pushes: null as the null value, arrays with the list metatable, whole numbers within 2^53 (however spelt) as Lua
/// numbers, other numbers as dec. Raises on numbers of more than 10,000 digits and nesting over 128.
void push_value(lua_State* L, const Value& value);

/// What to do with functions, which only a script's own data may hold.
class Exporter {
 public:
  virtual ~Exporter() = default;
  /// What the function at `index` reads as. May raise.
  virtual Value function(lua_State* L, int index) = 0;
};

/// Reads a Lua value; kInvalid, naming the path, for what has no Value: functions (without exporter), userdata, NaN and
/// infinity, text that is no UTF-8, mixed or sparse keys, nesting over 128 or a cycle. nil is null. A table with the keys
/// 1..n is an array, an empty unmarked one an object. Metamethods are not asked. May raise for lack of memory.
Result<Value> to_value(lua_State* L, int index, Exporter* exporter = nullptr);
/// to_value, or raises "what: reason" as misuse.
Value check_value(lua_State* L, int index, const char* what);

/// A double: int where whole and within 2^53, else the shortest decimal that reads back the same. kInvalid for NaN, inf.
Result<Value> number_value(double number);
/// Pushes the number with this JSON spelling. Raises on more than 10,000 digits.
void push_number_text(lua_State* L, std::string_view text);

void push_null(lua_State* L);
bool is_null(lua_State* L, int index);
void open_null(lua_State* L);  // once per state: null prints as "null" and explains itself when indexed

/// Marks the table on top of the stack.
void mark_array(lua_State* L);
void mark_object(lua_State* L);
bool is_array(lua_State* L, int index);
bool is_object(lua_State* L, int index);
/// The length of the list at `index` if all its keys are 1..n (a marked one may have holes up to its highest key), else -1;
/// then `odd_key` says which key it was.
std::ptrdiff_t list_length(lua_State* L, int index, std::string& odd_key);

}  // namespace tidewire::script
