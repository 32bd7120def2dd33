// foreman.h — what jobs need of the engine.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "sync/jobs/task.h"

namespace tidewire::sync {

class Foreman {
 public:
  virtual ~Foreman() = default;
  /// nullopt where nothing of it can be looked at: why_not() says so.
  virtual std::optional<Workplace> workplace(const std::string& mapping) = 0;
  /// It is not loaded, or is held because its file names other records than its links are of.
  virtual Error why_not(const std::string& mapping) const = 0;
  virtual void marked(const std::string& mapping) = 0;
  /// Its waiting keys are going to be taken: it is not switched off, nor is a system of it left alone for long.
  virtual bool takes(const std::string& mapping) const = 0;
  /// Backfill of the mapping is (not) taken.
  virtual void hold_backfill(const std::string& mapping, bool held) = 0;
  /// What would be written to the mapping's systems is recorded and waits; let go, all of it is looked at again: `then` (may be empty)
  /// once it is due.
  virtual void stage(const std::string& mapping, bool staged, Done<void> then) = 0;
  /// A load, resync or sweep is over; `then` once who asked to be told of it will be.
  virtual void finished(const store::Job& job, std::function<void()> then) = 0;
};

}  // namespace tidewire::sync
