// tidewire.practice — what a practice server needs of the command line: options, fixtures, chance, work beside requests.
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <unordered_map>

#include "bindings/modules.h"
#include "script/convert.h"
#include "script/failure.h"
#include "script/ref.h"
#include "script/task.h"
#include "script/vm.h"

namespace tidewire::bindings {
namespace {

using script::Vm;

/// practice.random() -> [0, 1), the same row of numbers for the same --seed
int practice_random(lua_State* L) {
  Random* random = services(L).random;
  if (!random) return luaL_error(L, "there is no chance here");
  lua_pushnumber(L, random->unit());
  return 1;
}

/// practice.exit(code)
int practice_exit(lua_State* L) {
  const auto code = static_cast<int>(luaL_optnumber(L, 1, 0));
  const auto& exit = services(L).exit;
  if (!exit) return luaL_error(L, "nothing can be ended here");
  exit(code);
  return 0;
}

/// practice.ready(address): tells the command line that the server listens
int practice_ready(lua_State* L) {
  const std::string address(check_text(L, 1));
  if (const auto& ready = services(L).ready) ready(address);
  return 0;
}

/// practice.read(path) -> text | nil, err
int practice_read(lua_State* L) {
  const std::string path(check_text(L, 1));
  std::ifstream stream(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  if (!stream.is_open() || stream.bad()) return script::nil_error(L, make_error(Code::kNotFound, "cannot read " + path));
  Vm::of(L).check_size(L, text.size());
  push_text(L, text);
  return 1;
}

/// practice.write(text): to the standard output, at once
int practice_write(lua_State* L) {
  const std::string_view text = check_text(L, 1);
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
  return 0;
}

/// practice.terminal() -> { columns, colours } | nil where the standard output is none; NO_COLOR and TERM=dumb switch colours off
int practice_terminal(lua_State* L) {
  winsize size{};
  if (isatty(STDOUT_FILENO) == 0) return 0;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) size.ws_col = 80;
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  const bool plain = (no_color != nullptr && *no_color != '\0') || term == nullptr || std::string_view(term) == "dumb";
  lua_createtable(L, 0, 2);
  lua_pushnumber(L, size.ws_col);
  lua_setfield(L, -2, "columns");
  lua_pushboolean(L, !plain);
  lua_setfield(L, -2, "colours");
  return 1;
}

/// Tasks that run beside the requests, until they end or the script does.
struct Background {
  std::uint64_t number = 0;
  std::unordered_map<std::uint64_t, std::unique_ptr<script::TaskHandle>> running;
};

class BackgroundTask final : public script::TaskClient {
 public:
  BackgroundTask(Vm& vm, std::uint64_t number, script::LuaRef function) : vm_(vm), number_(number), function_(std::move(function)) {}
  int push(lua_State* L) override {
    function_.push(L);
    return 1;
  }
  void read(lua_State*, int) override {}
  void done(std::optional<Error> error) override {
    Logger* logger = vm_.get<Services>().logger;
    if (error && logger) logger->error("background", to_string(*error), Object{{"script", vm_.name()}});
    vm_.get<Background>().running.erase(number_);
  }

 private:
  Vm& vm_;
  std::uint64_t number_;
  script::LuaRef function_;
};

/// practice.start(fn): runs fn as a task of its own, which may wait and need not end
int practice_start(lua_State* L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  Vm& vm = Vm::of(L);
  script::Tasks* tasks = vm.find<script::Tasks>();
  if (!tasks) return luaL_error(L, "nothing can be started here");
  Background* background = vm.find<Background>();
  if (!background) background = &vm.emplace<Background>();
  lua_settop(L, 1);
  const std::uint64_t number = ++background->number;
  background->running.emplace(number, tasks->start(std::make_unique<BackgroundTask>(vm, number, script::LuaRef::take(L))));
  return 0;
}

constexpr luaL_Reg kPracticeFunctions[] = {{"random", practice_random}, {"exit", practice_exit},   {"ready", practice_ready},
                                           {"read", practice_read},     {"start", practice_start}, {"write", practice_write},
                                           {"terminal", practice_terminal}, {nullptr, nullptr}};

}  // namespace

int open_practice(lua_State* L) {
  luaL_newlib(L, kPracticeFunctions);
  script::push_value(L, services(L).practice_options);
  lua_setfield(L, -2, "options");
  return 1;
}

}  // namespace tidewire::bindings
