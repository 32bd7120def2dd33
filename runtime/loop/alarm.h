// alarm.h — a timer that is set again and again; Loop::after allocates, this does not.
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"
#include "loop/loop.h"

namespace tidewire::loop {

class Alarm {
 public:
  /// `ring` is called once for each set() that is not overtaken by another set(), clear() or destruction.
  Alarm(Loop& loop, std::function<void()> ring);
  ~Alarm();
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  /// 0 = the next turn; else rounded up to milliseconds, never early.
  void set(Duration delay);
  void clear();
  bool is_set() const;

 private:
  struct Node;
  Node* node_;
};

}  // namespace tidewire::loop
