// tidewire.json — read straight onto the Lua stack, because building a Value in between costs as much again.
#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include <charconv>

#include "base/json.h"
#include "base/text.h"
#include "bindings/modules.h"
#include "bindings/opts.h"
#include "script/convert.h"
#include "script/failure.h"
#include "script/vm.h"

namespace tidewire::bindings {
namespace {

constexpr unsigned kJsonFlags =
    rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseValidateEncodingFlag | rapidjson::kParseIterativeFlag;
constexpr std::size_t kShortInteger = 15;  // digits that surely fit a Lua number

/// Takes RapidJSON's events; below the value being built its containers lie on the stack, for objects with the key on top.
class StackBuilder {
 public:
  explicit StackBuilder(lua_State* L) : L_(L) {}
  const char* refusal() const { return refusal_; }

  bool Null() { return script::push_null(L_), store(); }
  bool Bool(bool value) { return lua_pushboolean(L_, value), store(); }
  bool RawNumber(const char* text, rapidjson::SizeType size, bool) {
    long whole = 0;
    if (size <= kShortInteger && std::from_chars(text, text + size, whole).ptr == text + size)
      lua_pushnumber(L_, static_cast<double>(whole));
    else
      script::push_number_text(L_, {text, size});
    return store();
  }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    if (!well_formed(text, size)) return false;
    lua_pushlstring(L_, text, size);
    return store();
  }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    if (!well_formed(text, size)) return false;
    return lua_pushlstring(L_, text, size), true;
  }
  bool StartObject() { return open(false); }
  bool StartArray() { return open(true); }
  bool EndObject(rapidjson::SizeType) { return close(); }
  bool EndArray(rapidjson::SizeType) { return close(); }

  // The number events RapidJSON names but does not send with numbers as strings.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(int64_t) { return false; }
  bool Uint64(uint64_t) { return false; }
  bool Double(double) { return false; }

 private:
  static constexpr int kNoList = -1;

  // A lone low surrogate escape passes RapidJSON and becomes three bytes that are no UTF-8.
  bool well_formed(const char* text, std::size_t size) {
    if (!std::memchr(text, 0xED, size) || valid_utf8({text, size})) return true;
    refusal_ = "a lone surrogate";
    return false;
  }

  bool open(bool list) {
    if (depth_ == script::kDeepestValue) {
      refusal_ = "nested deeper than 128";
      return false;
    }
    luaL_checkstack(L_, 8, "nested too deep");
    lua_newtable(L_);
    if (list) script::mark_array(L_);
    lengths_[depth_++] = list ? 0 : kNoList;
    return true;
  }

  bool close() {
    --depth_;
    return store();
  }

  bool store() {
    if (depth_ == 0) return true;
    int& length = lengths_[depth_ - 1];
    if (length == kNoList)
      lua_rawset(L_, -3);
    else
      lua_rawseti(L_, -2, ++length);
    return true;
  }

  lua_State* L_;
  const char* refusal_ = nullptr;
  int depth_ = 0;
  int lengths_[script::kDeepestValue];
};

/// json.decode(text) -> value | nil, err
int json_decode(lua_State* L) {
  const std::string_view text = check_text(L, 1);
  lua_settop(L, 1);
  StackBuilder builder(L);
  rapidjson::Reader reader;
  rapidjson::StringStream stream(text.data());
  const rapidjson::ParseResult result = reader.Parse<kJsonFlags>(stream, builder);
  const bool cut = !result.IsError() && stream.Tell() != text.size();
  if (!result.IsError() && !cut) return 1;
  const std::string reason = cut ? "a zero byte" : builder.refusal() ? builder.refusal() : rapidjson::GetParseError_En(result.Code());
  const std::size_t offset = cut ? stream.Tell() : result.Offset();
  lua_settop(L, 1);
  return script::nil_error(L, make_error(Code::kInvalid, "not JSON: " + reason + " (byte " + std::to_string(offset) + ")"));
}

/// json.encode(value [, {pretty}]) -> text, keys sorted
int json_encode(lua_State* L) {
  luaL_checkany(L, 1);
  bool pretty = false;
  Opts(L, 2, "json.encode").read("pretty", pretty).finish();
  const Value value = script::check_value(L, 1, "json.encode");
  const std::string text = pretty ? json::dump_pretty(value) : json::dump(value);
  script::Vm::of(L).spend(L, text.size() / 16);
  push_text(L, text);
  return 1;
}

int json_mark(lua_State* L, void (*mark)(lua_State*)) {
  if (lua_isnoneornil(L, 1)) {
    lua_settop(L, 0);
    lua_newtable(L);
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  mark(L);
  return 1;
}

/// json.array(t) -> t, marked as a list
int json_array(lua_State* L) { return json_mark(L, script::mark_array); }
/// json.object(t) -> t, marked as an object
int json_object(lua_State* L) { return json_mark(L, script::mark_object); }

/// json.is_array(t) -> true for a marked list
int json_is_array(lua_State* L) {
  lua_pushboolean(L, script::is_array(L, 1));
  return 1;
}

constexpr luaL_Reg kJsonFunctions[] = {{"encode", json_encode}, {"decode", json_decode},     {"array", json_array},
                                       {"object", json_object}, {"is_array", json_is_array}, {nullptr, nullptr}};

}  // namespace

int open_json(lua_State* L) {
  luaL_newlib(L, kJsonFunctions);
  script::push_null(L);
  lua_setfield(L, -2, "null");
  return 1;
}

}  // namespace tidewire::bindings
