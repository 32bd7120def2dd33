// beside.h — polls of a collection together with those that its records look at: their parts, what their lookups watch.
//
// What changed there is handed out under a key that leads to who looks at it (reconcile/lookups.h). One that cannot be asked,
// perhaps because it is on a system that is down, holds nobody up: the others' changes count, and it goes on from where it was.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sync/ports.h"

namespace tidewire::sync {

struct Beside {
  std::string name;             // in the cursor
  std::string watch;            // as watch_key() has it
  Endpoint* records = nullptr;  // outlives the polls
};

class BesidePolls {
 public:
  /// What becomes of the collection's own changes before they are handed out.
  using Attach = std::function<void(std::vector<Record>, Done<std::vector<Record>>)>;

  /// A cursor is {`own`: cursor, `others`: {name: cursor}}; one without `others` is from before there were any, and the
  /// collection's own. `what` names them in errors ("the part").
  BesidePolls(Endpoint& root, std::vector<Beside> beside, const char* own, const char* others, const char* what)
      : root_(root), beside_(std::move(beside)), own_(own), others_(others), what_(what) {}
  ~BesidePolls() { *alive_ = false; }

  void start(Done<Value> done);
  void changes(Value cursor, int limit, Attach attach, Done<ChangesPage> done);

 private:
  struct Poll;
  std::string asking(const Beside& one) const { return std::string("asking for changes of ") + what_ + " '" + one.name + "'"; }

  Endpoint& root_;
  std::vector<Beside> beside_;
  const char* own_;
  const char* others_;
  const char* what_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // owners: this and the callbacks under way
};

}  // namespace tidewire::sync
