// tidewire.task — waiting for time, and for several things at once.
#include <vector>

#include "bindings/modules.h"
#include "script/failure.h"
#include "script/ref.h"
#include "script/sandbox.h"
#include "script/task.h"

namespace tidewire::bindings {
namespace {

using script::LuaRef;
using script::Task;
using script::TaskHandle;

constexpr int kMostChildren = 1000;

/// The wait of task.all: destroying it cancels the children that still run.
class Gather {
 public:
  Gather(Task::Resume resume, std::size_t count) : resume_(std::move(resume)), open_(count), handles_(count), results_(count) {}

  void add(std::size_t child, std::unique_ptr<TaskHandle> handle) { handles_[child] = std::move(handle); }

  void finished(std::size_t child, LuaRef result) {
    results_[child] = std::move(result);
    if (--open_ > 0) return;
    resume_([this](lua_State* L) {
      lua_pushboolean(L, 1);
      lua_createtable(L, static_cast<int>(results_.size()), 0);
      for (std::size_t position = 0; position < results_.size(); ++position) {
        results_[position].push(L);
        lua_rawseti(L, -2, static_cast<int>(position) + 1);
      }
      return 2;
    });
  }

  /// `raised`: the child did not return `nil, err` but died of the error, and so does who waits for it.
  void failed(const Error& error, bool raised) {
    handles_.clear();
    resume_([error, raised](lua_State* L) {
      lua_pushboolean(L, !raised);
      if (!raised) lua_pushnil(L);
      script::push_error(L, error);
      return raised ? 2 : 3;
    });
  }

 private:
  Task::Resume resume_;
  std::size_t open_;
  std::vector<std::unique_ptr<TaskHandle>> handles_;
  std::vector<LuaRef> results_;
};

class Child final : public script::TaskClient {
 public:
  Child(Gather& gather, std::size_t position, LuaRef function) : gather_(gather), position_(position), function_(std::move(function)) {}

  int push(lua_State* L) override {
    function_.push(L);
    return 1;
  }

  void read(lua_State* L, int results) override {
    returned_ = script::returned_error(L, results);
    if (returned_) return;
    lua_settop(L, 1);
    result_ = LuaRef::take(L);
  }

  void done(std::optional<Error> error) override {
    if (error) return gather_.failed(*error, true);
    if (returned_) return gather_.failed(*returned_, false);
    gather_.finished(position_, std::move(result_));
  }

 private:
  Gather& gather_;
  std::size_t position_;
  LuaRef function_, result_;
  std::optional<Error> returned_;
};

std::vector<LuaRef> check_functions(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  const int count = static_cast<int>(lua_objlen(L, 1));
  luaL_argcheck(L, count <= kMostChildren, 1, "more than 1000 functions at once");
  std::vector<LuaRef> functions;
  for (int position = 1; position <= count; ++position) {
    lua_rawgeti(L, 1, position);
    if (!lua_isfunction(L, -1)) luaL_error(L, "task.all: entry %d is a %s, not a function", position, luaL_typename(L, -1));
    functions.push_back(LuaRef::take(L));
  }
  return functions;
}

/// -> true, results | true, nil, err | false, raised error
int task_gather(lua_State* L) {
  Task& task = Task::waiting(L);
  std::vector<LuaRef> functions = check_functions(L);
  if (functions.empty()) {
    lua_pushboolean(L, 1);
    lua_newtable(L);
    return 2;
  }
  return task.await(L, [&](Task::Resume resume) {
    auto gather = std::make_unique<Gather>(std::move(resume), functions.size());
    for (std::size_t position = 0; position < functions.size(); ++position)
      gather->add(position, task.tasks().start(std::make_unique<Child>(*gather, position, std::move(functions[position])), std::nullopt, task.recording()));
    return gather;
  });
}

// Raising belongs to the waiting coroutine, so that its pcall sees it; a resumed C function could not.
constexpr const char* kTaskAll = R"lua(
local function finish(returned, results, err)
  if not returned then error(results, 0) end
  return results, err
end
return function(gather) return function(functions) return finish(gather(functions)) end end
)lua";

/// task.sleep(seconds)      (waits)
int task_sleep(lua_State* L) {
  Task& task = Task::waiting(L);
  const Duration delay = check_seconds(L, 1);
  Timers* timers = services(L).timers;
  if (!timers) return luaL_error(L, "there are no timers here");
  return task.await(L, [&](Task::Resume resume) {
    return timers->after(delay, [resume = std::move(resume)] { resume([](lua_State*) { return 0; }); });
  });
}

}  // namespace

int open_task(lua_State* L) {
  lua_newtable(L);                        // module
  lua_pushcfunction(L, task_sleep);
  lua_setfield(L, -2, "sleep");
  script::run_chunk(L, kTaskAll);         // module make
  lua_pushcfunction(L, task_gather);      // module make gather
  lua_call(L, 1, 1);                      // module all
  lua_setfield(L, -2, "all");             // module
  return 1;
}

}  // namespace tidewire::bindings
