#include "script/task.h"

#include "script/failure.h"

namespace tidewire::script {
namespace {

std::string function_name(lua_State* L) {
  lua_Debug frame;
  if (!lua_getstack(L, 0, &frame)) return "this call";
  lua_getinfo(L, "n", &frame);
  return frame.name ? "'" + std::string(frame.name) + "'" : "this call";
}

[[noreturn]] void refuse_wait(lua_State* L, const std::string& why) {
  raise_error(L, make_error(Code::kScript, function_name(L) + " waits, and cannot " + why));
}

}  // namespace

TaskHandle::~TaskHandle() {
  if (link_->task) link_->task->cancel();
}

Task& Task::waiting(lua_State* L) {
  Tasks* tasks = Vm::of(L).find<Tasks>();
  if (!tasks || !tasks->running())
    refuse_wait(L, "here: only a function that was started as a task can wait, not the top level of a file nor a function "
                   "that only computes");
  Task* task = tasks->of(L);
  if (!task) refuse_wait(L, "inside a coroutine of your own: call it outside of coroutine.wrap and coroutine.create");
  if (!lua_isyieldable(L))
    refuse_wait(L, "inside a function given to table.sort or string.gsub, nor at the top level of a module that require "
                   "loads: collect first, then wait");
  return *task;
}

Task::Task(Tasks& tasks, std::unique_ptr<TaskClient> client, std::shared_ptr<Recording> recording)
    : tasks_(tasks), link_(std::make_shared<TaskLink>()), client_(std::move(client)), recording_(std::move(recording)) {
  link_->task = this;
}

Task::Resume Task::resumer() {
  return [link = link_, wait = ++wait_](Push push) {
    if (link->task) link->task->complete(wait, std::move(push));
  };
}

int Task::suspend(lua_State* L) {
  state_ = State::kWaiting;
  return lua_yield(L, 0);
}

void Task::complete(std::uint64_t wait, Push push) {
  if (wait != wait_) return;
  tasks_.poster().post([link = link_, wait, push = std::move(push)] {
    if (link->task && link->task->wait_ == wait) link->task->go_on(push);
  });
}

// The error must not be raised on the thread itself, which nothing protects at this time.
void Task::make_room(lua_State* L, int values) {
  if (!lua_checkstack(thread_, values + LUA_MINSTACK)) luaL_error(L, "too many values for one task");
}

void Task::begin() {
  auto pushed = tasks_.vm().protect([this](lua_State* L) {
    lua_settop(L, 0);
    thread_ = lua_newthread(L);                 // thread
    anchor_ = LuaRef::take(L);                  //
    const int values = client_->push(L);        // function arguments
    make_room(L, values);
    return values;
  });
  if (!pushed.ok()) return end(std::move(pushed).error());
  tasks_.threads_.emplace(thread_, this);
  lua_xmove(tasks_.vm().main(), thread_, *pushed);
  run(*pushed - 1);
}

void Task::go_on(const Push& push) {
  auto pushed = tasks_.vm().protect([&](lua_State* L) {
    const int results = push(L);
    make_room(L, results);
    return results;
  });
  operation_.reset();  // not before: what it found may be what was pushed
  if (!pushed.ok()) return end(std::move(pushed).error());
  lua_xmove(tasks_.vm().main(), thread_, *pushed);
  run(*pushed);
}

void Task::run(int arguments) {
  state_ = State::kRunning;
  ++tasks_.running_;
  auto outcome = tasks_.vm().resume(thread_, arguments);
  --tasks_.running_;
  if (cancelled_) return tasks_.remove(*this);
  if (!outcome.ok()) return end(std::move(outcome).error());
  if (*outcome == Vm::Outcome::kReturned) return returned();
  if (state_ == State::kWaiting) return;
  const std::string at = nearest_line(thread_, 0);
  end(make_error(Code::kScript, (at.empty() ? "" : at + ": ") + "coroutine.yield outside of a coroutine of your own"));
}

void Task::returned() {
  lua_State* main = tasks_.vm().main();
  const int results = lua_gettop(thread_);
  if (!lua_checkstack(main, results + 8)) return end(make_error(Code::kBudget, "too many results"));
  lua_xmove(thread_, main, results);
  auto read = tasks_.vm().protect([this](lua_State* L) { return client_->read(L, lua_gettop(L)), 0; }, results);
  end(read.ok() ? std::nullopt : std::optional<Error>(std::move(read).error()));
}

// From inside its own run the task cannot be taken apart; it goes as soon as control comes back.
void Task::cancel() {
  cancelled_ = true;
  if (state_ != State::kRunning) tasks_.remove(*this);
}

void Task::overdue(Duration deadline) {
  const std::string at = thread_ ? nearest_line(thread_, 0) : std::string();
  const std::string text = (at.empty() ? "" : at + ": ") + "not done after " + format_duration(deadline);
  if (!operation_) return end(make_error(Code::kBudget, text));
  end(make_error(Code::kUnknown, text + ", while waiting"));
}

// Whoever is told may destroy the script, so nothing of it is touched afterwards.
void Task::end(std::optional<Error> error) {
  const std::unique_ptr<TaskClient> client = std::move(client_);
  tasks_.remove(*this);
  client->done(std::move(error));
}

Tasks::~Tasks() {
  ASSERT(running_ == 0, "no task destroys its tasks");
  while (!tasks_.empty()) remove(*tasks_.begin()->second);
}

std::unique_ptr<TaskHandle> Tasks::start(std::unique_ptr<TaskClient> client, std::optional<Duration> deadline, std::shared_ptr<Recording> recording) {
  auto task = std::unique_ptr<Task>(new Task(*this, std::move(client), std::move(recording)));
  Task& started = *task;
  tasks_.emplace(&started, std::move(task));
  poster_.post([link = started.link_] {
    if (link->task) link->task->begin();
  });
  if (deadline && timers_)
    started.deadline_ = timers_->after(*deadline, [&started, after = *deadline] { started.overdue(after); });
  return std::make_unique<TaskHandle>(started.link_);
}

Task* Tasks::of(lua_State* L) const {
  const auto found = threads_.find(L);
  return found == threads_.end() ? nullptr : found->second;
}

// Its operation goes with it, and that may remove other tasks: children that a task.all waits for.
void Tasks::remove(Task& task) {
  const auto found = tasks_.find(&task);
  ASSERT(found != tasks_.end(), "a task is removed once");
  const std::unique_ptr<Task> owned = std::move(found->second);
  tasks_.erase(found);
  threads_.erase(task.thread_);
  task.link_->task = nullptr;
}

}  // namespace tidewire::script
