#include "script/script.h"

#include "script/convert.h"
#include "script/dec.h"
#include "script/failure.h"
#include "script/loader.h"
#include "script/ref.h"
#include "script/sandbox.h"
#include "script/task.h"
#include "script/vm.h"

namespace tidewire::script {

/// Numbers the functions of a script's data; the same function has one number wherever it stands.
class FunctionTable final : public Exporter {
 public:
  Value function(lua_State* L, int index) override {
    const void* identity = lua_topointer(L, index);
    auto known = numbers_.find(identity);
    if (known == numbers_.end()) {
      lua_pushvalue(L, index);
      functions_.push_back(LuaRef::take(L));
      known = numbers_.emplace(identity, static_cast<std::int64_t>(functions_.size())).first;
    }
    lua_Debug info;
    lua_pushvalue(L, index);
    lua_getinfo(L, ">S", &info);
    const std::string at = *info.what == 'C' ? "[C]" : std::string(info.short_src) + ":" + std::to_string(info.linedefined);
    return Object{{"$function", known->second}, {"at", at}};
  }

  /// In the order of the data, whose members are sorted: the order in which Lua goes over a table is another one in each VM, and the same
  /// script must say the same each time.
  void number_anew(Value& data) {
    std::map<std::int64_t, std::int64_t> anew;  // by the number so far
    visit(data, anew);
    std::vector<LuaRef> sorted(functions_.size());
    for (std::size_t i = 0; i < functions_.size(); ++i) {
      const auto at = anew.try_emplace(static_cast<std::int64_t>(i) + 1, static_cast<std::int64_t>(anew.size()) + 1).first;
      sorted[static_cast<std::size_t>(at->second) - 1] = std::move(functions_[i]);
    }
    functions_ = std::move(sorted);
    numbers_.clear();
  }

  bool push(lua_State* L, std::int64_t number) const {
    if (number < 1 || number > static_cast<std::int64_t>(functions_.size())) return false;
    functions_[static_cast<std::size_t>(number - 1)].push(L);
    return true;
  }

 private:
  void visit(Value& value, std::map<std::int64_t, std::int64_t>& anew) const {
    if (value.is_array()) {
      for (Value& item : value.as_array()) visit(item, anew);
    } else if (const auto number = function_number(value); number && *number >= 1 && *number <= static_cast<std::int64_t>(functions_.size())) {
      value["$function"] = anew.try_emplace(*number, static_cast<std::int64_t>(anew.size()) + 1).first->second;
    } else if (value.is_object()) {
      for (auto& [name, member] : value.as_object()) visit(member, anew);
    }
  }

  std::vector<LuaRef> functions_;
  std::map<const void*, std::int64_t> numbers_;  // while the data is read
};

namespace {

void push_argument(lua_State* L, const Value& value) {
  luaL_checkstack(L, 8, "too many arguments");
  if (value.is_null())
    lua_pushnil(L);
  else
    push_value(L, value);
}

void push_function(lua_State* L, const FunctionTable& functions, std::int64_t number) {
  if (!functions.push(L, number)) luaL_error(L, "there is no function %d", static_cast<int>(number));
}

/// What the host chunk gets as load_main: the main file is an upvalue, path and text.
int load_main(lua_State* L) {
  const char* path = lua_tostring(L, lua_upvalueindex(1));
  std::size_t size = 0;
  const char* text = lua_tolstring(L, lua_upvalueindex(2), &size);
  lua_settop(L, 1);
  push_compiled(L, path, std::string(text, size));  // env chunk
  if (!lua_isnil(L, 1)) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_pushvalue(L, 1);
    lua_setfenv(L, 2);
  }
  lua_call(L, 0, LUA_MULTRET);
  return lua_gettop(L) - 1;
}

void push_load_main(lua_State* L, const Options& options) {
  lua_pushlstring(L, options.main_path.data(), options.main_path.size());
  lua_pushlstring(L, options.main_text.data(), options.main_text.size());
  lua_pushcclosure(L, load_main, 2);
}

std::string version_base(const Options& options) { return std::string(TIDEWIRE_VERSION) + " " + options.host; }

}  // namespace

struct Script::State {
  explicit State(Options given) : options(std::move(given)), vm(options.name, options.budget) {}

  Options options;
  Vm vm;
  FunctionTable functions;
  Value data;
  Tasks* tasks = nullptr;  // in the VM's keeping
  Loader* loader = nullptr;
  Stats stats;

  void open();
  Result<void> load();
  int run_files(lua_State* L);
  void count(const Error* error);
};

void Script::State::count(const Error* error) {
  const bool failed = error && (error->code == Code::kScript || error->code == Code::kBudget);
  if (failed) ++stats.failures;
  stats.consecutive_failures = failed ? stats.consecutive_failures + 1 : 0;
}

void Script::State::open() {
  loader = &vm.emplace<Loader>(options.sources, version_base(options));
  if (options.poster) tasks = &vm.emplace<Tasks>(vm, *options.poster, options.timers);
}

Result<void> Script::State::load() {
  open();
  loader->record({options.main_path, options.main_text});
  TRY(vm.protect([this](lua_State* L) {
    open_null(L);
    push_decimal_meta(L);  // now, and whole, rather than when the first value needs it and memory is short
    push_error_meta(L);
    lua_settop(L, 0);
    loader->open(L);
    if (options.install) options.install(L);
    seal_sandbox(L);
    return 0;
  }));
  TRY(vm.protect([this](lua_State* L) { return run_files(L); }));
  return {};
}

int Script::State::run_files(lua_State* L) {
  if (options.host.empty()) {
    push_load_main(L, options);
    lua_call(L, 0, 1);
  } else {
    loader->push_module(L, options.host);
    if (!lua_isfunction(L, -1)) luaL_error(L, "the host '%s' returns no function", options.host.c_str());
    push_load_main(L, options);
    push_value(L, options.host_argument);
    lua_call(L, 2, 1);
  }
  auto value = to_value(L, -1, &functions);
  if (!value.ok()) {
    const std::string text = options.main_path + ": in what the file returns: " + value.error().message;
    push_error(L, make_error(Code::kScript, text));
    lua_error(L);
  }
  data = std::move(value).value();
  functions.number_anew(data);
  return 0;
}

Script::Script() = default;

Script::~Script() {
  if (state_->tasks) ASSERT(!state_->tasks->running(), "no script is destroyed from inside its own task");
}

Result<std::unique_ptr<Script>> Script::load(Options options) {
  std::unique_ptr<Script> script(new Script());
  script->state_ = std::make_unique<State>(std::move(options));
  TRY(script->state_->load());
  return script;
}

const Value& Script::data() const { return state_->data; }
const Version& Script::version() const { return state_->loader->version(); }
lua_State* Script::state() { return state_->vm.main(); }

Result<Value> Script::call(std::int64_t function, const Array& arguments, int results) {
  ++state_->stats.calls;
  Value value;
  std::optional<Error> returned;
  auto done = state_->vm.protect([&](lua_State* L) {
    push_function(L, state_->functions, function);
    for (const Value& argument : arguments) push_argument(L, argument);
    lua_call(L, static_cast<int>(arguments.size()), results > 1 ? results : 2);
    if (lua_isnil(L, 1) && is_error(L, 2)) returned = read_error(L, 2);
    if (returned) return 0;
    if (results <= 1) return value = check_value(L, 1, "in what the function returns"), 0;
    Array all;
    for (int index = 1; index <= results; ++index) all.push_back(check_value(L, index, "in what the function returns"));
    return value = std::move(all), 0;
  });
  if (!done.ok()) returned = std::move(done).error();
  state_->count(returned ? &*returned : nullptr);
  if (returned) return std::move(*returned);
  return value;
}

namespace {

/// A task started from C++, its results read as a Value.
class StartedTask final : public TaskClient {
 public:
  using Count = std::function<void(const Error*)>;
  StartedTask(const FunctionTable& functions, std::int64_t function, Array arguments, Script::Done done, Count count)
      : functions_(functions), function_(function), arguments_(std::move(arguments)), done_(std::move(done)), count_(std::move(count)) {}

  int push(lua_State* L) override {
    push_function(L, functions_, function_);
    for (const Value& argument : arguments_) push_argument(L, argument);
    return static_cast<int>(arguments_.size()) + 1;
  }

  void read(lua_State* L, int results) override {
    returned_ = returned_error(L, results);
    if (!returned_ && results >= 1) value_ = check_value(L, 1, "in what the function returns");
  }

  void done(std::optional<Error> error) override {
    if (!error) error = std::move(returned_);
    count_(error ? &*error : nullptr);
    if (error)
      done_(std::move(*error));
    else
      done_(std::move(value_));
  }

 private:
  const FunctionTable& functions_;
  std::int64_t function_;
  Array arguments_;
  Script::Done done_;
  Count count_;
  Value value_;
  std::optional<Error> returned_;
};

class RunningTask final : public Script::Running {
 public:
  explicit RunningTask(std::unique_ptr<TaskHandle> handle) : handle_(std::move(handle)) {}

 private:
  std::unique_ptr<TaskHandle> handle_;
};

}  // namespace

std::unique_ptr<Script::Running> Script::start(std::int64_t function, Array arguments, Done done, std::shared_ptr<Recording> recording) {
  ASSERT(state_->tasks, "a script that starts tasks needs a poster");
  ++state_->stats.calls;
  auto client = std::make_unique<StartedTask>(state_->functions, function, std::move(arguments), std::move(done),
                                              [state = state_.get()](const Error* error) { state->count(error); });
  const Duration limit = state_->options.deadline;
  const auto deadline = limit > Duration::zero() ? std::optional(limit) : std::nullopt;
  return std::make_unique<RunningTask>(state_->tasks->start(std::move(client), deadline, std::move(recording)));
}

Script::Stats Script::stats() const {
  Stats stats = state_->stats;
  stats.memory = state_->vm.memory();
  stats.peak_memory = state_->vm.peak_memory();
  stats.refusals = state_->vm.refusals();
  stats.tasks = state_->tasks ? state_->tasks->count() : 0;
  return stats;
}

std::optional<std::int64_t> function_number(const Value& value) {
  const Value* number = value.find("$function");
  return number && number->is_int() ? std::optional(number->as_int()) : std::nullopt;
}

}  // namespace tidewire::script
