#include "script/convert.h"

#include <charconv>
#include <cmath>

#include "base/text.h"
#include "script/dec.h"
#include "script/failure.h"
#include "script/vm.h"

namespace tidewire::script {
namespace {

constexpr const char* kArrayMeta = "tidewire.array";
constexpr const char* kObjectMeta = "tidewire.object";
constexpr std::size_t kNodeCost = 64;  // bytes a Value takes, for the size check

std::string_view text_at(lua_State* L, int index) {
  std::size_t size = 0;
  const char* text = lua_tolstring(L, index, &size);
  return {text, size};
}

bool has_meta(lua_State* L, int index, const char* name) {
  if (!lua_getmetatable(L, index)) return false;
  lua_getfield(L, LUA_REGISTRYINDEX, name);
  const bool same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return same;
}

void set_meta(lua_State* L, const char* name) {
  luaL_newmetatable(L, name);
  lua_setmetatable(L, -2);
}

std::string key_text(lua_State* L, int index) {
  if (lua_type(L, index) == LUA_TSTRING) return "'" + std::string(text_at(L, index)) + "'";
  if (lua_type(L, index) == LUA_TNUMBER) return format("%.14g", lua_tonumber(L, index));
  return std::string("of type ") + luaL_typename(L, index);
}

/// Reads one value; keeps what is common to all levels.
class ValueReader {
 public:
  ValueReader(lua_State* L, Exporter* exporter) : L_(L), exporter_(exporter) {}

  Result<Value> read(int index, int depth) {
    Vm::of(L_).check_size(L_, cost_ += kNodeCost);
    switch (lua_type(L_, index)) {
      case LUA_TNIL: return Value();
      case LUA_TBOOLEAN: return Value(lua_toboolean(L_, index) != 0);
      case LUA_TNUMBER: return number_value(lua_tonumber(L_, index));
      case LUA_TSTRING: return read_text(index);
      case LUA_TTABLE: return read_table(index, depth);
      case LUA_TFUNCTION:
        if (exporter_) return exporter_->function(L_, index);
        break;
      default:
        if (is_null(L_, index)) return Value();
        if (const Decimal* decimal = decimal_at(L_, index)) return decimal->to_value();
    }
    return make_error(Code::kInvalid, std::string("a ") + luaL_typename(L_, index) + " is no data");
  }

 private:
  Result<Value> read_text(int index) {
    const std::string_view text = text_at(L_, index);
    Vm::of(L_).check_size(L_, cost_ += text.size());
    if (!valid_utf8(text)) return make_error(Code::kInvalid, "a text that is no UTF-8 (encode bytes with hash.base64)");
    return Value(text);
  }

  Result<Value> read_table(int index, int depth) {
    if (depth >= kDeepestValue) return make_error(Code::kInvalid, "nested deeper than 128, or a table that contains itself");
    luaL_checkstack(L_, 6, "nested too deep");
    if (is_array(L_, index)) return read_array(index, depth);
    if (!is_object(L_, index)) {
      lua_rawgeti(L_, index, 1);
      const bool listed = !lua_isnil(L_, -1);
      lua_pop(L_, 1);
      if (listed) return read_array(index, depth);
    }
    return read_object(index, depth);
  }

  Result<Value> read_array(int index, int depth) {
    std::string odd;
    const std::ptrdiff_t length = list_length(L_, index, odd);
    if (length < 0) return make_error(Code::kInvalid, "a list with the key " + odd + " in it");
    Array items;
    items.reserve(static_cast<std::size_t>(length));
    for (int position = 1; position <= length; ++position) {
      lua_rawgeti(L_, index, position);
      auto item = read(lua_gettop(L_), depth + 1);
      lua_pop(L_, 1);
      if (!item.ok()) return placed(std::move(item).error(), "[" + std::to_string(position) + "]");
      items.push_back(std::move(item).value());
    }
    return Value(std::move(items));
  }

  Result<Value> read_object(int index, int depth) {
    const bool marked = is_object(L_, index);
    Object members;
    lua_pushnil(L_);
    while (lua_next(L_, index)) {  // key value
      const int value = lua_gettop(L_), key = value - 1;
      const int type = lua_type(L_, key);
      if (type != LUA_TSTRING && !(marked && type == LUA_TNUMBER))
        return make_error(Code::kInvalid, "the key " + key_text(L_, key) + " is neither text nor part of a list from 1");
      std::string name = type == LUA_TSTRING ? std::string(text_at(L_, key)) : format("%.14g", lua_tonumber(L_, key));
      Vm::of(L_).check_size(L_, cost_ += name.size());
      if (!valid_utf8(name)) return make_error(Code::kInvalid, "a key that is no UTF-8");
      auto member = read(value, depth + 1);
      if (!member.ok()) return placed(std::move(member).error(), name);
      members.insert_or_assign(std::move(name), std::move(member).value());
      lua_pop(L_, 1);
    }
    return Value(std::move(members));
  }

  // The innermost place is put first: "lines[2].qty: a function is no data".
  static Error placed(Error error, const std::string& place) {
    const bool inner = error.hint == "at";
    const bool index = inner && error.message.starts_with('[');
    error.message = place + (!inner ? ": " : index ? "" : ".") + error.message;
    error.hint = "at";
    return error;
  }

  lua_State* L_;
  Exporter* exporter_;
  std::size_t cost_ = 0;
};

int null_index(lua_State* L) {
  return luaL_error(L, "null has no field '%s'", lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : luaL_typename(L, 2));
}

int null_tostring(lua_State* L) {
  lua_pushliteral(L, "null");
  return 1;
}

void push_nested(lua_State* L, const Value& value, int depth);

void push_array(lua_State* L, const Array& items, int depth) {
  lua_createtable(L, static_cast<int>(items.size()), 0);
  mark_array(L);
  int position = 0;
  for (const Value& item : items) {
    push_nested(L, item, depth + 1);
    lua_rawseti(L, -2, ++position);
  }
}

void push_object(lua_State* L, const Object& members, int depth) {
  lua_createtable(L, 0, static_cast<int>(members.size()));
  for (const auto& [name, member] : members) {
    lua_pushlstring(L, name.data(), name.size());
    push_nested(L, member, depth + 1);
    lua_rawset(L, -3);
  }
}

void push_nested(lua_State* L, const Value& value, int depth) {
  if (depth > kDeepestValue) luaL_error(L, "nested deeper than 128");
  luaL_checkstack(L, 6, "nested too deep");
  switch (value.kind()) {
    case Value::Kind::kNull: return push_null(L);
    case Value::Kind::kBool: return lua_pushboolean(L, value.as_bool());
    case Value::Kind::kInt:
      if (fits_number(value.as_int())) return lua_pushnumber(L, static_cast<double>(value.as_int()));
      return push_decimal(L, Decimal::from_int(value.as_int()));
    case Value::Kind::kDecimal: return push_number_text(L, value.decimal_text());
    case Value::Kind::kString: lua_pushlstring(L, value.as_string().data(), value.as_string().size()); return;
    case Value::Kind::kArray: return push_array(L, value.as_array(), depth);
    case Value::Kind::kObject: return push_object(L, value.as_object(), depth);
  }
}

}  // namespace

void push_value(lua_State* L, const Value& value) { push_nested(L, value, 0); }

Result<Value> to_value(lua_State* L, int index, Exporter* exporter) {
  const int top = lua_gettop(L);
  if (index < 0 && index > LUA_REGISTRYINDEX) index = top + index + 1;
  auto value = ValueReader(L, exporter).read(index, 0);
  lua_settop(L, top);
  if (!value.ok()) value.error().hint.clear();
  return value;
}

Value check_value(lua_State* L, int index, const char* what) {
  auto value = to_value(L, index);
  if (!value.ok()) {
    lua_pushlstring(L, value.error().message.data(), value.error().message.size());
    luaL_error(L, "%s: %s", what, lua_tostring(L, -1));
  }
  return std::move(value).value();
}

Result<Value> number_value(double number) {
  if (std::isnan(number)) return make_error(Code::kInvalid, "a number that is not a number (0/0)");
  if (std::isinf(number)) return make_error(Code::kInvalid, "an infinite number");
  if (number == std::floor(number) && std::fabs(number) <= kExactWhole) return Value(static_cast<std::int64_t>(number));
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, number).ptr;
  return Value(DecimalText{std::string(text, end)});
}

void push_number_text(lua_State* L, std::string_view text) {
  auto decimal = Decimal::parse(text);
  if (!decimal.ok()) {
    const std::string shown = shortened(text, 40);
    luaL_error(L, "the number %s has more than 10000 digits", shown.c_str());
  }
  push_number(L, *decimal);
}

void push_null(lua_State* L) { lua_pushlightuserdata(L, nullptr); }

bool is_null(lua_State* L, int index) {
  return lua_type(L, index) == LUA_TLIGHTUSERDATA && lua_touserdata(L, index) == nullptr;
}

void open_null(lua_State* L) {
  push_null(L);                           // null
  lua_createtable(L, 0, 3);               // null meta
  lua_pushcfunction(L, null_index);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, null_tostring);
  lua_setfield(L, -2, "__tostring");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);                // null
  lua_pop(L, 1);
}

void mark_array(lua_State* L) { set_meta(L, kArrayMeta); }
void mark_object(lua_State* L) { set_meta(L, kObjectMeta); }
bool is_array(lua_State* L, int index) { return lua_istable(L, index) && has_meta(L, index, kArrayMeta); }
bool is_object(lua_State* L, int index) { return lua_istable(L, index) && has_meta(L, index, kObjectMeta); }

std::ptrdiff_t list_length(lua_State* L, int index, std::string& odd_key) {
  double highest = 0, count = 0;
  lua_pushnil(L);
  while (lua_next(L, index)) {
    lua_pop(L, 1);  // key
    const double key = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : 0;
    if (key < 1 || key != std::floor(key)) {
      odd_key = key_text(L, -1);
      lua_pop(L, 1);
      return -1;
    }
    highest = std::max(highest, key);
    ++count;
  }
  const bool holes_allowed = is_array(L, index) && highest <= 2 * count + 16;
  if (highest == count || holes_allowed) return static_cast<std::ptrdiff_t>(highest);
  odd_key = format("%.14g", highest) + " but holes";
  return -1;
}

}  // namespace tidewire::script
