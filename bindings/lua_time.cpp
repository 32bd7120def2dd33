// tidewire.time — instants as ISO text in UTC, and the walls' clocks of IANA zones.
#include <cmath>

#include "base/zone.h"
#include "bindings/modules.h"
#include "sched/cron.h"
#include "script/failure.h"

namespace tidewire::bindings {
namespace {

constexpr double kLastSecond = 253402300799;   // 9999-12-31T23:59:59Z
constexpr double kFirstSecond = -62135596800;  // 0001-01-01

double check_second(lua_State* L, int index) {
  const double seconds = luaL_checknumber(L, index);
  luaL_argcheck(L, seconds >= kFirstSecond && seconds <= kLastSecond, index, "beyond the years 1 to 9999");
  return seconds;
}

int push_instant(lua_State* L, Instant at) {
  push_text(L, format_instant(at));
  return 1;
}

/// time.parse(iso) -> whole seconds since 1970, microseconds | nil, err
int time_parse(lua_State* L) {
  const auto at = parse_instant(check_text(L, 1));
  if (!at.ok()) return script::nil_error(L, at.error());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(*at);
  lua_pushnumber(L, static_cast<double>(seconds.time_since_epoch().count()));
  lua_pushnumber(L, static_cast<double>((*at - seconds).count()));
  return 2;
}

/// time.format(seconds [, microseconds]) -> iso
int time_format(lua_State* L) {
  const double seconds = check_second(L, 1);
  const double micros = luaL_optnumber(L, 2, 0);
  luaL_argcheck(L, std::fabs(micros) < 1e15, 2, "expected microseconds");
  const double whole = std::floor(seconds);
  const auto fraction = Duration(std::llround((seconds - whole) * 1e6 + micros));
  return push_instant(L, Instant(std::chrono::seconds(static_cast<std::int64_t>(whole))) + fraction);
}

/// time.to_local(iso, zone) -> "2024-05-01 12:11:12.000013" | nil, err
int time_to_local(lua_State* L) {
  const auto at = parse_instant(check_text(L, 1));
  if (!at.ok()) return script::nil_error(L, at.error());
  const auto zone = Zone::load(check_text(L, 2));
  if (!zone.ok()) return script::nil_error(L, zone.error());
  push_text(L, format_local((*zone)->to_local(*at)));
  return 1;
}

/// time.from_local(text, zone) -> iso | nil, err
int time_from_local(lua_State* L) {
  const auto local = parse_local(check_text(L, 1));
  if (!local.ok()) return script::nil_error(L, local.error());
  const auto zone = Zone::load(check_text(L, 2));
  if (!zone.ok()) return script::nil_error(L, zone.error());
  return push_instant(L, (*zone)->to_instant(*local));
}

/// time.add(iso, seconds) -> iso | nil, err
int time_add(lua_State* L) {
  const auto at = parse_instant(check_text(L, 1));
  if (!at.ok()) return script::nil_error(L, at.error());
  const double seconds = luaL_checknumber(L, 2);
  luaL_argcheck(L, std::fabs(seconds) <= kLastSecond, 2, "expected a number of seconds");
  const double whole = std::floor(seconds);
  const auto moved = *at + std::chrono::seconds(static_cast<std::int64_t>(whole)) + Duration(std::llround((seconds - whole) * 1e6));
  const auto second = static_cast<double>(std::chrono::floor<std::chrono::seconds>(moved).time_since_epoch().count());
  luaL_argcheck(L, second >= kFirstSecond && second <= kLastSecond, 2, "beyond the years 1 to 9999");
  return push_instant(L, moved);
}

/// time.compare(a, b) -> -1, 0, 1 | nil, err
int time_compare(lua_State* L) {
  const auto a = parse_instant(check_text(L, 1));
  if (!a.ok()) return script::nil_error(L, a.error());
  const auto b = parse_instant(check_text(L, 2));
  if (!b.ok()) return script::nil_error(L, b.error());
  lua_pushnumber(L, *a < *b ? -1 : *a > *b ? 1 : 0);
  return 1;
}

/// time.schedule(text) -> the text, without blanks around it | nil, err
int time_schedule(lua_State* L) {
  const auto schedule = sched::parse_schedule(check_text(L, 1));
  if (!schedule.ok()) return script::nil_error(L, schedule.error());
  push_text(L, schedule->text());
  return 1;
}

const Clock& clock_of(lua_State* L) {
  const Clock* clock = services(L).clock;
  if (!clock) luaL_error(L, "there is no clock here");
  return *clock;
}

/// time.now() -> iso
int time_now(lua_State* L) { return push_instant(L, clock_of(L).now()); }

/// time.clock() -> seconds that never jump
int time_clock(lua_State* L) {
  const auto ticks = std::chrono::duration_cast<Duration>(clock_of(L).ticks().time_since_epoch());
  lua_pushnumber(L, static_cast<double>(ticks.count()) / 1e6);
  return 1;
}

constexpr luaL_Reg kTimeFunctions[] = {{"parse", time_parse},           {"format", time_format}, {"to_local", time_to_local},
                                       {"from_local", time_from_local}, {"add", time_add},       {"compare", time_compare},
                                       {"schedule", time_schedule},     {nullptr, nullptr}};
constexpr luaL_Reg kTimeNow[] = {{"now", time_now}, {"clock", time_clock}, {nullptr, nullptr}};

}  // namespace

int open_time(lua_State* L) {
  luaL_newlib(L, kTimeFunctions);
  return 1;
}

int open_time_io(lua_State* L) {
  open_time(L);
  luaL_setfuncs(L, kTimeNow, 0);
  return 1;
}

}  // namespace tidewire::bindings
