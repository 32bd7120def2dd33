// settle.h — tells those who wait for it when nothing is under way any more: `run --once`, a drain, a test.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "store/store.h"
#include "sync/ports.h"

namespace tidewire::sync {

class Settling {
 public:
  /// What it asks of the engine.
  struct At {
    std::function<bool()> busy;                               // something is under way
    std::function<bool(const std::string& mapping)> counts;  // its waiting keys are going to be taken
    std::function<void()> wake;                               // every mapping looks once more for what it may take
  };
  Settling(store::Store& store, const Surroundings& surroundings, At at);
  ~Settling();

  /// Once nothing is under way or due now (with `retries_too`: nor backing off).
  void when(bool retries_too, std::function<void()> done);
  /// Something ended.
  void look();

 private:
  struct Waiting {
    bool retries_too;
    std::function<void()> done;
  };
  void on_summary(const Result<store::Summary>& summary);

  store::Store& store_;
  const Surroundings around_;
  At at_;
  std::vector<Waiting> waiting_;
  bool asking_ = false;
  std::unique_ptr<Timer> timer_;
  std::shared_ptr<bool> alive_;  // owners: this and the callbacks under way
};

}  // namespace tidewire::sync
