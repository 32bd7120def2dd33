// staging.h — when a job that was asked for with options.staged may write.
//
// It goes over everything first with nothing written: conflicts open, what would be written is on record. Then it waits until no conflict
// of its mapping is left undecided, and all of it is written. Until then live changes of the mapping wait too, so that what a person
// decides on is what is there. The job's cursor says how far it is: {phase: "staged"} gone over, {phase: "working"} let go.
#pragma once

#include <memory>
#include <string>

#include "sync/jobs/foreman.h"

namespace tidewire::sync {

class Staging {
 public:
  Staging(store::Store& store, Foreman& foreman);
  ~Staging();

  /// Its writes are held, from its beginning on until it is let go.
  static bool holds(const store::Job& job);
  /// Where the job stands once everything has been gone over: it waits, or what it marked is worked off.
  static Value gone_over(const store::Job& job);

  /// It begins, perhaps anew: nothing of its mapping is written from here on, where it holds.
  void begin(const store::Job& job);
  /// Nothing is left to look at: `done(true)` where it may be let go. The job, which outlives the answer, says in its summary how many
  /// decisions it waits for.
  void look(store::Job& job, Done<bool> done);
  /// The cursor to store before release().
  static void let_go(store::Job& job);
  /// `done` (may be empty) once all of it is due.
  void release(const std::string& mapping, Done<void> done);
  /// A job that holds ends: what it would have written is dropped, and live changes go on. After an Error it holds still.
  void give_up(const std::string& mapping, Done<void> done);

 private:
  store::Store& store_;
  Foreman& foreman_;
  std::shared_ptr<bool> alive_;  // owners: this and the callbacks under way
};

}  // namespace tidewire::sync
