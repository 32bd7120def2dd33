// executor.h — where store work runs: one writer that groups transactions, one reader.
//
// Group commit needs no linger: while one group commits, the next queues up. Each member runs in a savepoint of its own,
// so a failing statement rolls back that member alone; a failed COMMIT or fsync fails every member, and the file is
// re-opened before anything is acknowledged again (law 31). While the disk refuses, the writer tries once a second with a
// row of its own, so that health comes back without anybody asking. Checkpoints stay on the writer: a thread of their own
// was measured and was slower, and the log never reset under load. The simulator has an executor that runs inline in seeded
// order; both hand `done` over through the Poster, never before the call returns.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "store/database.h"

namespace tidewire::store {

class Executor {
 public:
  using Work = std::function<Result<void>(Database&)>;
  using Done = std::function<void(Result<void>)>;
  virtual ~Executor() = default;
  /// `work` runs inside a transaction; `done(ok)` after that transaction is on disk. kUnavailable (with retry_after) for
  /// disk full, read-only or a failed fsync: nothing of this member is stored.
  virtual void write(Work work, Done done) = 0;
  /// Sees everything whose `done` has been called.
  virtual void read(Work work, Done done) = 0;
  /// As read(), for work of seconds (backup, integrity check) and lists for people: the engine's short reads do not wait for it.
  virtual void read_long(Work work, Done done) { read(std::move(work), std::move(done)); }
  /// On the writer's connection, alone and outside any transaction, for what SQLite does only so (VACUUM); an executor
  /// without a file of its own treats it as a write.
  virtual void maintain(Work work, Done done) { write(std::move(work), std::move(done)); }
};

/// Opens the file, looks at it (probe.h), migrates it forward, holds it. Errors as Database::open, and kInvalid for a file newer than
/// the binary.
struct ThreadedExecutorOptions {
  std::string path{};
  int max_group = 512;
  Duration fsync_delay{};  // injected per commit, for benchmarks and fault tests
  Duration probe_every = std::chrono::seconds(1);  // tries to write while the disk refuses; also the retry_after
  /// Told, through the poster, when the file cannot be written any more (why), and "" when it can again. May outlive the executor.
  std::function<void(const std::string& trouble)> on_health{};
  std::function<void(Error)> on_damage{};          // posted once: something that was asked met a damaged file
};
class ThreadedExecutor final : public Executor {
 public:
  /// `poster` runs on the thread that owns and destroys the executor, and outlives it. No ":memory:".
  static Result<std::unique_ptr<ThreadedExecutor>> open(ThreadedExecutorOptions options, Poster& poster);
  ~ThreadedExecutor() override;  // finishes what was queued; their `done` is not called any more
  void write(Work work, Done done) override;
  void read(Work work, Done done) override;
  void read_long(Work work, Done done) override;
  void maintain(Work work, Done done) override;
  struct Stats {
    std::uint64_t groups = 0, members = 0, failed_groups = 0;
    int largest_group = 0, queued = 0;
    bool healthy = true;  // false from a failed group until one is stored again
    std::string trouble;  // why not
  };
  Stats stats() const;

 private:
  ThreadedExecutor();
  struct State;
  std::unique_ptr<State> state_;
};

/// Runs inline: for tests, the simulator and one-shot commands. Posts `done`.
class InlineExecutor final : public Executor {
 public:
  InlineExecutor(Database& database, Poster& poster) : database_(database), poster_(poster) {}
  void write(Work work, Done done) override;
  void read(Work work, Done done) override;
  void maintain(Work work, Done done) override;

 private:
  Database& database_;
  Poster& poster_;
};

}  // namespace tidewire::store
