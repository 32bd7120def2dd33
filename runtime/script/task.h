// task.h — a coroutine that may wait. The loop is the scheduler: a completion resumes the task in a later turn, never
// inside the frame (of curl, of SQLite) that completed it.
//
// A wait is refused before anything is sent where the coroutine could not be left: otherwise the operation would run on
// after its task died. Every wait has a number; a completion that carries another one is dropped.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>

#include <lua.hpp>

#include "base/clock.h"
#include "base/exchange.h"
#include "base/result.h"
#include "script/ref.h"
#include "script/vm.h"

namespace tidewire::script {

class Task;
class Tasks;

/// Whoever started a task: gives the function with its arguments, takes the results.
class TaskClient {
 public:
  virtual ~TaskClient() = default;
  /// Pushes the function, then its arguments; returns how many values. Protected, may raise.
  virtual int push(lua_State* L) = 0;
  /// Reads the results, which are all that is on the stack. Protected; raising makes the task fail.
  virtual void read(lua_State* L, int results) = 0;
  /// Called once, last, never after the handle was destroyed; the task is gone by then.
  virtual void done(std::optional<Error> error) = 0;
};

/// Shared by a task, its handle and resumes under way, so that each may outlive the others.
struct TaskLink {
  Task* task = nullptr;
};

/// Destroying it cancels the task.
class TaskHandle {
 public:
  explicit TaskHandle(std::shared_ptr<TaskLink> link) : link_(std::move(link)) {}
  ~TaskHandle();
  TaskHandle(const TaskHandle&) = delete;
  TaskHandle& operator=(const TaskHandle&) = delete;

 private:
  std::shared_ptr<TaskLink> link_;
};

class Task {
 public:
  /// Pushes what the waiting call returns; returns how many. Protected; raising makes the task fail.
  using Push = std::function<int(lua_State*)>;
  /// Ends a wait. May be called at any time from the loop's thread; all but the first call, and any for a task that no
  /// longer waits for this, do nothing.
  using Resume = std::function<void(Push)>;

  /// The task that L runs. Raises where this caller cannot wait.
  static Task& waiting(lua_State* L);

  /// `return task.await(L, begin)` is a binding's last statement: `begin(resume)` starts the operation and returns a
  /// unique_ptr to its handle, which is destroyed to cancel. No local survives this call.
  template <typename Begin>
  int await(lua_State* L, Begin&& begin) {
    operation_ = hold(begin(resumer()));
    return suspend(L);
  }

  Tasks& tasks() { return tasks_; }
  /// Where it writes down what it says to systems; nullptr: nobody asked.
  const std::shared_ptr<Recording>& recording() const { return recording_; }

 private:
  friend class Tasks;
  friend class TaskHandle;
  enum class State { kReady, kRunning, kWaiting };
  struct Held {
    virtual ~Held() = default;
  };
  template <typename Handle>
  static std::unique_ptr<Held> hold(std::unique_ptr<Handle> handle) {
    struct HeldHandle : Held {
      explicit HeldHandle(std::unique_ptr<Handle> handle) : handle(std::move(handle)) {}
      std::unique_ptr<Handle> handle;
    };
    return std::make_unique<HeldHandle>(std::move(handle));
  }

  Task(Tasks& tasks, std::unique_ptr<TaskClient> client, std::shared_ptr<Recording> recording);
  Resume resumer();
  int suspend(lua_State* L);
  void complete(std::uint64_t wait, Push push);
  void make_room(lua_State* L, int values);
  void begin();
  void go_on(const Push& push);
  void run(int arguments);
  void returned();
  void cancel();
  void overdue(Duration deadline);
  void end(std::optional<Error> error);

  Tasks& tasks_;
  std::shared_ptr<TaskLink> link_;  // owners: this task, its handle, its resumes under way
  LuaRef anchor_;
  lua_State* thread_ = nullptr;
  std::unique_ptr<TaskClient> client_;
  std::shared_ptr<Recording> recording_;  // owners: who started it, its children and itself
  std::unique_ptr<Held> operation_;
  std::unique_ptr<Timer> deadline_;
  State state_ = State::kReady;
  bool cancelled_ = false;
  std::uint64_t wait_ = 0;  // number of the present wait
};

/// All tasks of one VM.
class Tasks {
 public:
  Tasks(Vm& vm, Poster& poster, Timers* timers) : vm_(vm), poster_(poster), timers_(timers) {}
  ~Tasks();  // cancels all

  /// Starts a task in the next turn. On deadline: kUnknown where an operation was under way, for what it did is not
  /// known, else kBudget.
  [[nodiscard]] std::unique_ptr<TaskHandle> start(std::unique_ptr<TaskClient> client,
                                                  std::optional<Duration> deadline = std::nullopt,
                                                  std::shared_ptr<Recording> recording = nullptr);
  /// The task whose own thread L is, or nullptr.
  Task* of(lua_State* L) const;
  int count() const { return static_cast<int>(tasks_.size()); }
  /// True while one of them runs.
  bool running() const { return running_ > 0; }
  Vm& vm() { return vm_; }
  Poster& poster() { return poster_; }

 private:
  friend class Task;
  void remove(Task& task);

  Vm& vm_;
  Poster& poster_;
  Timers* timers_;
  int running_ = 0;
  std::unordered_map<Task*, std::unique_ptr<Task>> tasks_;
  std::unordered_map<lua_State*, Task*> threads_;
};

}  // namespace tidewire::script
