// tidewire.kv — what a connector remembers between runs, in its connection's own namespace.
#include "bindings/modules.h"
#include "script/convert.h"
#include "script/failure.h"
#include "script/task.h"

namespace tidewire::bindings {
namespace {

using script::Task;

constexpr std::size_t kLongestKey = 512;

/// The store's verbs cannot be called back; an answer nobody waits for any more is dropped by its number.
struct Uncancellable {};

KvPort& port(lua_State* L) {
  KvPort* kv = services(L).kv;
  if (!kv) luaL_error(L, "there is no store here");
  return *kv;
}

std::string check_key(lua_State* L) {
  const std::string_view key = check_text(L, 1);
  luaL_argcheck(L, !key.empty() && key.size() <= kLongestKey, 1, "a key has 1 to 512 bytes");
  return std::string(key);
}

int push_found(lua_State* L, const Result<std::optional<Value>>& found) {
  if (!found.ok()) return script::nil_error(L, found.error());
  if (*found)
    script::push_value(L, **found);
  else
    lua_pushnil(L);
  return 1;
}

std::function<void(Result<void>)> answer_done(Task::Resume resume) {
  return [resume = std::move(resume)](Result<void> done) {
    resume([done = std::move(done)](lua_State* L) {
      if (!done.ok()) return script::nil_error(L, done.error());
      lua_pushboolean(L, 1);
      return 1;
    });
  };
}

/// kv.get(key) -> value or nil | nil, err      (waits)
int kv_get(lua_State* L) {
  Task& task = Task::waiting(L);
  const std::string key = check_key(L);
  return task.await(L, [&](Task::Resume resume) {
    port(L).get(key, [resume = std::move(resume)](Result<std::optional<Value>> found) {
      resume([found = std::move(found)](lua_State* state) { return push_found(state, found); });
    });
    return std::make_unique<Uncancellable>();
  });
}

/// kv.set(key, value [, ttl]) -> true | nil, err      (waits)
int kv_set(lua_State* L) {
  Task& task = Task::waiting(L);
  const std::string key = check_key(L);
  luaL_checkany(L, 2);
  if (lua_isnil(L, 2)) return luaL_error(L, "kv.set: the value is nil; kv.delete(key) forgets a key");
  Value value = script::check_value(L, 2, "kv.set");
  const std::optional<Duration> keep = lua_isnoneornil(L, 3) ? std::nullopt : std::optional(check_seconds(L, 3));
  return task.await(L, [&](Task::Resume resume) {
    port(L).set(key, std::move(value), keep, answer_done(std::move(resume)));
    return std::make_unique<Uncancellable>();
  });
}

/// kv.delete(key) -> true | nil, err      (waits)
int kv_delete(lua_State* L) {
  Task& task = Task::waiting(L);
  const std::string key = check_key(L);
  return task.await(L, [&](Task::Resume resume) {
    port(L).remove(key, answer_done(std::move(resume)));
    return std::make_unique<Uncancellable>();
  });
}

constexpr luaL_Reg kKvFunctions[] = {{"get", kv_get}, {"set", kv_set}, {"delete", kv_delete}, {nullptr, nullptr}};

}  // namespace

int open_kv(lua_State* L) {
  luaL_newlib(L, kKvFunctions);
  return 1;
}

}  // namespace tidewire::bindings
