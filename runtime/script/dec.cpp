#include "script/dec.h"

#include <new>

#include "script/vm.h"

namespace tidewire::script {
namespace {

constexpr const char* kDecimalMeta = "tidewire.decimal";
constexpr std::size_t kMostDecimalDigits = 10'000;

// Holds its VM, for the last collection happens when the state no longer knows it.
struct DecimalBox {
  Decimal value;
  std::size_t charged;
  Vm* vm;
};

DecimalBox& checked_box(lua_State* L, int index) { return *static_cast<DecimalBox*>(luaL_checkudata(L, index, kDecimalMeta)); }

int decimal_gc(lua_State* L) {
  DecimalBox& box = checked_box(L, 1);
  box.vm->release(std::exchange(box.charged, 0));
  box.~DecimalBox();
  // A second call by hand finds no box any more.
  lua_pushnil(L);
  lua_setmetatable(L, 1);
  return 0;
}

int decimal_tostring(lua_State* L) {
  const std::string text = checked_box(L, 1).value.text();
  lua_pushlstring(L, text.data(), text.size());
  return 1;
}

const Decimal& other_side(lua_State* L, int index) {
  const Decimal* value = decimal_at(L, index);
  if (!value) luaL_error(L, "a dec is compared with a %s: write dec(...) around it", luaL_typename(L, index));
  return *value;
}

int decimal_equal(lua_State* L) {
  const Decimal* a = decimal_at(L, 1);
  const Decimal* b = decimal_at(L, 2);
  lua_pushboolean(L, a && b && *a == *b);
  return 1;
}

int decimal_less(lua_State* L) {
  lua_pushboolean(L, other_side(L, 1) < other_side(L, 2));
  return 1;
}

int decimal_less_equal(lua_State* L) {
  lua_pushboolean(L, other_side(L, 1) <= other_side(L, 2));
  return 1;
}

constexpr luaL_Reg kDecimalEvents[] = {{"__gc", decimal_gc},   {"__tostring", decimal_tostring},    {"__eq", decimal_equal},
                                       {"__lt", decimal_less}, {"__le", decimal_less_equal}, {nullptr, nullptr}};

}  // namespace

void push_decimal_meta(lua_State* L) {
  if (!luaL_newmetatable(L, kDecimalMeta)) return;
  luaL_setfuncs(L, kDecimalEvents, 0);
  lua_pushliteral(L, "dec");
  lua_setfield(L, -2, "__metatable");
}

void push_decimal(lua_State* L, Decimal value) {
  const std::size_t digits = value.digits();
  if (digits > kMostDecimalDigits + 1 || value.scale() > static_cast<int>(kMostDecimalDigits))
    luaL_error(L, "a number of more than 10000 digits");
  const std::size_t bytes = 64 + digits / 2;
  Vm& vm = Vm::of(L);
  push_decimal_meta(L);                                                       // meta
  void* memory = lua_newuserdata(L, sizeof(DecimalBox));                      // meta box
  vm.charge(L, bytes);
  new (memory) DecimalBox{std::move(value), bytes, &vm};
  lua_insert(L, -2);                                                          // box meta
  lua_setmetatable(L, -2);                                                    // box
}

void push_number(lua_State* L, const Decimal& value) {
  const Decimal plain = value.trimmed();
  if (plain.scale() == 0 && plain.digits() <= 17) {
    const Value whole = plain.to_value();
    if (whole.is_int() && fits_number(whole.as_int())) return lua_pushnumber(L, static_cast<double>(whole.as_int()));
  }
  push_decimal(L, value);
}

const Decimal* decimal_at(lua_State* L, int index) {
  auto* box = static_cast<DecimalBox*>(luaL_testudata(L, index, kDecimalMeta));
  return box ? &box->value : nullptr;
}

}  // namespace tidewire::script
