// tidewire.log — lines in the daemon's log, under the script's name.
#include "base/log.h"
#include "base/text.h"
#include "bindings/modules.h"
#include "script/convert.h"
#include "script/failure.h"
#include "script/vm.h"

namespace tidewire::bindings {
namespace {

constexpr std::size_t kLongestMessage = 8192;

int log_write(lua_State* L, Level level) {
  const std::string message = shortened(check_scalar(L, 1, "log: the message"), kLongestMessage);
  if (!lua_isnoneornil(L, 2)) luaL_checktype(L, 2, LUA_TTABLE);
  Logger* logger = services(L).logger;
  if (!logger || !logger->enabled(level)) return 0;
  Value fields = lua_istable(L, 2) ? script::check_value(L, 2, "log: the fields") : Value(Object{});
  if (!fields.is_object()) return luaL_error(L, "log: the fields must have names");
  fields["script"] = script::Vm::of(L).name();
  fields["at"] = script::nearest_line(L, 1);
  logger->write(level, "script", message, std::move(fields.as_object()));
  return 0;
}

/// log.debug/info/warn/error(message [, fields])
int log_debug(lua_State* L) { return log_write(L, Level::kDebug); }
int log_info(lua_State* L) { return log_write(L, Level::kInfo); }
int log_warn(lua_State* L) { return log_write(L, Level::kWarn); }
int log_error(lua_State* L) { return log_write(L, Level::kError); }

constexpr luaL_Reg kLogFunctions[] = {
    {"debug", log_debug}, {"info", log_info}, {"warn", log_warn}, {"error", log_error}, {nullptr, nullptr}};

}  // namespace

int open_log(lua_State* L) {
  luaL_newlib(L, kLogFunctions);
  return 1;
}

}  // namespace tidewire::bindings
