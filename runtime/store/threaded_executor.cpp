#include <algorithm>
#include <array>
#include <filesystem>
#include <thread>

#include "store/executor.h"
#include "store/queue.h"
#include "store/migrate.h"
#include "store/private_file.h"
#include "store/probe.h"
#include "store/statement.h"

namespace tidewire::store {
namespace {

void fail_all(Queue::Batch& batch, const Error& error) {
  for (Member& member : batch) member.result = error;
}

/// Before it is opened to be written, which makes a log of it: another program's file stays as it is.
Result<void> refuse_foreign(const std::string& path) {
  std::error_code bad;
  if (!std::filesystem::exists(path, bad)) return {};
  const auto looked_at = Database::open(path, Database::Mode::kReadOnly);
  Result<void> ours = looked_at.ok() ? check_kind(**looked_at) : Result<void>();
  const bool refused = !ours.ok() && ours.error().code == Code::kInvalid;
  return refused ? std::move(ours).error().context(path) : Result<void>();
}

/// On a connection of its own, whose statements go with it.
Result<void> look_at(const std::string& path) {
  const auto looked_at = TRY(Database::open(path, Database::Mode::kReadOnly));
  return probe(*looked_at);
}

Result<std::unique_ptr<Database>> open_current(const std::string& path) {
  keep_private(path);
  std::unique_ptr<Database> database = TRY(Database::open(path));
  Result<void> ready = migrate(*database);
  if (ready.ok()) ready = look_at(path);
  if (!ready.ok()) return std::move(ready).error();
  return database;
}

/// Runs one member in its savepoint. An error of this function itself is the whole group's.
Result<void> run_member(Database& database, Member& member) {
  TRY(execute(database, "SAVEPOINT member"));
  member.result = member.work(database);
  if (member.result.ok()) {
    TRY(execute(database, "RELEASE member"));
    return {};
  }
  if (database.failing() || !database.in_transaction()) return member.result.error();
  TRY(execute(database, "ROLLBACK TO member"));
  TRY(execute(database, "RELEASE member"));
  return {};
}

/// One reader connection, opened at the first use and again after trouble.
///
/// It also holds the write-ahead log: were the writer the last to close the file after a failed fsync, re-opening would
/// recover the very group that was answered as failed (seen with SQLite 3.40). So a broken connection stays until the
/// next one has joined.
class Reader {
 public:
  explicit Reader(std::string path) : path_(std::move(path)) {}

  Result<void> open() {
    auto opened = TRY(Database::open(path_, Database::Mode::kReadOnly));
    TRY(number(*opened, "SELECT count(*) FROM meta", 0));  // only a read joins the log
    database_ = std::move(opened);
    broken_ = false;
    return {};
  }

  void run(Queue::Batch& batch) {
    // One snapshot for the batch: it begins after everything that was acknowledged when its members were asked for.
    Result<void> ready = database_ && !broken_ ? Result<void>() : open();
    if (ready.ok()) ready = database_->exec("BEGIN");
    if (!ready.ok()) {
      broken_ = true;
      return fail_all(batch, ready.error());
    }
    for (Member& member : batch) member.result = member.work(*database_);
    const Result<void> ended = database_->exec("COMMIT");
    broken_ = !ended.ok() || database_->failing();
  }

 private:
  std::string path_;
  std::unique_ptr<Database> database_;
  bool broken_ = false;
};

}  // namespace

struct ThreadedExecutor::State {
  State(ThreadedExecutorOptions wanted, Poster& poster)
      : options(std::move(wanted)), poster(poster), reader(options.path), long_readers{Reader(options.path), Reader(options.path)} {}

  void start(std::unique_ptr<Database> opened);
  void run_group(Queue::Batch& batch);
  Result<void> commit_group(Queue::Batch& batch);
  Result<void> run_alone(Member& member);
  void note(const Queue::Batch& batch, const Result<void>& outcome);
  void read(Reader& with, Queue::Batch& batch);
  void find_damage(Queue::Batch& batch);

  ThreadedExecutorOptions options;
  Poster& poster;
  std::unique_ptr<Database> database;  // the writer's; empty while the file cannot be opened
  Reader reader;
  std::array<Reader, 2> long_readers;  // two, so that a list waits for no backup
  mutable std::mutex mutex;
  Stats stats;
  bool damage_told = false;
  // Last, so that their threads end before what they use.
  std::unique_ptr<Queue> writes, reads;
  std::array<std::unique_ptr<Queue>, 2> long_reads;
};

void ThreadedExecutor::State::start(std::unique_ptr<Database> opened) {
  database = std::move(opened);
  Queue::Options writing;
  writing.largest = static_cast<std::size_t>(options.max_group);
  writing.run = [this](Queue::Batch& batch) {
    run_group(batch);
    find_damage(batch);
  };
  writing.idle = [this]() -> std::optional<Duration> {
    std::lock_guard lock(mutex);
    if (stats.healthy) return std::nullopt;
    return options.probe_every;
  };
  reads = std::make_unique<Queue>(Queue::Options{.run = [this](Queue::Batch& batch) { read(reader, batch); }}, poster);
  writes = std::make_unique<Queue>(std::move(writing), poster);
}

void ThreadedExecutor::State::read(Reader& with, Queue::Batch& batch) {
  with.run(batch);
  find_damage(batch);
}

/// What stands in a damaged file is not to be worked with: who asked is told so, and the owner of all, once.
void ThreadedExecutor::State::find_damage(Queue::Batch& batch) {
  for (Member& member : batch) {
    if (member.result.ok() || member.result.error().code != Code::kCorrupt) continue;
    member.result = damaged(options.path, member.result.error());
    std::lock_guard lock(mutex);
    if (!options.on_damage || std::exchange(damage_told, true)) continue;
    poster.post([told = options.on_damage, error = member.result.error()] { told(error); });
  }
}

void ThreadedExecutor::State::run_group(Queue::Batch& batch) {
  const bool alone = batch.size() == 1 && batch.front().alone;
  const Result<void> outcome = alone ? run_alone(batch.front()) : commit_group(batch);
  if (!outcome.ok()) {
    Error error = outcome.error();
    // Whatever the words were, nothing of this group is stored and all of it may come again.
    if (error.code != Code::kCorrupt) error.code = Code::kUnavailable;
    if (!error.retry_after) error.retry_after = std::chrono::ceil<std::chrono::milliseconds>(options.probe_every);
    fail_all(batch, error);
    database.reset();
  }
  note(batch, outcome);
}

/// The one member, outside any transaction. Its failure is its own.
Result<void> ThreadedExecutor::State::run_alone(Member& member) {
  if (!database) {
    database = TRY(Database::open(options.path));
    TRY(migrate(*database));
  }
  member.result = member.work(*database);
  if (database->failing()) return member.result.ok() ? make_error(Code::kUnavailable, "the disk fails") : member.result.error();
  return {};
}

/// All members and COMMIT. An empty batch is the probe of a disk that failed.
Result<void> ThreadedExecutor::State::commit_group(Queue::Batch& batch) {
  if (!database) {
    database = TRY(Database::open(options.path));
    TRY(migrate(*database));
  }
  TRY(execute(*database, "BEGIN IMMEDIATE"));
  if (batch.empty()) {
    TRY(execute(
        *database,
        "INSERT INTO meta (name, value) VALUES ('probe', '1') ON CONFLICT (name) DO UPDATE SET value = value + 1"));
  }
  for (Member& member : batch) TRY(run_member(*database, member));
  if (options.fsync_delay > Duration::zero()) std::this_thread::sleep_for(options.fsync_delay);
  TRY(execute(*database, "COMMIT"));
  return {};
}

void ThreadedExecutor::State::note(const Queue::Batch& batch, const Result<void>& outcome) {
  std::lock_guard lock(mutex);
  const bool changed = stats.healthy != outcome.ok();
  stats.healthy = outcome.ok();
  stats.trouble = outcome.ok() ? "" : outcome.error().message;
  if (changed && options.on_health) poster.post([told = options.on_health, trouble = stats.trouble] { told(trouble); });
  if (batch.empty()) return;
  stats.groups += 1;
  stats.members += batch.size();
  stats.failed_groups += outcome.ok() ? 0 : 1;
  stats.largest_group = std::max(stats.largest_group, static_cast<int>(batch.size()));
}

ThreadedExecutor::ThreadedExecutor() = default;

ThreadedExecutor::~ThreadedExecutor() {
  // Writes first: the readers hold the log while the writer may still have to re-open the file.
  state_->writes.reset();
  for (auto& queue : state_->long_reads) queue.reset();
  state_->reads.reset();
}

Result<std::unique_ptr<ThreadedExecutor>> ThreadedExecutor::open(ThreadedExecutorOptions options, Poster& poster) {
  ASSERT(options.max_group > 0, "a group has at least one member");
  if (options.path.empty() || options.path == ":memory:") {
    return make_error(Code::kInvalid, "the state needs a file: a second connection reads it");
  }
  TRY(refuse_foreign(options.path));
  auto opened = open_current(options.path);
  if (!opened.ok() && opened.error().code == Code::kCorrupt) return damaged(options.path, opened.error());
  if (!opened.ok()) return std::move(opened).error().context(options.path);
  auto state = std::make_unique<State>(std::move(options), poster);
  TRY(state->reader.open());
  std::unique_ptr<ThreadedExecutor> executor(new ThreadedExecutor());
  executor->state_ = std::move(state);
  executor->state_->start(std::move(*opened));
  return executor;
}

void ThreadedExecutor::write(Work work, Done done) { state_->writes->add(std::move(work), std::move(done)); }

void ThreadedExecutor::read(Work work, Done done) { state_->reads->add(std::move(work), std::move(done)); }

void ThreadedExecutor::maintain(Work work, Done done) { state_->writes->add(std::move(work), std::move(done), true); }

void ThreadedExecutor::read_long(Work work, Done done) {
  // Their threads and caches cost nothing until somebody asks.
  State& state = *state_;
  std::size_t chosen = 0;
  while (chosen + 1 < state.long_reads.size() && state.long_reads[chosen] && state.long_reads[chosen]->is_busy()) ++chosen;
  auto& queue = state.long_reads[chosen];
  if (!queue) queue = std::make_unique<Queue>(Queue::Options{.largest = 1, .run = [&state, &reader = state.long_readers[chosen]](Queue::Batch& batch) { state.read(reader, batch); }}, state.poster);
  queue->add(std::move(work), std::move(done));
}

ThreadedExecutor::Stats ThreadedExecutor::stats() const {
  const int queued = static_cast<int>(state_->writes->queued());
  std::lock_guard lock(state_->mutex);
  Stats stats = state_->stats;
  stats.queued = queued;
  return stats;
}

}  // namespace tidewire::store
