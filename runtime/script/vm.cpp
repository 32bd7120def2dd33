#include "script/vm.h"

#include <luajit.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>

#include "base/text.h"
#include "script/failure.h"
#include "script/sandbox.h"

namespace tidewire::script {
namespace {

constexpr int kInstructionsPerHook = 1000;
// An instruction may copy or compare megabytes: while they take long, the hook comes more often.
constexpr int kHeavyPerHook = 10;
constexpr std::size_t kHeavyBlock = 256u << 10;  // who makes such a block may make many, long before the first hook
constexpr Duration kLongSlice = std::chrono::milliseconds(5), kShortSlice = std::chrono::microseconds(50);
constexpr std::size_t kLeastReserve = 256u << 10;
constexpr std::size_t kExceptionText = 200;
constexpr std::uintptr_t kDeepest = 1u << 20;  // bytes of the C stack; LuaJIT counts its own stack only

thread_local std::uintptr_t stack_began = 0;  // where the C stack was when the outermost VM was entered; 0: none is

bool too_deep() { return stack_began != 0 && stack_began - reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) > kDeepest; }

int panic(lua_State* L) {
  std::fprintf(stderr, "broken invariant: Lua error outside a protected call: %s\n", lua_tostring(L, -1));
  std::abort();
}

// The text leaves the handler in a plain buffer: raising inside it would leave the exception object behind.
int call_c_function(lua_State* L, lua_CFunction function) {
  if (too_deep()) Vm::of(L).raise_depth(L);
  char text[kExceptionText];
  try {
    return function(L);
  } catch (const std::exception& exception) {
    std::snprintf(text, sizeof text, "%s", exception.what());
  }
  return luaL_error(L, "%s", text);
}

Duration processor_time() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::duration_cast<Duration>(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

#ifdef TIDEWIRE_SANITIZE
// LuaJIT's own allocator is opaque to the sanitizer: leaks and overruns in userdata would not be seen.
void* plain_allocate(void*, void* block, std::size_t, std::size_t size) {
  if (size > 0) return std::realloc(block, size);
  std::free(block);
  return nullptr;
}
#endif

}  // namespace

/// One stay of the processor in this VM; the outermost gets a fresh budget.
class Vm::Entry {
 public:
  Entry(Vm& vm, lua_State* L) : vm_(vm), outer_(vm.running_), outer_stack_(stack_began) {
    if (stack_began == 0) stack_began = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    if (vm_.depth_++ == 0) vm_.arm();
    vm_.running_ = L;
  }
  ~Entry() {
    vm_.running_ = outer_;
    stack_began = outer_stack_;
    if (--vm_.depth_ == 0) vm_.disarm();
  }
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

 private:
  Vm& vm_;
  lua_State* outer_;
  std::uintptr_t outer_stack_;
};

Vm::Vm(std::string name, const Budget& budget) : name_(std::move(name)), budget_(budget), pace_(kInstructionsPerHook) {
#ifdef TIDEWIRE_SANITIZE
  base_allocate_ = plain_allocate;
  main_ = lua_newstate(plain_allocate, nullptr);
#else
  main_ = luaL_newstate();
  base_allocate_ = lua_getallocf(main_, &base_data_);
#endif
  ASSERT(main_, "there is memory for a Lua state");
  lua_atpanic(main_, panic);
  used_ = static_cast<std::size_t>(lua_gc(main_, LUA_GCCOUNT, 0)) * 1024 +
          static_cast<std::size_t>(lua_gc(main_, LUA_GCCOUNTB, 0));
  open();
}

void Vm::open() {
  lua_setallocf(main_, allocate, this);
  luaJIT_setmode(main_, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
  lua_pushlightuserdata(main_, reinterpret_cast<void*>(call_c_function));
  luaJIT_setmode(main_, -1, LUAJIT_MODE_WRAPCFUNC | LUAJIT_MODE_ON);
  lua_pop(main_, 1);
  // The first release of a reference makes a slot, which must not happen in a destructor.
  lua_pushboolean(main_, 1);
  luaL_unref(main_, LUA_REGISTRYINDEX, luaL_ref(main_, LUA_REGISTRYINDEX));
  lua_pushcfunction(main_, run_body);
  run_body_ref_ = luaL_ref(main_, LUA_REGISTRYINDEX);
  lua_pushcfunction(main_, on_error);
  on_error_ref_ = luaL_ref(main_, LUA_REGISTRYINDEX);
  open_sandbox(main_);
  lua_sethook(main_, hook, LUA_MASKCOUNT, pace_);
}

Vm::~Vm() {
  ASSERT(depth_ == 0, "no VM is closed from inside itself");
  while (!contexts_.empty()) contexts_.pop_back();
  lua_sethook(main_, nullptr, 0, 0);
  lua_setallocf(main_, base_allocate_, base_data_);
  lua_close(main_);
}

Vm& Vm::of(lua_State* L) {
  void* vm = nullptr;
  lua_getallocf(L, &vm);
  return *static_cast<Vm*>(vm);
}

void* Vm::allocate(void* self, void* block, std::size_t old_size, std::size_t new_size) {
  Vm& vm = *static_cast<Vm*>(self);
  if (block == nullptr) old_size = 0;
  if (new_size > old_size && vm.depth_ > 0 && !vm.grant(vm.used_ + (new_size - old_size))) return nullptr;
  void* result = vm.base_allocate_(vm.base_data_, block, old_size, new_size);
  if (result == nullptr && new_size > 0) return nullptr;
  if (new_size >= kHeavyBlock) vm.expect_heavy();
  vm.used_ = vm.used_ - old_size + new_size;
  vm.peak_ = std::max(vm.peak_, vm.used_);
  return result;
}

// LuaJIT does not survive a refusal everywhere: a table caught while it grows loses entries, and the registry is a table.
// So what goes beyond the cap is still granted, up to a reserve, and the script ends at its next instruction; only what
// grows on and on inside one C function is refused. LuaJIT then says "not enough memory" without a place, so the place
// is taken here, before the stack is gone.
bool Vm::grant(std::size_t total) {
  if (total <= budget_.memory) return true;
  if (total <= budget_.memory + std::max(budget_.memory / 4, kLeastReserve)) {
    if (!crowded_ && expired_ == Expired::kNo) lua_sethook(main_, hook, LUA_MASKCOUNT, 1);
    crowded_ = true;
    return true;
  }
  ++refusals_;
  if (expired_ == Expired::kNo) {
    expired_at_ = blamed_line(running_);
    expire(Expired::kMemory);
  }
  return false;
}

void Vm::arm() {
  instructions_ = 0;
  started_ = looked_ = std::chrono::steady_clock::now();
  processor_mark_ = Duration(-1);
}

void Vm::disarm() {
  caught_ = Error{};
  if (expired_ == Expired::kNo && !crowded_) return set_pace(kInstructionsPerHook);
  lua_gc(main_, LUA_GCCOLLECT, 0);
  crowded_ = false;
  expired_ = Expired::kNo;
  expired_at_.clear();
  pace_ = kInstructionsPerHook;
  lua_sethook(main_, hook, LUA_MASKCOUNT, pace_);
}

void Vm::set_pace(int instructions) {
  if (pace_ == instructions) return;
  pace_ = instructions;
  lua_sethook(main_, hook, LUA_MASKCOUNT, pace_);
}

void Vm::expect_heavy() {
  if (depth_ > 0 && expired_ == Expired::kNo && !crowded_) set_pace(kHeavyPerHook);
}

void Vm::expire(Expired reason) {
  expired_ = reason;
  lua_sethook(main_, hook, LUA_MASKCOUNT, 1);
}

void Vm::hook(lua_State* L, lua_Debug*) {
  Vm& vm = of(L);
  if (vm.depth_ == 0) return;
  if (vm.expired_ != Expired::kNo) vm.raise_expired(L);
  if (vm.crowded_) return vm.make_room(L);
  if (too_deep()) vm.raise_depth(L);
  vm.spend(L, static_cast<std::uint64_t>(vm.pace_));
  const auto now = std::chrono::steady_clock::now();
  const auto slice = now - std::exchange(vm.looked_, now);
  if (slice > kLongSlice) vm.set_pace(kHeavyPerHook);
  else if (slice < kShortSlice) vm.set_pace(kInstructionsPerHook);
}

// LuaJIT has no emergency collection, and garbage alone would meet the cap: this is it. A script that lives within a hair
// of its cap would collect at every turn, so the last part does not count.
void Vm::make_room(lua_State* L) {
  lua_gc(L, LUA_GCCOLLECT, 0);
  crowded_ = false;
  if (used_ > budget_.memory - budget_.memory / 64) {
    expire(Expired::kMemory);
    raise_expired(L);
  }
  lua_sethook(main_, hook, LUA_MASKCOUNT, pace_);
}

// A wall clock is cheap but counts time in which other processes ran; it only decides when to ask the costly one.
bool Vm::out_of_time() {
  const auto elapsed = std::chrono::steady_clock::now() - started_;
  if (elapsed < budget_.time / 2) return false;
  const Duration used = processor_time();
  if (processor_mark_.count() < 0) processor_mark_ = used - budget_.time / 100;
  return elapsed >= budget_.time && used - processor_mark_ >= budget_.time / 2;
}

void Vm::spend(lua_State* L, std::uint64_t steps) {
  instructions_ += steps;
  if (expired_ == Expired::kNo) {
    if (instructions_ > budget_.instructions) expire(Expired::kInstructions);
    else if (out_of_time()) expire(Expired::kTime);
  }
  if (expired_ != Expired::kNo) raise_expired(L);
}

void Vm::check_size(lua_State* L, std::size_t bytes) {
  if (bytes <= budget_.memory) return;
  if (expired_ == Expired::kNo) expire(Expired::kMemory);
  raise_expired(L);
}

// A coroutine, a comparison of sort, a function of gsub and __tostring each take some of the C stack, whose end is a crash.
void Vm::raise_depth(lua_State* L) {
  if (expired_ != Expired::kNo) return;  // raised by the next instruction; what handles the first error is a C function too
  expire(Expired::kDepth);
  raise_expired(L);
}

void Vm::charge(lua_State* L, std::size_t bytes) {
  if (used_ + bytes > budget_.memory) lua_gc(L, LUA_GCCOLLECT, 0);
  check_size(L, used_ + bytes);
  used_ += bytes;
  peak_ = std::max(peak_, used_);
}

std::string Vm::sentence() const {
  switch (expired_) {
    case Expired::kInstructions:
      return format("ran more than %llu instructions without waiting", static_cast<unsigned long long>(budget_.instructions));
    case Expired::kDepth:
      return "calls itself without an end, through gsub, sort, tostring or coroutines";
    case Expired::kTime:
      return "ran longer than " + format_duration(budget_.time) + " without waiting";
    default:
      return format("needs more than the %zu KiB of memory that '%s' may use", budget_.memory / 1024, name_.c_str());
  }
}

void Vm::raise_expired(lua_State* L) {
  if (expired_at_.empty()) expired_at_ = blamed_line(L);
  push_error(L, make_error(Code::kBudget, (expired_at_.empty() ? "" : expired_at_ + ": ") + sentence()));
  lua_error(L);
  __builtin_unreachable();
}

int Vm::run_body(lua_State* L) { return (*of(L).body_)(L); }

// `return f(x)` leaves no frame of its own behind, so there may be no line to name; then the script is.
Error Vm::described(lua_State* L, int index, int level) {
  Error error = read_error(L, index);
  if (error.message == "stack overflow") error.message = "calls itself without an end";  // the library's words, which name no place
  add_callers(L, level, error);
  const bool placed = error.message.find(".lua:") != std::string::npos || error.message.starts_with(name_);
  if (!placed) error.message = name_ + ": " + error.message;
  return error;
}

int Vm::on_error(lua_State* L) {
  Vm& vm = of(L);
  vm.caught_ = vm.described(L, 1, 1);
  return 1;
}

// Handlers do not run when memory ran out, so what they would have caught is built here.
Error Vm::failure(lua_State* L, int status) {
  if (expired_ == Expired::kMemory || status == LUA_ERRMEM) {
    const std::string at = expired_at_.empty() ? blamed_line(L) : expired_at_;
    if (expired_ == Expired::kNo) expire(Expired::kMemory);
    return make_error(Code::kBudget, (at.empty() ? name_ : at) + ": " + sentence());
  }
  // A stack that has overflowed before leaves no room for the handler, and so none to look for the line.
  if (status == LUA_ERRERR) return make_error(Code::kScript, name_ + ": calls itself without an end", "look for a function, or an __index, that calls itself");
  return std::move(caught_);
}

Result<int> Vm::protect(const Body& body, int arguments) {
  ASSERT(lua_checkstack(main_, 4), "there is stack for a protected call");
  const Entry entry(*this, main_);
  const int base = lua_gettop(main_) - arguments;
  const Body* outer = std::exchange(body_, &body);
  lua_rawgeti(main_, LUA_REGISTRYINDEX, on_error_ref_);  // arguments handler
  lua_insert(main_, base + 1);                           // handler arguments
  lua_rawgeti(main_, LUA_REGISTRYINDEX, run_body_ref_);
  lua_insert(main_, base + 2);                           // handler run_body arguments
  const int status = lua_pcall(main_, arguments, LUA_MULTRET, base + 1);
  body_ = outer;
  lua_remove(main_, base + 1);
  if (status == 0) return lua_gettop(main_) - base;
  Error error = failure(main_, status);
  lua_settop(main_, base);
  return error;
}

Result<Vm::Outcome> Vm::resume(lua_State* thread, int arguments) {
  const Entry entry(*this, thread);
  const int status = lua_resume(thread, arguments);
  if (status == 0) return Outcome::kReturned;
  if (status == LUA_YIELD) return Outcome::kYielded;
  if (status == LUA_ERRRUN) caught_ = described(thread, -1, 0);
  return failure(thread, status);
}

}  // namespace tidewire::script
