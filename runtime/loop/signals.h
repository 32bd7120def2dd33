// signals.h — SIGTERM, SIGINT, SIGHUP as calls on the loop.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "loop/loop.h"

namespace tidewire::loop {

class Signals {
 public:
  explicit Signals(Loop& loop);
  ~Signals();  // the signals get their default action back
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// Each time `signal` arrives, `arrived` is called. Waiting for a signal alone does not keep run() going.
  void on(int signal, std::function<void()> arrived);

 private:
  struct Node;
  Loop& loop_;
  std::vector<Node*> nodes_;
};

}  // namespace tidewire::loop
