// vm.h — one lua_State that can fail without hurting the process.
//
// The JIT engine is off, because compiled loops never reach a hook and cannot be stopped. Memory is capped by wrapping
// the allocator, instructions and time are counted by a hook that, once a limit is passed, fires on every instruction:
// a script that catches the error meets it again on its next one. Memory beyond the cap is granted up to a reserve (a
// quarter of the cap) before it is refused, because a refusal may cost LuaJIT entries of the table that was growing.
// The limits contain mistakes, not an attacker with days of time; scripts are the operator's own.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <lua.hpp>

#include "base/result.h"
#include "script/budget.h"

namespace tidewire::script {

class Vm {
 public:
  /// Runs inside a protected call and may raise; returns how many values it leaves.
  using Body = std::function<int(lua_State*)>;

  Vm(std::string name, const Budget& budget);
  ~Vm();  // contexts go first, in reverse, then the state with its userdata
  Vm(const Vm&) = delete;
  Vm& operator=(const Vm&) = delete;

  /// Not from a finalizer: the last of them run when the state no longer knows its Vm.
  static Vm& of(lua_State* L);
  lua_State* main() { return main_; }
  const std::string& name() const { return name_; }

  /// Runs `body` on the main thread; the top `arguments` values there become its own. On success the values it left
  /// are on the main thread and their number is the result; on failure nothing is left.
  Result<int> protect(const Body& body, int arguments = 0);

  enum class Outcome { kReturned, kYielded };
  /// Runs or goes on with a coroutine whose top `arguments` values are handed to it. Only Task may call this.
  Result<Outcome> resume(lua_State* thread, int arguments);

  /// Counts work done in C++ on the script's behalf against its instructions. Raises when they are used up.
  void spend(lua_State* L, std::uint64_t steps);
  /// Raises a budget error when a value of `bytes`, about to be built outside the allocator, could not fit.
  void check_size(lua_State* L, std::size_t bytes);
  /// Raises a budget error: C functions and coroutines are nested so deep that the process would end.
  void raise_depth(lua_State* L);
  /// Counts memory held outside the allocator by a userdata. Raises, nothing counted, when it does not fit.
  void charge(lua_State* L, std::size_t bytes);
  void release(std::size_t bytes) { used_ -= bytes; }

  std::size_t memory() const { return used_; }
  std::size_t peak_memory() const { return peak_; }
  std::uint64_t refusals() const { return refusals_; }

  /// What C++ keeps per VM so that bindings find it: one object of each type, made once.
  template <typename T, typename... Arguments>
  T& emplace(Arguments&&... arguments) {
    auto kept = std::make_unique<Kept<T>>(std::forward<Arguments>(arguments)...);
    T& value = kept->value;
    contexts_.emplace_back(key<T>(), std::move(kept));
    return value;
  }
  /// The object of that type, or nullptr.
  template <typename T>
  T* find() {
    for (auto& [which, kept] : contexts_)
      if (which == key<T>()) return &static_cast<Kept<T>&>(*kept).value;
    return nullptr;
  }
  template <typename T>
  T& get() {
    T* found = find<T>();
    ASSERT(found, "a binding asks for a context that was made");
    return *found;
  }

 private:
  enum class Expired { kNo, kInstructions, kTime, kMemory, kDepth };
  class Entry;
  struct Holder {
    virtual ~Holder() = default;
  };
  template <typename T>
  struct Kept : Holder {
    template <typename... Arguments>
    explicit Kept(Arguments&&... arguments) : value(std::forward<Arguments>(arguments)...) {}
    T value;
  };
  template <typename T>
  static const void* key() {
    static const char address = 0;
    return &address;
  }

  static void* allocate(void* vm, void* block, std::size_t old_size, std::size_t new_size);
  static void hook(lua_State* L, lua_Debug* where);
  static int on_error(lua_State* L);
  static int run_body(lua_State* L);
  void open();
  bool grant(std::size_t total);
  void make_room(lua_State* L);
  void arm();
  void disarm();
  void set_pace(int instructions);
  void expect_heavy();
  bool out_of_time();
  void expire(Expired reason);
  [[noreturn]] void raise_expired(lua_State* L);
  Error described(lua_State* L, int index, int level);
  Error failure(lua_State* L, int status);
  std::string sentence() const;

  std::string name_;
  Budget budget_;
  lua_State* main_ = nullptr;
  lua_Alloc base_allocate_ = nullptr;
  void* base_data_ = nullptr;
  std::size_t used_ = 0, peak_ = 0;
  std::uint64_t refusals_ = 0;
  int run_body_ref_ = LUA_NOREF, on_error_ref_ = LUA_NOREF;

  // Of the entry that is running.
  lua_State* running_ = nullptr;
  int depth_ = 0;
  const Body* body_ = nullptr;
  std::uint64_t instructions_ = 0;
  std::chrono::steady_clock::time_point started_, looked_;  // begun; at the last hook
  int pace_;  // instructions from one hook to the next
  Duration processor_mark_{-1};
  Expired expired_ = Expired::kNo;
  bool crowded_ = false;  // beyond the cap, still within the reserve
  std::string expired_at_;
  Error caught_;

  std::vector<std::pair<const void*, std::unique_ptr<Holder>>> contexts_;
};

}  // namespace tidewire::script
