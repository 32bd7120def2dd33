// engine.h — all mappings of a project at work: fan-out, workers, polls, sweeps, jobs.
//
// One failing mapping does not stop the others; a mapping that is swapped for a new version keeps its links, its cursor and
// the passes under way. Removing one pauses it: a mapping's identity is its name (law 9).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/id.h"
#include "sched/scheduler.h"
#include "sync/fan_out.h"
#include "sync/forget.h"
#include "sync/jobs/jobs.h"
#include "sync/lane.h"
#include "sync/mend.h"
#include "sync/merge/differing.h"
#include "sync/poller.h"
#include "sync/ports.h"
#include "sync/settle.h"
#include "sync/known_ends.h"
#include "sync/worker.h"

namespace tidewire::sync {

class Engine : private Foreman {
 public:
  Engine(store::Store& store, const Surroundings& surroundings);
  ~Engine() override;  // after stop()

  /// Adds the mapping or swaps its script for new changes. The endpoints outlive it.
  /// `further`: collections that it looks things up in, by the plan's ids.
  void put(std::shared_ptr<Mapper> mapper, Sides<Endpoint*> endpoints, const std::map<std::string, Endpoint*>& further = {});
  /// Routes of a mapping that is not loaded, yet or at the moment: its changes are stored as dirty keys (law 1).
  void expect(const std::string& mapping, std::vector<store::Route> routes) { routes_[mapping] = std::move(routes); }
  /// Of one that is not loaded, whose links are gone: one of its name is another.
  void forget(const std::string& mapping);
  /// Pauses it; passes under way end, and its changes wait for it. False when there is none of that name.
  bool remove(const std::string& mapping);
  std::vector<std::string> mappings() const;
  const Plan* plan(const std::string& mapping) const;

  /// Reads what the state says of holds, fields and known ends, again and again until it can be read; `done` then. Before that
  /// nobody knows what is held: nothing may be asked of it by others.
  void know(std::function<void()> done);
  /// Begins to work and, with `timed`, to poll and sweep by the mappings' schedules; `begun` once keys are taken.
  void start(bool timed, std::function<void()> begun = {});
  /// Rows were put into the inbox.
  void received();
  /// Something of this collection may have changed, nobody said which key: its sides are polled now, schedule or not.
  /// `done` with the first error.
  void look(const std::string& connection, const std::string& collection, std::function<void(std::optional<Error>)> done);
  /// Keys of this mapping may be due (a retry, a resolution), and what waits for a decision may have one.
  void wake(const std::string& mapping);
  /// A connection works again: retries the keys that stand because one refused, whatever their pause.
  void try_refused();
  /// Takes no more keys of it until it is let go (quarantine, a person); what comes waits.
  void pause(const std::string& mapping, bool paused);
  /// The same, for as long as the state says so, also after a restart; `why` nullopt lets go (adoption, law 21).
  void hold(const std::string& mapping, std::optional<std::string> why, Done<void> done);
  /// Of a mapping that is held because its file names other records than its links are of: they are the same ones under another name
  /// (`same`), or the links are forgotten, and nothing is deleted. kInvalid where it is not held for that.
  void accept_ends(const std::string& mapping, bool same, Done<void> done);
  /// Why, where it is.
  std::optional<Error> moved(const std::string& mapping) const;
  /// Other names that the state knows links of the same two collections by; loaded or not.
  std::vector<std::string> alike(const std::string& mapping) const;
  /// Why nothing of it can be looked at: it is not loaded, or moved().
  Error why_not(const std::string& mapping) const override;
  Jobs& jobs() { return jobs_; }
  /// Lets go what the brake holds of the mapping: a field, or "" for all of them and the deletes; `done(links and keys)`.
  void release(const std::string& mapping, const std::string& field, Done<std::int64_t> done);
  /// A person mends a link, once no pass is under way there; `done` with the operation that says so.
  void mend(Mending what, Done<store::Operation> done);
  void reset_stale(const std::string& mapping, const std::string& author, store::Page page, Done<StaleReset> done);
  /// The state forgets a record (sync/forget.h).
  void forget(const std::string& mapping, SideKey key, const std::string& author, Done<std::map<std::string, std::int64_t>> done);

  struct SyncOptions {
    std::string mapping;
    bool left = true, right = true;  // directions: changes of that side travel
    std::int64_t limit = 0;
    bool all = false;                // resync: also what looks level
    bool absences = false;           // sweep
  };
  /// Initial load, resync or sweep, as a job of its own; `done` when everything is marked and worked off as far as it can be
  /// now.
  void sync(SyncOptions options, std::function<void(const store::Job&)> progress, Done<store::Job> done);
  /// What a pass over the key would do, each field with its rule; nothing is written anywhere.
  void try_key(const std::string& mapping, Side side, const std::string& key, std::function<void(Report)> done);
  /// The same, as if a person had decided the open conflict so.
  void try_resolution(const store::Conflict& conflict, store::Store::Resolution decision, std::function<void(Report)> done);
  /// Dry run over everything that sync() would mark, of which nothing is stored; `found` per key with something to do,
  /// `done(keys looked at)`.
  void dry_run_all(SyncOptions options, std::function<void(const Report&)> found, Done<std::int64_t> done);
  /// How many links the mapping, edited since, would write (merge/differing.h).
  void count_differing(const std::string& mapping, Done<std::int64_t> done);
  /// Links that have not met a field which came to the mapping (law 9), also where it is not started yet.
  void count_unmet(const std::string& mapping, Done<Unmet> done);
  /// Polls every side that has a schedule, once.
  void poll_all(std::function<void(std::vector<Error>)> done);
  /// Once nothing is under way or due now (with `retries_too`: nor backing off). What waits for a mapping that is switched off, or for a
  /// system that is left alone for more than a minute, is not waited for.
  void settled(bool retries_too, std::function<void()> done);
  void stop(std::function<void()> done);
  /// A pass of a mapping that was removed, or of a job, is still under way; stop() does not wait for it.
  bool letting_go() const;

  struct MappingStatus {
    int under_way = 0;
    Sides<std::optional<Instant>> last_poll;
    Sides<std::optional<Instant>> next_poll;  // by the schedule, where it has one
    std::optional<Instant> next_sweep;
    Sides<std::optional<Error>> poll_error;
    std::optional<store::Job> job;
    std::optional<std::string> held;
    bool moved = false;  // for that its file names other records than its links are of
  };
  std::map<std::string, MappingStatus> status() const;

 private:
  struct Mapping;
  std::optional<Workplace> workplace(const std::string& mapping) override;
  template <typename T>
  void refuse(const std::string& mapping, Done<T> done);
  void marked(const std::string& mapping) override { wake(mapping); }
  bool takes(const std::string& mapping) const override;
  void hold_backfill(const std::string& mapping, bool held) override;
  void stage(const std::string& mapping, bool staged, Done<void> then) override;
  void finished(const store::Job& job, std::function<void()> then) override;
  Duration ask_sweep(const std::string& mapping, Side side);
  void sweep_now(const std::string& mapping, Side side, Done<void> done);
  void look_for_overdue();
  void renew_intents(std::function<void()> then);
  template <typename T>
  Done<T> or_again(std::function<void()> done, std::function<void(T&)> take);
  void know_holds(std::function<void()> done);
  void know_fields(std::function<void()> done);
  void know_ends(std::function<void()> done);
  void know_restored(std::function<void()> done);
  void begin(const std::function<void()>& begun);
  Mapping* find(const std::string& name);
  std::vector<store::Route> routes() const;
  void wake_all();
  bool busy() const;
  void schedule(Mapping& mapping);
  void unschedule(const std::string& name);
  void try_assuming(const std::string& mapping, SideKey key, std::optional<store::Store::Resolution> decision, std::function<void(Report)> done);
  void announce_open_creates(Mapping& mapping);
  void read_open_creates(const std::string& mapping, std::uint64_t put, Side side);
  std::shared_ptr<Common> common_of(const std::string& mapping) const;
  void try_again(const std::string& mapping, const char* what, int failures, std::function<void(Mapping&)> then);
  void release_would_write(Mapping& mapping, Done<void> then = {}, int failures = 0);
  void try_refused(const std::string& mapping, int failures = 0);
  void let_go(Mapping* leaving);
  void look_at_ends(Mapping& mapping);
  void forget_links(const std::string& mapping, Done<void> done);
  void wake_waiting(const std::string& mapping, int failures = 0);
  void keep_ends(const std::string& mapping, Done<void> done);
  void pause_worker(Mapping& mapping);
  void release_more(const std::string& mapping, const std::string& field, std::int64_t so_far, Done<std::int64_t> done);

  store::Store& store_;
  Surroundings around_;
  IdMaker ids_;
  sched::Scheduler scheduler_;
  Jobs jobs_;
  Membership membership_;
  KnownEnds ends_;
  FanOut fan_out_;
  Settling settling_;
  std::map<std::string, std::vector<store::Route>> routes_;  // of each mapping that was ever put or is expected
  std::map<std::string, std::string> holds_;  // mapping -> why
  std::optional<Instant> restored_at_;        // of the state
  std::map<std::string, std::string> moved_;  // likewise: its links are of other records than its file names
  struct Swept {
    Ticks at{};  // when a key without evidence last asked for it
    Duration pause = kSweepPause;
  };
  std::map<std::pair<std::string, Side>, Swept> swept_;
  std::map<std::pair<std::string, Side>, std::string> swept_now_;  // the last job of sweep_now
  std::map<std::string, std::unique_ptr<Mapping>> mappings_;
  std::vector<std::unique_ptr<Mapping>> leaving_;
  std::uint64_t puts_ = 0;
  bool known_ = false, starting_ = false, started_ = false, timed_ = false, stopping_ = false;
  std::unique_ptr<Timer> start_timer_, overdue_timer_;
  std::shared_ptr<bool> alive_;  // owners: this and the callbacks under way
};

}  // namespace tidewire::sync
