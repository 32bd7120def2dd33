// The replacements of string.find, match, gmatch, gsub and rep: Lua 5.1's contracts, counted steps, checked sizes.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "script/pattern.h"
#include "script/sandbox.h"
#include "script/vm.h"

namespace tidewire::script {
namespace {

using Match = Pattern::Match;

constexpr std::uint64_t kBytesPerStep = 64;  // of what a plain search or copy goes through
constexpr std::uint64_t kStepsPerLook = 100'000;  // between two looks at the budget inside one call

std::string_view check_text(lua_State* L, int index) {
  std::size_t size = 0;
  const char* text = luaL_checklstring(L, index, &size);
  return {text, size};
}

/// A matcher for one call of a function: what it may do is linear in the subject, with a ceiling.
class Counted {
 public:
  Counted(lua_State* L, std::string_view subject, std::string_view text)
      : L_(L), subject_(subject), allowed_(std::min<std::uint64_t>(1'000'000 + 64 * subject.size(), 50'000'000)), steps_(allowed_), counted_(allowed_) {
    auto compiled = Pattern::compile(text);
    if (!compiled.ok()) {
      lua_pushlstring(L, compiled.error().message.data(), compiled.error().message.size());
      luaL_error(L, "%s", lua_tostring(L, -1));
    }
    pattern_ = std::move(compiled).value();
  }

  bool match_at(std::size_t at, Match& match) { return judge(pattern_.match_at(subject_, at, match, steps_)); }
  bool search(std::size_t at, Match& match) { return judge(pattern_.search(subject_, at, match, steps_)); }
  /// Counts the steps made since the last time against the script's budget, once they are at least so many.
  void settle(std::uint64_t least = 1000) {
    const std::uint64_t made = counted_ - steps_;
    if (made <= least) return;
    counted_ = steps_;
    Vm::of(L_).spend(L_, made);
  }

 private:
  bool judge(Pattern::Outcome outcome) {
    if (outcome == Pattern::Outcome::kTooManySteps) {
      settle();
      luaL_error(L_, "matching took more than %d steps: the pattern tries too many combinations on a text of %d bytes",
                 static_cast<int>(allowed_), static_cast<int>(subject_.size()));
    }
    return outcome == Pattern::Outcome::kMatched;
  }

  lua_State* L_;
  std::string_view subject_;
  std::uint64_t allowed_, steps_, counted_;
  Pattern pattern_;
};

void push_capture(lua_State* L, std::string_view subject, const Match& match, int index) {
  if (index == 0 && match.captures == 0) {
    lua_pushlstring(L, subject.data() + match.begin, match.end - match.begin);
    return;
  }
  if (index >= match.captures) luaL_error(L, "invalid capture index");
  const Pattern::Capture& capture = match.capture[static_cast<std::size_t>(index)];
  if (capture.length == Pattern::kPosition)
    lua_pushnumber(L, static_cast<double>(capture.start + 1));
  else
    lua_pushlstring(L, subject.data() + capture.start, static_cast<std::size_t>(capture.length));
}

int push_captures(lua_State* L, std::string_view subject, const Match& match, bool whole_if_none) {
  const int count = match.captures == 0 && whole_if_none ? 1 : match.captures;
  luaL_checkstack(L, count, "too many captures");
  for (int index = 0; index < count; ++index) push_capture(L, subject, match, index);
  return count;
}

/// The 1-based, perhaps negative `init` as an offset; npos beyond the end.
std::size_t start_offset(lua_State* L, int index, std::size_t size) {
  double init = luaL_optnumber(L, index, 1);
  if (init < 0) init = std::max(init + static_cast<double>(size) + 1, 1.0);
  if (!(init >= 1)) init = 1;
  return init > static_cast<double>(size) + 1 ? std::string_view::npos : static_cast<std::size_t>(init) - 1;
}

int push_bounds(lua_State* L, std::size_t begin, std::size_t end) {
  lua_pushnumber(L, static_cast<double>(begin + 1));
  lua_pushnumber(L, static_cast<double>(end));
  return 2;
}

int find_plain(lua_State* L, std::string_view subject, std::string_view wanted, std::size_t start) {
  const void* found = wanted.empty() ? subject.data() + start
                                     : memmem(subject.data() + start, subject.size() - start, wanted.data(), wanted.size());
  const std::size_t begin = found ? static_cast<std::size_t>(static_cast<const char*>(found) - subject.data()) : subject.size();
  if (const std::uint64_t steps = (begin - start) / kBytesPerStep; steps > 1000) Vm::of(L).spend(L, steps);
  if (!found) return lua_pushnil(L), 1;
  return push_bounds(L, begin, begin + wanted.size());
}

int find_or_match(lua_State* L, bool find) {
  const std::string_view subject = check_text(L, 1);
  std::string_view text = check_text(L, 2);
  const std::size_t start = start_offset(L, 3, subject.size());
  if (start == std::string_view::npos) return lua_pushnil(L), 1;
  if (find && (lua_toboolean(L, 4) || text.find_first_of("^$*+?.([%-") == std::string_view::npos))
    return find_plain(L, subject, text, start);
  const bool anchored = text.starts_with('^');
  if (anchored) text.remove_prefix(1);
  Counted counted(L, subject, text);
  Match match;
  const bool matched = anchored ? counted.match_at(start, match) : counted.search(start, match);
  counted.settle();
  if (!matched) return lua_pushnil(L), 1;
  if (!find) return push_captures(L, subject, match, true);
  push_bounds(L, match.begin, match.end);
  return 2 + push_captures(L, subject, match, false);
}

int string_find(lua_State* L) { return find_or_match(L, true); }
int string_match(lua_State* L) { return find_or_match(L, false); }

// Upvalues: subject, pattern, offset to go on from.
int gmatch_next(lua_State* L) {
  const std::string_view subject = check_text(L, lua_upvalueindex(1));
  const auto start = static_cast<std::size_t>(lua_tonumber(L, lua_upvalueindex(3)));
  if (start > subject.size()) return lua_pushnil(L), 1;
  Counted counted(L, subject, check_text(L, lua_upvalueindex(2)));
  Match match;
  const bool matched = counted.search(start, match);
  counted.settle();
  const std::size_t next = !matched ? subject.size() + 1 : match.end + (match.end == match.begin ? 1 : 0);
  lua_pushnumber(L, static_cast<double>(next));
  lua_replace(L, lua_upvalueindex(3));
  if (!matched) return lua_pushnil(L), 1;
  return push_captures(L, subject, match, true);
}

int string_gmatch(lua_State* L) {
  check_text(L, 1);
  check_text(L, 2);
  lua_settop(L, 2);
  lua_pushnumber(L, 0);
  lua_pushcclosure(L, gmatch_next, 3);
  return 1;
}

/// A template of a few bytes may name a long match many times.
void append(lua_State* L, std::string& out, std::string_view piece) {
  Vm::of(L).check_size(L, out.size() + piece.size());
  out += piece;
}

void append_template(lua_State* L, std::string& out, std::string_view subject, const Match& match) {
  const std::string_view text = check_text(L, 3);
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%' || at + 1 == text.size()) {
      out += text[at];
      continue;
    }
    const char letter = text[++at];
    if (letter < '0' || letter > '9') {
      out += letter;
    } else if (letter == '0') {
      append(L, out, subject.substr(match.begin, match.end - match.begin));
    } else {
      push_capture(L, subject, match, letter - '1');
      append(L, out, check_text(L, -1));
      lua_pop(L, 1);
    }
  }
}

void append_replacement(lua_State* L, std::string& out, std::string_view subject, const Match& match) {
  const int type = lua_type(L, 3);
  if (type == LUA_TSTRING || type == LUA_TNUMBER) return append_template(L, out, subject, match);
  if (type == LUA_TTABLE) {
    push_capture(L, subject, match, 0);
    lua_gettable(L, 3);
  } else {
    lua_pushvalue(L, 3);
    lua_call(L, push_captures(L, subject, match, true), 1);
  }
  if (!lua_toboolean(L, -1))
    out.append(subject, match.begin, match.end - match.begin);
  else if (lua_isstring(L, -1))
    append(L, out, check_text(L, -1));
  else
    luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
  lua_pop(L, 1);
}

int string_gsub(lua_State* L) {
  const std::string_view subject = check_text(L, 1);
  std::string_view text = check_text(L, 2);
  const int type = lua_type(L, 3);
  luaL_argcheck(L, type == LUA_TSTRING || type == LUA_TNUMBER || type == LUA_TTABLE || type == LUA_TFUNCTION, 3,
                "string/function/table expected");
  const double most = luaL_optnumber(L, 4, static_cast<double>(subject.size()) + 1);
  const bool anchored = text.starts_with('^');
  if (anchored) text.remove_prefix(1);
  Counted counted(L, subject, text);
  std::string out;
  std::size_t at = 0;
  double count = 0;
  Match match;
  while (count < most) {
    if (!(anchored ? counted.match_at(at, match) : counted.search(at, match))) break;
    ++count;
    out.append(subject, at, match.begin - at);
    append_replacement(L, out, subject, match);
    at = match.end;
    if (match.end == match.begin && at < subject.size()) out += subject[at];
    if (match.end == match.begin) ++at;
    Vm::of(L).check_size(L, out.size());
    counted.settle(kStepsPerLook);
    if (at > subject.size() || anchored) break;
  }
  counted.settle();
  if (at < subject.size()) out.append(subject, at);
  lua_pushlstring(L, out.data(), out.size());
  lua_pushnumber(L, count);
  return 2;
}

/// `unit` over and over, cut at `total` bytes: copies what is there already, so that the work is in a few long copies.
std::string repeated_text(std::string unit, std::size_t total) {
  unit.reserve(total);
  while (unit.size() < total) unit.append(unit, 0, std::min(unit.size(), total - unit.size()));
  unit.resize(total);
  return unit;
}

// The library's own would fail without naming a line when the result is beyond what a string can be at all.
int string_rep(lua_State* L) {
  const std::string_view text = check_text(L, 1);
  const double times = luaL_checknumber(L, 2);
  const std::string_view separator = lua_isnoneornil(L, 3) ? std::string_view() : check_text(L, 3);
  if (!(times >= 1) || text.size() + separator.size() == 0) return lua_pushliteral(L, ""), 1;
  const double bytes = static_cast<double>(text.size() + separator.size()) * times;
  Vm::of(L).check_size(L, bytes < 1e15 ? static_cast<std::size_t>(bytes) : std::size_t{1} << 50);
  const auto total = static_cast<std::size_t>(std::floor(times)) * (text.size() + separator.size()) - separator.size();
  Vm::of(L).spend(L, total / kBytesPerStep);
  const std::string out = repeated_text(std::string(text) + std::string(separator), total);
  lua_pushlstring(L, out.data(), out.size());
  return 1;
}

constexpr luaL_Reg kStringFunctions[] = {{"find", string_find},     {"match", string_match}, {"gmatch", string_gmatch},
                                         {"gsub", string_gsub},     {"rep", string_rep},     {nullptr, nullptr}};

}  // namespace

void open_string_functions(lua_State* L) {
  luaL_setfuncs(L, kStringFunctions, 0);
  for (const char* removed : {"dump", "gfind"}) {
    lua_pushnil(L);
    lua_setfield(L, -2, removed);
  }
}

}  // namespace tidewire::script
