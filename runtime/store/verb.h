// verb.h — how a method of Store becomes work on the executor with a typed answer.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "base/crash_point.h"
#include "store/executor.h"
#include "store/store.h"

namespace tidewire::store {

/// The pair that the executor wants, around `work(Database&) -> Result<T>` and `done(Result<T>)`.
template <typename T, typename Work>
std::pair<Executor::Work, Executor::Done> verb(Done<T> done, Work work) {
  if constexpr (std::is_void_v<T>) {
    return {std::move(work), std::move(done)};
  } else {
    // Owned by the work, which fills it on the executor's thread, and by the answer, which reads it after that.
    auto answer = std::make_shared<T>();
    return {[answer, work = std::move(work)](Database& database) mutable -> Result<void> {
              *answer = TRY(work(database));
              return {};
            },
            [answer, done = std::move(done)](Result<void> result) {
              if (result.ok()) {
                done(std::move(*answer));
              } else {
                done(std::move(result).error());
              }
            }};
  }
}

template <typename T, typename Work>
void write_verb(Executor& executor, Done<T> done, Work work) {
  auto [run, answer] = verb<T>(std::move(done), std::move(work));
  executor.write(std::move(run), std::move(answer));
}

/// The same for a verb that somebody relies on: tests kill the process at its commit (base/crash_point.h).
template <typename T, typename Work>
void write_verb(Executor& executor, CrashPoints around, Done<T> done, Work work) {
  auto [run, answer] = verb<T>(std::move(done), std::move(work));
  executor.write(
      [run = std::move(run), point = around.first](Database& database) -> Result<void> {
        TRY(run(database));
        pass(point);
        return {};
      },
      [answer = std::move(answer), point = around.second](Result<void> result) {
        if (result.ok()) pass(point);
        answer(std::move(result));
      });
}

template <typename T, typename Work>
void read_verb(Executor& executor, Done<T> done, Work work) {
  auto [run, answer] = verb<T>(std::move(done), std::move(work));
  executor.read(std::move(run), std::move(answer));
}

/// For what only people and monitors ask: it may read through a table, and many may ask at once.
template <typename T, typename Work>
void list_verb(Executor& executor, Done<T> done, Work work) {
  auto [run, answer] = verb<T>(std::move(done), std::move(work));
  executor.read_long(std::move(run), std::move(answer));
}

}  // namespace tidewire::store
