// batcher.h — one key asked, many keys sent: reads, finds and writes of the same turn leave as one call.
//
// Each reconcile asks for its own record and stays simple; what was asked within one turn of the loop, or while the
// calls before it were under way, goes out together, up to what the connector takes at once. Creates of a load, which nobody
// waits for, do not leave before a call is full or no more of them are on their way.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sync/ports.h"

namespace tidewire::sync {

class Batcher {
 public:
  /// `calls`: how many calls of each kind may be under way; more are gathered meanwhile.
  Batcher(Endpoint& endpoint, Poster& poster, int calls = 4);
  ~Batcher();  // callbacks of calls under way are dropped

  /// nullopt: the key is surely not there. The record's key is as its system spells it, perhaps otherwise than asked.
  void read(std::string key, Done<std::optional<Record>> done);
  void find(Query query, Done<std::vector<Record>> done);
  /// `patient`: of a load.
  void create(CreateRequest request, Done<Record> done, bool patient = false);
  /// Patient creates wait while `more` says that others are on their way. look(): it may say something else by now.
  void gather_while(std::function<bool()> more);
  void look();
  std::size_t waiting_creates() const;
  void update(UpdateRequest request, Done<Record> done);
  Endpoint& endpoint() { return endpoint_; }

 private:
  struct Shared;
  Endpoint& endpoint_;
  std::shared_ptr<Shared> shared_;  // owners: this, and each call under way (which may outlive a reload)
};

}  // namespace tidewire::sync
