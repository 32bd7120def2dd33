// tidewire.decimal — exact arithmetic. A plain Lua number may stand on either side of + - * and unary minus.
#include <cmath>

#include "bindings/modules.h"
#include "script/convert.h"
#include "script/dec.h"
#include "script/failure.h"
#include "script/vm.h"

namespace tidewire::bindings {
namespace {

constexpr int kMostPlaces = 10'000;

std::optional<Decimal> decimal_from(lua_State* L, int index) {
  if (const Decimal* value = script::decimal_at(L, index)) return *value;
  Result<Decimal> read = make_error(Code::kInvalid, "");
  if (lua_type(L, index) == LUA_TNUMBER) {
    const auto number = script::number_value(lua_tonumber(L, index));
    if (number.ok()) read = Decimal::from(*number);
  } else if (lua_type(L, index) == LUA_TSTRING) {
    read = Decimal::parse(check_text(L, index));
  }
  return read.ok() ? std::optional(std::move(read).value()) : std::nullopt;
}

Decimal check_decimal(lua_State* L, int index) {
  auto value = decimal_from(L, index);
  if (!value) luaL_error(L, lua_type(L, index) == LUA_TSTRING ? "'%s' is no decimal number" : "a %s is no decimal number",
                         lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : luaL_typename(L, index));
  return std::move(*value);
}

int check_places(lua_State* L, int index) {
  const double places = luaL_checknumber(L, index);
  luaL_argcheck(L, places == std::floor(places) && std::fabs(places) <= kMostPlaces, index, "expected a number of places");
  return static_cast<int>(places);
}

// Digits cost more than linear time, so they count towards the script's budget.
int push_result(lua_State* L, Decimal value) {
  script::Vm::of(L).spend(L, value.digits());
  script::push_decimal(L, std::move(value));
  return 1;
}

int decimal_add(lua_State* L) { return push_result(L, check_decimal(L, 1) + check_decimal(L, 2)); }
int decimal_subtract(lua_State* L) { return push_result(L, check_decimal(L, 1) - check_decimal(L, 2)); }
int decimal_multiply(lua_State* L) { return push_result(L, check_decimal(L, 1) * check_decimal(L, 2)); }
int decimal_negate(lua_State* L) { return push_result(L, check_decimal(L, 1).negated()); }

int decimal_no_division(lua_State* L) {
  return luaL_error(L, "a quotient is rarely exact: use decimal.divide(a, b, places)");
}

int decimal_concat(lua_State* L) {
  const std::string text = check_scalar(L, 1, "the left side of ..") + check_scalar(L, 2, "the right side of ..");
  push_text(L, text);
  return 1;
}

/// d:round(places) -> dec, half away from zero
int decimal_round(lua_State* L) {
  const int places = check_places(L, 2);
  return push_result(L, check_decimal(L, 1).round(places));
}

/// d:text() -> "12.50"
int decimal_text(lua_State* L) {
  push_text(L, check_decimal(L, 1).text());
  return 1;
}

/// d:number() -> the nearest Lua number
int decimal_number(lua_State* L) {
  lua_pushnumber(L, std::strtod(check_decimal(L, 1).text().c_str(), nullptr));
  return 1;
}

/// decimal.dec(text or number) -> dec | raises for what is no number
int decimal_dec(lua_State* L) {
  luaL_checkany(L, 1);
  return push_result(L, check_decimal(L, 1));
}

/// decimal.divide(a, b, places) -> dec, half to even | nil, err
int decimal_divide(lua_State* L) {
  const Decimal a = check_decimal(L, 1), b = check_decimal(L, 2);
  auto quotient = Decimal::divide(a, b, check_places(L, 3));
  if (!quotient.ok()) return script::nil_error(L, quotient.error());
  return push_result(L, std::move(quotient).value());
}

/// decimal.is(value) -> true for a dec
int decimal_is(lua_State* L) {
  lua_pushboolean(L, script::decimal_at(L, 1) != nullptr);
  return 1;
}

constexpr luaL_Reg kDecimalArithmetic[] = {{"__add", decimal_add},        {"__sub", decimal_subtract},    {"__mul", decimal_multiply},
                                           {"__unm", decimal_negate},     {"__div", decimal_no_division}, {"__concat", decimal_concat},
                                           {nullptr, nullptr}};
constexpr luaL_Reg kDecimalMethods[] = {{"round", decimal_round}, {"text", decimal_text}, {"number", decimal_number}, {nullptr, nullptr}};
constexpr luaL_Reg kDecimalFunctions[] = {{"dec", decimal_dec}, {"divide", decimal_divide}, {"is", decimal_is}, {nullptr, nullptr}};

}  // namespace

void open_decimal_arithmetic(lua_State* L) {
  script::push_decimal_meta(L);  // meta
  luaL_setfuncs(L, kDecimalArithmetic, 0);
  luaL_newlib(L, kDecimalMethods);  // meta methods
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}

int open_decimal(lua_State* L) {
  luaL_newlib(L, kDecimalFunctions);
  return 1;
}

}  // namespace tidewire::bindings
