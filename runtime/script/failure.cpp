#include "script/failure.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "base/text.h"

namespace tidewire::script {
namespace {

constexpr const char* kErrorMeta = "tidewire.error";
constexpr std::size_t kMostCallers = 4;
constexpr int kMostLevels = 60;  // finding a level costs its depth, and after a stack overflow there are thousands

void set_text(lua_State* L, const char* key, std::string_view text) {
  lua_pushlstring(L, text.data(), text.size());
  lua_setfield(L, -2, key);
}

// Reads without metamethods: this runs while an error is on its way, where a script must not get a turn.
std::string raw_text(lua_State* L, int index, const char* key) {
  lua_pushstring(L, key);
  lua_rawget(L, index);
  std::string text = lua_type(L, -1) == LUA_TSTRING ? std::string(lua_tostring(L, -1), lua_objlen(L, -1)) : std::string();
  lua_pop(L, 1);
  return text;
}

int absolute(lua_State* L, int index) { return index > 0 || index <= LUA_REGISTRYINDEX ? index : lua_gettop(L) + index + 1; }

int error_tostring(lua_State* L) {
  const std::string text = lua_istable(L, 1) ? to_string(read_error(L, 1)) : std::string("error");
  lua_pushlstring(L, text.data(), text.size());
  return 1;
}

int error_concat(lua_State* L) {
  for (int side = 1; side <= 2; ++side) {
    if (is_error(L, side)) {
      const std::string text = to_string(read_error(L, side));
      lua_pushlstring(L, text.data(), text.size());
      lua_replace(L, side);
    } else {
      luaL_checkstring(L, side);
    }
  }
  lua_settop(L, 2);
  lua_concat(L, 2);
  return 1;
}

bool line_of(lua_State* L, int level, std::string& line) {
  lua_Debug frame;
  if (!lua_getstack(L, level, &frame)) return false;
  lua_getinfo(L, "Sl", &frame);
  const bool ours = frame.short_src[0] == '[';  // "[tidewire]", a piece of Lua inside the C++
  line = frame.currentline > 0 && !ours ? std::string(frame.short_src) + ":" + std::to_string(frame.currentline) : std::string();
  return true;
}

}  // namespace

void push_error_meta(lua_State* L) {
  if (luaL_newmetatable(L, kErrorMeta)) {
    lua_pushcfunction(L, error_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_pushcfunction(L, error_concat);
    lua_setfield(L, -2, "__concat");
  }
}

void push_error(lua_State* L, const Error& error) {
  lua_createtable(L, 0, 4);
  set_text(L, "code", code_name(error.code));
  set_text(L, "message", error.message);
  if (!error.hint.empty()) set_text(L, "hint", error.hint);
  if (error.retry_after) {
    lua_pushnumber(L, static_cast<double>(error.retry_after->count()) / 1000);
    lua_setfield(L, -2, "retry_after");
  }
  push_error_meta(L);
  lua_setmetatable(L, -2);
}

int nil_error(lua_State* L, const Error& error) {
  lua_pushnil(L);
  push_error(L, error);
  return 2;
}

void raise_error(lua_State* L, Error error) {
  error.message = where(L, 1) + error.message;
  push_error(L, error);
  lua_error(L);
  __builtin_unreachable();
}

bool is_error(lua_State* L, int index) {
  if (!lua_istable(L, index)) return false;
  return code_from_name(raw_text(L, absolute(L, index), "code")).has_value();
}

std::optional<Error> returned_error(lua_State* L, int results) {
  if (results < 2 || !lua_isnil(L, 1) || lua_isnil(L, 2)) return std::nullopt;
  Error error = read_error(L, 2);
  if (lua_type(L, 2) == LUA_TSTRING) error.code = Code::kInvalid;
  return error;
}

Error read_error(lua_State* L, int index) {
  index = absolute(L, index);
  const int type = lua_type(L, index);
  if (type == LUA_TSTRING) return make_error(Code::kScript, std::string(lua_tostring(L, index), lua_objlen(L, index)));
  if (type == LUA_TNUMBER) return make_error(Code::kScript, format("%.14g", lua_tonumber(L, index)));
  if (type != LUA_TTABLE)
    return make_error(Code::kScript, std::string("raised a ") + lua_typename(L, type) + " value instead of a message");
  Error error = make_error(Code::kScript, raw_text(L, index, "message"), raw_text(L, index, "hint"));
  error.code = code_from_name(raw_text(L, index, "code")).value_or(Code::kScript);
  if (error.message.empty()) error.message = "raised a table without a message";
  lua_pushliteral(L, "retry_after");
  lua_rawget(L, index);
  const double seconds = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : -1;
  if (seconds >= 0 && seconds < 1e9) error.retry_after = std::chrono::milliseconds(std::llround(seconds * 1000));
  lua_pop(L, 1);
  return error;
}

std::string nearest_line(lua_State* L, int level) {
  std::string line;
  for (const int last = level + kMostLevels; level < last && line_of(L, level, line); ++level)
    if (!line.empty()) return line;
  return {};
}

std::string blamed_line(lua_State* L) {
  std::string line;
  for (int level = 0; level < kMostLevels && line_of(L, level, line); ++level)
    if (!line.empty() && !line.starts_with("tidewire/")) return line;
  return nearest_line(L, 0);
}

std::string where(lua_State* L, int level) {
  const std::string line = nearest_line(L, level);
  return line.empty() ? line : line + ": ";
}

void add_callers(lua_State* L, int level, Error& error) {
  // Lines of the library inside this program say nothing to who wrote the rest, but of a fault of its own they are all there is.
  const auto inside = [](const std::string& text) { return text.starts_with("tidewire/"); };
  const bool placed_inside = error.message.find(".lua:") == std::string::npos && inside(nearest_line(L, level));
  const bool of_the_library = inside(error.message) || placed_inside;
  std::vector<std::string> lines;
  std::string line;
  bool more = false;
  for (const int last = level + kMostLevels; !more && level < last && line_of(L, level, line); ++level) {
    if (line.empty() || (inside(line) && !of_the_library) || error.message.find(line + ":") != std::string::npos) continue;
    if (std::find(lines.begin(), lines.end(), line) != lines.end()) continue;
    more = lines.size() == kMostCallers;
    lines.push_back(more ? "..." : line);
  }
  if (lines.empty()) return;
  const bool placed = error.message.find(".lua:") != std::string::npos;
  error.message += (placed ? " (called from " : " (at ") + join(lines, ", ") + ")";
}

}  // namespace tidewire::script
