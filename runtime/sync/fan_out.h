// fan_out.h — hands what is in the inbox to the mappings that want it (law 1), a page in one transaction.
//
// In a flood the next page is let grow: neighbouring keys then share pages of the file, intake the writer, and more changes
// of one key become one pass.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "store/store.h"
#include "sync/ports.h"

namespace tidewire::sync {

class FanOut {
 public:
  /// `routes`: which mapping wants what, asked for each page; `handed`: keys may be due.
  FanOut(store::Store& store, const Surroundings& surroundings, std::function<std::vector<store::Route>()> routes, std::function<void()> handed);
  ~FanOut();

  /// Something may be in the inbox.
  void look();
  /// From look() until the page it led to is handed out.
  bool busy() const { return busy_; }
  void stop();

 private:
  void take_page();
  void on_page(Result<store::FanOut> page);

  store::Store& store_;
  const Surroundings around_;
  std::function<std::vector<store::Route>()> routes_;
  std::function<void()> handed_;
  bool busy_ = false, again_ = false, stopping_ = false;
  Ticks not_before_{};
  std::unique_ptr<Timer> timer_;
  std::shared_ptr<bool> alive_;  // owners: this and the callbacks under way
};

}  // namespace tidewire::sync
