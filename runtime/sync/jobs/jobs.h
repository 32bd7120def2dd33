// jobs.h — bounded pieces of work, durable: queued, at work, paused, ended. What a task has done is stored page by page, so
// that a restart goes on where the last one stopped, and live changes flow beside it.
//
// A system that is away ends no job: it waits, says so in its summary ({trouble = {message, since, again_at}}) and can be paused
// and cancelled meanwhile.
//
// A job that marks keys never runs far ahead of the worker: the state stays small, a pause holds, and what is left is known.
// One job of a mapping is at work at a time; those of a batch follow each other, so that parents come first. While a job that marked
// keys is paused, only jobs that mark none may run: what is marked is worked off, or dropped, as one job's.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/id.h"
#include "sync/jobs/staging.h"

namespace tidewire::sync {

class Jobs {
 public:
  using Progress = std::function<void(const store::Job&)>;
  Jobs(store::Store& store, const Surroundings& around, IdMaker& ids, Foreman& foreman);
  ~Jobs();

  /// Takes up what an earlier process left; `done` when it is known.
  void resume(std::function<void()> done);
  /// Stores them as one batch and begins; its id, and `done(batch)` once stored. A job that is open already with the same mapping, kind
  /// and options is joined instead, where all of them are, unless the option `triggered` asks for a read that begins now.
  std::string start(std::vector<store::Job> jobs, Done<std::string> done);
  /// `ended` once the batch is over, with its jobs; at once where it is. Kept in memory only.
  void when_ended(const std::string& batch, Progress progress, std::function<void(std::vector<store::Job>)> ended);
  /// "pause", "resume" or "cancel" of a batch or of one job of it: `done` once it holds. kNotFound, and kInvalid where it
  /// has ended.
  void control(const std::string& id, const std::string& what, Done<void> done);

  /// The state has forgotten these records: open jobs about one of them alone end, and no job says which it was. `then` once that is stored.
  void forget(const std::string& mapping, const std::vector<SideKey>& keys, std::function<void()> then);

  /// A mapping was loaded: what waited for it begins.
  void arrived(const std::string& mapping);
  /// Its lane is about to go: its job waits until it is back.
  void leaving(const std::string& mapping);
  /// A staged job of it waits for decisions, or is on its way there.
  bool staging(const std::string& mapping) const;
  /// Something of the mapping was worked off.
  void nudge();
  /// A connection was tested or let go on, or a person asks: jobs that wait because one refused ask again now.
  void ask_again();
  /// A conflict of it was decided: a staged job that waits for that looks again.
  void decided(const std::string& mapping);
  void stop();
  /// False while the only open jobs wait for a person, for a system that has long been away, or for a mapping that is switched off.
  bool busy() const;
  /// The job at work or the next one; else the last that ended in this process.
  std::optional<store::Job> of(const std::string& mapping) const;
  /// The present state of an open job, newer than the store's; null where it is not open here.
  const store::Job* open(const std::string& id) const;
  struct Obstacle {
    std::string text;   // "waits for the staged initial_load 0190…, until 3 conflicts are decided"
    std::string batch;  // of the job that must end first; "": its mapping is not loaded, or held
    std::int64_t undecided = 0;  // conflicts that keep that one
  };
  /// What keeps a queued job from beginning; nullopt: nothing does.
  std::optional<Obstacle> obstacle(const std::string& id) const;

 private:
  struct Run;
  using RunPtr = std::shared_ptr<Run>;  // owners: runs_ and the callbacks under way
  /// For what the run asks next: `then` unless it was put aside, or began anew, before the answer came.
  template <typename T>
  Done<T> in_turn(const RunPtr& run, std::function<void(Result<T>)> then);
  void pump();
  const Run* must_end_before(const Run& run) const;
  bool may_begin(const Run& run) const { return must_end_before(run) == nullptr; }
  void hold_backfill(const std::string& mapping);
  void begin(const RunPtr& run);
  void begin_anew(const RunPtr& run);
  void go_on(const RunPtr& run, const Workplace& place);
  void count_before(const RunPtr& run);
  void step(const RunPtr& run);
  void on_page(const RunPtr& run, Result<Task::Page> page);
  bool temporary(const Run& run, const Error& error);
  void hold_off(const RunPtr& run, const Error& error);
  void store_page(const RunPtr& run, Task::Page page);
  void stored(const RunPtr& run, const Task::Page& page);
  void look_at_backlog(const RunPtr& run);
  void on_backlog(const RunPtr& run, std::int64_t due);
  void look_at_decisions(const RunPtr& run);
  void release(const RunPtr& run);
  void arm(const RunPtr& run, Duration duration, std::function<void(const RunPtr&)> then);
  void wait(const RunPtr& run, Duration duration);
  bool told(const RunPtr& run);
  void work_off(const RunPtr& run);
  void conclude(const RunPtr& run);
  void end(const RunPtr& run, const char* state, std::optional<Error> error);
  void ended(const RunPtr& run);
  void save(const RunPtr& run, std::function<void()> then);
  void control_stored(const std::string& id, const std::string& what, Done<void> done);

  store::Store& store_;
  const Surroundings& around_;
  IdMaker& ids_;
  Foreman& foreman_;
  Staging staging_;
  std::vector<RunPtr> runs_;                     // open, in order
  std::map<std::string, store::Job> last_;       // by mapping
  struct Listener {
    std::string batch;
    Progress progress;
    std::function<void(std::vector<store::Job>)> ended;
  };
  std::vector<Listener> listeners_;
  std::unique_ptr<Timer> resume_timer_;
  bool stopped_ = false;
  std::shared_ptr<bool> alive_;                  // owners: this and the callbacks under way
};

}  // namespace tidewire::sync
