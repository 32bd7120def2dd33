// ref.h — Lua values held by C++, and the check that a binding leaves the stack as it should.
#pragma once

#include <utility>

#include <lua.hpp>

#include "base/result.h"
#include "script/vm.h"

namespace tidewire::script {

/// One value kept alive in the registry. Must go before its VM does; moving it leaves an empty one.
class LuaRef {
 public:
  LuaRef() = default;
  /// Takes the value on top of the stack. May raise: inside a protected call only.
  static LuaRef take(lua_State* L) {
    LuaRef ref;
    ref.vm_ = &Vm::of(L);
    ref.ref_ = luaL_ref(L, LUA_REGISTRYINDEX);
    return ref;
  }
  LuaRef(LuaRef&& other) noexcept : vm_(std::exchange(other.vm_, nullptr)), ref_(other.ref_) {}
  LuaRef& operator=(LuaRef&& other) noexcept {
    std::swap(vm_, other.vm_);
    std::swap(ref_, other.ref_);
    return *this;
  }
  ~LuaRef() {
    if (vm_) luaL_unref(vm_->main(), LUA_REGISTRYINDEX, ref_);
  }

  explicit operator bool() const { return vm_ != nullptr; }
  /// Pushes the value, nil when empty. Needs one free slot; never raises.
  void push(lua_State* L) const {
    if (vm_)
      lua_rawgeti(L, LUA_REGISTRYINDEX, ref_);
    else
      lua_pushnil(L);
  }

 private:
  Vm* vm_ = nullptr;
  int ref_ = LUA_NOREF;
};

/// Asserts that the stack grew by exactly `expected` values during its scope, in debug and sanitizer builds. A scope
/// left by a Lua error is not judged.
class StackGuard {
 public:
  explicit StackGuard([[maybe_unused]] lua_State* L, [[maybe_unused]] int expected = 0)
#ifndef NDEBUG
      : L_(L), expected_(lua_gettop(L) + expected), exceptions_(std::uncaught_exceptions())
#endif
  {
  }
#ifndef NDEBUG
  ~StackGuard() {
    if (std::uncaught_exceptions() == exceptions_) ASSERT(lua_gettop(L_) == expected_, "a binding leaves the stack balanced");
  }
#endif
  StackGuard(const StackGuard&) = delete;
  StackGuard& operator=(const StackGuard&) = delete;

#ifndef NDEBUG
 private:
  lua_State* L_;
  int expected_;
  int exceptions_;
#endif
};

}  // namespace tidewire::script
