#include "bindings/install.h"

#include <cmath>
#include <span>

#include "bindings/modules.h"
#include "script/convert.h"
#include "script/dec.h"
#include "script/loader.h"
#include "script/vm.h"

namespace tidewire::bindings {
namespace {

constexpr std::size_t kBytesPerStep = 16;  // what a module does with a text is not counted by the VM

struct Module {
  const char* name;
  lua_CFunction open;
};

constexpr Module kEverywhere[] = {{"tidewire.json", open_json}, {"tidewire.decimal", open_decimal},
                                  {"tidewire.url", open_url},   {"tidewire.text", open_text}};
constexpr Module kPureOnes[] = {{"tidewire.time", open_time}, {"tidewire.hash", open_hash}};
constexpr Module kWorldly[] = {{"tidewire.time", open_time_io}, {"tidewire.hash", open_hash_io}, {"tidewire.log", open_log},
                               {"tidewire.task", open_task}};
constexpr Module kConnectors[] = {{"tidewire.http", open_http}, {"tidewire.kv", open_kv}, {"tidewire.sql", open_sql}};
constexpr Module kPracticeOnes[] = {{"tidewire.http", open_http_practice}, {"tidewire.server", open_server},
                                    {"tidewire.sqlite", open_sqlite},      {"tidewire.practice", open_practice}};

constexpr const char* kImpure[] = {"tidewire.http", "tidewire.kv",     "tidewire.log",     "tidewire.task",
                                   "tidewire.sql",  "tidewire.server", "tidewire.sqlite", "tidewire.practice"};

void add(lua_State* L, std::span<const Module> modules) {
  for (const Module& module : modules) script::add_module(L, module.name, module.open);
}

void refuse(lua_State* L, std::span<const char* const> names, const std::string& reason) {
  for (const char* name : names) script::refuse_module(L, name, (std::string(name) + " " + reason).c_str());
}

// What a mapping computes is replayed and compared, so chance would make every replay another one.
void remove_chance(lua_State* L) {
  lua_getglobal(L, "math");  // math
  for (const char* name : {"random", "randomseed"}) {
    lua_pushnil(L);
    lua_setfield(L, -2, name);
  }
  lua_pop(L, 1);
}

void install_pure(lua_State* L, Profile profile) {
  add(L, kPureOnes);
  remove_chance(L);
  refuse(L, kImpure, profile == Profile::kPure
                         ? "is not for mappings: their functions compute and nothing else, so that they can be replayed. What "
                           "they need from outside is a 'lookup' of the mapping or belongs into the connector"
                         : "is not for tidewire.lua, which only declares");
}

void install_worldly(lua_State* L, Profile profile) {
  add(L, kWorldly);
  if (profile == Profile::kPractice) {
    add(L, kPracticeOnes);
    script::refuse_module(L, "tidewire.kv", "tidewire.kv is for connectors: a practice server keeps its state in tidewire.sqlite");
    script::refuse_module(L, "tidewire.sql", "tidewire.sql is for connectors: a practice server keeps its state in tidewire.sqlite");
    return;
  }
  add(L, kConnectors);
  const char* const practice[] = {"tidewire.server", "tidewire.sqlite", "tidewire.practice"};
  refuse(L, practice, "is for practice servers only");
}

}  // namespace

std::function<void(lua_State*)> installer(Profile profile, Services services) {
  return [profile, services = std::move(services)](lua_State* L) {
    script::Vm::of(L).emplace<Services>(services);
    add(L, kEverywhere);
    open_decimal_arithmetic(L);
    if (profile == Profile::kProject || profile == Profile::kPure)
      install_pure(L, profile);
    else
      install_worldly(L, profile);
  };
}

Services& services(lua_State* L) { return script::Vm::of(L).get<Services>(); }

std::string_view check_text(lua_State* L, int index) {
  std::size_t size = 0;
  const char* text = luaL_checklstring(L, index, &size);
  if (size >= kBytesPerStep) script::Vm::of(L).spend(L, size / kBytesPerStep);
  return {text, size};
}

void push_text(lua_State* L, std::string_view text) { lua_pushlstring(L, text.data(), text.size()); }

std::string check_scalar(lua_State* L, int index, const std::string& what) {
  switch (lua_type(L, index)) {
    case LUA_TSTRING: return std::string(check_text(L, index));
    case LUA_TBOOLEAN: return lua_toboolean(L, index) ? "true" : "false";
    case LUA_TNUMBER: {
      const auto number = script::number_value(lua_tonumber(L, index));
      if (!number.ok()) break;
      return number->is_int() ? std::to_string(number->as_int()) : number->decimal_text();
    }
    default:
      if (const Decimal* decimal = script::decimal_at(L, index)) return decimal->text();
  }
  luaL_error(L, "%s must be a text or a number, not a %s", what.c_str(), luaL_typename(L, index));
  return {};
}

Duration check_seconds(lua_State* L, int index) {
  const double seconds = luaL_checknumber(L, index);
  luaL_argcheck(L, seconds >= 0 && seconds <= 1e9, index, "expected a number of seconds");
  return Duration(std::llround(seconds * 1e6));
}

}  // namespace tidewire::bindings
